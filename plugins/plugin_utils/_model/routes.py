# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes become `use_backend` lines: the conditions of a route are anonymous ACLs, all of which must hold."""

from __future__ import annotations

import itertools
import typing as t

from .problems import Problems
from .words import quote

# The Host as RFC 9110 means it: without the case, the port and the dot of the root.
HOST = "req.hdr(host),field(1,:),lower,rtrim(.)"
# With a slash behind it a path begins with /v2/ exactly when it is /v2 or lies below it.
PATH_BY_SEGMENT = "path,concat(/)"
SNI = {"tcp": "req.ssl_sni,lower", "http": "ssl_fc_sni,lower"}
HTTP_ONLY = ("host", "path", "path_prefix", "header", "cookie")
INSPECT = ["tcp-request inspect-delay 5s", "tcp-request content accept if { req.ssl_hello_type 1 }"]


# HAProxy reads at most 64 words of a line (configuration manual, section 2.2); the rest would be cut off.
WORDS = 60
Condition = tuple[str, str, list[str]]


def lines(frontend: dict[str, t.Any]) -> list[str]:
    return [
        f"use_backend {route['backend']} if {condition}"
        for route in frontend.get("routes") or []
        if route
        for condition in conditions(route, frontend["mode"])
    ]


def conditions(route: dict[str, t.Any], mode: str) -> list[str]:
    """The route's condition; where its values are too many for one line, several of which any may hold."""
    if route.get("if"):
        return [str(route["if"])]
    parts = _parts(route, mode)
    if sum(5 + len(values) for _fetch, _method, values in parts) > WORDS:
        size = max(1, WORDS // len(parts) - 5)
        chunks = [[(f, m, v[i : i + size]) for i in range(0, max(len(v), 1), size)] for f, m, v in parts]
        return [" ".join(_any_of(*part) for part in choice) for choice in itertools.product(*chunks)]
    return [" ".join(_any_of(*part) for part in parts)]


def _parts(route: dict[str, t.Any], mode: str) -> list[Condition]:
    found: list[Condition] = []
    if route.get("host"):
        found.append((HOST, "str", route["host"]))
    if route.get("path"):
        found.append(("path", "str", route["path"]))
    if route.get("path_prefix"):
        found.append((PATH_BY_SEGMENT, "beg", [prefix.rstrip("/") + "/" for prefix in route["path_prefix"]]))
    for key, fetch in (("header", "req.hdr"), ("cookie", "req.cook")):
        if route.get(key):
            found.append((f"{fetch}({route[key]['name']})", "str", route[key].get("value") or []))
    if route.get("sni"):
        found.append((SNI[mode], "str", route["sni"]))
    return found


def _any_of(fetch: str, method: str, values: list[str]) -> str:
    if not values:
        return f"{{ {fetch} -m found }}"
    # A value that begins with a dash would be read as a flag, -f among them, which reads a file.
    stop = " --" if any(value.startswith("-") for value in values) else ""
    return f"{{ {fetch} -m {method}{stop} {' '.join(quote(value) for value in values)} }}"


def inspection(frontend: dict[str, t.Any]) -> list[str]:
    """In TCP mode the name can be seen only once the greeting has arrived."""
    sees_names = any(route and route.get("sni") for route in frontend.get("routes") or [])
    return INSPECT if frontend["mode"] == "tcp" and sees_names else []


def check(frontend: dict[str, t.Any], path: str, problems: Problems) -> None:
    for i, route in enumerate(frontend.get("routes") or []):
        here = f"{path}.routes[{i}]"
        if not route:
            continue
        given = [key for key in (*HTTP_ONLY, "sni", "if") if route.get(key)]
        if not given and not any(p.path.startswith(here) for p in problems):
            problems.add(
                here,
                f"has no condition; give at least one of: {', '.join((*HTTP_ONLY, 'sni', 'if'))}; "
                "what matches nothing goes to default_backend",
            )
        if "if" in given and len(given) > 1:
            problems.add(
                f"{here}.if",
                f"stands beside {', '.join(given[:-1])}; a condition in HAProxy's words is the route's only one",
            )
        if frontend["mode"] == "tcp":
            for key in given:
                if key in HTTP_ONLY:
                    problems.add(f"{here}.{key}", "needs mode: http; a frontend in mode: tcp sees no request, only sni")
        for key in ("header", "cookie"):
            for value in (route.get(key) or {}).get("value") or []:
                if value in ("}", "{"):
                    problems.add(f"{here}.{key}.value", "is a brace, which HAProxy cannot compare with; use if")
