# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options: ours, those of the defaults, and the section's own, each printed only where the mode allows it."""

from __future__ import annotations

import typing as t

from . import catalogue, hardened
from .features import forwarded
from .line import Line
from .section import option

Option = dict[str, t.Any]
SIDES = {"frontend": ("frontend",), "backend": ("backend",), "listen": ("frontend", "backend")}
LOGS = {"tcplog", "httplog", "httpslog"}


def of_defaults(defaults: dict[str, t.Any]) -> list[Line]:
    """Only those of both modes stand in `defaults`: the others are printed in each section that may have them."""
    return _lines([o for o in _of(defaults, "defaults", "") if not o["no"]], defaults)


def of_proxy(proxy: dict[str, t.Any], defaults: dict[str, t.Any]) -> list[Line]:
    """What HAProxy takes in one mode only never stands in `defaults`, so that here absent is off."""
    kind = proxy["kind"]
    own = [o for o in proxy.get("options") or [] if o]
    inherited = [o for side in SIDES[kind] for o in _of(defaults, side, proxy.get("mode") or "http")]
    known = catalogue.of_family("option", kind)
    merged = {o["name"]: o for o in [*inherited, *own]}
    if "forwardfor" in merged and not merged["forwardfor"]["arguments"]:
        merged["forwardfor"] = {**merged["forwardfor"], "arguments": forwarded.forwardfor(proxy)}
    chosen = {o["name"] for o in own if o["name"] in LOGS and not o["no"]}
    formatted = bool(proxy.get("log_format") or (defaults.get("log_format") and not chosen))
    kept = [
        o
        for name, o in merged.items()
        if not (o["no"] and (known[name].http_only or name in LOGS))
        and not (name in LOGS and ((chosen and name not in chosen) or formatted))
    ]
    return _lines(kept, proxy)


def _of(given: dict[str, t.Any], side: str, mode: str) -> list[Option]:
    """Ours and the given ones of the defaults that this side prints in this mode; of one name the later wins."""
    merged = {
        name: {"name": name, "arguments": arguments, "no": False}
        for (name, _blank, arguments), sides, only, _reason in (
            (words.partition(" "), *rest) for words, *rest in hardened.OPTIONS
        )
        if side in sides and only == mode
    }
    known = catalogue.of_family("option", "defaults")
    for i, one in enumerate(given.get("options") or []):
        if not one:
            continue
        keyword = known[one["name"]]
        here = not keyword.http_only if side == "defaults" else side in keyword.sections and keyword.http_only
        if here and (side == "defaults" or mode == "http"):
            path = one.get("path") or f"{given.get('path', 'haproxy_defaults')}.options[{i}]"
            merged[one["name"]] = {**one, "path": path}
    return list(merged.values())


def _lines(options: list[Option], section: dict[str, t.Any]) -> list[Line]:
    own = {id(o): f"{section.get('path', '')}.options[{i}]" for i, o in enumerate(section.get("options") or [])}
    return [Line(option(o), o.get("path") or own.get(id(o), section.get("path", ""))) for o in options]
