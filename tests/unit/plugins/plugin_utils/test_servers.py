# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardened.balancer.plugins.plugin_utils._model import servers, shapes, workers
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.check import check
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.problems import Problems
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.site import Site

SITE = Site(
    names={"resolvers": {"dns": "haproxy_resolvers[0]"}},
    modes={},
    conditions={},
    certificates={"client": {"name": "client"}, "placed": {"name": "placed", "file": "/etc/ssl/private/placed.pem"}},
    authorities={"internal": {"name": "internal"}},
)
ADDRESS = {"name": "a", "address": "198.51.100.9", "port": 443}
NAME = {"name": "n", "address": "n.example.com", "port": 443}
PLAIN = {"prefix": "w", "count": 3, "dns_name": "w.example.com", "port": 443, "resolvers": "dns"}
SERVICE = {"prefix": "s", "count": 3, "dns_name": "_https._tcp.example.com", "resolvers": "dns"}


def draw(
    given: dict[str, t.Any], words: str = "", defaults: dict[str, t.Any] | None = None
) -> tuple[list[str], list[str]]:
    problems = Problems()
    backend = check(shapes.BACKEND, {"name": "b", **given}, "b", problems)
    backend = {**backend, "path": "b", "kind": "backend"}
    backend["servers"] = workers.expand(backend, "b", {"name": "lb1", "groups": {}, "hosts": {}}, problems)
    lines = servers.lines(backend, words, SITE, problems, defaults)
    assert all(line.path.startswith("b.") for line in lines)
    return [line.text for line in lines], [str(p) for p in problems]


def lines(given: dict[str, t.Any], words: str = "") -> list[str]:
    drawn, problems = draw(given, words)
    assert problems == []
    return drawn


def test_the_words_of_a_server_keep_their_order() -> None:
    full = {
        "name": "a",
        "address": "2001:db8::9",
        "port": 80,
        "raw": "namespace x",
        "on_error": "mark-down",
        "observe": "layer7",
        "slowstart": "10s",
        "disabled": True,
        "backup": True,
        "maxconn": 0,
        "weight": 0,
    }
    assert lines({"servers": [full]}) == [
        "server a [2001:db8::9]:80 check id 1251442964 weight 0 maxconn 0 backup disabled "
        "slowstart 10s observe layer7 on-error mark-down namespace x"
    ]
    assert lines({"servers": [{**ADDRESS, "send_proxy": True}], "check": False}) == [
        "server a 198.51.100.9:443 id 1251442964 send-proxy"
    ]


def test_what_all_servers_share_is_a_line_for_each_of_its_keys() -> None:
    given = {
        "servers": [ADDRESS],
        "tls": {"authority": "internal"},
        "default_server": {"maxconn": 50, "slowstart": "5s", "raw": "tfo"},
    }
    assert lines(given, "inter 1s fall 2") == [
        "default-server inter 1s fall 2",
        "default-server ssl verify required ca-file ca/internal.pem",
        "default-server maxconn 50 slowstart 5s tfo",
        "server a 198.51.100.9:443 check id 1251442964",
    ]


@pytest.mark.parametrize(
    ("tls", "words"),
    [
        (
            {"name": "w.example.com"},
            "verify required ca-file @system-ca sni str(w.example.com) check-sni w.example.com",
        ),
        ({"authority": "internal"}, "verify required ca-file ca/internal.pem"),
        (
            {"authority": "internal", "name": "w", "alpn": ["h2", "http/1.1"], "certificate": "client"},
            "verify required ca-file ca/internal.pem sni str(w) check-sni w "
            "crt /etc/haproxy/trees/@digest@/certs/client.pem alpn h2,http/1.1 check-alpn h2,http/1.1",
        ),
        ({"sni": "req.hdr(host)"}, "verify required ca-file @system-ca sni req.hdr(host)"),
        (
            {"sni": "req.hdr(host)", "name": "w"},
            "verify required ca-file @system-ca sni req.hdr(host) check-sni w verifyhost w",
        ),
        ({"verify": False, "certificate": "placed"}, "verify none crt /etc/ssl/private/placed.pem"),
    ],
)
def test_tls_to_workers(tls: dict[str, t.Any], words: str) -> None:
    assert lines({"servers": [ADDRESS], "tls": tls})[0] == f"default-server ssl {words}"


def test_with_the_authorities_of_the_system_the_own_name_of_each_server_is_verified() -> None:
    assert lines({"servers": [NAME], "server_templates": [PLAIN], "tls": True}) == [
        "default-server ssl verify required ca-file @system-ca",
        "server n n.example.com:443 check id 454472160 sni str(n.example.com) check-sni n.example.com",
        "server-template w 3 w.example.com:443 check resolvers dns init-addr none "
        "sni str(w.example.com) check-sni w.example.com",
    ]


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ({"servers": [NAME, ADDRESS], "tls": True}, "198.51.100.9 is an address"),
        ({"servers": [ADDRESS], "tls": {"alpn": "h2"}}, "198.51.100.9 is an address"),
        ({"server_templates": [SERVICE], "tls": True}, "_https._tcp.example.com is a service"),
    ],
)
def test_a_chain_without_a_name_proves_nothing(given: dict[str, t.Any], address: str) -> None:
    assert draw(given)[1] == [
        f"b.tls: has no name to verify: {address}, and the system's authorities vouch for every site there is; "
        "give name, or an authority of your own"
    ]


