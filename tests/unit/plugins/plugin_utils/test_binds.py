# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where sections listen: the lines, what they mean for the firewall, and what stands against each other."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardened.balancer.plugins.plugin_utils._model import binds, shapes
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.check import check
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.line import Line
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.problems import Problems
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.section import Section
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.site import Site

SITE = Site(
    names={},
    modes={},
    conditions={},
    certificates={
        "shop": {"name": "shop", "certificate": "x", "key": "y"},
        "old": {"name": "old", "file": "/etc/ssl/old.pem"},
    },
    authorities={"staff": {"name": "staff", "certificates": "x"}},
)


def proxy(*given: dict[str, t.Any], mode: str = "http", **more: t.Any) -> dict[str, t.Any]:
    problems = Problems()
    made = {"kind": "frontend", "name": "web", "mode": mode, "path": "f[0]", **more}
    made["binds"] = [check(shapes.BIND, one, f"f[0].binds[{i}]", problems) for i, one in enumerate(given)]
    assert problems == []
    return made


def lines(made: dict[str, t.Any]) -> tuple[list[str], list[str]]:
    problems = Problems()
    return [line.text for line in binds.lines(made, SITE, problems)], [str(p) for p in problems]


TLS = {"certificates": "shop"}


@pytest.mark.parametrize(
    ("bind", "mode", "expected"),
    [
        ({"port": 80}, "http", ["bind *:80"]),
        ({"port": "8000-8010", "ipv6": True}, "http", ["bind *:8000-8010", "bind [::]:8000-8010 v6only"]),
        (
            {"port": 80, "address": ["198.51.100.10", "2001:db8::10"]},
            "tcp",
            ["bind 198.51.100.10:80", "bind [2001:db8::10]:80"],
        ),
        ({"socket": "/run/x.sock", "accept_proxy": True}, "http", ["bind /run/x.sock accept-proxy"]),
        ({"port": 443, "tls": TLS}, "http", ["bind *:443 ssl crt certs/shop.pem alpn h2,http/1.1"]),
        ({"port": 443, "tls": TLS}, "tcp", ["bind *:443 ssl crt certs/shop.pem"]),
        ({"port": 443, "tls": {**TLS, "alpn": "h2"}}, "tcp", ["bind *:443 ssl crt certs/shop.pem alpn h2"]),
        (
            {
                "port": 443,
                "tls": {"certificates": ["shop", "old"], "strict_sni": True, "client_authority": "staff"},
                "raw": "tfo",
            },
            "tcp",
            [
                "bind *:443 ssl crt certs/shop.pem crt /etc/ssl/old.pem strict-sni "
                "ca-file ca/staff.pem verify required tfo"
            ],
        ),
        (
            {"port": 443, "ipv6": True, "tls": {**TLS, "quic": True}},
            "http",
            [
                "bind *:443 ssl crt certs/shop.pem alpn h2,http/1.1",
                "bind quic4@*:443 ssl crt certs/shop.pem alpn h3",
                "bind [::]:443 v6only ssl crt certs/shop.pem alpn h2,http/1.1",
                "bind quic6@[::]:443 v6only ssl crt certs/shop.pem alpn h3",
            ],
        ),
    ],
)
def test_lines(bind: dict[str, t.Any], mode: str, expected: list[str]) -> None:
    assert lines(proxy(bind, mode=mode)) == (expected, [])


@pytest.mark.parametrize(
    ("tls", "mode", "more", "expected"),
    [
        (
            {"certificates": ["shop", "shopp"]},
            "http",
            {},
            "f[0].binds[0].tls.certificates[1]: holds 'shopp', no certificate has this name; did you mean shop?; "
            "certificates (haproxy_certificates): old, shop",
        ),
        (
            {**TLS, "client_authority": "stuff"},
            "http",
            {},
            "f[0].binds[0].tls.client_authority: holds 'stuff', no authority has this name; did you mean staff?; "
            "authorities (haproxy_authorities): staff",
        ),
        (
            TLS,
            "http",
            {"alpn": "h2"},
            "f[0].binds[0].alpn: stands beside tls, which says the same; write it in one of the two places",
        ),
        (
            {**TLS, "quic": True},
            "tcp",
            {},
            "f[0].binds[0].tls.quic: needs mode: http; HTTP/3 is the only protocol that HAProxy speaks over QUIC",
        ),
    ],
)
def test_what_tls_refuses(tls: dict[str, t.Any], mode: str, more: dict[str, t.Any], expected: str) -> None:
    assert lines(proxy({"port": 443, "tls": tls, **more}, mode=mode))[1] == [expected]


