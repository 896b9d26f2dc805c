# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardened.balancer.plugins.plugin_utils._model import shadows, shapes
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.check import check
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.problems import Problems
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.site import Site
from tests.unit.effort import is_linear

SITE = Site(names={}, modes={}, conditions={}, certificates={}, authorities={})


def told(*given: dict[str, t.Any], mode: str = "http") -> list[str]:
    problems = Problems()
    routes = [{**({} if "respond" in route else {"backend": "b"}), **route} for route in given]
    front = check(
        shapes.FRONTEND, {"name": "w", "mode": mode, "binds": [{"port": 80}], "routes": routes}, "f", problems
    )
    assert problems == []
    shadows.check({**front, "path": "f"}, SITE, problems)
    return [str(p) for p in problems]


LATER = "f.routes[1]: can never match: f.routes[0], which is asked first, takes all of it"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"host": "a.example.com"}, {"host": "A.example.com"}),
        ({"host": "a.example.com"}, {"host": "a.example.com", "path": "/x"}),
        ({"host": "*.example.com"}, {"host": ["a.example.com", "a.b.example.com", "*.b.example.com"]}),
        ({"path": ["/a", "/b"]}, {"path": "/b"}),
        ({"path_prefix": "/a"}, {"path": ["/a", "/a/", "/a/b"]}),
        ({"path_prefix": "/a/"}, {"path_prefix": "/a/b"}),
        ({"path_prefix": "/"}, {"path": "/x", "host": "a.example.com", "method": "GET"}),
        ({"path_prefix": "/a", "method": "GET"}, {"path": "/a/b", "method": "get", "host": "a.example.com"}),
        ({"if": "A B"}, {"if": "A B"}),
        ({"respond": {"status": 404}}, {"cookie": {"name": "a"}}),
        (
            {"cookie": {"name": "a", "value": ["1", "2"]}},
            {"cookie": [{"value": ["2", "1"], "name": "a"}], "path": "/x"},
        ),
        (
            {"host": "a.example.com", "maintenance": {"except": ["10.0.0.0/8"]}, "backend": "b"},
            {"host": "a.example.com", "path": "/x"},
        ),
    ],
)
def test_routes_that_an_earlier_one_swallows(first: dict[str, t.Any], second: dict[str, t.Any]) -> None:
    assert told(first, second) == [LATER]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"host": "*.example.com"}, {"host": "example.com"}),
        ({"host": "a.example.com"}, {"host": "*.example.com"}),
        ({"path_prefix": "/v2"}, {"path": "/v2beta"}),
        ({"path": "/a"}, {"path_prefix": "/a"}),
        ({"path": "/a", "method": "GET"}, {"path": "/a"}),
        ({"path": "/a", "method": "GET"}, {"path": "/a", "method": "POST"}),
        ({"host": "a.example.com", "path": "/x"}, {"host": "a.example.com"}),
        ({"host": "a.example.com", "path": "/x"}, {"host": ["a.example.com", "b.example.com"], "path": "/x"}),
        (
            {"host": "a.example.com", "respond": None, "maintenance": {"except": ["10.0.0.0/8"]}},
            {"host": "a.example.com"},
        ),
    ],
)
def test_routes_that_still_match_something(first: dict[str, t.Any], second: dict[str, t.Any]) -> None:
    first = {key: value for key, value in first.items() if value is not None}
    problems = Problems()
    front = {"path": "f", "mode": "http", "routes": []}
    for route in (first, second):
        checked = check(shapes.FRONTEND.keys["routes"].of or shapes.CONDITION, route, "r", problems)
        front["routes"].append(checked if "maintenance" in route else {**checked, "backend": "b"})  # type: ignore[attr-defined]
    shadows.check(front, SITE, problems)
    assert problems == []


def test_several_earlier_ones_together() -> None:
    assert told({"path": "/a"}, {"path": "/b"}, {"path": ["/b", "/a"], "host": "x.example.com"}) == [
        "f.routes[2]: can never match: f.routes[1], f.routes[0], which are asked first, take all of it"
    ]


def test_names_in_tcp_mode() -> None:
    assert told({"sni": "*.example.com"}, {"sni": "a.example.com"}, mode="tcp") == [LATER]


def test_a_host_of_two_routes() -> None:
    assert told({"host": ["a.example.com", "b.example.com"]}, {"host": ["b.example.com", "c.example.com"]}) == [
        "f.routes[1].host: holds 'b.example.com', which f.routes[0] takes, a route that is asked first"
    ]


def test_paths_that_do_not_lie_below_their_prefix() -> None:
    assert told({"path": "/a", "path_prefix": "/b"}) == [
        "f.routes[0]: can never match: none of its paths lies below its path_prefix"
    ]


def of_hosts(number: int) -> dict[str, t.Any]:
    routes: list[t.Any] = [
        {"host": [f"h{i}.example.com"], "path_prefix": ["/a/b/c"], "backend": "b"} for i in range(number)
    ]
    return {"path": "f", "mode": "http", "routes": [*routes, routes[50], None, {"host": None}]}


def test_one_among_ten_thousand() -> None:
    problems = Problems()
    shadows.check(of_hosts(10_000), SITE, problems)
    assert [p.path for p in problems] == ["f.routes[10000]"]


def test_routes_are_not_compared_each_with_each() -> None:
    def work(number: int) -> t.Callable[[], t.Any]:
        front = of_hosts(number)
        return lambda: shadows.check(front, SITE, Problems())

    assert is_linear(work)
