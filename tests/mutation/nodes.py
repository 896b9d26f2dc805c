# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every key and element of some variables, with what the shapes say of it."""

from __future__ import annotations

import typing as t

from ansible_collections.hardened.balancer.plugins.plugin_utils._model import actions, catalogue, rules
from ansible_collections.hardened.balancer.plugins.plugin_utils._model import check as checker
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.scalars import SCALARS
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.shape import Shape
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.shapes.conditions import CONDITION
from tests.mutation.corpus import Variables, shape_of

Key = t.Union[str, int]
# A keyword of the catalogue, one of its values, and arguments of an action that has no keys: kinds of ours.
KEYWORD, ARGUMENTS = Shape("keyword"), Shape("arguments")
REQUIRED = Shape("text", required=True)


class Node(t.NamedTuple):
    """`role`: variable, key (of ours or of the catalogue), action, element, or free: a name that is a user's."""

    keys: tuple[Key, ...]
    path: str
    value: t.Any
    shape: Shape
    role: str
    parent: Shape
    above: str = ""


def every_node(variables: Variables) -> t.Iterator[Node]:
    for name, value in variables.items():
        shape = shape_of(name)
        if shape:
            yield Node((name,), name, value, shape, "variable", Shape("dict"))
            yield from _below(shape, value, (name,), name)


def _below(shape: Shape, value: t.Any, keys: tuple[Key, ...], path: str) -> t.Iterator[Node]:
    shape = meant(shape, value)
    if isinstance(value, list) and shape.kind in ("list", "keyword"):
        of = (shape.of or Shape("text")) if shape.kind == "list" else KEYWORD
        for i, element in enumerate(value):
            here = ((*keys, i), f"{path}[{i}]")
            yield Node(*here, element, of, "element", shape, path)
            yield from _below(of, element, *here)
    elif isinstance(value, dict):
        for key, element in value.items():
            inner = ((*keys, key), f"{path}.{key}")
            sub, role = _member(shape, str(key), element)
            yield Node(*inner, element, sub, role, shape, path)
            yield from _below(sub, element, *inner)


def meant(shape: Shape, value: t.Any) -> Shape:
    """Of several alternatives the one that a value is."""
    if shape.either:
        return next((one for one in shape.either if checker._may_be(one, value)), shape.either[0])
    if shape.kind == "list" and shape.single and shape.of and not isinstance(value, list):
        return meant(shape.of, value)
    if shape.kind in ("condition", "when") and isinstance(value, dict):
        return CONDITION
    return shape


def _member(shape: Shape, key: str, value: t.Any) -> tuple[Shape, str]:
    if shape.kind == "dict":
        if key in shape.keys:
            return shape.keys[key], "key"
        return KEYWORD, "key"
    if shape.kind == "map":
        return shape.of or Shape("text"), "free"
    if shape.kind == "option":
        return REQUIRED, "key"
    if shape.kind == "rule":
        if key in rules.CONDITIONAL:
            return Shape("when"), "key"
        return _action(shape, key, value), "action"
    return Shape("any"), "free"


def _action(shape: Shape, key: str, value: t.Any) -> Shape:
    if key in rules.PLACES.get(shape.keywords, ()):
        return Shape("rule", keywords=f"{shape.keywords} {key}")
    if key in actions.ACTIONS and isinstance(value, dict):
        return Shape("dict", keys={name: sub for name, (_word, sub) in actions.ACTIONS[key][1].items()})
    return ARGUMENTS


def is_required(node: Node) -> bool:
    return node.role == "key" and node.parent.kind == "dict" and node.shape.required


# Values of a type that hardly anything is, each with what refuses it for its type alone; None: that is not said.
Refuses = t.Callable[[Shape], t.Optional[bool]]


def _of_elements(shape: Shape, refuses: Refuses) -> bool | None:
    return refuses(shape.of or Shape("text"))


def refuses_mapping(shape: Shape) -> bool | None:
    if shape.either:
        return all(refuses_mapping(one) for one in shape.either) or None
    if shape.kind == "list" and shape.single:
        return _of_elements(shape, refuses_mapping)
    return None if shape.kind in ("map", "any", "entries") else True


def refuses_lists(shape: Shape) -> bool | None:
    if shape.either:
        return all(refuses_lists(one) for one in shape.either) or None
    if shape.kind == "list":
        return _of_elements(shape, refuses_lists)
    return None if shape.kind == "any" else True


def refuses_nothing(shape: Shape) -> bool | None:
    return None if shape.kind == "any" else True


def refuses_text(shape: Shape) -> bool | None:
    if shape.either:
        return all(refuses_text(one) for one in shape.either) or None
    if shape.kind == "list" and shape.single:
        return _of_elements(shape, refuses_text)
    return None if shape.kind in (*SCALARS, "any", "when", "keyword", "arguments") else True


WRONG: list[tuple[str, t.Any, Refuses]] = [
    ("a mapping", {"surely_wrong": "x"}, refuses_mapping),
    ("a list of lists", [["x"]], refuses_lists),
    ("nothing", None, refuses_nothing),
    ("text", "surely wrong", refuses_text),
]


def known_keys(node: Node) -> t.Collection[str]:
    """The names beside which a node stands: a misspelling must be none of them."""
    keywords = catalogue.of_section(node.parent.keywords) if node.parent.kind == "dict" and node.parent.keywords else {}
    return {*node.parent.keys, *keywords, *rules.CONDITIONAL, *actions.ACTIONS}
