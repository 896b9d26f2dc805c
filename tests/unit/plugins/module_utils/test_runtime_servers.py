# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wished of servers, against those that are there."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardened.balancer.plugins.module_utils._runtime import Map, Seen, Server
from ansible_collections.hardened.balancer.plugins.module_utils._runtime_maps import find
from ansible_collections.hardened.balancer.plugins.module_utils._runtime_maps import mistakes as mistakes_in_entries
from ansible_collections.hardened.balancer.plugins.module_utils._runtime_servers import Form, lines, plan, weight_of

ONE = Server(
    backend="web",
    name="one",
    id=1,
    address="198.51.100.1",
    port=80,
    weight=10,
    configured_weight=20,
    admin="ready",
    status="UP",
    check=True,
    sessions=0,
    queued=0,
    algorithm="roundrobin",
    forced="ready",
    up=True,
    agent=False,
    backup=False,
    fqdn="",
)
ALGORITHMS = {"web": "roundrobin", "api": "leastconn", "fixed": "static-rr", "empty": "roundrobin"}
SEEN = Seen(
    [
        ONE,
        ONE._replace(name="two", id=2, forced="maint", admin="maint"),
        ONE._replace(backend="api"),
        ONE._replace(backend="fixed"),
        ONE._replace(backend="api", name="named", address="-", fqdn="web.example"),
    ],
    ALGORITHMS,
    {},
)
NEW = {"backend": "web", "server": "new", "state": "present", "address": "198.51.100.9"}


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"server": "one"}, "servers[0]: nothing is wished; give state, weight, address or port"),
        ({"server": "o ne", "state": "drain"}, "server: 'o ne' is no name"),
        ({"server": "one;x", "state": "drain"}, "server: 'one;x' is no name"),
        ({"server": "one", "backend": "web/x", "state": "drain"}, "backend: 'web/x' is no name"),
        ({"server": "one", "weight": "257"}, "weight: '257' is neither 0 to 256"),
        ({"server": "one", "weight": "-1"}, "weight: '-1' is neither"),
        ({"server": "one", "weight": "1.5"}, "weight: '1.5' is neither"),
        ({"server": "one", "port": 0}, "port: 0 is not within 1 to 65535"),
        ({"server": "one", "port": 99999}, "port: 99999 is not within 1 to 65535"),
        ({"server": "one", "address": "web.example"}, "address: 'web.example' is no IP address"),
        ({"server": "new", "state": "present", "address": "198.51.100.9"}, "present needs backend"),
        ({"server": "one", "state": "drain", "params": "check"}, "params are those of a new server"),
        ({"server": "one", "state": "absent", "weight": "1", "port": 1}, "weight, port: makes no sense with state"),
        ({"server": "one", "backend": "wbe", "state": "drain"}, "HAProxy has none named 'wbe'; did you mean web?"),
        ({"server": "none", "backend": "web", "state": "drain"}, "backend web has no server 'none'"),
        ({"server": "ttwo", "state": "drain"}, "no backend has a server 'ttwo'; did you mean two?"),
        ({"server": "xyz", "backend": "empty", "weight": "1"}, "backend empty has no server 'xyz'; there are none"),
        ({**NEW, "address": None}, "web/new: address: a server that is to be added needs one"),
        ({**NEW, "backend": "fixed"}, "fixed/new: balance static-rr takes no servers at run time"),
        ({"server": "one", "backend": "fixed", "weight": "10"}, "takes 0% and 100% at run time, not 10"),
        ({"server": "named", "backend": "api", "port": 81}, "port: give address too, the server has - now"),
    ],
)
def test_a_wish_that_cannot_be_fulfilled(item: dict[str, t.Any], expected: str) -> None:
    changes, problems = plan([item], SEEN)
    assert len(problems) == 1
    assert expected in problems[0]
    assert changes == []


NOW = Form("ready", 10, "198.51.100.1", 80)


