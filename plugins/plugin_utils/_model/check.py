# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one checker: a value against its shape. Gives it with defaults filled in; adds what is wrong to `problems`."""

from __future__ import annotations

import typing as t

from . import catalogue
from .problems import Problems, nearest, show, suggest
from .scalars import SCALARS
from .shape import Shape

ANYTHING = Shape("text")
LINE = Shape("line")
# kind of a keyword's only argument: the scalar that it is, and the words of a message
ARGUMENTS = {
    "flag": ("flag", "true, or false to leave it out: it takes no argument"),
    "int": ("int", SCALARS["int"][0]),
    "time": ("time", SCALARS["time"][0]),
    "size": ("word", "a size like 16k"),
}
LINE_VALUE = "one line of text or a number, as HAProxy reads it; true for a keyword without arguments"


def check(shape: Shape, value: t.Any, path: str, problems: Problems) -> t.Any:
    """`value` as the model goes on with it; None where it is unusable and a problem has been added."""
    if shape.kind in SCALARS:
        return _scalar(shape, value, path, problems)
    return COMPOUND[shape.kind](shape, value, path, problems)


def _scalar(shape: Shape, value: t.Any, path: str, problems: Problems) -> t.Any:
    expected, accept = SCALARS[shape.kind]
    if shape.low is not None or shape.high is not None:
        expected += f" from {shape.low}" if shape.high is None else f" from {shape.low or 0} to {shape.high}"
    accepted, result = accept(value, shape)
    if accepted:
        return result
    holds = "" if shape.secret else f"holds {show(value)}, "
    if shape.choices:
        wrong = str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
        problems.add(path, f"{holds}which is not one of its choices{suggest(wrong, shape.choices, 'allowed')}")
    else:
        problems.add(path, f"{holds}{'which must be' if holds else 'must be'} {expected}")
    return None


def _list(shape: Shape, value: t.Any, path: str, problems: Problems) -> t.Any:
    of = shape.of or ANYTHING
    if shape.single and _may_be(of, value):
        return [check(of, value, path, problems)]
    if not isinstance(value, list):
        words = (
            f"{_expected(of)}, or a list of such"
            if shape.single and (of.kind == "dict" or of.kind in SCALARS)
            else _listed(of)
        )
        problems.add(path, f"holds {'a value' if of.secret else show(value)}, which must be {words}")
        return None
    if (shape.required or shape.low) and not value:
        problems.add(path, "is an empty list; at least one element is needed")
    return [check(of, element, f"{path}[{i}]", problems) for i, element in enumerate(value)]


def _map(shape: Shape, value: t.Any, path: str, problems: Problems) -> t.Any:
    of = shape.of or ANYTHING
    if not isinstance(value, dict):
        problems.add(path, f"{'' if shape.secret else f'holds {show(value)}, '}must be a mapping of names to values")
        return None
    return {key: check(of, element, f"{path}.{key}", problems) for key, element in value.items()}


def _dict(shape: Shape, value: t.Any, path: str, problems: Problems) -> t.Any:
    if not isinstance(value, dict):
        problems.add(
            path, f"holds {show(value)}, which must be a mapping with keys like {', '.join(list(shape.keys)[:3])}"
        )
        return None
    known = catalogue.of_section(shape.keywords) if shape.keywords else {}
    result: dict[str, t.Any] = {}
    meant: list[str] = []
    for key, element in value.items():
        here = f"{path}.{key}"
        if key in shape.keys:
            result[key] = check(shape.keys[key], element, here, problems)
        elif key in known:
            result[key] = _keyword(known[key], element, here, problems)
        else:
            problems.add(here, _unknown(str(key), shape, {*shape.keys, *known}))
            meant += (nearest(str(key), shape.keys) or "").split(" or ")
    for key, sub in shape.keys.items():
        if key in value:
            continue
        if sub.required and key not in meant:
            problems.add(f"{path}.{key}", f"is missing: {sub.doc}")
        elif sub.default is not None:
            result[key] = sub.default
    return result


def _unknown(key: str, shape: Shape, known: t.Collection[str]) -> str:
    for keyword in catalogue.KEYWORDS if shape.keywords else ():
        if keyword.key == key and keyword.belongs_to(shape.keywords) and not keyword.writable:
            return f"cannot be set: {keyword.reason}" if keyword.reason else f"is written as {keyword.own_key}"
    deeper = [name for name, sub in shape.keys.items() if key in sub.keys]
    if len(deeper) == 1:
        return f"unknown key; it belongs into {deeper[0]}: {{{key}: ...}}"
    return f"unknown key{suggest(key, known, 'known here')}{_hint(key, shape)}"


def _hint(key: str, shape: Shape) -> str:
    """Where else the key belongs; what HAProxy may know and we do not has its place too."""
    if not shape.keywords or nearest(key, {*shape.keys, *catalogue.of_section(shape.keywords)}):
        return ""
    for family, example in (("option", "options: [{}]"), ("timeout", "timeout: {{{}: 10s}}")):
        bare = key.removeprefix(f"{family}_").replace("_", "-")
        if bare in catalogue.of_family(family, shape.keywords):
            written = bare if family == "option" else bare.replace("-", "_")
            members = "options" if family == "option" else family
            return f"; {bare} is one of the section's {members}: {example.format(written)}"
    for keyword in catalogue.KEYWORDS:
        if keyword.key == key and not keyword.family:
            return f"; HAProxy knows it in: {', '.join(keyword.sections)}"
    return "; a directive without a key goes into raw" if "raw" in shape.keys else ""


