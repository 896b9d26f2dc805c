# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports and networks in the one form in which they can be compared and printed.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_address, ip_network
from typing import Any

from ansible_collections.hardened.balancer.plugins.module_utils import _spans

PROTOCOLS = ("tcp", "udp")


def parse_port(text: str | int) -> tuple[int, int]:
    """First and last of a port or a range; ValueError says what is wrong."""
    first, dash, last = str(text).partition("-")
    if not first.isdecimal() or (dash and not last.isdecimal()):
        raise ValueError(f"{text!r} is neither a port nor a range of ports such as 8000-8010")
    low, high = int(first), int(last) if dash else int(first)
    if not 1 <= low <= high <= 65535:
        raise ValueError(f"{text!r} is not within 1 to 65535, or its end is before its start")
    return low, high


def is_loopback(address: str) -> bool:
    found = ip_address(address.partition("%")[0])
    return (getattr(found, "ipv4_mapped", None) or found).is_loopback


def served_ports(
    listeners: Sequence[Mapping[str, Any]],
    also: Mapping[str, Any] | None = None,
    plan: Mapping[str, Any] | None = None,
    before: Sequence[Mapping[str, Any]] = (),
    held: bool = False,
    process: str = "haproxy",
) -> dict[str, Any]:
    """What the process listens on from outside, with other ports added: open to all by protocol, and to some alone.

    A port that the plan restricts is never opened to others, whoever serves it. One that is restricted now, `before`,
    stays so until what runs is what the plan wants (`held`): until then something else may still listen there.
    """
    result: dict[str, Any] = {}
    restricted: list[dict[str, Any]] = []
    named = {protocol: _named(protocol, also, plan, {"restricted": before}) for protocol in PROTOCOLS}
    for protocol in PROTOCOLS:
        served = [
            (one["port"], one["port"])
            for one in listeners
            if one["process"] == process and one["protocol"] == protocol and not is_loopback(one["address"])
            if not one.get("picked") or _spans.within((one["port"], one["port"]), named[protocol])
        ]
        added = [parse_port(port) for port in (also or {}).get(protocol, [])]
        narrow = [*_said(also, protocol), *_restricted(served, protocol, plan or also, before, held)]
        wide = _spans.minus([*served, *added], [span for span, _sources in narrow])
        result[protocol] = _spans.text(wide)
        restricted += _spans.as_written(protocol, _spans.restrictions(wide, narrow))
    return {**result, "restricted": restricted}


def _named(protocol: str, *ports: Mapping[str, Any] | None) -> list[_spans.Span]:
    """What somebody knows of, open to all or to some: a port that the kernel may have picked counts only there."""
    wide = [parse_port(port) for one in ports for port in (one or {}).get(protocol, [])]
    return [*wide, *(span for one in ports for span, _sources in _said(one, protocol))]


def _said(ports: Mapping[str, Any] | None, protocol: str) -> list[_spans.Narrow]:
    return _spans.narrow_of((ports or {}).get("restricted", ()), protocol)


def _restricted(
    served: list[_spans.Span],
    protocol: str,
    plan: Mapping[str, Any] | None,
    before: Sequence[Mapping[str, Any]],
    held: bool,
) -> list[_spans.Narrow]:
    """Of the served ports those that are not open to all, by the plan, else as it was before."""
    of_plan = _said(plan, protocol)
    decided = [span for span, _sources in of_plan]
    if held:
        decided += [parse_port(port) for port in (plan or {}).get(protocol, [])]
    was = [
        (piece, sources)
        for span, sources in _spans.narrow_of(before, protocol)
        for piece in _spans.minus([span], decided)
    ]
    narrow = [*of_plan, *was]
    return [(port, sources) for port in sorted(set(served)) for span, sources in narrow if _spans.within(port, [span])]


def networks_by_family(networks: Iterable[str]) -> dict[str, list[str]]:
    """Without overlaps, which a set of nftables refuses."""
    parsed = [ip_network(network, strict=False) for network in networks]
    v4 = [network for network in parsed if isinstance(network, IPv4Network)]
    v6 = [network for network in parsed if isinstance(network, IPv6Network)]
    return {"v4": [str(one) for one in collapse_addresses(v4)], "v6": [str(one) for one in collapse_addresses(v6)]}
