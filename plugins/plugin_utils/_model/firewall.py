# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the packet filter has to know beside the ports: rates, and which connections the kernel need not track."""

from __future__ import annotations

import typing as t

from ansible_collections.hardened.balancer.plugins.module_utils import _reach, _spans

from . import targets
from .problems import Problems
from .section import Section
from .shapes.firewall import SYN_RATE

Firewall = dict[str, t.Any]
# Where an address is rewritten that a packet of ours may have. The kernel does so for tracked connections only.
IN_THE_WAY = ("prerouting", "output")
# By HTTP come packages, and answers about certificates.
HTTP = (80, 443)
ANYWHERE = ("0.0.0.0/0", "::/0")
ALL_PORTS = [1, 65535]


def draft(
    given: dict[str, t.Any], sections: list[Section], problems: Problems, onward: t.Iterable[int] = ()
) -> tuple[Firewall, _reach.Reach]:
    """What follows from the inventory alone, and where HAProxy connects to by it.

    `onward`: the ports of SSH that administrators go on to, where they may.
    """
    workers, others = targets.workers(sections), targets.others(sections)
    output = given.get("firewall_output")
    entries = [one for one in given.get("firewall_output_allow") or [] if one and one.get("ports")]
    if given.get("ssh_jump_host"):
        _judge_onward(given, entries, onward, problems)
    named = [targets.Other(one.path, "tcp", one.address, one.port) for one in workers if not one.address]
    named += [one for one in others if not one.address]
    _judge_output(given, entries, named, problems)
    exempt = [*(given.get("balancer_management_networks") or []), *(given.get("firewall_syn_exempt") or [])]
    filtered = {
        "syn_rate": _syn_rate(given.get("firewall_syn_rate")),
        "syn_exempt": " ".join(_spans.networks(str(one) for one in exempt if one)),
        "bypass": bool(given.get("firewall_conntrack_bypass")),
        "unknown": sorted({one.path for one in workers if not one.address}),
        "output": output,
        "allowed": [_entry(one["protocol"], one["ports"], one.get("networks")) for one in entries],
    }
    reach = _reach.of(
        ((one.address, one.port) for one in workers if one.address and one.port),
        [
            *(_entry(one.protocol, [[one.port, one.port]], [one.address]) for one in others if one.address),
            *(way for one in named for way in _ways(one, entries, output)),
        ],
    )
    return filtered, reach


def _judge_onward(
    given: dict[str, t.Any], entries: list[dict[str, t.Any]], onward: t.Iterable[int], problems: Problems
) -> None:
    """Of a jump host: whoever is let through has to be let out, too."""
    ways = [targets.Other("", "tcp", None, port) for port in onward]
    closed = [str(one.port) for one in ways if not _by_http(one) and not _leading_to(one, entries)]
    if given.get("firewall_output") == "drop" and closed:
        problems.add(
            "firewall_output",
            f"holds 'drop' beside ssh_jump_host, and nobody could go on from the node to TCP port {', '.join(closed)}; "
            "allow the SSH port of the hosts behind it in firewall_output_allow",
        )


def _judge_output(
    given: dict[str, t.Any], entries: list[dict[str, t.Any]], named: list[targets.Other], problems: Problems
) -> None:
    """Of targets whose addresses only HAProxy will know."""
    if given.get("firewall_output") != "drop":
        if entries:
            problems.add("firewall_output_allow", "goes with firewall_output: drop; without it everything is allowed")
        return
    closed = {(one.path, one.port or 0) for one in named if not _by_http(one) and not _leading_to(one, entries)}
    for path, port in sorted(closed):
        of_port = f"port {port} of " if port else ""
        problems.add(
            "firewall_output",
            f"holds 'drop', and {path} leads to {of_port}an address that only HAProxy will know; "
            "allow it in firewall_output_allow",
        )


def _by_http(one: targets.Other) -> bool:
    """Which is let out anyway."""
    return one.protocol == "tcp" and one.port in HTTP


def _leading_to(one: targets.Other, entries: list[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
    """What of firewall_output_allow may be the way to it."""
    return [
        entry
        for entry in entries
        if entry["protocol"] == one.protocol
        and any(one.port is None or low <= one.port <= high for low, high in filter(None, entry["ports"]))
    ]


def _ways(one: targets.Other, entries: list[dict[str, t.Any]], output: str | None) -> list[dict[str, str]]:
    """What has to be let out for it: a tree that comes back needs that, whatever the inventory allows by then."""
    if output == "drop":
        found = _leading_to(one, entries)
        return [_entry(entry["protocol"], entry["ports"], entry.get("networks")) for entry in found]
    return [] if _by_http(one) else [_entry(one.protocol, [[one.port, one.port] if one.port else ALL_PORTS], None)]


def _entry(protocol: str, ports: list[t.Any], networks: list[str | None] | None) -> dict[str, str]:
    given = [network for network in networks or ANYWHERE if network]
    return {
        "protocol": protocol,
        "ports": ", ".join(_spans.text((low, high) for low, high in filter(None, ports))),
        "networks": " ".join(_spans.networks(given)),
    }


def _syn_rate(given: t.Any) -> dict[str, int] | None:
    if isinstance(given, dict):
        return {key: given.get(key) or default for key, default in SYN_RATE.items()}
    return dict(SYN_RATE) if given else None


def settle(drafted: Firewall, node: dict[str, t.Any], left: bool = True) -> Firewall:
    """With what the node decides: what is translated must be tracked, and rules of others, if left, ask for states."""
    translated = node.get("translations") or []
    rewritten = [hook for hook in IN_THE_WAY if hook in translated]
    in_the_way = [f"translates addresses ({', '.join(rewritten)}), which needs it"] if rewritten else []
    if others := [firewall["name"] for firewall in node.get("firewalls") or [] if left]:
        in_the_way.append(f"has another firewall, which may need it ({', '.join(others)})")
    bypass = drafted["bypass"] and not in_the_way
    return {**drafted, "bypass": bypass, "tracking": _tracking(drafted, in_the_way)}


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
