# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From (variables, inventory, node) to a plan: `draft` without contact to the node, `complete` with its answer.

`variables` are those of one balancer whose names begin with `haproxy_` or `balancer_`, templated, their secrets split
off. `inventory` is {name, groups: {group: [host]}, hosts: {host: {variable: value}}}, as far as worker groups need it.
"""

from __future__ import annotations

import typing as t

from . import binds, limits, references, releases, routes, secrets, sections, shapes, workers
from . import node as nodes
from .catalogue import version
from .check import check
from .hardened import ADMIN_GROUP
from .problems import Problems, suggest

Variables = dict[str, t.Any]


def draft(variables: Variables, inventory: dict[str, t.Any]) -> tuple[dict[str, t.Any], Problems]:
    """Everything that follows from the inventory alone."""
    problems = Problems()
    values = _variables(variables, problems)
    _check_people(values, problems)
    frontends, backends = _proxies(values, variables)
    _check_frontends(frontends, problems)
    gates = [
        g
        for kind, group in (("frontend", frontends), ("backend", backends))
        for s in group
        for g in references.gates(s, kind)
    ]
    for kind in ("global", "defaults"):
        gates += references.gates({**(values.get(f"haproxy_{kind}") or {}), "path": f"haproxy_{kind}"}, kind)
    for backend in backends:
        backend["servers"] = workers.expand(backend, backend["path"], inventory, problems)
        references.check_mode(backend, "backend", problems)
        workers.check_round_robin(backend, backend["servers"], backend["path"], problems)
        if not (
            backend.get("servers")
            or backend.get("workers")
            or any(p.path.startswith(backend["path"]) for p in problems)
        ):
            problems.add(backend["path"], "has no servers; give workers (an inventory group) or servers (a list)")
    references.check_names(frontends, "frontend", problems)
    references.check_names(backends, "backend", problems)
    references.check_names(_named(values.get("haproxy_userlists"), "haproxy_userlists"), "list", problems)
    references.check_backends(frontends, backends, problems)
    _check_raw(values, frontends, backends, problems)
    listeners = [listener for f in frontends for listener in binds.listeners(f, f["path"], problems)]
    binds.check_conflicts(listeners, problems)
    result = {
        "name": inventory["name"],
        "administrators": [{"keys": [], **a} for a in values.get("balancer_administrators") or [] if a],
        "management_networks": values.get("balancer_management_networks") or [],
        "confirm_timeout": values.get("balancer_confirm_timeout"),
        "require_healthy": values.get("balancer_require_healthy"),
        "apply": values.get("haproxy_apply"),
        "existing_configuration": values.get("haproxy_existing_configuration"),
        "stated_node": values.get("haproxy_node"),
        "global": values.get("haproxy_global") or {},
        "defaults": values.get("haproxy_defaults") or {},
        "userlists": values.get("haproxy_userlists") or [],
        "frontends": frontends,
        "backends": backends,
        "listeners": [listener._asdict() for listener in listeners],
        "ports": binds.open_ports(listeners),
        "gates": gates,
    }
    return result, problems


def _variables(variables: Variables, problems: Problems) -> Variables:
    """Every variable against its shape; a name that begins like one of ours and is none is a typing mistake."""
    values: Variables = {}
    known = {*shapes.VARIABLES, shapes.SITE_PREFIX + "<anything>"}
    for name, value in sorted(variables.items()):
        if name.startswith(shapes.SITE_PREFIX):
            shape = shapes.SITE
        elif name in shapes.VARIABLES:
            shape = shapes.VARIABLES[name][1]
        else:
            problems.add(
                name,
                f"unknown variable{suggest(name, known)}; "
                "names that begin with haproxy_ or balancer_ belong to this collection",
            )
            continue
        secrets.check_lines(value, name, problems)
        values[name] = check(shape, value, name, problems)
    for name, (_roles, shape) in shapes.VARIABLES.items():
        values.setdefault(name, shape.default)
    if not values.get("haproxy_node"):
        values["haproxy_node"] = check(shapes.NODE, {}, "haproxy_node", problems)
    return values


def _proxies(values: Variables, variables: Variables) -> tuple[list[dict[str, t.Any]], list[dict[str, t.Any]]]:
    """Frontends and backends of the lists and of every site, by the sites' names; else the smallest case."""
    found: dict[str, list[dict[str, t.Any]]] = {}
    for kind, default in (("frontends", shapes.DEFAULT_FRONTENDS), ("backends", shapes.DEFAULT_BACKENDS)):
        result = _named(values.get(f"haproxy_{kind}"), f"haproxy_{kind}")
        for name in sorted(n for n in values if n.startswith(shapes.SITE_PREFIX)):
            result += _named((values[name] or {}).get(kind), f"{name}.{kind}")
        stated = [
            n
            for n in variables
            if n == f"haproxy_{kind}" or (n.startswith(shapes.SITE_PREFIX) and kind in (variables[n] or {}))
        ]
        if not stated:
            shape = shapes.VARIABLES[f"haproxy_{kind}"][1]
            result = _named(check(shape, default, f"haproxy_{kind}", Problems()), f"haproxy_{kind}")
        found[kind] = result
    return found["frontends"], found["backends"]


