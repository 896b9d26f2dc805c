# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import functools
import ipaddress
import random
import re
import shlex
import typing as t

import pytest

from ansible_collections.hardened.balancer.plugins.plugin_utils._model import routes, shapes
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.check import check
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.line import Line
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.problems import Problems
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.site import Site
from tests.unit.effort import is_linear

HOST = "req.hdr(host),field(1,:),lower,rtrim(.)"
SITE = Site(
    names={"backend": {"web.routes.99": "haproxy_backends[3]"}},
    modes={},
    conditions={},
    certificates={},
    authorities={},
)
HOSTS = [f"h{i:02}.example.com" for i in range(16)]


def frontend(*given: dict[str, t.Any], mode: str = "http", **more: t.Any) -> dict[str, t.Any]:
    problems = Problems()
    value = {"name": "web", "mode": mode, "binds": [{"port": 80}], "routes": list(given), **more}
    checked = check(shapes.FRONTEND, value, "f", problems)
    assert problems == []
    return {**checked, "kind": "frontend", "path": "f"}


def compiled(*given: dict[str, t.Any], **more: t.Any) -> routes.Routing:
    problems = Problems()
    result = routes.compile(frontend(*given, **more), SITE, problems)
    assert problems == []
    return result


def texts(routing: routes.Routing) -> list[str]:
    return [line.text for line in routing.lines]


def told(*given: dict[str, t.Any], **more: t.Any) -> list[str]:
    problems = Problems()
    routes.compile(frontend(*given, **more), SITE, problems)
    return [str(p) for p in problems]


def test_routes_in_their_order() -> None:
    routing = compiled(
        {"path_prefix": ["/v2/", "/v3"], "cookie": {"name": "canary", "value": 1}, "backend": "a"},
        {"if": "METH_TRACE or HTTP_1.0", "backend": "b"},
        {"host": "API.example.com.", "backend": "c"},
    )
    assert routing.lines == [
        Line("use_backend a if { path,concat(/) -m beg /v2/ /v3/ } { req.cook(canary) -m str 1 }", "f.routes[0]"),
        Line("use_backend b if METH_TRACE or HTTP_1.0", "f.routes[1]"),
        Line(f"use_backend c if {{ {HOST} -m str api.example.com }}", "f.routes[2]"),
    ]


def test_what_answers_by_itself_is_a_backend_so_that_the_order_is_kept() -> None:
    routing = compiled(
        {"host": "a.example.com", "path": "/x", "backend": "a"},
        {"host": "a.example.com", "redirect": {"location": "https://b.example.com/", "code": 301}},
        {"path": "/robots.txt", "respond": {"body": "none"}},
        {"host": "c.example.com", "maintenance": {"body": "soon", "except": ["10.0.0.0/8"]}, "backend": "c"},
        {"respond": {"status": 404}},
    )
    assert [line.split(" if ")[0] for line in texts(routing)] == [
        "use_backend a",
        "use_backend web.routes.1",
        "use_backend web.routes.2",
        "use_backend web.routes.3",
        "use_backend c",
        "use_backend web.routes.4",
    ]
    assert texts(routing)[3].endswith("{ %s -m str c.example.com } !{ src 10.0.0.0/8 }" % HOST)  # noqa: UP031
    assert texts(routing)[5].endswith(" if TRUE")
    assert [b.name for b in routing.backends] == [f"web.routes.{i}" for i in (1, 2, 3, 4)]
    assert routing.backends[0] == routes.Generated(
        "web.routes.1",
        "http",
        "f.routes[1].redirect",
        [
            Line("mode http", "f.routes[1].redirect"),
            Line("http-request redirect location https://b.example.com/ code 301", "f.routes[1].redirect"),
        ],
    )
    assert routing.backends[3].lines[1].text.startswith("http-request return status 404")


def test_a_maintenance_page_for_all_hides_the_backend() -> None:
    routing = compiled({"host": "c.example.com", "maintenance": True, "backend": "c"})
    assert [line.split()[1] for line in texts(routing)] == ["web.routes.0", "c"]


