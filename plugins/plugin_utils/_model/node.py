# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the node answered, judged before anything is changed: may we, would we lock ourselves out, is the way free."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import typing as t

from . import aside, binds, releases, sockets
from .problems import Problems, show

Node = dict[str, t.Any]
Plan = dict[str, t.Any]
# Packets to a group of receivers, which are no answers to anything.
ROUTED = {89: "OSPF", 112: "VRRP"}
OUR_UNITS = ("haproxy", "hardened-balancer-firewall")


def haproxy_version(node: Node) -> str:
    """What is installed, else what would be."""
    return str(node["haproxy"]["version"] or node["haproxy"]["candidate"] or releases.HAPROXY.get(release(node), "2.4"))


def release(node: Node) -> str:
    return f"{node['distribution']} {node['release']}" if "distribution" in node else str(node["release"])


def judge(plan: Plan, node: Node, run: dict[str, bool], problems: Problems) -> str:
    """All refusals; gives the user as whom the run goes on after the administrators exist."""
    if release(node) not in releases.HAPROXY:
        problems.add("node", f"runs {release(node)}; supported are {', '.join(releases.HAPROXY)}")
    aside.judge(plan["existing_firewall"], node, problems)
    if node["configuration"] == "foreign" and plan["existing_configuration"] == "refuse":
        problems.add(
            "haproxy_existing_configuration",
            "holds 'refuse', and the node has an /etc/haproxy/haproxy.cfg that neither the package "
            "nor we wrote; keep_aside keeps it beside ours",
        )
    for unit in (name for name in OUR_UNITS if node["units"][name]["masked"]):
        problems.add(
            "node", f"has {unit}.service masked, so that nothing can start it; on the node: systemctl unmask {unit}"
        )
    _networks(plan, node, problems)
    _ports(plan, node, problems)
    login = _login(plan, node, problems)
    if run["check"]:
        return str(node["user"])
    if not run["baseline"] and login not in {**node["users"], **node.get("services", {})}:
        problems.add(
            "balancer_administrators[0].name",
            f"holds {show(login)}, who is not on the node yet; run without --tags first, or with --tags baseline",
        )
    return login


def notes(node: Node) -> list[str]:
    """What no new connection can show, because it goes through what was open before."""
    found = [
        f"the node takes part in {name} (protocol {number}), and the firewall lets none of it in: an address or a way "
        "that it brings can be lost after the run"
        for number, name in ROUTED.items()
        if number in (node.get("protocols") or [])
    ]
    if node.get("tunnel"):
        found.append(
            f"this run comes in by {node['tunnel']}, a tunnel that ends on the node, and the firewall lets its own "
            "packets in only as answers: once it has been silent for some minutes, or its other end has moved, nobody "
            "may come in that way any more; see that SSH is reachable in another way too"
        )
    return found


def _networks(plan: Plan, node: Node, problems: Problems) -> None:
    client = (node.get("client") or {}).get("address")
    networks = plan["management_networks"]
    if client and networks and not any(ipaddress.ip_address(client) in ipaddress.ip_network(n) for n in networks):
        problems.add(
            "balancer_management_networks",
            f"holds {', '.join(networks)}; this run comes from {client}, in none of them: it would be locked out",
        )


def _ports(plan: Plan, node: Node, problems: Problems) -> None:
    """`haproxy -c` sees neither a port that somebody else holds nor an address that is not here."""
    held = [
        (binds.Listener(h["address"], h["port"], h["port"], h["protocol"], "", "", "", False), h)
        for h in node["listeners"]
        if h["process"] != "haproxy"
    ]
    for planned in (binds.Listener(**listener) for listener in plan["listeners"]):
        for other, holder in held:
            dual = other.address == binds.ANY6 and ":" not in planned.address
            if planned.overlaps(other._replace(address=binds.ANY4) if dual else other):
                problems.add(
                    planned.path if planned.kind == sockets.KIND else f"{planned.path}.port",
                    f"holds {planned.ports}, where {holder['process'] or 'another process'} of the node "
                    f"listens already ({other.address}:{other.low})",
                )
                break
        if elsewhere(planned, node) and not planned.transparent and not _may_be_elsewhere(planned, plan):
            problems.add(
                f"{planned.path}.{'address_variable' if planned.kind == 'peers' else 'address'}",
                f"holds {show(planned.address)}, which is no address of this node "
                f"({', '.join(sorted(node['addresses'])) or 'none found'})",
            )


