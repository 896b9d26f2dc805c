# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The statistics page and the metrics: frontends that are never open to everybody by accident."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardened.balancer.plugins.plugin_utils._model import binds, monitoring, shapes
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.check import check
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.problems import Problems

NETWORK = "198.51.100.0/24"


def made(name: str, value: dict[str, t.Any]) -> tuple[dict[str, t.Any], list[str]]:
    problems = Problems()
    path = f"haproxy_{name}"
    given = {path: check(shapes.VARIABLES[path][1], value, path, problems)}
    found = monitoring.frontends(given, problems)
    return (found[0] if found else {}), [str(p) for p in problems]


def rules(proxy: dict[str, t.Any]) -> list[tuple[str, t.Any]]:
    return [(rule["words"], rule["when"]) for rule in proxy["http_request"]]


def test_nothing_is_made_of_nothing() -> None:
    assert monitoring.frontends({"haproxy_stats": None, "haproxy_metrics": None}, Problems()) == []


def test_loopback_by_default() -> None:
    proxy, problems = made("stats", {"port": 8404})
    assert problems == []
    listeners = binds.listeners(proxy, Problems())
    assert [(one.address, one.low, one.path, one.quiet) for one in listeners] == [
        ("127.0.0.1", 8404, "haproxy_stats", True)
    ]
    assert binds.open_ports(listeners) == {"tcp": [], "udp": [], "restricted": []}
    page = {"word": "unless", "condition": "{ path / } || { path -m beg /; }"}
    assert rules(proxy) == [("return status 404", page)]
    assert (proxy["stats_enable"], proxy["stats_uri"]) == ([True], ["/"])


@pytest.mark.parametrize("address", ["198.51.100.10", "*", "::", ["127.0.0.1", "0.0.0.0"]])
@pytest.mark.parametrize("name", ["stats", "metrics"])
def test_another_address_needs_networks(name: str, address: t.Any) -> None:
    _proxy, problems = made(name, {"port": 8404, "address": address})
    assert len(problems) == 1
    assert problems[0].startswith(f"haproxy_{name}.networks: is missing: ")


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("198.51.100.10", [NETWORK]),
        (["198.51.100.10", "127.0.0.1"], [NETWORK, "127.0.0.0/8", "::1/128"]),
    ],
)
def test_networks_count_in_the_firewall_and_in_haproxy(address: t.Any, allowed: list[str]) -> None:
    proxy, problems = made("metrics", {"port": 8405, "address": address, "networks": NETWORK})
    assert problems == []
    assert binds.open_ports(binds.listeners(proxy, Problems()))["restricted"] == [
        {"protocol": "tcp", "ports": ["8405"], "sources": [NETWORK]}
    ]
    assert rules(proxy) == [
        ("deny deny_status 403", {"word": "unless", "condition": {"source": allowed}}),
        ("use-service prometheus-exporter", {"word": "if", "condition": "{ path /metrics }"}),
        ("return status 404", None),
    ]


def test_a_password_is_asked_before_anything_is_shown() -> None:
    proxy, problems = made("stats", {"port": 8404, "userlist": "ops", "admin": True, "refresh": "5s", "uri": "/s"})
    assert problems == []
    assert rules(proxy)[0] == ("auth realm Statistics", {"word": "unless", "condition": "{ http_auth(ops) }"})
    assert proxy["http_request"][0]["path"] == "haproxy_stats.userlist"
    assert (proxy["stats_admin"], proxy["stats_refresh"]) == (["if TRUE"], ["5s"])
    assert (proxy["stats_uri"], rules(proxy)[1][1]["condition"]) == (["/s"], "{ path /s } || { path -m beg /s; }")


def test_who_is_let_in_may_look_and_no_more() -> None:
    proxy, problems = made("stats", {"port": 8404, "userlist": "ops"})
    assert problems == []
    assert not {"stats_admin", "stats_refresh"} & proxy.keys()


def test_on_loopback_networks_say_who_of_this_machine() -> None:
    proxy, problems = made("stats", {"port": 8404, "networks": "127.0.0.2/32"})
    assert problems == []
    assert rules(proxy)[0] == ("deny deny_status 403", {"word": "unless", "condition": {"source": ["127.0.0.2/32"]}})


@pytest.mark.parametrize(
    ("given", "said"), [({}, "is missing"), ({"address": ["127.0.0.1", "::1"]}, "holds loopback only")]
)
def test_whoever_is_let_in_gets_there(given: dict[str, t.Any], said: str) -> None:
    assert made("stats", {"port": 8404, "networks": ["127.0.0.0/8", NETWORK], **given})[1] == [
        f"haproxy_stats.address: {said}: nobody of {NETWORK} gets there; name an address of this machine, or * for all"
    ]


def test_who_may_switch_servers_off_has_a_password() -> None:
    proxy, problems = made("stats", {"port": 8404, "admin": True})
    assert problems == ["haproxy_stats.admin: needs userlist: whoever sees the page could switch servers off"]
    assert "stats_admin" not in proxy


def test_tls() -> None:
    proxy, _problems = made("metrics", {"port": 8405, "certificates": "shop"})
    assert proxy["binds"][0]["tls"] == {"certificates": ["shop"]}
    assert [one.plain for one in binds.listeners(proxy, Problems())] == [False]


@pytest.mark.parametrize(
    "value", [{}, {"port": 0}, {"port": 1, "address": ["x", "y"]}, {"port": 1, "networks": ["x"]}, 3]
)
def test_what_is_broken_was_told_already(value: t.Any) -> None:
    assert made("stats", value)[1] != []
