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


def canonical_ports(ports: Iterable[str | int]) -> list[str]:
    """Sorted by number; what touches or overlaps is one range."""
    spans: list[tuple[int, int]] = []
    for low, high in sorted(parse_port(port) for port in ports):
        if spans and low <= spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], max(spans[-1][1], high))
        else:
            spans.append((low, high))
    return [str(low) if low == high else f"{low}-{high}" for low, high in spans]


def is_loopback(address: str) -> bool:
    found = ip_address(address.partition("%")[0])
    return (getattr(found, "ipv4_mapped", None) or found).is_loopback


def served_ports(
    listeners: Sequence[Mapping[str, Any]],
    also: Mapping[str, Sequence[str | int]] | None = None,
    process: str = "haproxy",
) -> dict[str, list[str]]:
    """What the process listens on from outside, with other ports added, per protocol."""
    found: dict[str, list[str | int]] = {protocol: list((also or {}).get(protocol, [])) for protocol in PROTOCOLS}
    for listener in listeners:
        if listener["process"] == process and not is_loopback(listener["address"]):
            found[listener["protocol"]].append(listener["port"])
    return {protocol: canonical_ports(ports) for protocol, ports in found.items()}


def networks_by_family(networks: Iterable[str]) -> dict[str, list[str]]:
    """Without overlaps, which a set of nftables refuses."""
    parsed = [ip_network(network, strict=False) for network in networks]
    v4 = [network for network in parsed if isinstance(network, IPv4Network)]
    v6 = [network for network in parsed if isinstance(network, IPv6Network)]
    return {"v4": [str(one) for one in collapse_addresses(v4)], "v6": [str(one) for one in collapse_addresses(v6)]}