def elsewhere(listener: binds.Listener, node: Node) -> bool:
    """Whether it has an address that is not the node's now."""
    if listener.address in (binds.ANY4, binds.ANY6) or listener.local:
        return False
    return ipaddress.ip_address(listener.address) not in map(ipaddress.ip_address, node["addresses"])


def _may_be_elsewhere(listener: binds.Listener, plan: Plan) -> bool:
    """Of a pair one holds the address, and the other is to listen on it already."""
    family = "ipv6" if ":" in listener.address else "ipv4"
    return str(plan["baseline"]["sysctl"].get(f"net.{family}.ip_nonlocal_bind")) == "1"


def _login(plan: Plan, node: Node, problems: Problems) -> str:
    user = str(node["user"])
    if not plan["administrators"]:
        if user == "root":
            problems.add("balancer_administrators", _lines_to_add(node))
        return user
    first = plan["administrators"][0]
    for i, administrator in enumerate(plan["administrators"]):
        if not administrator["keys"] and not (node["users"].get(administrator["name"]) or {}).get("keys"):
            problems.add(
                f"balancer_administrators[{i}].keys",
                f"is missing, and {administrator['name']} has no authorized key "
                f"on the node: nobody could log in as {administrator['name']}",
            )
    if user != first["name"] and not problems:
        _key_is_his(first, user, node, problems)
    return str(first["name"])


def _lines_to_add(node: Node) -> str:
    key = node["user_keys"][0] if node["user_keys"] else "ssh-ed25519 AAAA... you@example.com"
    return (
        "is not set, and this run logs in as root, who may not log in any more after the lock-down. "
        "Add to the inventory:\n"
        f"      balancer_administrators:\n        - name: ops\n          keys:\n            - {key}"
    )


def _key_is_his(first: dict[str, t.Any], user: str, node: Node, problems: Problems) -> None:
    """The run goes on as the first administrator over the key that it came with: that key must be one of his."""
    his = first["keys"] or node["users"][first["name"]]["keys"]
    came_with = node["key_fingerprint"]
    matches = (
        came_with in [fingerprint(key) for key in his]
        if came_with
        else {_data(key) for key in his} & {_data(key) for key in node["user_keys"]}
    )
    if not matches:
        problems.add(
            "balancer_administrators[0].keys",
            f"does not hold the key that this run logged in with as {user} "
            f"({came_with or 'not found in the journal'}); the run could not go on as {first['name']}",
        )


def judge_own_key(plan: Plan, node: Node, problems: Problems) -> None:
    """The keys of the inventory replace those of the account; who came by another way than one of these keeps it."""
    named = [(i, one["keys"]) for i, one in enumerate(plan["administrators"]) if one["name"] == node["user"]]
    for i, keys in named if node.get("client") and not problems else []:
        came_with, wanted = node["key_fingerprint"], {_data(key) for key in keys}
        taken = [key for key in node["user_keys"] if wanted and _data(key) not in wanted]
        # Without a word of the journal it may have been any of them.
        if came_with in map(fingerprint, taken) if came_with else taken and taken == node["user_keys"]:
            problems.add(
                f"balancer_administrators[{i}].keys",
                f"does not hold the key that this run logged in with as {node['user']} "
                f"({came_with or 'not found in the journal; it holds none that the account has'}), and would take it "
                "from the account; name both keys, run, and take this one out in a run that comes with the other",
            )


def _data(key: str) -> str:
    return key.split()[1]


def fingerprint(key: str) -> str:
    """As OpenSSH prints it: SHA256 of the blob in base64 without padding; empty for a line that sshd passes over."""
    try:
        digest = hashlib.sha256(base64.b64decode(_data(key))).digest()
    except ValueError:
        return ""
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")
