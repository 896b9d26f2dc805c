# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Peers: the hosts of a group, by name, open to each other only."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardened.balancer.plugins.plugin_utils._model import binds, peers
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.problems import Problems

HOSTS = {
    "lb1": {"ansible_host": "198.51.100.10", "inner": "203.0.113.10"},
    "lb2": {"ansible_host": "198.51.100.11", "inner": "203.0.113.11"},
    "lb3": {"ansible_host": "2001:db8::12", "inner": "203.0.113.12"},
}
INVENTORY: dict[str, t.Any] = {
    "name": "lb2",
    "groups": {"balancers": ["lb3", "lb1", "lb2"], "other": ["lb1"]},
    "hosts": HOSTS,
}
MESH = {"name": "mesh", "path": "p[0]", "at": "p[0]", "group": "balancers", "port": 1024}


def draw(*entries: dict[str, t.Any], **inventory: t.Any) -> tuple[peers.Cluster, list[str]]:
    problems = Problems()
    return peers.draw({"peers": list(entries)}, {**INVENTORY, **inventory}, problems), [str(p) for p in problems]


def test_nothing_without_peers() -> None:
    assert draw() == (peers.Cluster([], [], []), [])


def test_everybody_by_name_and_open_to_the_others() -> None:
    cluster, problems = draw({**MESH, "raw": ["table t type ip size 1k"]})
    assert problems == []
    assert [(s.title, [line.text for line in s.lines]) for s in cluster.sections] == [
        (
            "peers mesh",
            [
                "peer lb1 198.51.100.10:1024",
                "peer lb2 198.51.100.11:1024",
                "peer lb3 [2001:db8::12]:1024",
                "table t type ip size 1k",
            ],
        )
    ]
    assert [line.text for line in cluster.of_global] == ["localpeer lb2"]
    assert binds.open_ports(cluster.listeners) == {
        "tcp": [],
        "udp": [],
        "restricted": [{"protocol": "tcp", "ports": ["1024"], "sources": ["198.51.100.10/32", "2001:db8::12/128"]}],
    }
    assert [(one.kind, one.address, one.path) for one in cluster.listeners] == [("peers", "198.51.100.11", "p[0]")]


def test_the_order_of_the_inventory_changes_nothing() -> None:
    turned = {**INVENTORY["groups"], "balancers": ["lb1", "lb2", "lb3"]}
    assert draw(MESH) == draw(MESH, groups=turned)


def test_another_address_and_one_alone() -> None:
    cluster, problems = draw({**MESH, "address_variable": "inner"}, groups={"balancers": ["lb2"]})
    assert problems == []
    assert [line.text for line in cluster.sections[0].lines] == ["peer lb2 203.0.113.11:1024"]
    assert binds.open_ports(cluster.listeners)["restricted"] == [{"protocol": "tcp", "ports": ["1024"], "sources": []}]


@pytest.mark.parametrize(
    ("entry", "inventory", "expected"),
    [
        (
            {"group": "balancer"},
            {},
            "p[0].group: holds 'balancer', the inventory has no such group; did you mean balancers?; "
            "groups: balancers, other",
        ),
        (
            {"group": "other"},
            {},
            "p[0].group: holds 'other', a group without lb2: "
            "a balancer shares its tables with those of a group that it is in",
        ),
        (
            {},
            {"hosts": {**HOSTS, "lb1": {"ansible_host": "lb1.example.com"}}},
            "hostvars[lb1].ansible_host: holds 'lb1.example.com', which must be an IPv4 or IPv6 address: "
            "the firewall opens the port of p[0] to the peers' addresses, and takes no names",
        ),
        (
            {"address_variable": "private"},
            {"hosts": {**HOSTS, "lb3": {}}},
            "hostvars[lb3].private: is not set: p[0] takes the peer's address from there",
        ),
        (
            {},
            {"hosts": {**HOSTS, "lb3": HOSTS["lb1"]}},
            "hostvars[lb3].ansible_host: holds '198.51.100.10', which lb1 has already (hostvars[lb1].ansible_host)",
        ),
        (
            {},
            {"hosts": {**HOSTS, "lb3": {"ansible_host": "127.0.0.1"}}},
            "hostvars[lb3].ansible_host: holds '127.0.0.1', where the other peers cannot reach it; "
            "address_variable names the host variable that holds another address",
        ),
        (
            {},
            {"groups": {"balancers": ["lb2", "a b"]}, "hosts": {**HOSTS, "a b": HOSTS["lb1"]}},
            "hostvars[a b]: is named 'a b'; a peer's name has letters, digits and _.:- only",
        ),
    ],
)
def test_what_is_refused(entry: dict[str, t.Any], inventory: dict[str, t.Any], expected: str) -> None:
    assert draw({**MESH, **entry}, **inventory)[1] == [expected]


@pytest.mark.parametrize("entry", [{"group": None}, {"port": None}, {"address_variable": None, "raw": None}])
def test_what_is_broken_was_told_already(entry: dict[str, t.Any]) -> None:
    assert draw({**MESH, **entry})[1] == []
