# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The port of the SSH server: a new one is open beside those that the server has until a run comes over it.

So nobody is locked out by a change of the port: whoever closes the old one is connected over the new one.
"""

from __future__ import annotations

import typing as t

from . import binds, jumps
from .problems import Problems

DROPIN = "/etc/ssh/sshd_config.d/00-hardened-balancer.conf"
SOCKET_DROPIN = "/etc/systemd/system/ssh.socket.d/hardened-balancer.conf"
TITLE = "The ports, of the addresses that other files say."

Node = dict[str, t.Any]
Plan = dict[str, t.Any]


def check(port: int | None, listeners: t.Iterable[binds.Listener], problems: Problems) -> None:
    """What the inventory serves on all addresses or on loopback; where SSH listens on one alone, the node knows."""
    for one in listeners:
        if port and _serves(one, port) and (one.local or one.address in (binds.ANY4, binds.ANY6)):
            problems.add("ssh_port", _taken(port, one))
            return


def _serves(one: binds.Listener, port: int) -> bool:
    return one.protocol == "tcp" and one.low <= port <= one.high


def _taken(port: int, one: binds.Listener) -> str:
    return f"holds {port}, where {one.path} has HAProxy listen; SSH needs a port of its own"


def settle(found: dict[str, t.Any], plan: Plan, node: Node) -> dict[str, t.Any]:
    """What is known of the server, with its ports.

    `listens`: where it is to listen, nothing where that is not ours to say; `closes`: what it had and loses; `waits`:
    what it keeps until a run comes over `port`. `ports`: what has to be open for SSH, with what another sshd of the
    node has.
    """
    wanted, server = plan.get("ssh_port"), node.get("ssh") or {}
    open_now, said = set(node.get("ssh_ports") or []), server.get("said") or []
    told = set(server.get("told") or []) if server.get("version") else set()
    ours = [one["port"] for one in said if one["file"] == DROPIN]
    if wanted is None:
        # Whoever takes the variable away does not move the server.
        moved = ours or (node.get("managed") or {}).get(SOCKET_DROPIN)
        listens, lines, has = (sorted(told or ours) if moved else []), ours, set()
    else:
        came = (node.get("client") or {}).get("server_port")
        has = told | ({came} if came else set())
        listens = [wanted] if came == wanted else sorted({wanted, *has})
        lines = [port for port in listens if port not in {one["port"] for one in said if one["file"] != DROPIN}]
    ports = {"title": TITLE, "lines": "\n".join(f"Port {port}" for port in lines)}
    return {
        **found,
        "sections": [*([ports] if lines else []), *found["sections"]],
        "port": wanted,
        "listens": listens,
        "closes": sorted(has - set(listens)),
        "waits": [port for port in listens if port != wanted] if wanted else [],
        "ports": sorted((open_now - has) | set(listens)),
        "new": wanted is not None and wanted not in open_now,
    }


def judge(plan: Plan, node: Node, problems: Problems) -> None:
    """Whether the server can have the port, and whether what closes is of nobody's use any more."""
    port, server = plan["ssh"]["port"], node.get("ssh") or {}
    if port is None:
        return
    _judge_files(port, plan["ssh"]["closes"], server.get("said") or [], problems)
    addresses = _addresses(node)
    if server.get("by_socket") and not addresses & {binds.ANY4, binds.ANY6}:
        problems.add(
            "ssh_port",
            f"holds {port}, and ssh.socket on the node listens on {', '.join(sorted(addresses))} alone, which would "
            "become all addresses; start the server by ssh.service, with ListenAddress, or leave ssh_port out",
        )
    _judge_holders(plan, node, {binds.ANY4, binds.ANY6} if binds.ANY6 in addresses else addresses, problems)
    _judge_ways(plan, problems)


def _judge_files(port: int, closes: list[int], said: list[dict[str, t.Any]], problems: Problems) -> None:
    """Ports add up over the files of sshd; an address that has a port of its own takes no other."""
    others = [one for one in said if one["file"] != DROPIN]
    bound = [one for one in others if one["address"]]
    for one in bound if port not in {one["port"] for one in bound} else []:
        problems.add(
            "ssh_port",
            f"holds {port}, and {_place(one)}, which takes no other port; write there ListenAddress without a port, "
            f"and Port {one['port']}, which is the same",
        )
    for one in (one for one in others if one["port"] in closes):
        problems.add(
            "ssh_port",
            f"holds {port}, and {_place(one)}, which would keep that port open; take the line out and reload the "
            f"server: it has port {port} now, over which this run came",
        )


def _place(one: dict[str, t.Any]) -> str:
    return f"{one['file']}:{one['line']} on the node says {one['text']}"


def _addresses(node: Node) -> set[str]:
    """Where SSH listens now, so where it will."""
    found = {
        one["address"]
        for one in node["listeners"]
        if one["protocol"] == "tcp" and one["port"] in (node.get("ssh_ports") or []) and one["process"] != "haproxy"
    }
    return {address for address in found if not _listener(address, 0).local} or {binds.ANY4, binds.ANY6}


def _listener(address: str, port: int) -> binds.Listener:
    return binds.Listener(address, port, port, "tcp", "", "", "", False)


def _judge_holders(plan: Plan, node: Node, addresses: set[str], problems: Problems) -> None:
    port = plan["ssh"]["port"]
    doors = [_listener(address, port) for address in sorted(addresses)]
    for planned in (binds.Listener(**one) for one in plan["listeners"]):
        if any(planned.overlaps(door) for door in doors):
            problems.add("ssh_port", _taken(port, planned))
            return
    for one in node["listeners"] if plan["ssh"]["new"] else []:
        held = _listener(one["address"], one["port"])
        dual = held._replace(address=binds.ANY4) if one["address"] == binds.ANY6 else held
        if one["protocol"] == "tcp" and any(door.overlaps(held) or door.overlaps(dual) for door in doors):
            problems.add(
                "ssh_port",
                f"holds {port}, where {one['process'] or 'another process'} of the node listens already "
                f"({one['address']}:{port})",
            )
            return


def _judge_ways(plan: Plan, problems: Problems) -> None:
    """A way that names no port goes to the usual one."""
    port, closes = plan["ssh"]["port"], plan["ssh"]["closes"]
    stay = set(plan["ssh"]["ports"])
    for way in plan["ssh_ways"] if closes else []:
        if not all(stay & set(ports or [jumps.DEFAULT]) for ports in way["hops"]):
            problems.add(
                way["path"],
                f"goes through {plan['name']} and does not name its SSH port {port}, and this run closes "
                f"{', '.join(map(str, closes))}: the way would be cut; write {plan['name']}:{port}",
            )
