# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the packet filter has to know beside the ports: rates, and which connections the kernel need not track."""

from __future__ import annotations

import ipaddress
import typing as t

from ansible_collections.hardened.balancer.plugins.module_utils import _spans

from . import targets
from .section import Section
from .shapes.firewall import SYN_RATE

Firewall = dict[str, t.Any]
# Where an address is rewritten that a packet of ours may have. The kernel does so for tracked connections only.
IN_THE_WAY = ("prerouting", "output")


def draft(given: dict[str, t.Any], sections: list[Section]) -> Firewall:
    """What follows from the inventory alone."""
    found = targets.workers(sections)
    known = [(one.address, one.port) for one in found if one.address and one.port]
    exempt = [
        *(given.get("balancer_management_networks") or []),
        *(given.get("firewall_syn_exempt") or []),
        *(address for address, _port in known),
    ]
    four, six = _by_family(known)
    return {
        "syn_rate": _syn_rate(given.get("firewall_syn_rate")),
        # As text: there may be thousands of workers.
        "syn_exempt": " ".join(_spans.networks(str(one) for one in exempt if one)),
        "bypass": bool(given.get("firewall_conntrack_bypass")),
        "workers4": four,
        "workers6": six,
        "unknown": sorted({one.path for one in found if not one.address}),
    }


def _syn_rate(given: t.Any) -> dict[str, int] | None:
    if isinstance(given, dict):
        return {key: given.get(key) or default for key, default in SYN_RATE.items()}
    return dict(SYN_RATE) if given else None


def _by_family(places: list[tuple[str, int]]) -> tuple[str, str]:
    """As elements of a set of nftables, sorted, so that no order of an inventory shows."""
    parsed = sorted({(ipaddress.ip_address(address), port) for address, port in places}, key=_order)
    four = [f"{address} . {port}" for address, port in parsed if address.version == 4]
    six = [f"{address} . {port}" for address, port in parsed if address.version == 6]
    return ", ".join(four), ", ".join(six)


def _order(place: tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, int]) -> tuple[int, int, int]:
    return place[0].version, int(place[0]), place[1]


def settle(drafted: Firewall, node: dict[str, t.Any]) -> Firewall:
    """With what the node decides: what is translated must be tracked."""
    translated = node.get("translations") or []
    in_the_way = [hook for hook in IN_THE_WAY if hook in translated]
    bypass = drafted["bypass"] and not in_the_way
    return {
        **drafted,
        "bypass": bypass,
        "bypass_loopback": bypass and not translated,
        "tracking": _tracking(drafted, in_the_way),
    }


def _tracking(drafted: Firewall, in_the_way: list[str]) -> str:
    """For people: what is tracked, and why."""
    if not drafted["bypass"]:
        return "of all connections (firewall_conntrack_bypass: false)"
    if in_the_way:
        return f"of all connections: the node translates addresses ({', '.join(in_the_way)}), which needs it"
    if drafted["unknown"]:
        places = ", ".join(drafted["unknown"][:3]) + (", ..." if len(drafted["unknown"]) > 3 else "")
        return f"bypassed, but for workers whose addresses only HAProxy knows ({places})"
    return "bypassed for served ports and workers"
