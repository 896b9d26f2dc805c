# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers of a backend: those of a list, and those made of the hosts of an inventory group."""

from __future__ import annotations

import hashlib
import re
import typing as t

from . import catalogue, shapes
from .check import check
from .problems import Problems, show, suggest
from .scalars import SCALARS
from .shape import Shape

Server = dict[str, t.Any]
HIGHEST_ID = 2**31 - 1


def expand(backend: dict[str, t.Any], path: str, inventory: dict[str, t.Any], problems: Problems) -> list[Server]:
    """The servers in their order: a user's list as it was written, then a group's hosts by name; each with its id."""
    servers = [dict(s, path=f"{path}.servers[{i}]") for i, s in enumerate(backend.get("servers") or []) if s]
    if backend.get("workers"):
        servers += _of_group(backend["workers"], f"{path}.workers", inventory, problems)
    _unique_names(servers, problems)
    for server in servers:
        if server.get("port") is None and server.get("address"):
            problems.add(f"{server['path']}.port", "is missing: port")
    return with_ids([s for s in servers if s.get("name") and s.get("address") and s.get("port")])


def _of_group(workers: dict[str, t.Any], path: str, inventory: dict[str, t.Any], problems: Problems) -> list[Server]:
    group = workers.get("group")
    if not group:
        return []
    if group not in inventory["groups"]:
        problems.add(
            f"{path}.group",
            f"holds {show(group)}, the inventory has no such group{suggest(group, inventory['groups'], 'groups')}",
        )
        return []
    names = sorted(inventory["groups"][group])
    if not names and not workers.get("allow_empty"):
        problems.add(f"{path}.group", f"holds {show(group)}, a group without hosts; allow_empty: true accepts that")
    common = {k: v for k, v in workers.items() if k not in ("group", "address_variable", "allow_empty")}
    return [
        _of_host(name, common, workers.get("address_variable"), inventory["hosts"].get(name, {}), problems)
        for name in names
    ]


def _of_host(
    name: str, common: Server, address_variable: str | None, variables: dict[str, t.Any], problems: Problems
) -> Server:
    path = f"hostvars[{name}]"
    own = (
        check(
            shapes.VARIABLES["haproxy_worker"][1],
            variables.get("haproxy_worker") or {},
            f"{path}.haproxy_worker",
            problems,
        )
        or {}
    )
    if not SCALARS["name"][1](name, Shape("name"))[0]:
        problems.add(path, f"is named {show(name)}; a server's name has letters, digits and _.:- only")
    server = {**common, "name": name, "path": path, **own}
    if server.get("address"):
        return server
    source, address = "inventory_hostname", name
    for variable in (address_variable, "ansible_host"):
        if variable and variables.get(variable) is not None:
            source, address = variable, variables[variable]
            break
    else:
        if address_variable:
            problems.add(
                f"{path}.{address_variable}",
                "is not set, and neither is ansible_host: the backend takes the worker's address from there",
            )
    accepted, usable = SCALARS["host"][1](address, Shape("host"))
    if not accepted:
        problems.add(f"{path}.{source}", f"holds {show(address)}, which must be {SCALARS['host'][0]}")
    return {**server, "address": usable}


def _unique_names(servers: list[Server], problems: Problems) -> None:
    seen: dict[str, str] = {}
    for server in servers:
        name = server.get("name")
        if name in seen:
            problems.add(
                f"{server['path']}.name" if "servers[" in server["path"] else server["path"],
                f"holds {show(name)}, which {seen[name]} has already",
            )
        elif name:
            seen[name] = server["path"]


def with_ids(servers: list[Server]) -> list[Server]:
    """Ids come from the names alone, so that hashes agree between balancers; of two equal ones the later moves on."""
    taken: dict[int, str] = {}
    for name in sorted(s["name"] for s in servers):
        number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") % HIGHEST_ID + 1
        while number in taken:
            number = number % HIGHEST_ID + 1
        taken[number] = name
    ids = {name: number for number, name in taken.items()}
    return [{**server, "id": ids[server["name"]]} for server in servers]


def check_round_robin(backend: dict[str, t.Any], servers: list[Server], path: str, problems: Problems) -> None:
    active = sum(1 for s in servers if not s.get("disabled") and not s.get("backup"))
    if re.split(r"\s", str(backend.get("balance", "")))[0] == "roundrobin" and active > catalogue.ROUNDROBIN_LIMIT:
        problems.add(
            f"{path}.balance",
            f"holds 'roundrobin', which uses at most {catalogue.ROUNDROBIN_LIMIT} active servers; "
            f"this backend has {active}; random and static-rr have no such limit",
        )


def lines(servers: list[Server], checked: bool) -> list[str]:
    return [line(server, checked) for server in servers]


def line(server: Server, checked: bool) -> str:
    address = f"[{server['address']}]" if ":" in server["address"] else server["address"]
    words = [
        "server",
        server["name"],
        f"{address}:{server['port']}",
        *(["check"] if checked else []),
        f"id {server['id']}",
    ]
    words += [f"{key} {server[key]}" for key in ("weight", "maxconn") if server.get(key) is not None]
    words += [key for key in ("backup", "disabled") if server.get(key)]
    words += parameters(server, "server")
    return " ".join(words)


def parameters(of: dict[str, t.Any], section: str) -> list[str]:
    """The keywords of the catalogue on a bind or server line, then what was written raw."""
    words = []
    for key, keyword in catalogue.of_section(section).items():
        for value in of.get(key) or []:
            words.append(keyword.name if value is True else f"{keyword.name} {value}")
    return words + ([of["raw"]] if of.get("raw") else [])
