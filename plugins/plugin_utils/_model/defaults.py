# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The defaults section, and the named ones that are made from it."""

from __future__ import annotations

import typing as t

from . import checks, hardened, options
from .features import logs
from .line import Line
from .problems import Problems, show, suggest
from .section import Section, keywords, raw, timeouts

Item = dict[str, t.Any]
# Said by the user, these replace our error pages.
OWN_ERRORS = ("errorfile", "errorfiles", "errorloc", "errorloc302", "errorloc303", "http_error")


def resolve(main: Item, named: list[Item], problems: Problems) -> dict[str, Item]:
    """Each named one with everything that it is made from; HAProxy itself knows no inheritance of lists."""
    by_name = {item["name"]: item for item in named}
    resolved: dict[str, Item] = {}
    for item in named:
        chain = [item]
        while chain[-1].get("from"):
            origin = chain[-1]["from"]
            if origin not in by_name:
                problems.add(
                    f"{chain[-1]['path']}.from",
                    f"holds {show(origin)}, no named defaults have this name"
                    f"{suggest(origin, by_name, 'named defaults')}",
                )
                break
            if by_name[origin] in chain:
                _tell_circle(chain[chain.index(by_name[origin]) :], problems)
                break
            chain.append(by_name[origin])
        merged = main
        for one in reversed(chain):
            merged = _over(merged, one)
        resolved[item["name"]] = merged
    return resolved


def _tell_circle(members: list[Item], problems: Problems) -> None:
    """The same circle is met from each of its members: it is told once, at the first by name."""
    names = [item["name"] for item in members]
    first = names.index(min(names))
    circle = [*names[first:], *names[: first + 1]]
    problems.add(f"{members[first]['path']}.from", f"goes round in a circle: {' from '.join(circle)}")


def _over(base: Item, item: Item) -> Item:
    """What a section says replaces what it is made from; timeouts, options and raw lines are added to."""
    result = {**base, **item}
    result["options"] = [*_with_paths(base), *_with_paths(item)]
    result["timeout"] = {**(base.get("timeout") or {}), **(item.get("timeout") or {})}
    result["raw"] = [*(base.get("raw") or []), *(item.get("raw") or [])]
    return result


def _with_paths(item: Item) -> list[Item]:
    """Its options, which say where they stand, also where they are another section's."""
    return [{"path": f"{item['path']}.options[{i}]", **o} for i, o in enumerate(item.get("options") or []) if o]


def section(given: Item, name: str = "") -> Section:
    path = given["path"]
    ours = {key: value for key, value, _reason in hardened.DEFAULTS}
    lines = [Line(f"default-server {checks.words(hardened.DEFAULT_SERVER)}", path)]
    lines += keywords({**ours, **given}, "defaults", ("options", "timeout", "raw", "log_format", "name", "from"))
    if given.get("log_format") and given["log_format"] != "json":
        lines.append(Line(logs.line(given["log_format"], "http"), f"{path}.log_format"))
    lines += options.of_defaults(given)
    stated = {key.replace("_", "-"): value for key, value in (given.get("timeout") or {}).items() if value}
    merged = {**{key: value for key, value, _reason in hardened.TIMEOUTS}, **stated}
    lines += timeouts({"path": path, "timeout": {key.replace("-", "_"): value for key, value in merged.items()}})
    if not any(given.get(key) for key in OWN_ERRORS):
        lines += [Line(f"errorfile {status} errors/{status}.http", path) for status in hardened.ERROR_PAGES]
    return Section("defaults", name, path, lines + raw(given))


def sections(main: Item, named: dict[str, Item]) -> list[Section]:
    """The main one comes last: sections that name none take the last that was read."""
    return [*(section(item, name) for name, item in named.items()), section(main)]
