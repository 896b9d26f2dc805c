# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of a balancer against their shapes, and what is said of people."""

from __future__ import annotations

import typing as t

from . import accounts, baseline, shapes, sources
from . import check as checker
from .problems import Problems, nearest, show, suggest

Variables = dict[str, t.Any]


def check(variables: Variables, problems: Problems) -> Variables:
    """Every variable against its shape; a name that begins like one of ours and is none is a typing mistake."""
    values: Variables = {}
    for name, value in sorted(variables.items()):
        if name.startswith(shapes.SITE_PREFIX):
            shape = shapes.SITE
        elif name in shapes.VARIABLES:
            shape = shapes.VARIABLES[name][1]
        else:
            whose = "; names that begin with haproxy_ or balancer_ belong to this collection"
            tail = whose if name.startswith(("haproxy_", "balancer_")) else ""
            problems.add(name, f"unknown variable{suggest(name, {*shapes.VARIABLES, *_of_sites(name)})}{tail}")
            continue
        values[name] = checker.check(shape, value, name, problems)
    for name, (_roles, shape) in shapes.VARIABLES.items():
        values.setdefault(name, shape.default)
    if not values.get("haproxy_node"):
        values["haproxy_node"] = checker.check(shapes.NODE, {}, "haproxy_node", problems)
    _check_administrators(values, problems)
    _check_users(values, problems)
    sources.check(values, problems)
    baseline.check(values, problems)
    return values


def _of_sites(name: str) -> list[str]:
    """What a name may have meant that is nearly one of a site."""
    words = name.split("_", 2)
    return [shapes.SITE_PREFIX + words[2]] if len(words) > 2 and nearest(words[1], ["site"]) else []


def _check_administrators(values: Variables, problems: Problems) -> None:
    seen: dict[str, int] = {}
    of_haproxy = (values.get("haproxy_global") or {}).get("user") or []
    for i, administrator in enumerate(values.get("balancer_administrators") or []):
        name = (administrator or {}).get("name")
        path = f"balancer_administrators[{i}].name"
        if name == "root":
            problems.add(path, "holds 'root', who may not log in any more after the lock-down; name another account")
        elif name and (accounts.is_service(name) or name in of_haproxy):
            problems.add(path, f"holds '{name}', an account of a service; {accounts.OF_A_SERVICE}")
        elif name in seen:
            problems.add(path, f"holds '{name}', which balancer_administrators[{seen[name]}] has already")
        elif name:
            seen[name] = i


def _check_users(values: Variables, problems: Problems) -> None:
    lists = [("haproxy_userlists", values.get("haproxy_userlists"))]
    lists += [
        (f"{n}.userlists", (v or {}).get("userlists")) for n, v in values.items() if n.startswith(shapes.SITE_PREFIX)
    ]
    for place, userlists in lists:
        for i, userlist in enumerate(userlists or []):
            seen: dict[str, int] = {}
            for j, user in enumerate((userlist or {}).get("users") or []):
                path = f"{place}[{i}].users[{j}]"
                name = (user or {}).get("name")
                if name in seen:
                    problems.add(f"{path}.name", f"holds '{name}', which {place}[{i}].users[{seen[name]}] has already")
                elif name:
                    seen[name] = j
                _check_groups(user or {}, (userlist or {}).get("groups") or [], path, problems)
                told = problems.below(path)
                if user and not told and ("password" in user) == ("insecure_password" in user):
                    problems.add(path, "must have either password or insecure_password")


def _check_groups(user: Variables, groups: list[str | None], path: str, problems: Problems) -> None:
    given = user.get("groups") or []
    known = [group for group in groups if group]
    for i, group in enumerate(given):
        if group and group not in known:
            where = f"{path}.groups[{i}]" if len(given) > 1 else f"{path}.groups"
            problems.add(where, f"holds {show(group)}, the list has no such group{suggest(group, known, 'groups')}")