def test_hosts_become_a_map() -> None:
    given = [{"host": [host.upper()], "backend": f"b{i % 3}"} for i, host in enumerate(HOSTS)]
    routing = compiled(*reversed(given), {"path": "/x", "backend": "x"}, *given[:2])
    found = f"{HOST},map_str(maps/routes-web.0.map)"
    assert texts(routing) == [
        f"use_backend %[{found}] if {{ {found} -m found }}",
        "use_backend x if { path -m str /x }",
        f"use_backend b0 if {{ {HOST} -m str h00.example.com }}",
        f"use_backend b1 if {{ {HOST} -m str h01.example.com }}",
    ]
    assert routing.files[0].path == "maps/routes-web.0.map"
    assert routing.files[0].content == "".join(f"{host} b{i % 3}\n" for i, host in enumerate(HOSTS))


def test_a_map_that_is_last_is_asked_once() -> None:
    routing = compiled(*({"host": host, "backend": "b"} for host in HOSTS))
    found = f"{HOST},map_str(maps/routes-web.0.map)"
    assert texts(routing) == [f"acl routes.0 {found} -m found", f"use_backend %[{found}]"]


def test_few_hosts_stay_lines() -> None:
    assert len(texts(compiled(*({"host": h, "backend": "b"} for h in HOSTS[:15])))) == 15
    assert len(texts(compiled({"host": HOSTS, "backend": "b"}))) == 2


def test_other_hosts_are_asked_in_front_of_a_map() -> None:
    given = [{"host": host, "backend": "b"} for host in HOSTS]
    between = {"host": ["*.example.org", "x.example.com"], "path_prefix": "/a", "backend": "x"}
    routing = compiled(*given[:8], between, *given[8:], {"host": "*.example.com", "backend": "y"})
    assert [line.split()[1][:4] for line in texts(routing)] == ["x", "x", "%[re", "y"][-len(texts(routing)) :]
    assert routing.lines[0].path == "f.routes[8]"
    assert routing.lines[-1].path == "f.routes[17]"


def test_answers_in_a_map() -> None:
    given = [{"host": host, "redirect": {"host": "www.example.com"}} for host in HOSTS]
    routing = compiled(*given)
    assert "h03.example.com web.routes.3\n" in routing.files[-1].content
    assert len(routing.lines) == 2


def test_names_in_tcp_mode() -> None:
    given = [{"sni": host, "backend": "b"} for host in HOSTS]
    routing = compiled(*given, {"source": "10.0.0.0/8", "backend": "c"}, mode="tcp")
    found = "req.ssl_sni,lower,map_str(maps/routes-web.0.map)"
    assert texts(routing) == [
        f"use_backend %[{found}] if {{ {found} -m found }}",
        "use_backend c if { src 10.0.0.0/8 }",
    ]
    assert routes.inspection({"mode": "tcp"}, routing.lines) == [
        Line("tcp-request inspect-delay 5s", "f.routes[0]"),
        Line("tcp-request content accept if { req.ssl_hello_type 1 }", "f.routes[0]"),
    ]
    assert routes.inspection({"mode": "tcp"}, routing.lines[1:]) == []
    own = [Line("tcp-request inspect-delay 9s", "f.tcp_request[0]"), *routing.lines]
    assert [line.text for line in routes.inspection({"mode": "tcp"}, own)] == [
        "tcp-request content accept if { req.ssl_hello_type 1 }"
    ]


def test_names_where_tls_ends_in_tcp_mode() -> None:
    binds = [{"port": 443, "tls": {"certificates": ["a"]}}]
    routing = compiled({"sni": "a.example.com", "backend": "b"}, mode="tcp", binds=binds)
    assert texts(routing) == ["use_backend b if { ssl_fc_sni,lower -m str a.example.com }"]
    assert routes.inspection({"mode": "tcp"}, routing.lines) == []


