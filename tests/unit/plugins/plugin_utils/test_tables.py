# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardened.balancer.plugins.plugin_utils._model import tables
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.line import Line
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.problems import Problems
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.section import Section

IP = "stick-table type ip size 100k expire 30s store"


def section(kind: str, name: str, *lines: str) -> Section:
    return Section(kind, name, f"{kind}:{name}", [Line(text, f"{kind}:{name}[{i}]") for i, text in enumerate(lines)])


def problems_of(*sections: Section) -> list[str]:
    problems = Problems()
    tables.check(sections, problems)
    return [str(problem) for problem in problems]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("type ip size 1m", "type ip size 1m"),
        ({"type": "ip", "size": "100k"}, "type ip size 100k"),
        (
            {"type": "string", "len": 32, "size": "1m", "expire": "10m", "nopurge": True, "peers": "all"},
            "type string len 32 size 1m expire 10m nopurge peers all",
        ),
        (
            {"type": "ipv6", "size": "1m", "store": ["conn_cur", None, "gpc(3)", "http_req_rate(10s)"]},
            "type ipv6 size 1m store conn_cur,gpc(3),http_req_rate(10s)",
        ),
    ],
)
def test_printed(given: dict[str, t.Any] | str, words: str) -> None:
    assert tables.printed(given) == words
    assert tables.stick_table({"path": "f", "stick_table": given}) == [Line(f"stick-table {words}", "f.stick_table")]


def test_no_table_is_no_line() -> None:
    assert tables.stick_table({"path": "f"}) == tables.stick_table({"path": "f", "stick_table": None}) == []


GOOD: list[tuple[str, ...]] = [
    ("http-request track-sc0 src", f"{IP} http_req_rate(10s)", "http-request deny if { sc_http_req_rate(0) gt 20 }"),
    (f"{IP} conn_cur,conn_rate(3s)", "tcp-request connection track-sc1 src", "acl a sc1_conn_rate gt 5"),
    ("http-request track-sc2 src table t", "acl a sc2_http_err_rate gt 5", "acl b sc_http_err_rate(2,t) gt 5"),
    ("http-request track-sc0 src,ipmask(24) table t if { path /a }", "acl a sc0_http_err_rate gt 5"),
    ("acl a src_http_err_rate(t) gt 5", "acl b src,table_http_err_rate(t) gt 5", "acl c src,in_table(t)"),
    (f"{IP} gpc0_rate(1m)", "http-request track-sc0 src", "http-request sc-inc-gpc0(0)", "acl a sc0_gpc0_rate gt 5"),
    (
        f"{IP} gpc(2),gpc_rate(2,10s)",
        "http-request track-sc0 src",
        "acl a sc_get_gpc(1,0) gt 5",
        "acl b sc0_get_gpc1 gt 1",
    ),
    (
        f"{IP} gpt0 store bytes_out_rate(1m)",
        "http-request track-sc0 src",
        "http-request sc-set-gpt0(0) 1",
        "acl a sc0_bytes_out_rate gt 5",
    ),
    (f"{IP} bytes_in_cnt", "http-request track-sc0 src", "acl a sc_kbytes_in(0) gt 5", "acl b sc_trackers(0) gt 1"),
    ("http-request set-header x %[sc_http_err_rate(0,t)]", "http-request track-sc0 src table t"),
    ("http-request set-header x /a/src_conn_cnt", "description a src_conn_cnt.", "server src_conn_cnt 198.51.100.9:80"),
    ("stick on src table t", "http-request track-sc0 src table shared/one", "acl a sc0_conn_cur gt 1"),
]


@pytest.mark.parametrize("lines", GOOD)
def test_what_is_stored_may_be_read(lines: tuple[str, ...]) -> None:
    table = section("backend", "t", f"{IP} http_err_rate(10s)")
    shared = section("peers", "shared", "bind :1024", "table one type ip size 1m store conn_cur")
    assert problems_of(section("frontend", "f", *lines), table, shared) == []


