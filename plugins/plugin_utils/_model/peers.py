# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Balancers that share their stick tables: a section of all of them, open to the others alone."""

from __future__ import annotations

import ipaddress
import typing as t

from . import hosts, shapes
from .binds import Listener
from .content import Content
from .line import Line
from .problems import Problems, show
from .scalars import SCALARS, is_address
from .section import Section, keywords, raw
from .shape import Shape
from .words import host


class Cluster(t.NamedTuple):
    sections: list[Section]
    of_global: list[Line]
    listeners: list[Listener]


class Peer(t.NamedTuple):
    name: str
    address: str
    path: str


def draw(content: Content, inventory: hosts.Inventory, problems: Problems) -> Cluster:
    """The sections, how this balancer is called in them, and where it listens for the others."""
    sections, listeners = [], []
    own = shapes.SITE_LISTS["haproxy_peers"][0].keys
    for entry in content["peers"]:
        peers = _peers(entry, inventory, problems)
        port = entry.get("port")
        lines = keywords(entry, "peers", own)
        if port:
            lines += [Line(f"peer {peer.name} {host(peer.address)}:{port}", entry["path"]) for peer in peers]
        sections.append(Section("peers", entry["name"], entry["path"], [*lines, *raw(entry)]))
        here = [peer for peer in peers if peer.name == inventory["name"]]
        if here and port:
            others = tuple(_network(peer.address) for peer in peers if peer.name != inventory["name"])
            listeners.append(_listener(entry, here[0], port, others))
    named = [Line(f"localpeer {inventory['name']}", content["peers"][0]["path"])] if listeners else []
    return Cluster(sections, named, listeners)


def _network(address: str) -> str:
    return str(ipaddress.ip_network(address))


def _listener(entry: dict[str, t.Any], here: Peer, port: int, others: tuple[str, ...]) -> Listener:
    return Listener(
        here.address,
        port,
        port,
        "tcp",
        entry["name"],
        "tcp",
        entry["path"],
        plain=False,
        kind="peers",
        sources=others,
        quiet=True,
    )


def _peers(entry: dict[str, t.Any], inventory: hosts.Inventory, problems: Problems) -> list[Peer]:
    """The hosts of the group by name, as far as they can be used."""
    group = entry.get("group")
    if not group:
        return []
    path = f"{entry['path']}.group"
    names = hosts.of_group(group, path, inventory, problems)
    if names is None:
        return []
    if inventory["name"] not in names:
        problems.add(
            path,
            f"holds {show(group)}, a group without {inventory['name']}: "
            "a balancer shares its tables with those of a group that it is in",
        )
    found = [_peer(name, entry, inventory, problems) for name in names]
    usable = [peer for peer in found if peer]
    _check_addresses(usable, problems)
    return usable


def _peer(name: str, entry: dict[str, t.Any], inventory: hosts.Inventory, problems: Problems) -> Peer | None:
    chosen = entry.get("address_variable")
    of_host = f"hostvars[{name}]"
    if not SCALARS["name"][1](name, Shape("name"))[0]:
        problems.add(of_host, f"is named {show(name)}; a peer's name has letters, digits and _.:- only")
        return None
    source, address = hosts.address_of(name, chosen, inventory["hosts"].get(name, {}))
    bare = address.strip("[]") if isinstance(address, str) else ""
    if is_address(bare):
        return Peer(name, str(ipaddress.ip_address(bare)), f"{of_host}.{source}")
    if source == hosts.OWN_NAME:
        missing = chosen or "ansible_host"
        problems.add(f"{of_host}.{missing}", f"is not set: {entry['path']} takes the peer's address from there")
        return None
    problems.add(
        f"{of_host}.{source}",
        f"holds {show(address)}, which must be an IPv4 or IPv6 address: "
        f"the firewall opens the port of {entry['path']} to the peers' addresses, and takes no names",
    )
    return None


def _check_addresses(peers: list[Peer], problems: Problems) -> None:
    seen: dict[str, Peer] = {}
    for peer in peers:
        if peer.address in seen:
            other = seen[peer.address]
            problems.add(peer.path, f"holds {show(peer.address)}, which {other.name} has already ({other.path})")
        elif len(peers) > 1 and ipaddress.ip_address(peer.address).is_loopback:
            problems.add(
                peer.path,
                f"holds {show(peer.address)}, where the other peers cannot reach it; "
                "address_variable names the host variable that holds another address",
            )
        seen.setdefault(peer.address, peer)