def test_tls_needs_a_certificate() -> None:
    problems = Problems()
    check(shapes.BIND, {"port": 443, "tls": {}}, "b", problems)
    assert [p.path for p in problems] == ["b.tls.certificates"]


@pytest.mark.parametrize(
    "value", [{"port": None}, {"port": [80, 80], "address": None}, {"tls": {"certificates": None}}]
)
def test_what_is_broken_is_passed_over(value: dict[str, t.Any]) -> None:
    made = {"kind": "listen", "name": "web", "mode": None, "path": "f[0]", "binds": [None, value], "raw": [None]}
    problems = Problems()
    problems.add("f[0].binds[1].port", "is told")
    binds.lines(made, SITE, problems)
    binds.listeners(made, problems)
    binds.listeners({**made, "binds": None, "raw": None}, problems)
    assert [p.path for p in problems] == ["f[0].binds[1].port"]


def listeners(*given: dict[str, t.Any], **more: t.Any) -> tuple[list[binds.Listener], list[str]]:
    problems = Problems()
    found = binds.listeners(proxy(*given, **more), problems)
    return found, [str(p) for p in problems]


def test_listeners_say_who_may_come_and_how() -> None:
    found, problems = listeners(
        {"port": 80},
        {"port": 443, "tls": {**TLS, "quic": True}, "sources": ["198.51.100.128/25", "198.51.100.0/25"]},
        {"port": 81, "address": "127.0.0.1", "raw": "accept-proxy"},
        options=[{"name": "dontlog-normal", "arguments": "", "no": False}],
        kind="listen",
    )
    assert problems == []
    assert [(one.protocol, one.ports, one.plain, one.sources, one.local) for one in found] == [
        ("tcp", "80", True, None, False),
        ("tcp", "443", False, ("198.51.100.0/24",), False),
        ("udp", "443", False, ("198.51.100.0/24",), False),
        ("tcp", "81", False, None, True),
    ]
    assert {(one.kind, one.quiet, one.frontend) for one in found} == {("listen", True, "web")}


@pytest.mark.parametrize(
    ("bind", "expected"),
    [
        ({}, "f[0].binds[0]: must have either port or socket"),
        ({"port": 80, "socket": "/run/x"}, "f[0].binds[0]: must have either port or socket"),
        (
            {"socket": "/run/x", "sources": "198.51.100.0/24"},
            "f[0].binds[0].sources: stands beside socket, which only this node can reach",
        ),
    ],
)
def test_binds_that_are_none(bind: dict[str, t.Any], expected: str) -> None:
    assert listeners(bind) == ([], [expected])


def test_raw_binds() -> None:
    raw = ["bind :81,quic4@:443 ssl crt x", "bind [2001:db8::1]:82", "bind unix@x", "option httplog"]
    found, problems = listeners(raw=raw)
    assert [(one.protocol, one.address, one.low, one.plain) for one in found] == [
        ("tcp", "0.0.0.0", 81, False),
        ("udp", "0.0.0.0", 443, False),
        ("tcp", "2001:db8::1", 82, True),
    ]
    assert problems == []
    assert listeners(raw=["bind ${ADDRESS}:80"])[1] == [
        "f[0].raw[0]: is a bind from which no address and port can be told, so the firewall cannot follow; use binds"
    ]


def test_sections_that_are_no_proxies_listen_too() -> None:
    section = Section(
        "log-forward",
        "syslog",
        "l[0]",
        [Line("dgram-bind 0.0.0.0:514", "l[0].dgram_bind"), Line("bind :601", "l[0].bind")],
    )
    problems = Problems()
    found = binds.of_section(section, problems)
    assert [(one.kind, one.protocol, one.low, one.path) for one in found] == [
        ("log-forward", "udp", 514, "l[0].dgram_bind"),
        ("log-forward", "tcp", 601, "l[0].bind"),
    ]
    assert problems == []


