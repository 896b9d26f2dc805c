# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RabbitMQ: messages go in and out whichever node is there; the management pages are a website of their own."""

from __future__ import annotations

from typing import Any

UNITS = ["rabbitmq@107", "rabbitmq@108"]
LOGIN = "--username guest --password guest"


def test_a_message_goes_in_here_and_out_there(site: Any) -> None:
    first, second = site.addresses
    site.services.run(f"amqp-declare-queue -s {first} {LOGIN} -q letters")
    site.services.run(f"amqp-publish -s {first} {LOGIN} -r letters -b 'a letter'")
    assert site.services.run(f"amqp-get -s {second} {LOGIN} -q letters") == "a letter"


def test_consumers_are_spread_over_both_nodes(site: Any, eventually: Any) -> None:
    consume = f"amqp-consume -s {site.addresses[0]} {LOGIN} -q letters cat"
    consumers = [site.session("services", consume) for _ in range(2)]
    try:
        ask = "ss -Htn state established sport = :5672 | awk '{print $3}' | sort -u"
        eventually(lambda: site.services.run(ask).split(), ["198.51.100.107:5672", "198.51.100.108:5672"])
    finally:
        site.services.run("pkill amqp-consume")
    for consumer in consumers:
        consumer.wait(timeout=10)


def test_the_management_pages_are_one_name_by_tls(site: Any) -> None:
    def page(address: str) -> list[Any]:
        plain = site.browse(address, "http://rabbitmq.example.com/")
        secure = site.browse(address, "https://rabbitmq.example.com/")
        other = site.browse(address, "https://www.example.com/")
        assert "RabbitMQ Management" in secure.body
        return [plain.status, plain.headers["location"], secure.status, other.status]

    assert site.everywhere(page) == [301, "https://rabbitmq.example.com/", 200, 404]


def test_who_began_on_one_node_stays_there(site: Any) -> None:
    for address in site.addresses:
        cookie = site.browse(address, "https://rabbitmq.example.com/").headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "Secure" in cookie
        again = site.browse(address, "https://rabbitmq.example.com/", "--cookie", cookie.partition(";")[0])
        assert "set-cookie" not in again.headers


def test_messages_flow_when_a_node_is_gone(site: Any, eventually: Any) -> None:
    with site.stopped("rabbitmq@107"):
        for address in site.addresses:
            site.services.run(f"amqp-declare-queue -s {address} {LOGIN} -q urgent")
            site.services.run(f"amqp-publish -s {address} {LOGIN} -r urgent -b news")
            assert site.services.run(f"amqp-get -s {address} {LOGIN} -q urgent") == "news"
