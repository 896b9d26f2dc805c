# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.hardened.balancer.plugins.plugin_utils._ports import (
    networks_by_family,
    parse_port,
    served_ports,
)


def listener(address: str, port: int, protocol: str = "tcp", process: str = "haproxy") -> dict[str, Any]:
    return {"protocol": protocol, "address": address, "port": port, "process": process, "pid": 7}


@pytest.mark.parametrize("port", ["http", "0", "65536", "10-5", "80-", "-80", "", "1-2-3"])
def test_what_is_no_port_is_refused(port: str) -> None:
    with pytest.raises(ValueError, match="is n"):
        parse_port(port)


def test_served_ports_are_the_public_ones_of_haproxy() -> None:
    listeners = [
        listener("0.0.0.0", 443),
        listener("::", 80),
        listener("198.51.100.10", 443, "udp"),
        listener("127.0.0.1", 8404),
        listener("::1", 8405),
        listener("::ffff:127.0.0.2", 8406),
        listener("0.0.0.0", 22, process="sshd"),
    ]
    assert served_ports(listeners) == {"tcp": ["80", "443"], "udp": ["443"], "restricted": []}
    added = served_ports(listeners, {"tcp": ["81-82", "5432"]})
    assert added == {"tcp": ["80-82", "443", "5432"], "udp": ["443"], "restricted": []}
    assert served_ports([]) == {"tcp": [], "udp": [], "restricted": []}


@pytest.mark.parametrize(
    ("options", "udp"),
    [
        ({}, []),
        ({"plan": {"tcp": ["80"], "udp": ["443"]}, "held": True}, []),
        ({"plan": {"tcp": ["80"], "udp": ["58000-58999"]}}, ["58725"]),
        ({"also": {"udp": ["58725"]}}, ["58725"]),
    ],
)
def test_a_port_that_the_kernel_picked_for_a_log_is_not_opened(options: dict[str, Any], udp: list[str]) -> None:
    sends = {**listener("0.0.0.0", 58725, "udp"), "picked": True}
    assert served_ports([listener("0.0.0.0", 80), sends], **options)["udp"] == udp


def test_one_that_is_restricted_now_stays_so() -> None:
    before = [{"protocol": "udp", "ports": ["4443"], "sources": ["198.51.100.0/24"]}]
    found = served_ports([{**listener("0.0.0.0", 4443, "udp"), "picked": True}], before=before)
    assert (found["udp"], found["restricted"]) == ([], before)


OFFICE, LAB = ["198.51.100.0/24"], ["203.0.113.0/24", "2001:db8::/32"]


def only(ports: list[str], sources: list[str], protocol: str = "tcp") -> dict[str, Any]:
    return {"protocol": protocol, "ports": ports, "sources": sources}


PLAN = {"tcp": ["80"], "udp": [], "restricted": [only(["8404"], OFFICE)]}
NOW = [listener("0.0.0.0", 80), listener("0.0.0.0", 8404), listener("0.0.0.0", 9000)]


@pytest.mark.parametrize(
    ("listeners", "options", "tcp", "restricted"),
    [
        # The plan's word, whoever listens there now.
        (NOW, {"plan": PLAN}, ["80", "9000"], [only(["8404"], OFFICE)]),
        # What nobody serves is not opened, unless it is added.
        (NOW[:1], {"plan": PLAN}, ["80"], []),
        (NOW[:1], {"also": PLAN}, ["80"], [only(["8404"], OFFICE)]),
        # What the plan does not know any more stays as closed as it was, before and after a change that failed.
        (NOW, {"plan": PLAN, "before": [only(["9000"], LAB)]}, ["80"], [only(["8404"], OFFICE), only(["9000"], LAB)]),
        # The plan's networks come at once, those of before go.
        (NOW[:2], {"plan": PLAN, "before": [only(["8404"], LAB)]}, ["80"], [only(["8404"], OFFICE)]),
        # A port that becomes open to all does so when what listens there is what the plan wants.
        (NOW[:1], {"plan": PLAN, "before": [only(["80"], LAB)]}, [], [only(["80"], LAB)]),
        (NOW[:1], {"also": PLAN, "before": [only(["80"], LAB)]}, [], [only(["80"], LAB), only(["8404"], OFFICE)]),
        (NOW[:1], {"plan": PLAN, "before": [only(["80"], LAB)], "held": True}, ["80"], []),
        ([], {"also": PLAN, "before": [only(["80"], LAB)]}, ["80"], [only(["8404"], OFFICE)]),
        (NOW, {"plan": PLAN, "before": [only(["9000"], LAB, "udp")]}, ["80", "9000"], [only(["8404"], OFFICE)]),
        (NOW[2:], {"before": [only(["8990-9010"], LAB)]}, [], [only(["9000"], LAB)]),
    ],
)
def test_a_restricted_port_is_never_opened_to_others(
    listeners: list[dict[str, Any]], options: dict[str, Any], tcp: list[str], restricted: list[dict[str, Any]]
) -> None:
    found = served_ports(listeners, **options)
    assert (found["tcp"], sorted(found["restricted"], key=lambda one: one["ports"])) == (tcp, restricted)


def test_networks_are_split_and_collapsed() -> None:
    networks = ["203.0.113.7", "198.51.100.128/25", "198.51.100.0/24", "2001:db8::1/32", "2001:db8:1::/48"]
    assert networks_by_family(networks) == {"v4": ["198.51.100.0/24", "203.0.113.7/32"], "v6": ["2001:db8::/32"]}