def test_protocols_that_tell_no_name() -> None:
    front = frontend(
        {"sni": "a.example.com", "backend": "db"},
        {"sni": "b.example.com", "backend": "web"},
        mode="tcp",
        default_backend="mail",
    )
    backends = [
        {"name": "db", "check": {"type": "pgsql"}},
        {"name": "web", "check": {"type": "mysql", "port": 9000}},
        {"name": "mail", "check": {"type": "smtp"}},
    ]
    problems = Problems()
    routes.check_protocols([front], backends, problems)
    assert [str(p) for p in problems] == [
        "f.routes[0].sni: sees no name: PostgreSQL asks for TLS by a message of its own; give 'db' a port of its own, "
        "or end TLS here (tls of the bind)",
        "f.default_backend: waits for a greeting that does not come: in SMTP the server speaks first, and TLS begins "
        "later, by STARTTLS; give 'mail' a frontend without sni",
    ]


@pytest.mark.parametrize(
    ("route", "text"),
    [
        ({"host": "a.example.com"}, "f.routes[0]: leads nowhere; give one of: backend, redirect, respond, maintenance"),
        (
            {"host": "a.example.com", "backend": "b", "redirect": {"scheme": "https"}},
            "f.routes[0]: has backend and redirect; a route leads to one of them, "
            "only maintenance may stand beside backend",
        ),
        (
            {"path": "/a", "if": "A", "backend": "b"},
            "f.routes[0].if: stands beside path; a condition in HAProxy's words is the route's only one",
        ),
        (
            {"sni": "a.example.com", "backend": "b"},
            "f.routes[0].sni: can never match: no bind of this frontend has tls; in mode: http a name is a host",
        ),
    ],
)
def test_wrong_routes(route: dict[str, t.Any], text: str) -> None:
    assert told(route) == [text]


def test_wrong_routes_in_their_frontend() -> None:
    assert told({"backend": "b"})[0].startswith("f.routes[0]: has no condition; give at least one of: host, path, ")
    assert told({"source": "10.0.0.0/8", "redirect": {"host": "a"}}, mode="tcp") == [
        "f.routes[0].redirect: needs mode: http; a connection in mode: tcp can only be sent to a backend"
    ]
    binds = [{"port": 443, "tls": {"certificates": ["a"]}}, {"port": 444}]
    assert "make two frontends" in told({"sni": "a.example.com", "backend": "b"}, mode="tcp", binds=binds)[0]
    many = [{"path": f"/{i}", "backend": "b"} for i in range(99)]
    assert told(*many, {"path": "/x", "respond": {"status": 204}}) == [
        "f.routes[99].respond: makes a backend of the name 'web.routes.99', which haproxy_backends[3] has"
    ]


def test_broken_routes_raise_nothing() -> None:
    front = frontend({"path": "/", "backend": "b"})
    front["routes"] += [None, {"backend": None, "host": [None]}, {"redirect": None}, {"host": None, "backend": "b"}]
    routes.compile(front, SITE, Problems())
    routes.check_protocols([front, {**front, "mode": None}], [{"name": "b", "check": None}], Problems())


def of_hosts(number: int) -> dict[str, t.Any]:
    front = frontend({"path": "/", "backend": "b"})
    return {**front, "routes": [{"host": [f"h{i}.example.com"], "backend": "b"} for i in range(number)]}


def test_ten_thousand_hosts_are_two_lines() -> None:
    assert len(routes.compile(of_hosts(10_000), SITE, Problems()).lines) == 2


def test_hosts_are_not_compared_each_with_each() -> None:
    def work(number: int) -> t.Callable[[], t.Any]:
        front = of_hosts(number)
        return lambda: routes.compile(front, SITE, Problems())

    assert is_linear(work)


# An interpreter of the lines, and one of the routes, which know nothing of each other.

Request = dict[str, t.Any]


def _samples(expression: str, request: Request) -> str | None:
    if expression.startswith(HOST):
        return str(request["host"]).split(":", maxsplit=1)[0].lower().rstrip(".")
    if expression.startswith("req.hdr(host),field(1,]),lower"):
        return str(request["host"]).split("]", maxsplit=1)[0].lower()
    named = re.fullmatch(r"(req\.hdr|req\.cook|url_param)\((.*)\)", expression)
    if named:
        value = request[{"req.hdr": "header", "req.cook": "cookie", "url_param": "query"}[named[1]]].get(named[2])
        return None if value is None else str(value)
    plain: dict[str, str] = {
        "path": request["path"],
        "path,concat(/)": request["path"] + "/",
        "method": request["method"],
        "src": request["src"],
    }
    return plain[expression]


