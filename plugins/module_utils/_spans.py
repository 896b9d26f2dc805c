# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports that are open to everybody, and ports that are open to some: which is which where both are said of one.

Pure functions, for the model, the filters of the playbooks and the modules. A span is the first and the last port.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import ipaddress
import typing as t

Span = tuple[int, int]
Sources = tuple[str, ...]
Narrow = tuple[Span, t.Collection[str]]


def networks(given: t.Iterable[str]) -> list[str]:
    """Without overlaps, as a set of nftables holds them; IPv4 first."""
    parsed = [network for one in given for network in _parsed(one)]
    v4 = [one for one in parsed if isinstance(one, ipaddress.IPv4Network)]
    v6 = [one for one in parsed if isinstance(one, ipaddress.IPv6Network)]
    return [str(one) for one in (*ipaddress.collapse_addresses(v4), *ipaddress.collapse_addresses(v6))]


def _parsed(text: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """A network, or a range of addresses, as which nft lists networks that touch."""
    first, dash, last = text.partition("-")
    if not dash:
        return [ipaddress.ip_network(first, strict=False)]
    return list(ipaddress.summarize_address_range(ipaddress.ip_address(first), ipaddress.ip_address(last)))


def contains(wider: t.Iterable[str], narrower: t.Iterable[str]) -> bool:
    """Whether every address of the second is one of the first."""
    around = set(networks(wider))
    return set(networks([*around, *narrower])) == around


def merged(spans: t.Iterable[Span]) -> list[Span]:
    """Sorted, what touches or overlaps as one."""
    found: list[Span] = []
    for low, high in sorted(spans):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], high))
        else:
            found.append((low, high))
    return found


def read(ports: t.Iterable[t.Any]) -> list[Span]:
    found = []
    for port in ports:
        low, _dash, high = str(port).partition("-")
        found.append((int(low), int(high or low)))
    return found


def text(spans: t.Iterable[Span]) -> list[str]:
    """As the plan writes ports."""
    return [str(low) if low == high else f"{low}-{high}" for low, high in merged(spans)]


def within(span: Span, spans: t.Iterable[Span]) -> bool:
    return any(low <= span[0] and span[1] <= high for low, high in merged(spans))


def minus(spans: t.Iterable[Span], others: t.Iterable[Span]) -> list[Span]:
    """What of the first is in none of the others."""
    left = merged(spans)
    for low, high in merged(others):
        pieces: list[Span] = []
        for a, b in left:
            pieces += [(a, min(b, low - 1))] if a < low else []
            pieces += [(max(a, high + 1), b)] if b > high else []
        left = pieces
    return left


def restrictions(wide: t.Iterable[Span], narrow: t.Iterable[Narrow]) -> list[tuple[Sources, list[Span]]]:
    """Which ports are open to whom alone. What is open to all wins, and of several sources each may come."""
    by_span = [(span, set(sources)) for span, sources in narrow]
    edges = sorted({edge for (low, high), _sources in by_span for edge in (low, high + 1)})
    opened = merged(wide)
    found: dict[Sources, list[Span]] = {}
    for low, beyond in zip(edges, edges[1:]):
        piece = (low, beyond - 1)
        holders = [sources for (a, b), sources in by_span if a <= piece[0] and piece[1] <= b]
        if holders:
            sources = tuple(networks(set().union(*holders)))
            found.setdefault(sources, []).extend(minus([piece], opened))
    kept = {sources: merged(spans) for sources, spans in found.items() if spans}
    return sorted(kept.items(), key=lambda pair: (pair[1], pair[0]))


def as_written(protocol: str, found: list[tuple[Sources, list[Span]]]) -> list[dict[str, t.Any]]:
    """As the plan says it."""
    return [{"protocol": protocol, "ports": text(spans), "sources": list(sources)} for sources, spans in found]


def narrow_of(written: t.Iterable[t.Mapping[str, t.Any]], protocol: str) -> list[Narrow]:
    """What a plan says, the other way round."""
    return [
        (span, tuple(one["sources"])) for one in written if one["protocol"] == protocol for span in read(one["ports"])
    ]
