# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets leave the inventory before anything else looks at it; what goes on carries placeholders."""

from __future__ import annotations

import re
import typing as t

from . import catalogue
from .problems import Problems
from .shape import Shape

PLACEHOLDER = "@secret:{}@"
IS_PLACEHOLDER = re.compile(r"@secret:[^@\s]+@")
# Keywords of the catalogue whose argument is a name, a colon and a password.
NAME_AND_PASSWORD = ("stats_auth",)
# Variables of ours that are no part of the tree.
ELSEWHERE = (
    *("haproxy_unit", "haproxy_node", "haproxy_apply", "haproxy_settle_timeout", "haproxy_trees_kept"),
    *("haproxy_existing_configuration", "haproxy_warnings"),
)
# The values of a file that is vaulted as a whole are plain text by then.
NO_PLACE = (
    "holds a secret, vaulted or of haproxy_secrets, which only HAProxy's configuration can take; "
    "write it in the clear, or vault the file as a whole"
)
FORMS = tuple(re.compile(form) for form in catalogue.SECRET_FORMS)


def placeholder(name: str) -> str:
    return PLACEHOLDER.format(name)


def split(shape: Shape, value: t.Any, path: str, secrets: dict[str, str]) -> t.Any:
    """`value` with a placeholder for each of its secrets, which are put into `secrets` by their path."""
    if shape.secret and isinstance(value, (str, int)) and not isinstance(value, bool):
        return _put(str(value), path, secrets)
    if shape.either:
        return split(_alternative(shape, value), value, path, secrets)
    if shape.single and shape.of and not isinstance(value, list):
        return split(shape.of, value, path, secrets)
    if isinstance(value, dict):
        return {key: _member(shape, key, element, f"{path}.{key}", secrets) for key, element in value.items()}
    if isinstance(value, list):
        return [split(shape.of, e, f"{path}[{i}]", secrets) if shape.of else e for i, e in enumerate(value)]
    return value


def _alternative(shape: Shape, value: t.Any) -> Shape:
    """Only mappings hold keys that are secrets."""
    mappings = [one for one in shape.either if one.kind == "dict"]
    return mappings[0] if mappings and isinstance(value, dict) else Shape("text")


def _member(shape: Shape, key: str, value: t.Any, path: str, secrets: dict[str, str]) -> t.Any:
    if key in NAME_AND_PASSWORD and shape.keywords:
        lines = value if isinstance(value, list) else [value]
        return [_name_and_password(line, f"{path}[{i}]", secrets) for i, line in enumerate(lines)]
    if key in shape.keys:
        return split(shape.keys[key], value, path, secrets)
    return split(shape.of, value, path, secrets) if shape.of else value


def _name_and_password(line: t.Any, path: str, secrets: dict[str, str]) -> t.Any:
    if not isinstance(line, str) or ":" not in line:
        return line
    name, password = line.split(":", 1)
    return f"{name}:{_put(password, path, secrets)}"


def _put(value: str, path: str, secrets: dict[str, str]) -> str:
    if IS_PLACEHOLDER.fullmatch(value.strip()):
        return value.strip()
    if IS_PLACEHOLDER.search(value):
        return value
    secrets[path] = value
    return placeholder(path)


def check_line(line: t.Any, path: str, problems: Problems) -> None:
    """A raw line must not hold a secret in the clear: it would stand in the plan, in diffs and in logs."""
    for form in FORMS:
        match = form.search(line) if isinstance(line, str) else None
        if match and not IS_PLACEHOLDER.search(match["secret"]) and not match["secret"].startswith(("%[", '"%[')):
            problems.add(
                path,
                "holds a secret in the clear; put it into haproxy_secrets and write {{ haproxy_secrets.name }} here",
            )


def check_places(given: t.Mapping[str, t.Any], problems: Problems) -> None:
    """Only the tree of HAProxy is filled with secrets, on the node; elsewhere the placeholder itself would be put."""
    for name, value in given.items():
        if not name.startswith("haproxy_") or name in ELSEWHERE:
            for path in _holding(value, name):
                problems.add(path, NO_PLACE)


def _holding(value: t.Any, path: str) -> t.Iterator[str]:
    if isinstance(value, str) and IS_PLACEHOLDER.search(value):
        yield path
    elif isinstance(value, dict):
        for key, element in value.items():
            yield from _holding(element, f"{path}.{key}")
    elif isinstance(value, list):
        for i, element in enumerate(value):
            yield from _holding(element, f"{path}[{i}]")