def at(address: str, low: int, high: int = 0, **more: t.Any) -> binds.Listener:
    one = binds.Listener(address, low, high or low, "tcp", "web", "http", "f[0].binds[0]", plain=True)
    return one._replace(**more)


def test_conflicts_name_the_section() -> None:
    problems = Problems()
    mesh = at("198.51.100.10", 1024, kind="peers", frontend="mesh", path="p[0]")
    binds.check_conflicts([mesh, at("0.0.0.0", 1000, 1100)], problems)
    assert [str(p) for p in problems] == [
        "f[0].binds[0]: listens on *:1000-1100, which overlaps 198.51.100.10:1024 of peers mesh (p[0])"
    ]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([at("0.0.0.0", 80), at("127.0.0.1", 81), at("::1", 82)], {"tcp": ["80"], "restricted": []}),
        (
            [at("0.0.0.0", 80), at("198.51.100.10", 80, sources=("203.0.113.0/24",))],
            {"tcp": ["80"], "restricted": []},
        ),
        (
            [
                at("198.51.100.10", 80, sources=("203.0.113.0/25",)),
                at("198.51.100.11", 80, sources=("203.0.113.128/25",)),
            ],
            {"tcp": [], "restricted": [{"protocol": "tcp", "ports": ["80"], "sources": ["203.0.113.0/24"]}]},
        ),
        (
            [at("0.0.0.0", 8000, 8010, sources=("203.0.113.0/24",)), at("0.0.0.0", 8005)],
            {
                "tcp": ["8005"],
                "restricted": [{"protocol": "tcp", "ports": ["8000-8004", "8006-8010"], "sources": ["203.0.113.0/24"]}],
            },
        ),
        (
            [at("0.0.0.0", 1024, sources=())],
            {"tcp": [], "restricted": [{"protocol": "tcp", "ports": ["1024"], "sources": []}]},
        ),
        ([at("127.0.0.1", 80, sources=("203.0.113.0/24",))], {"tcp": [], "restricted": []}),
    ],
)
def test_of_one_port_the_wider_opening_wins(found: list[binds.Listener], expected: dict[str, t.Any]) -> None:
    assert binds.open_ports(found) == {"udp": [], **expected}


@pytest.mark.parametrize(
    ("more", "other", "served"),
    [
        ({}, [], False),
        ({}, [proxy({"port": 443}, mode="tcp")], True),
        ({}, [proxy({"port": "400-500"}, mode="tcp")], True),
        ({}, [proxy({"port": 8443, "tls": TLS})], True),
        ({}, [proxy({"port": 8443, "raw": "ssl crt /etc/ssl/a.pem"})], True),
        ({}, [proxy(raw=["bind :8443 ssl crt /etc/ssl/a.pem"])], True),
        ({}, [proxy({"port": 8443}, raw=["acl has_ssl ssl_fc"])], False),
        ({"forwarded": {"trusted": ["198.51.100.0/24"]}}, [], True),
        ({"forwarded": {"header": "forwarded"}}, [], False),
        ({"redirect_https": False}, [], True),
    ],
)
def test_https_is_served_where_it_is_asked_for(
    more: dict[str, t.Any], other: list[dict[str, t.Any]], served: bool
) -> None:
    problems = Problems()
    proxies = [proxy({"port": 80}, **{"redirect_https": 308, **more}), *other]
    binds.check_https(proxies, [one for p in proxies for one in binds.listeners(p, Problems())], problems)
    assert [p.path for p in problems] == ([] if served else ["f[0].redirect_https"])


def test_quic_is_told_to_browsers_once() -> None:
    made = proxy({"port": 80}, {"port": 443, "tls": {**TLS, "quic": True}}, {"port": 444, "tls": {**TLS, "quic": True}})
    protocols = [{one.protocol for one in binds.listeners(asked, Problems())} for asked in (made, proxy({"port": 80}))]
    assert protocols == [{"tcp", "udp"}, {"tcp"}]
    assert binds.advertised(made) == [
        Line("http-after-response set-header alt-svc 'h3=\":443\"; ma=86400'", "f[0].binds[1].tls.quic")
    ]
