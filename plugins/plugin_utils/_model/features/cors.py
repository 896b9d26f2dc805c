# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CORS: preflights are answered here, and only origins that are listed get a permission, on errors too."""

from __future__ import annotations

import typing as t

from ..problems import Problems
from ..words import quote
from .lowered import Lowered

PREFLIGHT = "{ method OPTIONS } { req.hdr(origin) -m found } { req.hdr(access-control-request-method) -m found }"
ORIGINS_OF_A_LINE = 40


def lower(proxy: dict[str, t.Any], result: Lowered, problems: Problems) -> None:
    given = proxy.get("cors")
    origins = [origin for origin in (given or {}).get("origins") or [] if origin]
    if not given or not origins:
        return
    path = f"{proxy['path']}.cors"
    if given.get("credentials") and "*" in origins:
        problems.add(f"{path}.credentials", "stands beside origin *, to which no browser sends any; name the origins")
    if "*" in origins and len(origins) > 1:
        problems.add(f"{path}.origins", "has * beside others, which are of no use then")
    # A backend may allow other origins than the frontend before it: each remembers for itself.
    variable = f"txn.cors_{'backend' if proxy['kind'] == 'backend' else 'frontend'}"
    _request(given, origins, variable, path, result)
    _response(given, origins, variable, path, result)


def _request(given: dict[str, t.Any], origins: list[str], variable: str, path: str, result: Lowered) -> None:
    listed = f"{{ var({variable}) -m found }} "
    if "*" in origins:
        listed = ""
    for i in range(0, 0 if "*" in origins else len(origins), ORIGINS_OF_A_LINE):
        some = " ".join(quote(origin) for origin in origins[i : i + ORIGINS_OF_A_LINE])
        words = f"set-var({variable}) req.fhdr(origin) if {{ req.fhdr(origin) -m str {some} }}"
        result.rule("http_request", words, path)
    allowed = {
        "access-control-allow-methods": ", ".join(method for method in given.get("methods") or [] if method),
        "access-control-allow-headers": ", ".join(header for header in given.get("headers") or [] if header),
        "access-control-max-age": str(given["max_age"]) if given.get("max_age") is not None else "",
    }
    headers = "".join(f" hdr {name} {quote(value)}" for name, value in allowed.items() if value)
    result.rule("http_request", f"return status 204{headers} if {listed}{PREFLIGHT}", path)
    if listed:
        result.rule("http_request", f"return status 204 if {PREFLIGHT}", path)


def _response(given: dict[str, t.Any], origins: list[str], variable: str, path: str, result: Lowered) -> None:
    family = "http_after_response"
    expose = ", ".join(header for header in given.get("expose") or [] if header)
    listed = f"{{ var({variable}) -m found }}"
    if "*" in origins:
        result.rule(family, "set-header access-control-allow-origin *", path)
        condition = ""
    else:
        # What the worker may have allowed by itself is not on the list.
        result.rule(family, f"del-header access-control-allow- -m beg if !{listed}", path)
        result.rule(family, f"set-header access-control-allow-origin %[var({variable})] if {listed}", path)
        result.rule(family, "add-header vary origin if !{ res.hdr(vary) -i origin }", path)
        condition = f" if {listed}"
    if given.get("credentials"):
        result.rule(family, f"set-header access-control-allow-credentials true{condition}", path)
    if expose:
        result.rule(family, f"set-header access-control-expose-headers {quote(expose)}{condition}", path)