@pytest.mark.parametrize(
    "given",
    [
        {"servers": [ADDRESS], "tls": {"name": "w"}},
        {"servers": [ADDRESS], "tls": {"authority": "internal"}},
        {"servers": [ADDRESS], "tls": {"verify": False}},
        {"servers": [{**ADDRESS, "verifyhost": "w"}], "tls": True},
        {"servers": [{**ADDRESS, "raw": "no-ssl"}], "tls": True},
        {"servers": [ADDRESS], "tls": True, "default_server": {"sni": "str(w)"}},
        {"servers": [ADDRESS], "tls": False},
    ],
)
def test_a_name_may_be_said_elsewhere(given: dict[str, t.Any]) -> None:
    assert draw(given)[1] == []


def test_unknown_names_of_tls() -> None:
    given = {"servers": [ADDRESS], "tls": {"authority": "internl", "certificate": "clint"}}
    assert draw(given) == (
        ["default-server ssl verify required", "server a 198.51.100.9:443 check id 1251442964"],
        [
            "b.tls.authority: holds 'internl', no authority has this name; did you mean internal?; "
            "authorities: internal",
            "b.tls.certificate: holds 'clint', no certificate has this name; did you mean client?; "
            "certificates: client, placed",
        ],
    )


def test_servers_by_dns() -> None:
    more = {**PLAIN, "weight": 5, "maxconn": 9, "slowstart": "5s", "raw": "resolve-prefer ipv4"}
    libc = {**PLAIN, "prefix": "l", "init_addr": "libc,none"}
    assert lines({"server_templates": [SERVICE, more, libc], "default_server": {"maxqueue": 3}}) == [
        "default-server maxqueue 3",
        "server-template s 3 _https._tcp.example.com check resolvers dns init-addr none",
        "server-template w 3 w.example.com:443 check resolvers dns init-addr none weight 5 maxconn 9 "
        "slowstart 5s resolve-prefer ipv4",
        "server-template l 3 w.example.com:443 check resolvers dns init-addr libc,none",
    ]


@pytest.mark.parametrize(
    ("cookie", "defaults", "ends"),
    [
        ("SRV insert indirect nocache", {}, ["cookie a", "cookie mine"]),
        ("SRV prefix", {}, ["cookie a", "cookie mine"]),
        ("SRV rewrite", {}, ["cookie a", "cookie mine"]),
        (None, {"cookie": ["SRV insert"]}, ["cookie a", "cookie mine"]),
        ("insert", {}, ["id 1251442964", "cookie mine"]),
        ("SRV insert dynamic", {}, ["id 1251442964", "cookie mine"]),
    ],
)
def test_every_server_has_its_value_of_the_cookie(
    cookie: str | None, defaults: dict[str, t.Any], ends: list[str]
) -> None:
    given = {"servers": [ADDRESS, {**NAME, "cookie": "mine"}], **({"cookie": cookie} if cookie else {})}
    drawn, problems = draw(given, defaults=defaults)
    assert problems == []
    assert [" ".join(line.split()[-2:]) for line in drawn] == ends


def test_cookies_that_would_do_nothing() -> None:
    assert draw({"servers": [{**ADDRESS, "cookie": "a"}]})[1] == [
        "b.servers[0].cookie: is read by nobody: the backend has no cookie"
    ]
    assert draw({"server_templates": [PLAIN], "cookie": "SRV insert"})[1] == [
        "b.server_templates[0]: brings servers that have no value in the backend's cookie; add the word dynamic to "
        "cookie, and dynamic_cookie_key"
    ]


@pytest.mark.parametrize(
    ("balance", "more", "lines"),
    [
        ("roundrobin", {}, []),
        ("source", {}, ["hash-type consistent"]),
        ("uri depth 2", {}, ["hash-type consistent"]),
        ("hdr(x-key)", {}, ["hash-type consistent"]),
        ("hash path,lower", {}, ["hash-type consistent"]),
        ("rdp-cookie(mstshash)", {}, ["hash-type consistent"]),
        ("url_param id", {"hash_type": "map-based"}, []),
        ("random", {}, []),
    ],
)
def test_hashes_are_consistent(balance: str, more: dict[str, t.Any], lines: list[str]) -> None:
    backend = {"path": "b", "balance": balance, **more}
    assert [line.text for line in servers.hash_type(backend)] == lines
    assert servers.hash_type({"path": "b", "balance": balance}, {"hash_type": ["map-based"]}) == []


def test_what_may_be_tried_again() -> None:
    given = {"servers": [ADDRESS], "retry_on": "conn-failure 503 429 conn-failre 999"}
    assert [problem.split(";")[0] for problem in draw(given)[1]] == [
        "b.retry_on: holds 'conn-failre', which is neither a status nor one of HAProxy's words",
        "b.retry_on: holds '999', which is neither a status nor one of HAProxy's words",
    ]
    assert "did you mean conn-failure?" in draw(given)[1][0]


def test_broken_values_are_passed_over() -> None:
    backend: dict[str, t.Any] = dict.fromkeys(
        ("mode", "balance", "check", "tls", "default_server", "cookie", "retry_on", "hash_type")
    )
    template = dict.fromkeys(("prefix", "count", "dns_name", "port", "resolvers"))
    backend |= {"path": "b", "kind": "backend", "servers": [], "server_templates": [None, template]}
    problems = Problems()
    assert servers.lines(backend, "", SITE, problems) == []
    backend["tls"] = dict.fromkeys(("name", "sni", "authority", "certificate", "alpn", "verify"))
    assert len(servers.lines(backend, "", SITE, problems)) == 1
    assert servers.hash_type(backend) == []
    assert problems == []
