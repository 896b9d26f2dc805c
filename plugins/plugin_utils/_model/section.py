# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A section of haproxy.cfg, and the lines that its keywords, timeouts and raw lines make."""

from __future__ import annotations

import typing as t

from . import catalogue
from .line import Line

# The place of the rules among the keywords of a proxy.
RULES = next(keyword.order for keyword in catalogue.KEYWORDS if keyword.name == "http-after-response")


class Section(t.NamedTuple):
    kind: str
    name: str
    path: str
    lines: list[Line]
    mode: str = ""
    tail: str = ""

    @property
    def title(self) -> str:
        return " ".join(filter(None, (self.kind, self.name, self.tail)))


def keywords(given: dict[str, t.Any], kind: str, own: t.Container[str], late: bool | None = None) -> list[Line]:
    """The keywords of the catalogue in its order; `late`: those before (False) or behind (True) the rules only."""
    lines = []
    known = catalogue.of_section(kind)
    for key, keyword in sorted(((k, known[k]) for k in known.keys() & given.keys()), key=lambda pair: pair[1].order):
        if key in own or not given[key] or (late is not None and late != (keyword.order > RULES)):
            continue
        values = given[key] if isinstance(given[key], list) else [given[key]]
        path = f"{given['path']}.{key}"
        for i, value in enumerate(values):
            lines.append(Line(keyword.line(value), f"{path}[{i}]" if len(values) > 1 else path))
    return lines


def option(given: dict[str, t.Any]) -> str:
    """The line of one, switched on or off."""
    return f"{'no ' if given['no'] else ''}option {' '.join(filter(None, (given['name'], given['arguments'])))}"


def timeouts(given: dict[str, t.Any]) -> list[Line]:
    return [
        Line(f"timeout {key.replace('_', '-')} {value}", f"{given['path']}.timeout.{key}")
        for key, value in (given.get("timeout") or {}).items()
        if value
    ]


def raw(given: dict[str, t.Any]) -> list[Line]:
    return [Line(line, f"{given['path']}.raw[{i}]") for i, line in enumerate(given.get("raw") or []) if line]


def parameters(of: dict[str, t.Any], section: str) -> list[str]:
    """The keywords of the catalogue on a bind or server line in its order, then what was written raw."""
    known = catalogue.of_section(section)
    given = sorted((known[key] for key in of if key in known), key=lambda keyword: keyword.order)
    return [k.line(value) for k in given for value in of[k.key] or []] + ([of["raw"]] if of.get("raw") else [])