@pytest.mark.parametrize(
    ("item", "before", "after"),
    [
        ({"server": "one", "backend": "web", "state": "ready"}, NOW, NOW),
        ({"server": "one", "backend": "web", "state": "present"}, NOW, NOW),
        ({"server": "one", "backend": "web", "weight": "50%"}, NOW, NOW),
        ({"server": "one", "backend": "web", "address": "198.51.100.1", "port": 80}, NOW, NOW),
        ({"server": "one", "backend": "web", "state": "drain"}, NOW, NOW._replace(state="drain")),
        ({"server": "one", "backend": "web", "weight": "0"}, NOW, NOW._replace(weight=0)),
        ({"server": "one", "backend": "web", "weight": "100%"}, NOW, NOW._replace(weight=20)),
        ({"server": "one", "backend": "fixed", "weight": "20"}, NOW, NOW._replace(weight=20)),
        ({"server": "one", "backend": "web", "state": "absent"}, NOW, None),
        ({"server": "none", "backend": "web", "state": "absent"}, None, None),
        ({**NEW, "backend": "empty"}, None, Form("ready", 1, "198.51.100.9", 0)),
        ({**NEW, "params": "weight 8", "port": 81}, None, Form("ready", 8, "198.51.100.9", 81)),
        ({**NEW, "server": "two", "weight": "5"}, NOW._replace(state="maint"), Form("maint", 5, "198.51.100.9", 80)),
    ],
)
def test_before_and_after(item: dict[str, t.Any], before: Form | None, after: Form | None) -> None:
    changes, problems = plan([item], SEEN)
    assert problems == []
    assert [(one.before, one.after) for one in changes] == ([(before, after)] if before or after else [])


def test_wishes_of_one_server_are_one_and_must_agree() -> None:
    items = [{"server": "one", "weight": "3"}, {"server": "one", "backend": "web", "state": "drain"}]
    changes, problems = plan(items, SEEN)
    assert problems == ["fixed/one: weight: balance static-rr takes 0% and 100% at run time, not 3"]
    assert [(one.name, one.wish.weight, one.wish.state) for one in changes] == [
        ("web/one", "3", "drain"),
        ("api/one", "3", None),
    ]
    _changes, problems = plan([*items, {"server": "one", "backend": "web", "weight": "4"}], SEEN)
    assert problems[0] == "servers[2]: weight: 4 for web/one, which an earlier item wants to be 3"


def test_lines_of_the_diff() -> None:
    changes, _problems = plan([NEW, {"server": "one", "backend": "web", "state": "ready"}], SEEN)
    assert lines(changes, "before") == "web/new: absent\n"
    assert lines(changes, "after") == "web/new: ready, weight 1, 198.51.100.9:0\n"


@pytest.mark.parametrize(
    ("text", "configured", "expected"),
    [("7", 10, 7), ("50%", 10, 5), ("33%", 10, 3), ("0%", 10, 0), ("100%", 256, 256), ("9999%", 100, 256)],
)
def test_weights_as_haproxy_reckons(text: str, configured: int, expected: int) -> None:
    assert weight_of(text, configured) == expected


KNOWN = [Map(0, "maps/hosts.map", 1), Map(3, "maps/web/hosts.map", 1), Map(4, "limits.map", 1), Map(5, "", 0)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("maps/hosts.map", [0]),
        ("web/hosts.map", [3]),
        ("hosts.map", [0, 3]),
        ("limits.map", [4]),
        ("#3", [3]),
        ("#9", []),
        ("osts.map", []),
    ],
)
def test_names_of_maps(name: str, expected: list[int]) -> None:
    assert [one.id for one in find(name, KNOWN)] == expected


@pytest.mark.parametrize("value", [None, True, "", "  ", "a\nb", "a\0b", ["a"], {}])
def test_values_that_no_map_has(value: object) -> None:
    assert len(mistakes_in_entries({"key": value}, "present", False)) == 1
    assert mistakes_in_entries({"key": value}, "absent", False) == []
