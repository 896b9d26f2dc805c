# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one section says of another: names that must exist and be unique, modes that must agree."""

from __future__ import annotations

import re
import typing as t

from . import catalogue, secrets
from .problems import Problems, show, suggest

Section = dict[str, t.Any]


def check_names(sections: list[Section], what: str, problems: Problems) -> None:
    seen: dict[str, str] = {}
    for section in sections:
        name = section.get("name")
        if name in seen:
            problems.add(f"{section['path']}.name", f"holds {show(name)}, which the {what} {seen[name]} has already")
        elif name:
            seen[name] = section["path"]


def check_backends(frontends: list[Section], backends: list[Section], problems: Problems) -> None:
    modes = {b["name"]: b["mode"] for b in backends if b.get("name")}
    for frontend in frontends:
        for path, name in _references(frontend):
            if name not in modes:
                problems.add(path, f"holds {show(name)}, no backend has this name{suggest(name, modes, 'backends')}")
            elif modes[name] != frontend["mode"] and modes[name] and frontend["mode"]:
                problems.add(
                    path,
                    f"holds {show(name)}, a backend in mode: {modes[name]}; "
                    f"this frontend is in mode: {frontend['mode']}",
                )


def _references(frontend: Section) -> t.Iterator[tuple[str, str]]:
    for i, route in enumerate(frontend.get("routes") or []):
        if route and route.get("backend"):
            yield f"{frontend['path']}.routes[{i}].backend", route["backend"]
    if frontend.get("default_backend"):
        yield f"{frontend['path']}.default_backend", frontend["default_backend"]


def check_mode(section: Section, kind: str, problems: Problems) -> None:
    """In TCP mode HAProxy ignores what is HTTP's, or refuses it: it would not do what it says."""
    if section.get("mode") != "tcp":
        return
    path = section["path"]
    known = {k.key: k for k in catalogue.KEYWORDS if kind in k.sections}
    given = [(f"{path}.{key}", known.get(key)) for key in section if section[key]]
    options = catalogue.of_family("option", kind)
    given += [(f"{path}.options[{i}]", options[o["name"]]) for i, o in enumerate(section.get("options") or []) if o]
    given += [
        (f"{path}.timeout.{key}", catalogue.of_family("timeout", kind)[key.replace("_", "-")])
        for key in section.get("timeout") or {}
    ]
    for where, keyword in given:
        if keyword and keyword.http_only and keyword.name != "timeout tarpit":
            problems.add(where, f"{keyword.name} needs mode: http; this {kind} is in mode: tcp")


def check_raw(section: Section, kind: str, problems: Problems) -> None:
    """A raw line that the model would have to know of: it opens a section, or has an order or a name to be checked."""
    for i, line in enumerate(section.get("raw") or []):
        first = str(line or "").split(maxsplit=1)[0] if line else ""
        path = f"{section['path']}.raw[{i}]"
        if first in catalogue.SECTIONS:
            problems.add(path, f"begins with {first}, which would open a section that is not checked")
        elif kind in ("frontend", "backend") and first in catalogue.RULE_FAMILIES:
            problems.add(
                path,
                f"is one of the {first} rules; write it into {first.replace('-', '_')}, where lines keep their order",
            )
        elif kind == "frontend" and first in ("use_backend", "default_backend"):
            known = {"use_backend": "a route with if", "default_backend": "default_backend"}[first]
            problems.add(path, f"refers to a backend unchecked; write it as {known}")


def check_secrets_of_rules(section: Section, families: t.Iterable[str], problems: Problems) -> None:
    """Typed rules as they will be printed: a raw line of the same words would be refused."""
    for family in families:
        for i, rule in enumerate(section.get(family) or []):
            secrets.check_line(rule, f"{section['path']}.{family}[{i}]", problems)


def gates(section: Section, kind: str) -> list[dict[str, str]]:
    """Keywords that not every supported version has, for the check against the node's."""
    found = []
    known = catalogue.of_section(kind)
    options = catalogue.of_family("option", kind)
    for key in section:
        if key in known and known[key].since and section[key]:
            found.append({"path": f"{section['path']}.{key}", "keyword": known[key].name, "since": known[key].since})
    for i, option in enumerate(section.get("options") or []):
        if option and options[option["name"]].since:
            found.append(
                {
                    "path": f"{section['path']}.options[{i}]",
                    "keyword": f"option {option['name']}",
                    "since": options[option["name"]].since,
                }
            )
    algorithm = re.split(r"[\s(]", str(section.get("balance") or ""))[0]
    if algorithm in catalogue.ALGORITHM_SINCE:
        found.append(
            {
                "path": f"{section['path']}.balance",
                "keyword": f"balance {algorithm}",
                "since": catalogue.ALGORITHM_SINCE[algorithm],
            }
        )
    return found