def _named(sections: t.Any, path: str) -> list[dict[str, t.Any]]:
    """The usable ones of a list of sections, each with its path."""
    return [
        {**section, "path": f"{path}[{i}]"}
        for i, section in enumerate(sections or [])
        if section and section.get("name")
    ]


def _check_raw(
    values: Variables, frontends: list[dict[str, t.Any]], backends: list[dict[str, t.Any]], problems: Problems
) -> None:
    for kind in ("global", "defaults"):
        section = {**(values.get(f"haproxy_{kind}") or {}), "path": f"haproxy_{kind}"}
        references.check_raw(section, kind, problems)
    for kind, group, families in (
        ("frontend", frontends, shapes.FRONTEND_RULES),
        ("backend", backends, shapes.BACKEND_RULES),
    ):
        for section in group:
            references.check_raw(section, kind, problems)
            references.check_secrets_of_rules(section, families, problems)


def _check_people(values: Variables, problems: Problems) -> None:
    seen: dict[str, int] = {}
    for i, administrator in enumerate(values.get("balancer_administrators") or []):
        name = (administrator or {}).get("name")
        path = f"balancer_administrators[{i}].name"
        if name == "root":
            problems.add(path, "holds 'root', who may not log in any more after the lock-down; name another account")
        elif name in seen:
            problems.add(path, f"holds '{name}', which balancer_administrators[{seen[name]}] has already")
        elif name:
            seen[name] = i
    for i, userlist in enumerate(values.get("haproxy_userlists") or []):
        for j, user in enumerate((userlist or {}).get("users") or []):
            path = f"haproxy_userlists[{i}].users[{j}]"
            told = any(problem.path.startswith(path) for problem in problems)
            if user and not told and ("password" in user) == ("insecure_password" in user):
                problems.add(path, "must have either password or insecure_password")


def _check_frontends(frontends: list[dict[str, t.Any]], problems: Problems) -> None:
    if not frontends and not problems:
        problems.add(
            "haproxy_frontends",
            "is empty: a balancer without a frontend serves nothing; leave it out for http_front on *:80",
        )
    for frontend in frontends:
        references.check_mode(frontend, "frontend", problems)
        routes.check(frontend, frontend["path"], problems)
        if (
            not frontend.get("default_backend")
            and not frontend.get("routes")
            and not frontend.get("raw")
            and not frontend.get("http_request")
        ):
            problems.add(frontend["path"], "sends nothing anywhere; give default_backend or routes")


def complete(
    drafted: dict[str, t.Any], node: dict[str, t.Any], run: dict[str, bool] | None = None
) -> tuple[dict[str, t.Any], Problems]:
    """The plan. `run` ({check, baseline}) is there where the node itself answered; a stated node is not judged."""
    problems = Problems()
    haproxy = version(nodes.haproxy_version(node))
    for gate in drafted["gates"]:
        if haproxy < version(gate["since"]):
            problems.add(
                gate["path"],
                f"{gate['keyword']} needs HAProxy {gate['since']}; this node has {nodes.haproxy_version(node)}",
            )
    servers = sum(len(b["servers"]) for b in drafted["backends"])
    limit = limits.derive(drafted["global"].get("maxconn"), len(drafted["listeners"]), servers, node, problems)
    login = nodes.judge(drafted, node, run, problems) if run else None
    administrators = drafted["administrators"] or ([{"name": login, "keys": []}] if login else [])
    result = {
        **drafted,
        "administrators": administrators,
        "login": login,
        "limits": limit,
        "node": node,
        "sections": sections.all_sections(drafted, limit["maxconn"], haproxy),
        "files": sections.files(),
    }
    return {**result, "proof": _proof(result)}, problems


def stated_node(drafted: dict[str, t.Any]) -> dict[str, t.Any]:
    """A node as the inventory states it, for renderings without contact."""
    stated = drafted["stated_node"]
    return {**stated, "haproxy": {"version": releases.HAPROXY[stated["release"]], "candidate": None}}


def _proof(plan: dict[str, t.Any]) -> dict[str, t.Any]:
    return {
        "lockdown": {
            "administrators": [a["name"] for a in plan["administrators"]],
            "admin_group": ADMIN_GROUP,
            "ssh": {
                "permitrootlogin": "no",
                "passwordauthentication": "no",
                "kbdinteractiveauthentication": "no",
                "pubkeyauthentication": "yes",
            },
            "management_networks": plan["management_networks"],
            "ports": plan["ports"],
        },
        "service": {
            "binds": [
                {k: listener[k] for k in ("frontend", "mode", "address", "low", "high", "protocol", "plain")}
                for listener in plan["listeners"]
            ],
            "ports": plan["ports"],
            "backends": [
                {
                    "name": b["name"],
                    "mode": b["mode"],
                    "servers": [s["name"] for s in b["servers"]],
                    "checked": b.get("check") is not False,
                }
                for b in plan["backends"]
            ],
            "require_healthy": plan["require_healthy"],
            "journal": "log" not in plan["global"],
            "nofile": plan["limits"]["nofile"],
        },
    }
