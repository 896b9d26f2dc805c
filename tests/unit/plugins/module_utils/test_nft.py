# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a firewall lets in: a ruleset with ours and somebody else's table, listed by nft 1.0.6."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.hardened.balancer.plugins.module_utils import _nft
from ansible_collections.hardened.balancer.plugins.module_utils._nft import Accept

RULESET = _nft.parse((Path(__file__).parent / "samples/ruleset.json").read_text())
ALL = ((0, 65535),)


def test_ours() -> None:
    assert _nft.accepts(RULESET) == [
        Accept("udp", ((443, 443),), None),
        Accept("tcp", ((22, 22),), ("192.0.2.7/32", "198.51.100.0/24")),
        Accept("tcp", ((22, 22),), ("2001:db8::/32",)),
        Accept("tcp", ((80, 80), (443, 443), (8000, 8010)), None),
    ]


def test_maps_sets_and_chains() -> None:
    assert set(_nft.accepts(RULESET, ("inet", "other"))) == {
        Accept("tcp", ((25, 25),), None),
        Accept("tcp", ((27, 27),), ("203.0.113.0/24",)),
        Accept("tcp", ((5432, 5432), (6432, 6432)), None),
        Accept("udp", ALL, None),
        Accept("any", ALL, ("203.0.113.0/24",)),
        Accept("tcp", ((8443, 8443),), None),
    }


def test_a_rule_that_accepts_everything() -> None:
    rule = {"rule": {"family": "inet", "table": "hardened_balancer", "chain": "input", "expr": [{"accept": None}]}}
    assert _nft.accepts([*RULESET, rule])[-1] == Accept("any", ALL, None)


PORT: dict[str, Any] = {"payload": {"protocol": "tcp", "field": "dport"}}
ANSWERS: dict[str, Any] = {"payload": {"protocol": "udp", "field": "sport"}}
SOURCE: dict[str, Any] = {"payload": {"protocol": "ip", "field": "saddr"}}
SSH: dict[str, Any] = {"match": {"op": "==", "left": PORT, "right": 22}}


@pytest.mark.parametrize(
    ("expressions", "expected"),
    [
        ([{"match": {"op": "!=", "left": PORT, "right": 22}}], Accept("any", ALL, None)),
        ([{"match": {"op": ">", "left": PORT, "right": 1023}}], Accept("any", ALL, None)),
        ([SSH, {"match": {"op": "!=", "left": SOURCE, "right": "198.51.100.7"}}], Accept("tcp", ((22, 22),), None)),
        ([{"match": {"op": "==", "left": ANSWERS, "right": 53}}], Accept("any", ALL, None)),
        ([{"match": {"op": "==", "left": ANSWERS, "right": {"set": [67, 123]}}}], Accept("any", ALL, None)),
        (
            [SSH, {"match": {"op": "==", "left": {"meta": {"key": "mark"}}, "right": "udp"}}],
            Accept("tcp", ((22, 22),), None),
        ),
    ],
)
def test_what_is_not_understood_opens_all_that_it_may(expressions: list[dict[str, Any]], expected: Accept) -> None:
    """Of every port but one no proof may say that it is that one, nor of all sources but one."""
    expressions = [*expressions, {"accept": None}]
    rule = {"rule": {"family": "inet", "table": "hardened_balancer", "chain": "input", "expr": expressions}}
    assert _nft.accepts([*RULESET, rule])[-1] == expected


def filter_chain(family: str, table: str, name: str, hook: str) -> dict[str, Any]:
    hooked = {"type": "filter", "hook": hook, "policy": "drop"} if hook else {}
    return {"chain": {"family": family, "table": table, "name": name, **hooked}}


def test_filters_of_fail2ban_and_docker_are_theirs() -> None:
    docker = filter_chain("ip", "filter", "DOCKER", "")
    theirs = [
        filter_chain("inet", "f2b-table", "f2b-chain", "input"),
        filter_chain("ip", "docker-bridges", "filter-FORWARD", "forward"),
        filter_chain("ip", "filter", "FORWARD", "forward"),
        docker,
    ]
    assert _nft.filters(theirs) == []
    assert [one["name"] for one in _nft.filters([filter_chain("ip", "filter", "INPUT", "input"), docker])] == [
        "table ip filter"
    ]
    assert [one["name"] for one in _nft.filters(theirs[2:3])] == ["table ip filter"]


def test_filters_of_somebody_else() -> None:
    assert _nft.filters(RULESET) == [
        {"name": "table inet other", "detail": "chain in, hook input, policy accept, 5 rules"}
    ]


@pytest.mark.parametrize("text", ["", "nonsense", "{}", "[]", '{"nftables": 1}', '{"nftables": [1, {"chain": 2}]}'])
def test_what_is_no_ruleset(text: str) -> None:
    items = _nft.parse(text)
    assert (_nft.filters(items), _nft.accepts(items), _nft.input_chain(items)) == ([], [], None)


@pytest.mark.parametrize(
    ("ports", "expected"),
    [([], []), (["80", "443"], ["80", "443"]), (["81", 80, "8000-8010", "8005-8020"], ["80-81", "8000-8020"])],
)
def test_ports(ports: list[str | int], expected: list[str]) -> None:
    assert _nft.ports_text(_nft.spans_of(ports)) == expected


def test_networks() -> None:
    assert _nft.networks(["198.51.100.7", "198.51.100.0/24", "2001:db8::/32"]) == ["198.51.100.0/24", "2001:db8::/32"]


def test_what_is_open_to_some_alone() -> None:
    found = [
        *_nft.accepts(RULESET),
        Accept("tcp", ((8404, 8410),), ("198.51.101.0-198.51.102.255",)),
        Accept("tcp", ((8404, 8404),), ("2001:db8::/32",)),
        Accept("tcp", ((8410, 8410),), None),
        Accept("any", ((9000, 9000),), ("203.0.113.7/32",)),
    ]
    nets = ["198.51.101.0/24", "198.51.102.0/24"]
    assert _nft.restricted(found, [22]) == [
        {"protocol": "tcp", "ports": ["8404"], "sources": [*nets, "2001:db8::/32"]},
        {"protocol": "tcp", "ports": ["8405-8409"], "sources": nets},
        {"protocol": "tcp", "ports": ["9000"], "sources": ["203.0.113.7/32"]},
        {"protocol": "udp", "ports": ["9000"], "sources": ["203.0.113.7/32"]},
    ]
    assert [one["ports"] for one in _nft.restricted(_nft.accepts(RULESET))] == [["22"]]
