# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What not every HAProxy has, by its version and by its build."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardened.balancer.plugins.plugin_utils._model import content, gates, releases
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.problems import Problems

USUAL = list(releases.USUAL)


def collected(given: dict[str, t.Any] | None = None, **lists: t.Any) -> list[tuple[str, str]]:
    every: dict[str, t.Any] = {plural: [] for plural in content.KINDS}
    found = gates.collect(given or {}, {**every, **lists}, Problems())
    return [(gate.path, gate.keyword) for gate in found]


def rule(words: str, action: str) -> dict[str, t.Any]:
    return {"words": words, "when": None, "path": "f[0].http_request[0]", "action": action}


FRONTEND = {"kind": "frontend", "name": "web", "path": "f[0]", "at": "f[0]", "mode": "http"}
BACKEND = {"kind": "backend", "name": "b", "path": "b[0]", "at": "b[0]", "mode": "http", "balance": "roundrobin"}


@pytest.mark.parametrize(
    ("plural", "section", "expected"),
    [
        ("frontends", FRONTEND, []),
        ("backends", {**BACKEND, "balance": "hash path"}, [("b[0].balance", "balance hash")]),
        ("backends", {**BACKEND, "balance": None, "options": [None], "timeout": None, "servers": None}, []),
        ("backends", {**BACKEND, "tls": True}, [("b[0].tls", "ssl")]),
        ("frontends", {**FRONTEND, "binds": [None, {"tls": {"quic": False}}]}, [("f[0].binds[1].tls", "ssl")]),
        (
            "frontends",
            {**FRONTEND, "binds": [{"tls": {"quic": True}}, {"tls": {"quic": True}}]},
            [("f[0].binds[1].tls.quic", "bind quic4@"), ("f[0].binds[1].tls", "ssl")],
        ),
        ("frontends", {**FRONTEND, "binds": [{"path": "haproxy_stats", "tls": {}}]}, []),
        ("frontends", {**FRONTEND, "http_request": [None, rule("deny", "deny")]}, []),
        (
            "frontends",
            {**FRONTEND, "http_request": [rule("set-fc-mark 1", "set-fc-mark")]},
            [("f[0].http_request[0]", "set-fc-mark")],
        ),
        (
            "frontends",
            {**FRONTEND, "http_request": [rule("use-service prometheus-exporter", "use-service")]},
            [("f[0].http_request[0]", "use-service prometheus-exporter")],
        ),
        (
            "frontends",
            {**FRONTEND, "stick_table": {"store": [None, "conn_cur", "gpc(2)"]}},
            [("f[0].stick_table.store[2]", "the counter gpc")],
        ),
        (
            "listens",
            {**BACKEND, "options": [{"name": "forwarded", "arguments": "", "no": False}]},
            [("b[0].options[0]", "option forwarded")],
        ),
        ("lua", {"name": "x", "path": "haproxy_lua[0]"}, [("haproxy_lua[0]", "lua-load")]),
        ("conditions", {"name": "x", "at": "c[0]", "path": ["/a"]}, []),
    ],
)
def test_where_something_is_not_everywhere(
    plural: str, section: dict[str, t.Any], expected: list[tuple[str, str]]
) -> None:
    lists: dict[str, t.Any] = {plural: [section]}
    assert collected(**lists) == expected


def test_of_many_servers_the_first_is_named() -> None:
    servers = [{"name": f"s{i}", "path": f"b[0].servers[{i}]", "ssl": [True]} for i in range(1000)]
    assert collected(backends=[{**BACKEND, "servers": servers}]) == [("b[0].servers[0].ssl", "ssl")]


def test_what_all_workers_of_a_source_have_is_named_there() -> None:
    servers = [{"name": f"w{i}", "path": f"hostvars[w{i}]", "ssl": [True]} for i in range(3)]
    sources = [{"group": "w", "ssl": [True]}]
    assert collected(backends=[{**BACKEND, "workers": sources, "servers": servers}]) == [("b[0].workers.ssl", "ssl")]
    servers.append({"name": "x", "path": "b[0].servers[0]", "sigalgs": ["a"]})
    found = collected(backends=[{**BACKEND, "workers": [*sources, {"from": []}], "servers": servers}])
    assert found == [("b[0].workers[0].ssl", "ssl"), ("b[0].servers[0].sigalgs", "sigalgs")]


def test_the_process() -> None:
    assert collected({"haproxy_global": {"close_spread_time": ["5s"]}, "haproxy_defaults": None}) == [
        ("haproxy_global.close_spread_time", "close-spread-time")
    ]


def judged(since: str, builds: tuple[str, ...], version: str, build: list[str] | None) -> tuple[list[str], list[str]]:
    problems = Problems()
    gate = gates.Gate("x.key", "word", since, builds)
    warnings = gates.judge([gate._asdict(), gate._asdict()], version, build, problems)
    return [str(p) for p in problems], warnings


NEEDS = "x.key: word needs HAProxy"
SAYS = "is seen when it reads the configuration"


@pytest.mark.parametrize(
    ("since", "version", "problem", "warning"),
    [
        ("2.6", "2.6.12", "", ""),
        ("2.6", "2.4.24", f"{NEEDS} 2.6; this node has 2.4.24", ""),
        ("2.6", "2.8.5", "", ""),
        ("3.0", "3.0.11", "", ""),
        ("3.0", "2.6.12", f"{NEEDS} 3.0; this node has 2.6.12", ""),
        ("3.0", "2.8.5", "", f"{NEEDS} 3.0, as far as is recorded; whether 2.8.5 has it {SAYS}"),
        ("<3.0", "2.6.12", "", ""),
        ("<3.0", "3.0.11", "x.key: word is gone since HAProxy 3.0; this node has 3.0.11", ""),
        (
            "<3.0",
            "3.2.1",
            "",
            f"x.key: word is gone since HAProxy 3.0, as far as is recorded; whether 3.2.1 has it {SAYS}",
        ),
        ("", "1.8", "", ""),
    ],
)
def test_versions(since: str, version: str, problem: str, warning: str) -> None:
    assert judged(since, (), version, USUAL) == ([problem] if problem else [], [warning] if warning else [])


BUILT = "x.key: word needs a HAProxy that is built with"


@pytest.mark.parametrize(
    ("feature", "version", "build", "problem", "warning"),
    [
        ("LUA", "2.6.12", ["LUA"], "", ""),
        ("LUA", "2.6.12", ["OPENSSL"], f"{BUILT} LUA; the node's 2.6.12 is not", ""),
        ("QUIC", "2.6.12", None, f"{BUILT} QUIC; the node's 2.6.12 is not", ""),
        ("QUIC", "3.0.11", None, "", ""),
        ("QUIC", "2.8.5", None, "", f"{BUILT} QUIC; whether 2.8.5 has it {SAYS}"),
        ("OPENSSL", "2.8.5", None, "", ""),
    ],
)
def test_builds(feature: str, version: str, build: list[str] | None, problem: str, warning: str) -> None:
    assert judged("", (feature,), version, build) == ([problem] if problem else [], [warning] if warning else [])
