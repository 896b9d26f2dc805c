# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who the client is: what X-Forwarded-* and Forwarded say counts only where a proxy of ours wrote it.

Workers get x-forwarded-for (from `option forwardfor`, a default option) and x-forwarded-proto. Of two ways in which a
proxy may name the client only the stated one is kept: the other would be what the client itself had written.
"""

from __future__ import annotations

import typing as t

from ..words import quote
from .lowered import Lowered, remembered

TRUSTED = "txn.trusted_proxy"
HTTPS = "txn.https"
HTTPS_ASKED = "{ req.hdr(x-forwarded-proto,-1) -i https }"

# Many applications take _ for -, so that x_forwarded_for is x-forwarded-for to them. Comparing beginnings is cheaper
# than a regular expression, which each header of each request would meet.
ALL = ("forwarded", "x-forwarded", "x_forwarded")
OTHERS = {
    "x-forwarded-for": "^(x_forwarded([-_]|$)|x-forwarded_|forwarded([-_]|$))",
    "forwarded": "^(x[-_]forwarded([-_]|$)|forwarded[-_])",
}
# The last element is what the proxy in front of us has added: `for="[2001:db8::1]:4711";proto=https`.
FOR = r'"^(.*;)?\s*for=\"?\[?([0-9A-Fa-f:.]+?)\]?(:\d+)?\"?\s*(;.*)?$",\2,i'
CLIENT = {"x-forwarded-for": "req.hdr_ip(x-forwarded-for,-1)", "forwarded": f"req.hdr(forwarded,-1),regsub({FOR})"}
PROTO = r"(^|;)\s*proto=\"?{}\"?\s*(;|$)"
SCHEME = "%[ssl_fc,iif(https,http)]"


def trusted(proxy: dict[str, t.Any]) -> list[str]:
    return [network for network in (proxy.get("forwarded") or {}).get("trusted") or [] if network]


def forwardfor(proxy: dict[str, t.Any]) -> str:
    """The arguments of `option forwardfor`: where proxies of ours have named the client, nothing is added."""
    given = proxy.get("forwarded") or {}
    return "if-none" if trusted(proxy) and given.get("header") != "forwarded" else ""


def lower(proxy: dict[str, t.Any], result: Lowered) -> None:
    if proxy["kind"] == "backend":
        return
    given = proxy.get("forwarded") or {}
    path = f"{proxy['path']}.forwarded" if given else proxy["path"]
    if trusted(proxy):
        _believed(given.get("header") or "x-forwarded-for", trusted(proxy), path, result)
    else:
        for name in ALL:
            result.rule("http_request", f"del-header {name} -m beg", path)
        result.rule("http_request", f"set-header x-forwarded-proto {SCHEME}", path)
    if given.get("send_forwarded"):
        _sent(path, result)


def _believed(header: str, networks: list[str], path: str, result: Lowered) -> None:
    lines, ours = remembered(networks, TRUSTED, path)
    result.lines("http_request", lines)
    for words in (
        *(f"del-header {name} -m beg if !{ours}" for name in ALL),
        f"del-header {quote(OTHERS[header])} -m reg if {ours}",
        f"set-src {quote(CLIENT[header])} if {ours} {{ req.hdr({header}) -m found }}",
    ):
        result.rule("http_request", words, path)
    if header == "forwarded":
        for scheme in ("https", "http"):
            said = f"{{ req.hdr(forwarded,-1) -m reg -i {quote(PROTO.format(scheme))} }}"
            result.rule("http_request", f"set-header x-forwarded-proto {scheme} if {ours} {said}", path)
    result.rule(
        "http_request", f"set-header x-forwarded-proto {SCHEME} if !{{ req.hdr(x-forwarded-proto) -m found }}", path
    )
    result.rule("http_request", f"set-var({HTTPS}) bool(true) if {HTTPS_ASKED}", path)


def _sent(path: str, result: Lowered) -> None:
    """One element, of what is known by now; an IPv6 address stands in brackets (RFC 7239)."""
    proto = "proto=%[req.hdr(x-forwarded-proto,-1)]"
    for client, test in (("for=%[src]", "!{ src -m sub : }"), ('for="[%[src]]"', "{ src -m sub : }")):
        result.rule("http_request", f"set-header forwarded {quote(f'{client};{proto}')} if {test}", path)
