# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Forty names of ten customers, one map; and what a customer may want beside it."""

from __future__ import annotations

import json
from typing import Any

UNITS = ["nginx@120", "nginx@121"]
OFFICE = "services"


def test_every_name_reaches_its_customer(site: Any) -> None:
    """Which port a customer has is in the customer's file."""
    routes = [route for route in site.variables("haproxy")["haproxy_frontends"][0]["routes"] if "backend" in route]
    wanted = {}
    for route in routes:
        if isinstance(route["host"], list):
            customer = route["backend"]
            port = site.variables(f"site_{customer}")[f"haproxy_site_{customer}"]["backends"][0]["workers"]["port"]
            wanted.update(dict.fromkeys(route["host"], str(port)))
    rebuilt = {name: wanted.pop(name) for name in list(wanted) if wanted[name] == "8013"}
    assert (len(wanted), len(rebuilt)) == (35, 4)

    def ports(address: str) -> dict[str, str]:
        one = f"curl -sS --cacert /tmp/example-authority.pem --connect-to ::{address}:"
        names = " ".join(f"https://{name}/" for name in wanted)
        ask = f"{one} {names}"
        return dict(zip(wanted, (line.split()[0] for line in site.client.run(ask).splitlines())))

    assert site.everywhere(ports) == wanted


def test_the_names_are_one_map(site: Any) -> None:
    for balancer in site.balancers:
        configuration = balancer.run("cat /etc/haproxy/haproxy.cfg")
        assert configuration.count("maps/routes-web") == 2
        number = balancer.haproxy("show map").split("maps/routes-web", 1)[0].splitlines()[-1].split()[0]
        assert len(balancer.haproxy(f"show map #{number}").strip().splitlines()) == 40


def test_a_name_that_moved_takes_its_path_along(site: Any) -> None:
    moved = site.everywhere(lambda address: site.browse(address, "https://fruit.example.com/apples?ripe=yes"))
    assert (moved.status, moved.headers["location"]) == (301, "https://juice.example.com/apples?ripe=yes")


def test_nothing_else_is_there(site: Any) -> None:
    assert site.everywhere(lambda address: site.browse(address, "https://unknown.example.com/").status) == 404


def test_browsers_come_by_tls_only(site: Any) -> None:
    for address in site.addresses:
        assert site.browse(address, "http://books.example.com/a").headers["location"] == "https://books.example.com/a"
        page = site.browse(address, "https://books.example.com/")
        assert page.headers["strict-transport-security"] == "max-age=31536000"
        assert page.headers["x-content-type-options"] == "nosniff"
        assert "server" not in page.headers


def test_the_preview_asks_for_a_password(site: Any) -> None:
    url = "https://anything.preview.example.com/"
    for address in site.addresses:
        assert site.browse(address, url).status == 401
        assert site.browse(address, url, "--user", "preview:guess").status == 401
        page = site.browse(address, url, "--user", "preview:look")
        assert (page.status, page.body[:4], page.headers["x-robots-tag"]) == (200, "8011", "noindex, nofollow")


def test_the_hotel_is_being_rebuilt_but_for_those_who_do_it(site: Any) -> None:
    for address in site.addresses:
        page = site.browse(address, "https://hotel.example.com/")
        assert (page.status, page.headers["retry-after"]) == (503, "3600")
        assert "back in spring" in page.body
        assert site.browse(address, "https://hotel.example.com/", machine=OFFICE).body.startswith("8013")


def test_the_reading_application_may_ask_and_no_other(site: Any) -> None:
    url = "https://api.books.example.com/"

    def asked_from(address: str, origin: str) -> Any:
        wants = ["--header", f"Origin: {origin}", "--header", "Access-Control-Request-Method: DELETE"]
        return site.browse(address, url, "--request", "OPTIONS", *wants)

    for address in site.addresses:
        ours, theirs = (asked_from(address, f"https://{name}.example.com") for name in ("reading", "evil"))
        assert (ours.status, ours.headers["access-control-allow-origin"]) == (204, "https://reading.example.com")
        assert "DELETE" in ours.headers["access-control-allow-methods"]
        assert "access-control-allow-origin" not in theirs.headers


def test_flowers_are_kept_and_cakes_are_not(site: Any) -> None:
    for address in site.addresses:
        flowers = {site.browse(address, "https://flowers.example.com/price").body for _ in range(4)}
        cakes = {site.browse(address, "https://bakery.example.com/price").body for _ in range(4)}
        assert (len(flowers), len(cakes)) == (1, 4)


def test_long_answers_are_compressed(site: Any) -> None:
    for address in site.addresses:
        page = site.browse(address, "https://dance.example.com/long", "--compressed")
        assert page.headers["content-encoding"] == "gzip"


def test_a_worker_that_hangs_up_is_asked_no_second_time_for_an_order(site: Any) -> None:
    url = "https://cinema.example.com/flaky"
    for address in site.addresses:
        assert {site.browse(address, url).status for _ in range(4)} == {200}
        assert {site.browse(address, url, "--http1.1", "--data", "seat=1").status for _ in range(4)} == {200, 502}


def test_the_log_is_json(site: Any) -> None:
    for balancer in site.balancers:
        site.browse(balancer.address, "https://chess.example.com/?q=%22", "--user-agent", 'quoted "agent"')
        line = balancer.run("journalctl -u haproxy -o cat --no-pager | grep chess.example.com | tail -n 1")
        assert json.loads(line[line.index("{") :])


def test_statistics_and_metrics_are_for_the_machine_itself(site: Any) -> None:
    assert site.open_ports(80, 443, 8404, 8405) == {80, 443}
    for balancer in site.balancers:
        assert "bakery" in site.loopback(balancer, ":8404/")
        assert "haproxy_backend_status" in site.loopback(balancer, ":8405/metrics")
