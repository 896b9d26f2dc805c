# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Typed actions of the rule families: a table of what each takes and how it is printed."""

from __future__ import annotations

import typing as t

from .problems import Problems, show, suggest
from .scalars import SCALARS
from .shape import Shape
from .words import quote

# action: (the words in front of its arguments, {key: (word in front of the value, kind)} in the order HAProxy wants)
ACTIONS: dict[str, tuple[str, dict[str, tuple[str, str]]]] = {
    "accept": ("accept", {}),
    "allow": ("allow", {}),
    "reject": ("reject", {}),
    "deny": ("deny", {"status": ("deny_status", "int")}),
    "tarpit": ("tarpit", {"status": ("deny_status", "int")}),
    "redirect": (
        "redirect",
        {
            "scheme": ("scheme", "word"),
            "location": ("location", "line"),
            "prefix": ("prefix", "line"),
            "code": ("code", "int"),
        },
    ),
    "return": (
        "return",
        {"status": ("status", "int"), "content_type": ("content-type", "text"), "string": ("string", "text")},
    ),
    "set_header": ("set-header", {"name": ("", "word"), "value": ("", "line")}),
    "add_header": ("add-header", {"name": ("", "word"), "value": ("", "line")}),
    "del_header": ("del-header", {"name": ("", "word")}),
    "set_path": ("set-path", {"path": ("", "line")}),
    "replace_path": ("replace-path", {"match": ("", "line"), "replace": ("", "line")}),
}
REQUIRED = {
    "set_header": ("name", "value"),
    "add_header": ("name", "value"),
    "del_header": ("name",),
    "set_path": ("path",),
    "replace_path": ("match", "replace"),
}


def check_rule(value: t.Any, path: str, problems: Problems) -> str | None:
    """The rule as one line behind the name of its family."""
    if isinstance(value, str):
        accepted, line = SCALARS["line"][1](value, Shape("line"))
        if not accepted:
            problems.add(path, "must be one line of text, as HAProxy reads it")
        return str(line) if accepted else None
    if not isinstance(value, dict):
        problems.add(path, f"holds {show(value)}, which must be a line of HAProxy's or an action")
        return None
    actions = [key for key in value if key not in ("if", "unless")]
    if len(actions) != 1 or ("if" in value and "unless" in value):
        problems.add(
            path,
            "must have one action, and at most one of if and unless"
            + (f"; found {', '.join(map(str, actions))}" if actions else ""),
        )
        return None
    action = actions[0]
    if action not in ACTIONS:
        problems.add(
            f"{path}.{action}",
            f"unknown action{suggest(str(action), ACTIONS, 'typed actions')}; every other one can be written as a line",
        )
        return None
    words, keys = ACTIONS[action]
    parts = [words, *_arguments(action, keys, value[action], f"{path}.{action}", problems)]
    for word in ("if", "unless"):
        if word in value:
            accepted, condition = SCALARS["line"][1](value[word], Shape("line"))
            if not accepted:
                problems.add(
                    f"{path}.{word}", f"holds {show(value[word])}, which must be a condition in HAProxy's words"
                )
            parts.append(f"{word} {condition}")
    return " ".join(parts)


def _arguments(action: str, keys: dict[str, tuple[str, str]], given: t.Any, path: str, problems: Problems) -> list[str]:
    if given is True or given is None:
        given = {}
    if not isinstance(given, dict):
        problems.add(
            path,
            f"holds {show(given)}, which must be " + (f"a mapping with keys of: {', '.join(keys)}" if keys else "true"),
        )
        return []
    for key in given:
        if key not in keys:
            problems.add(f"{path}.{key}", f"unknown key{suggest(str(key), keys, 'known here')}")
    for key in REQUIRED.get(action, ()):
        if key not in given:
            problems.add(f"{path}.{key}", "is missing")
    parts = []
    for key, (word, kind) in keys.items():
        if key not in given:
            continue
        bounds = Shape(kind, low=100, high=599) if kind == "int" else Shape(kind)
        expected, accept = SCALARS[kind]
        accepted, result = accept(given[key], bounds)
        if not accepted:
            problems.add(
                f"{path}.{key}",
                f"holds {show(given[key])}, which must be {expected}" + (" from 100 to 599" if kind == "int" else ""),
            )
            continue
        parts += [word] if word else []
        parts.append(str(result) if kind == "int" else quote(str(result)))
    return parts