def _keyword(keyword: catalogue.Keyword, value: t.Any, path: str, problems: Problems) -> t.Any:
    """A keyword of the catalogue as a list of arguments, which are printed as written, a line each."""
    if value is False and "flag" in keyword.kind:
        return []
    if "onoff" in keyword.kind and isinstance(value, bool):
        return ["on" if value else "off"]
    values = value if isinstance(value, list) and keyword.many else [value]
    kind, words = next((ARGUMENTS[word] for word in keyword.kind if word in ARGUMENTS), ("line", LINE_VALUE))
    for i, one in enumerate(values):
        here = f"{path}[{i}]" if isinstance(value, list) else path
        if kind == "flag" or (one is True and kind == "line"):
            usable = one is True
        else:
            text = str(one) if isinstance(one, (int, float)) and not isinstance(one, bool) else one
            usable = SCALARS[kind][1](text, Shape(kind))[0]
        if not usable:
            problems.add(here, f"holds {show(one)}, which must be {words}")
            return None
    return values


def _option(shape: Shape, value: t.Any, path: str, problems: Problems) -> t.Any:
    """An option as {name, arguments, no}: `redispatch`, `httpchk GET /`, or `{no: redispatch}`."""
    # YAML reads a bare `no` as false.
    off = isinstance(value, dict) and len(value) == 1 and next(iter(value)) in ("no", "False", False)
    text = next(iter(value.values())) if off else value
    if isinstance(text, str) and text.startswith("no "):
        off, text = True, text[3:]
    if not isinstance(text, str) or not text.strip():
        problems.add(path, f"holds {show(value)}, which must be the name of an option, or {{no: name}}")
        return None
    name, _blank, arguments = text.strip().partition(" ")
    name = name.replace("_", "-")
    known = catalogue.of_family("option", shape.keywords)
    if name not in known:
        elsewhere = [k for k in catalogue.KEYWORDS if k.family == "option" and k.short == name]
        where = f"; HAProxy has it in: {', '.join(elsewhere[0].sections)}" if elsewhere else ""
        problems.add(
            path,
            f"holds {show(text)}, which is no option of this section{where or suggest(name, set(known), 'known here')}",
        )
        return None
    if not SCALARS["line"][1](text, Shape("line"))[0]:
        problems.add(path, "holds more than one line")
        return None
    return {"name": name, "arguments": arguments.strip(), "no": off}


def _rule(shape: Shape, value: t.Any, path: str, problems: Problems) -> t.Any:
    """A raw line stays as it is; a typed action becomes one in rules.py, which knows the actions."""
    from .rules import check_rule

    return check_rule(shape.keywords, value, path, problems)


def _either(shape: Shape, value: t.Any, path: str, problems: Problems) -> t.Any:
    """The alternatives differ by type: what no other takes is told in the words of the last that is a scalar."""
    for alternative in shape.either:
        if _may_be(alternative, value):
            return check(alternative, value, path, problems)
    expected = ", or ".join(_expected(alternative) for alternative in shape.either)
    problems.add(path, f"holds {show(value)}, which must be {expected}")
    return None


def _listed(of: Shape) -> str:
    return f"a list of mappings with keys like {', '.join(list(of.keys)[:3])}" if of.keys else "a list"


def _expected(shape: Shape) -> str:
    if shape.kind == "dict":
        return f"a mapping with keys like {', '.join(list(shape.keys)[:3])}"
    return f"one of {', '.join(shape.choices)}" if shape.choices else SCALARS[shape.kind][0]


def _may_be(shape: Shape, value: t.Any) -> bool:
    """Whether the value's type is the shape's, whatever is in it."""
    if shape.kind in ("dict", "map", "condition"):
        return isinstance(value, dict)
    if shape.kind == "list":
        return isinstance(value, list)
    if shape.kind == "bool":
        return SCALARS["bool"][1](value, shape)[0]
    return isinstance(value, (str, int)) and not isinstance(value, bool)


def _anything(shape: Shape, value: t.Any, path: str, problems: Problems) -> t.Any:
    return value


def _condition(shape: Shape, value: t.Any, path: str, problems: Problems) -> t.Any:
    """Conditions lie in conditions, so that their shape cannot hold itself."""
    from .shapes.conditions import CONDITION

    return check(CONDITION, value, path, problems)


def _when(shape: Shape, value: t.Any, path: str, problems: Problems) -> t.Any:
    """A condition as a mapping, or as a line in HAProxy's words."""
    return _condition(shape, value, path, problems) if isinstance(value, dict) else check(LINE, value, path, problems)


def _entries(shape: Shape, value: t.Any, path: str, problems: Problems) -> t.Any:
    """A map's entries as [key, value]: a mapping is sorted by key, a list keeps its order."""
    pairs = sorted(value.items(), key=lambda pair: str(pair[0])) if isinstance(value, dict) else value
    if not isinstance(pairs, list):
        problems.add(path, f"holds {show(value)}, which must be a mapping, or a list of [key, value]")
        return None
    for i, pair in enumerate(pairs):
        usable = isinstance(pair, (list, tuple)) and len(pair) == 2
        if not usable or not all(SCALARS["text"][1](part, ANYTHING)[0] for part in pair) or " " in str(pair[0]):
            where = f"{path}.{pair[0]}" if isinstance(value, dict) else f"{path}[{i}]"
            problems.add(where, "must be a key without blanks and a value of one line")
            return None
    return [[str(key), str(element)] for key, element in pairs]


COMPOUND: dict[str, t.Callable[[Shape, t.Any, str, Problems], t.Any]] = {
    "list": _list,
    "map": _map,
    "dict": _dict,
    "option": _option,
    "rule": _rule,
    "either": _either,
    "any": _anything,
    "condition": _condition,
    "when": _when,
    "entries": _entries,
}
KINDS = (*SCALARS, *COMPOUND)