COMPARE: dict[str, t.Callable[[str, str], bool]] = {
    "str": lambda sample, value: sample == value,
    "beg": lambda sample, value: sample.startswith(value),
    "end": lambda sample, value: sample.endswith(value),
    "sub": lambda sample, value: value in sample,
    "reg": lambda sample, value: re.search(value, sample) is not None,
    "ip": lambda sample, value: ipaddress.ip_address(sample) in ipaddress.ip_network(value),
}


def _test_holds(words: list[str], request: Request, maps: dict[str, dict[str, str]]) -> bool:
    expression, *rest = words
    found = re.fullmatch(r"(.*),map_str\((.*)\)", expression)
    if found:
        return _samples(found[1], request) in maps[found[2]]
    sample = _samples(expression, request)
    if rest[:2] == ["-m", "found"]:
        return sample is not None
    method = rest[1] if rest[0] == "-m" else {"src": "ip", "method": "str"}[expression]
    values = [word for word in (rest[2:] if rest[0] == "-m" else rest) if word != "--"]
    return sample is not None and any(COMPARE[method](sample, value) for value in values)


@functools.cache
def _words(text: str) -> list[str]:
    return shlex.split(text)


def run_lines(routing: routes.Routing, request: Request) -> str:
    maps = {
        f.path: dict(line.split(" ") for line in f.content.splitlines())
        for f in routing.files
        if f.path.endswith(".map")
    }
    for line in routing.lines:
        words = _words(line.text)
        assert len(words) <= 64
        if words[0] == "acl" and words[1].startswith("routes."):
            continue
        assert words[0] == "use_backend"
        assert words[2:3] == ["if"] or line is routing.lines[-1]
        if _condition_holds(words[3:], request, maps):
            dynamic = re.fullmatch(r"%\[(.*),map_str\((.*)\)\]", words[1])
            return maps[dynamic[2]].get(str(_samples(dynamic[1], request)), "") if dynamic else words[1]
    return ""


def _condition_holds(words: list[str], request: Request, maps: dict[str, dict[str, str]]) -> bool:
    value, position = True, 0
    while position < len(words):
        word = words[position]
        if word == "or":
            if value:
                return True
            value, position = True, position + 1
            continue
        end = words.index("}", position) if word in ("{", "!{") else position
        holds = word == "TRUE" if end == position else _test_holds(words[position + 1 : end], request, maps)
        value = value and holds != word.startswith("!")
        position = end + 1
    return value


def matches(condition: dict[str, t.Any], request: Request) -> bool:
    return all(ASKED[key](value, request) for key, value in condition.items() if key in ASKED)


def _host_is(patterns: list[str], request: Request) -> bool:
    host = re.sub(r":\d+$", "", request["host"]).lower().rstrip(".")
    return any(host.endswith(p[1:]) if p.startswith("*.") else host == p for p in patterns)


def _named_is(kind: str) -> t.Callable[[list[dict[str, t.Any]], Request], bool]:
    def one(asked: dict[str, t.Any], request: Request) -> bool:
        value = request[kind].get(asked["name"])
        return value is not None and ("value" not in asked or value in asked["value"])

    return lambda asked, request: all(one(a, request) for a in asked)


ASKED: dict[str, t.Callable[[t.Any, Request], bool]] = {
    "host": _host_is,
    "path": lambda paths, r: r["path"] in paths,
    "path_prefix": lambda paths, r: any(
        r["path"] == p.rstrip("/") or r["path"].startswith(p.rstrip("/") + "/") for p in paths
    ),
    "path_suffix": lambda ends, r: r["path"].endswith(tuple(ends)),
    "method": lambda methods, r: r["method"] in methods,
    "header": _named_is("header"),
    "cookie": _named_is("cookie"),
    "query": _named_is("query"),
    "source": lambda networks, r: any(ipaddress.ip_address(r["src"]) in ipaddress.ip_network(n) for n in networks),
    "any": lambda conditions, r: any(matches(c, r) for c in conditions),
    "all": lambda conditions, r: all(matches(c, r) for c in conditions),
    "not": lambda condition, r: not matches(condition, r),
}
NAMES = [f"{a}.{b}.test" for a in "abcdefgh" for b in ("x", "y", "z")] + ["x.test", "y.test", "[2001:db8::1]"]
PATHS = ["/", "/v1", "/v1/", "/v1/a", "/v1a", "/v2", "/v2/b.png"]


