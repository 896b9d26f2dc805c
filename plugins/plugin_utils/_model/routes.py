# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes become `use_backend` lines: the conditions of a route are anonymous ACLs, all of which must hold."""

from __future__ import annotations

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


def lines(frontend: dict[str, t.Any]) -> list[str]:
    return [
        f"use_backend {route['backend']} if {condition(route, frontend['mode'])}"
        for route in frontend.get("routes") or []
        if route
    ]


def condition(route: dict[str, t.Any], mode: str) -> str:
    if route.get("if"):
        return str(route["if"])
    conditions = []
    if route.get("host"):
        conditions.append(_any_of(HOST, "str", route["host"]))
    if route.get("path"):
        conditions.append(_any_of("path", "str", route["path"]))
    if route.get("path_prefix"):
        conditions.append(
            _any_of(PATH_BY_SEGMENT, "beg", [prefix.rstrip("/") + "/" for prefix in route["path_prefix"]])
        )
    for key, fetch in (("header", "req.hdr"), ("cookie", "req.cook")):
        if route.get(key):
            conditions.append(_any_of(f"{fetch}({route[key]['name']})", "str", route[key].get("value")))
    if route.get("sni"):
        conditions.append(_any_of(SNI[mode], "str", route["sni"]))
    return " ".join(conditions)


def _any_of(fetch: str, method: str, values: list[str] | None) -> str:
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