BAD: list[tuple[tuple[str, ...], str]] = [
    (
        ("http-request track-sc0 src", f"{IP} conn_cur", "http-request deny if { sc_http_req_rate(0) gt 20 }"),
        "frontend:f[2]: reads sc_http_req_rate(0) of the table f, which stores conn_cur; "
        "add http_req_rate(10s) to its store (frontend:f[1])",
    ),
    (
        ("http-request track-sc0 src", "stick-table type ip size 1m", "acl a sc0_gpc0_rate gt 5"),
        "frontend:f[2]: reads sc0_gpc0_rate of the table f, which stores no counter; "
        "add gpc0_rate(10s) to its store (frontend:f[1])",
    ),
    (
        ("http-request track-sc0 src table t", "acl a sc0_conn_cur(t) gt 5"),
        "frontend:f[1]: reads sc0_conn_cur(t) of the table t, which stores http_err_rate; "
        "add conn_cur to its store (backend:t[0])",
    ),
    (
        ("http-request track-sc0 src", f"{IP} gpc(2)", "http-request sc-inc-gpc(2,0)"),
        "frontend:f[2]: reads sc-inc-gpc(2,0) of the table f, which stores gpc; "
        "add gpc(3) to its store (frontend:f[1])",
    ),
    (
        ("http-request track-sc0 src", f"{IP} gpc(1)", "acl a sc0_get_gpc1 gt 1"),
        "frontend:f[2]: reads sc0_get_gpc1 of the table f, which stores gpc; add gpc1 to its store (frontend:f[1])",
    ),
    (
        (f"{IP} http_req_rate(10s)", "http-request deny if { sc_http_req_rate(1) gt 20 }"),
        "frontend:f[1]: reads sc_http_req_rate(1), and nothing tracks this counter; track-sc1 does",
    ),
    (
        ("http-request track-sc0 'req.hdr(x),field(1, )' table xy",),
        "frontend:f[0]: names 'xy' for track-sc0, no table has this name; tables: t",
    ),
    (
        ("tcp-request content track-sc0 src",),
        "frontend:f[0]: needs a table for track-sc0, and the section has none; give it a stick_table, "
        "or name one of: t",
    ),
    (
        ("acl a src_conn_cur gt 5",),
        "frontend:f[0]: needs a table for src_conn_cur, and the section has none; give it a stick_table, "
        "or name one of: t",
    ),
    (
        ("acl a src,in_table(web) -m bool",),
        "frontend:f[0]: names 'web' for in_table, no table has this name; tables: t",
    ),
    (
        ("acl a src,table_conn_cur(t) gt 5",),
        "frontend:f[0]: reads table_conn_cur(t) of the table t, which stores http_err_rate; "
        "add conn_cur to its store (backend:t[0])",
    ),
]


@pytest.mark.parametrize(("lines", "problem"), BAD)
def test_what_is_not_stored_is_told(lines: tuple[str, ...], problem: str) -> None:
    table = section("backend", "t", f"{IP} http_err_rate(10s)")
    assert problems_of(section("frontend", "f", *lines), table) == [problem]


def test_a_backend_reads_what_a_frontend_tracks() -> None:
    frontend = section("frontend", "f", f"{IP} conn_cur", "http-request track-sc0 src")
    assert problems_of(frontend, section("backend", "b", "http-request deny if { sc0_conn_cur gt 5 }")) == []
    assert problems_of(frontend, section("backend", "b", "http-request deny if { sc0_conn_cnt gt 5 }")) == [
        "backend:b[0]: reads sc0_conn_cnt of the table f, which stores conn_cur; "
        "add conn_cnt to its store (frontend:f[0])"
    ]
    assert problems_of(frontend, section("frontend", "g", "http-request deny if { sc0_conn_cur gt 5 }")) == [
        "frontend:g[0]: reads sc0_conn_cur, and nothing tracks this counter; track-sc0 does"
    ]


def test_of_several_tables_one_is_enough() -> None:
    """Which one a request is tracked in is known only when it comes."""
    rules = ("http-request track-sc0 src table t if { path /a }", "http-request track-sc0 src table u")
    reader = section("frontend", "f", *rules, "acl a sc0_conn_cur gt 5")
    assert problems_of(reader, section("backend", "t", f"{IP} gpc0"), section("backend", "u", f"{IP} conn_cur")) == []


def test_rules_of_defaults_track_too() -> None:
    defaults = section("defaults", "d", "tcp-request connection track-sc0 src")
    assert problems_of(defaults, section("frontend", "f", f"{IP} conn_cur", "acl a sc0_conn_cur gt 5")) == []


def test_keeping_clients_needs_a_table() -> None:
    assert problems_of(section("backend", "b", "stick on src")) == [
        "backend:b[0]: needs a table for stick, and the section has none; give it a stick_table"
    ]
    table = section("backend", "sticky", "stick-table type ip size 1m")
    assert problems_of(table, section("backend", "b", "stick match src table stcky if { path /a }")) == [
        "backend:b[0]: names 'stcky' for stick, no table has this name; did you mean sticky?; tables: sticky"
    ]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (
            "type ipv5 size 1m",
            "has keys of type 'ipv5', which is none; did you mean ipv6 or ip?; types: binary, integer, ip,",
        ),
        ("type ip len 32 size 1m", "gives keys of type ip a len, which only string and binary have"),
    ],
)
def test_types_of_keys(words: str, problem: str) -> None:
    assert problems_of(section("backend", "t", f"stick-table {words}"))[0].startswith(f"backend:t[0]: {problem}")


def test_what_is_read_of_a_table_that_is_not_there_is_told_once() -> None:
    reader = section("frontend", "f", "http-request track-sc0 src", "acl a sc0_conn_cur gt 5")
    assert problems_of(reader) == [
        "frontend:f[0]: needs a table for track-sc0, and the section has none; give it a stick_table"
    ]