def random_condition(dice: random.Random, depth: int = 1) -> dict[str, t.Any]:
    makers: dict[str, t.Callable[[], t.Any]] = {
        "host": lambda: dice.sample([*NAMES, "*.x.test", "*.y.test", "*.test"], dice.choice((1, 1, 2, 30))),
        "path": lambda: dice.sample(PATHS, 2),
        "path_prefix": lambda: dice.sample(PATHS[:6], dice.randint(1, 2)),
        "path_suffix": lambda: [".png"],
        "method": lambda: [dice.choice(("GET", "POST"))],
        "header": lambda: [{"name": "X-A", "value": ["1", "-f"]}],
        "cookie": lambda: [{"name": "c", "value": [dice.choice("12")]}],
        "query": lambda: [{"name": "q", "value": ["1"]}],
        "source": lambda: [dice.choice(("10.0.0.0/8", "10.1.0.0/16", "192.0.2.1/32"))],
    }
    if depth:
        makers["any"] = lambda: [random_condition(dice, depth - 1) for _i in range(2)]
        makers["not"] = lambda: random_condition(dice, depth - 1)
    return {key: makers[key]() for key in dice.sample(sorted(makers), dice.choice((1, 1, 2)))}


def random_routes(dice: random.Random) -> list[dict[str, t.Any]]:
    """Mostly hosts, so that there are maps; some routes of other kinds between them."""
    found = []
    for i in range(dice.randint(1, 40)):
        if dice.random() < 0.9:
            condition: dict[str, t.Any] = {"host": dice.sample(NAMES[:-1], dice.choice((1, 1, 1, 3)))}
            if dice.random() < 0.2:
                condition["path_prefix"] = ["/v1"]
        else:
            condition = random_condition(dice)
        target = {"respond": {"status": 204}} if dice.random() < 0.2 else {"backend": f"b{i}"}
        found.append({**condition, **target})
    return found


def random_request(dice: random.Random) -> Request:
    host = dice.choice([*NAMES, "q.x.test", "none.invalid"])
    return {
        "host": dice.choice((host, host.upper(), f"{host}:8080", host if host.endswith("]") else f"{host}.")),
        "path": dice.choice([*PATHS, "/v2/c"]),
        "method": dice.choice(("GET", "POST", "PUT")),
        "header": dice.choice(({}, {"X-A": "1"}, {"X-A": "-f"}, {"X-A": "2"})),
        "cookie": dice.choice(({}, {"c": "1"}, {"c": "2"})),
        "query": dice.choice(({}, {"q": "1"}, {"q": "2"})),
        "src": dice.choice(("10.0.0.1", "10.1.0.1", "192.0.2.1", "203.0.113.9")),
    }


def run_routes(given: list[dict[str, t.Any]], request: Request) -> str:
    for i, route in enumerate(given):
        if matches(route, request):
            return str(route.get("backend") or f"web.routes.{i}")
    return ""


def test_lines_mean_what_the_routes_mean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "MAP_FROM", 4)
    dice = random.Random(11)
    with_maps = with_front = 0
    for _round in range(250):
        given = random_routes(dice)
        routing = routes.compile(frontend(*given), SITE, Problems())
        maps = [i for i, line in enumerate(routing.lines) if "map_str" in line.text]
        with_maps += bool(maps)
        order = [int(line.path.split("[")[1][:-1]) for line in routing.lines]
        with_front += order != sorted(order)
        for _request in range(60):
            request = random_request(dice)
            assert run_lines(routing, request) == run_routes(given, request), (given, request)
    assert with_maps > 100
    assert with_front > 50
