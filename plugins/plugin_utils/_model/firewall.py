# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the packet filter has to know beside the ports: rates, and which connections the kernel need not track."""

from __future__ import annotations

import ipaddress
import typing as t

from ansible_collections.hardened.balancer.plugins.module_utils import _spans

from . import targets
from .problems import Problems
from .section import Section
from .shapes.firewall import SYN_RATE

Firewall = dict[str, t.Any]
# Where an address is rewritten that a packet of ours may have. The kernel does so for tracked connections only.
IN_THE_WAY = ("prerouting", "output")
# By HTTP come packages, and answers about certificates.
HTTP = (80, 443)
ANYWHERE = {"4": "0.0.0.0/0", "6": "::/0"}


def draft(given: dict[str, t.Any], sections: list[Section], problems: Problems) -> Firewall:
    """What follows from the inventory alone."""
    found = targets.workers(sections)
    if given.get("ssh_jump_host") and given.get("firewall_output") == "drop" and not given.get("firewall_output_allow"):
        problems.add(
            "firewall_output",
            "holds 'drop' beside ssh_jump_host, and nobody could go on from the node; "
            "allow the SSH port of the hosts behind it in firewall_output_allow",
        )
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
        "output": given.get("firewall_output"),
        "allowed": _allowed(given, sections, found, problems),
    }


def _allowed(
    given: dict[str, t.Any], sections: list[Section], workers: list[targets.Worker], problems: Problems
) -> list[dict[str, str]]:
    """What the node may begin beside what every node does: each with protocol, ports, and networks as text."""
    entries = [one for one in given.get("firewall_output_allow") or [] if one and one.get("ports")]
    if given.get("firewall_output") != "drop":
        if entries:
            problems.add("firewall_output_allow", "goes with firewall_output: drop; without it everything is allowed")
        return []
    others = targets.others(sections)
    asked = [*(targets.Other(one.path, "tcp", one.address, one.port) for one in workers), *others]
    for path, port in sorted({(one.path, one.port or 0) for one in asked if not _reached(one, entries)}):
        of_port = f"port {port} of " if port else ""
        problems.add(
            "firewall_output",
            f"holds 'drop', and {path} leads to {of_port}an address that only HAProxy will know; "
            "allow it in firewall_output_allow",
        )
    found = [_entry(one["protocol"], one["ports"], one.get("networks")) for one in entries]
    for one in others:
        if one.address and one.port:
            found.append(_entry(one.protocol, [[one.port, one.port]], [one.address]))
    return [one for i, one in enumerate(found) if one not in found[:i]]


def _reached(one: targets.Other, entries: list[dict[str, t.Any]]) -> bool:
    if one.address:
        return True
    ports = [span for entry in entries if entry["protocol"] == one.protocol for span in entry["ports"] if span]
    if one.port is None:
        return bool(ports)
    return one.port in HTTP or any(low <= one.port <= high for low, high in ports)


def _entry(protocol: str, ports: list[t.Any], networks: list[str | None] | None) -> dict[str, str]:
    given = [network for network in networks or ANYWHERE.values() if network]
    return {
        "protocol": protocol,
        "ports": ", ".join(_spans.text((low, high) for low, high in filter(None, ports))),
        "networks": " ".join(_spans.networks(given)),
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
    """With what the node decides: what is translated must be tracked, and rules of others may ask for states."""
    translated = node.get("translations") or []
    rewritten = [hook for hook in IN_THE_WAY if hook in translated]
    in_the_way = [f"translates addresses ({', '.join(rewritten)}), which needs it"] if rewritten else []
    if others := [firewall["name"] for firewall in node.get("firewalls") or []]:
        in_the_way.append(f"has another firewall, which may need it ({', '.join(others)})")
    bypass = drafted["bypass"] and not in_the_way
    return {
        **drafted,
        "bypass": bypass,
        "tracking": _tracking(drafted, in_the_way),
        "resolvers": " ".join(_spans.networks(node.get("resolvers") or ANYWHERE.values())),
    }


def _tracking(drafted: Firewall, in_the_way: list[str]) -> str:
    """For people: what is tracked, and why."""
    if not drafted["bypass"]:
        return "of all connections (firewall_conntrack_bypass: false)"
    if in_the_way:
        return f"of all connections: the node {' and '.join(in_the_way)}"
    if drafted["unknown"]:
        places = ", ".join(drafted["unknown"][:3]) + (", ..." if len(drafted["unknown"]) > 3 else "")
        return f"bypassed, but for workers whose addresses only HAProxy knows ({places})"
    return "bypassed for served ports and workers"
