# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers of a backend: those of a list, of the hosts of an inventory group, of any structure, and by DNS."""

from __future__ import annotations

import hashlib
import re
import typing as t

from . import catalogue, hosts, shapes, structures
from .check import check
from .problems import Problems, show
from .scalars import SCALARS
from .shape import Shape

Server = dict[str, t.Any]
HIGHEST_ID = 2**31 - 1
# Keys of a source of workers that say where they come from; all others are of every server.
OF_SOURCE = {"group": "", "from": "", "query": "from", "address_variable": "group", "allow_empty": ""}
# What answers without a server, or is only counted in; a word of a rule is its action.
ANSWERS = (
    "stick_table",
    "maintenance",
    "redirect_https",
    "redirect",
    "stats_enable",
    "stats_uri",
    "dispatch",
    "stick_table",
)
ANSWERING_RULES = ("return", "redirect", "deny", "reject", "tarpit", "silent-drop", "use-service")
ANSWERING_RAW = re.compile(r"^(server|server-template|dispatch|redirect|stats)\s")


def expand(backend: dict[str, t.Any], path: str, inventory: dict[str, t.Any], problems: Problems) -> list[Server]:
    """The servers in their order: a user's list as it was written, then each source of workers; each with its id.

    `path` of a server is where a problem of it is told, `origin` the key of the backend that brought it.
    """
    servers = []
    for i, server in enumerate(backend.get("servers") or []):
        here = f"{path}.servers[{i}]"
        if server:
            servers.append({**server, "path": here, "origin": here})
            if server.get("address") and "port" not in server:
                problems.add(f"{here}.port", "is missing: port")
    sources = backend.get("workers") or []
    for i, source in enumerate(sources):
        if source:
            here = f"{path}.workers" if len(sources) == 1 else f"{path}.workers[{i}]"
            servers += _of_source(source, here, inventory, problems)
    _unique(servers, problems)
    return with_ids([s for s in servers if s.get("name") and s.get("address") and s.get("port")])


def _of_source(source: dict[str, t.Any], path: str, inventory: dict[str, t.Any], problems: Problems) -> list[Server]:
    kinds = [kind for kind in ("group", "from") if kind in source]
    if len(kinds) != 1:
        problems.add(path, "must have either group (an inventory group) or from (any structure)")
        return []
    for key, kind in OF_SOURCE.items():
        if kind and key in source and kind not in source:
            problems.add(f"{path}.{key}", f"goes with {kind}, and here is {kinds[0]}")
    common = {key: value for key, value in source.items() if key not in OF_SOURCE}
    if common.pop("cookie", None):
        problems.add(f"{path}.cookie", "would be the same for every worker; left out, each one's name is its cookie")
    if "from" in source:
        origin = f"{path}.from"
        found = [{**common, **worker, "origin": worker["path"]} for worker in structures.find(source, path, problems)]
    else:
        origin = f"{path}.group"
        found = [{**worker, "origin": origin} for worker in _of_group(source, common, path, inventory, problems)]
    without = [worker["name"] for worker in found if "port" not in worker]
    if without:
        problems.add(f"{path}.port", f"is missing: port on every worker; {without[0]} has none of its own")
    return found


def _of_group(
    source: dict[str, t.Any], common: Server, path: str, inventory: dict[str, t.Any], problems: Problems
) -> list[Server]:
    group = source["group"]
    if not group:
        return []
    names = hosts.of_group(group, f"{path}.group", inventory, problems)
    if names is None:
        return []
    if not names and not source.get("allow_empty"):
        problems.add(f"{path}.group", f"holds {show(group)}, a group without hosts; allow_empty: true accepts that")
    variable = source.get("address_variable")
    return [_of_host(name, common, variable, inventory["hosts"].get(name) or {}, problems) for name in names]


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
    source, address = hosts.address_of(name, address_variable, variables)
    if source == hosts.OWN_NAME and address_variable:
        problems.add(
            f"{path}.{address_variable}",
            "is not set, and neither is ansible_host: the backend takes the worker's address from there",
        )
    accepted, usable = SCALARS["host"][1](address, Shape("host"))
    if not accepted:
        problems.add(f"{path}.{source}", f"holds {show(address)}, which must be {SCALARS['host'][0]}")
    return {**server, "address": usable}


def _unique(servers: list[Server], problems: Problems) -> None:
    seen: dict[str, str] = {}
    for server in servers:
        name, path = server.get("name"), server["path"]
        if name in seen:
            where, verb = (f"{path}.name", "holds") if path == server["origin"] else (server["origin"], "brings")
            problems.add(where, f"{verb} {show(name)}, which {seen[name]} has already")
        elif name:
            seen[name] = server["origin"]


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


def template_names(backend: dict[str, t.Any]) -> list[str]:
    """The names that HAProxy gives to the servers of DNS."""
    return [
        f"{template['prefix']}{number}"
        for template in backend.get("server_templates") or []
        if template and template.get("prefix") and template.get("count")
        for number in range(1, template["count"] + 1)
    ]


def check_templates(backend: dict[str, t.Any], path: str, problems: Problems) -> None:
    """Names and ports of the servers that DNS brings."""
    seen = {server["name"]: server["origin"] for server in backend.get("servers") or []}
    for i, template in enumerate(backend.get("server_templates") or []):
        here = f"{path}.server_templates[{i}]"
        if not template:
            continue
        service = (template.get("dns_name") or "").startswith("_")
        if service and template.get("port"):
            problems.add(f"{here}.port", "goes with a plain name; SRV records bring the port of each server")
        elif template.get("dns_name") and not service and "port" not in template:
            problems.add(f"{here}.port", "is missing: port of every server; only SRV records bring one")
        if template.get("cookie"):
            problems.add(f"{here}.cookie", "would be the same for every server that DNS brings")
        for name in template_names({"server_templates": [template]}):
            if name in seen:
                problems.add(f"{here}.prefix", f"makes {show(name)}, which {seen[name]} has already")
                break
            seen[name] = here


def check_presence(backend: dict[str, t.Any], path: str, problems: Problems) -> None:
    """A backend that neither has servers nor answers by itself can only fail."""
    if problems.below(path) or any(backend.get(key) for key in ("servers", "workers", "server_templates", *ANSWERS)):
        return
    rules = [rule["words"] if isinstance(rule, dict) else rule for rule in backend.get("http_request") or [] if rule]
    if any(rule.split(" ")[0] in ANSWERING_RULES for rule in rules):
        return
    if any(ANSWERING_RAW.match(line) for line in backend.get("raw") or [] if line):
        return
    if any(option["name"] == "transparent" and not option["no"] for option in backend.get("options") or [] if option):
        return
    problems.add(
        path,
        "has no servers; give workers (an inventory group, or any structure), servers (a list) or "
        "server_templates (by DNS)",
    )


def check_round_robin(backend: dict[str, t.Any], servers: list[Server], path: str, problems: Problems) -> None:
    active = sum(1 for s in servers if not s.get("disabled") and not s.get("backup")) + len(template_names(backend))
    if re.split(r"\s", str(backend.get("balance", "")))[0] == "roundrobin" and active > catalogue.ROUNDROBIN_LIMIT:
        problems.add(
            f"{path}.balance",
            f"holds 'roundrobin', which uses at most {catalogue.ROUNDROBIN_LIMIT} active servers; "
            f"this backend has {active}; random and static-rr have no such limit",
        )
