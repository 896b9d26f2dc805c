# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Typed actions of rules: a table of what each takes and how it is printed. Those without a line need none."""

from __future__ import annotations

import re
import typing as t

from . import answers
from .check import check
from .line import File
from .problems import Problems
from .shape import Shape
from .shapes.conditions import REDIRECT, RESPOND
from .words import quote

Keys = dict[str, tuple[str, Shape]]
Made = tuple[str, list[File]]


def _required(kind: str, doc: str) -> Shape:
    return Shape(kind, doc, required=True)


def _own(shape: Shape, *without: str) -> Keys:
    return {key: ("", sub) for key, sub in shape.keys.items() if key not in without}


NAME = _required("token", "name of the header")
VALUE = _required("line", "its value, in which HAProxy expands %[...]")
MATCH = _required("regex", "a regular expression")
REPLACE = _required("line", "what is put in its place, \\1 for its first group")
VARIABLE = _required("word", "name of the variable, like txn.user")
PREFIX = _required("url_path", "a path without what follows it")
DENIAL: Keys = {
    "status": ("", Shape("int", "status", low=200, high=599)),
    **_own(RESPOND, "status"),
}
TRACKED: Keys = {
    "key": ("", Shape("line", "what is counted, like src", required=True)),
    "table": ("table", Shape("name", "the section whose stick table counts; this one's if left out")),
}

# action: (HAProxy's name, {key: (word in front of the value, what it may be)} in the order HAProxy wants)
ACTIONS: dict[str, tuple[str, Keys]] = {
    "accept": ("accept", {}),
    "allow": ("allow", {}),
    "reject": ("reject", {}),
    "deny": ("deny", DENIAL),
    "tarpit": ("tarpit", DENIAL),
    "redirect": ("redirect", _own(REDIRECT)),
    "return": ("return", _own(RESPOND)),
    "auth": ("auth", {"realm": ("realm", Shape("text", "what the browser shows", required=True))}),
    "set_header": ("set-header", {"name": ("", NAME), "value": ("", VALUE)}),
    "add_header": ("add-header", {"name": ("", NAME), "value": ("", VALUE)}),
    "del_header": ("del-header", {"name": ("", NAME)}),
    "replace_header": ("replace-header", {"name": ("", NAME), "match": ("", MATCH), "replace": ("", REPLACE)}),
    "replace_value": ("replace-value", {"name": ("", NAME), "match": ("", MATCH), "replace": ("", REPLACE)}),
    "set_path": ("set-path", {"path": ("", _required("line", "the path, in which HAProxy expands %[...]"))}),
    "replace_path": ("replace-path", {"match": ("", MATCH), "replace": ("", REPLACE)}),
    "set_query": ("set-query", {"query": ("", _required("line", "the query, in which HAProxy expands %[...]"))}),
    "strip_prefix": ("replace-path", {"prefix": ("", PREFIX)}),
    "add_prefix": ("replace-path", {"prefix": ("", PREFIX)}),
    "replace_prefix": ("replace-path", {"from": ("", PREFIX), "to": ("", PREFIX)}),
    "set_var": (
        "set-var",
        {"name": ("", VARIABLE), "value": ("", _required("line", "an expression, like req.hdr(host)"))},
    ),
    "set_var_fmt": ("set-var-fmt", {"name": ("", VARIABLE), "value": ("", VALUE)}),
    "unset_var": ("unset-var", {"name": ("", VARIABLE)}),
    "track_sc0": ("track-sc0", TRACKED),
    "track_sc1": ("track-sc1", TRACKED),
    "track_sc2": ("track-sc2", TRACKED),
    "cache_use": ("cache-use", {"name": ("", _required("name", "one of haproxy_caches"))}),
    "cache_store": ("cache-store", {"name": ("", _required("name", "one of haproxy_caches"))}),
}

# These may be given as a value instead of a mapping; a value of any other action is its arguments as one line.
ALONE = {"strip_prefix": "prefix", "add_prefix": "prefix"}


def words(key: str, given: t.Any, path: str, problems: Problems) -> Made:
    """The action as HAProxy reads it; empty where something is wrong."""
    name, keys = ACTIONS[key]
    if key in ALONE and not isinstance(given, dict):
        inner = check(keys[ALONE[key]][1], given, path, problems)
        values = None if inner is None else {ALONE[key]: inner}
    else:
        values = check(Shape("dict", keys={key: sub for key, (_word, sub) in keys.items()}), given, path, problems)
    if problems or values is None:
        return "", []
    if key in PRINTERS:
        return PRINTERS[key](values, path, problems)
    parts = [
        part for k, (word, _shape) in keys.items() if k in values for part in (word, quote(str(values[k]))) if part
    ]
    return " ".join([name, *parts]), []


def _redirect(values: dict[str, t.Any], path: str, problems: Problems) -> Made:
    answers.check_redirect(values, path, problems)
    return answers.redirect(values), []


def _return(values: dict[str, t.Any], path: str, problems: Problems) -> Made:
    answers.check_respond(values, path, problems)
    return answers.respond(values, _place(path))


def _denial(values: dict[str, t.Any], path: str, problems: Problems) -> Made:
    answers.check_respond(values, path, problems)
    status = values.get("status")
    if status and not values.get("body") and status not in answers.WITH_PAGE:
        problems.add(
            f"{path}.status",
            f"holds {status}, for which HAProxy has no page; give a body, or one of: "
            + ", ".join(map(str, answers.WITH_PAGE)),
        )
    text, files = answers.denial(values, _place(path))
    return path.rpartition(".")[2] + text, files


def _place(path: str) -> str:
    """`haproxy_frontends[0].http_request[2].return` as the name of a file: unique, and the same in every run."""
    return path.replace("[", ".").replace("]", "")


def _prefix(old: str, new: str) -> str:
    """By segment: /api is a prefix of /api and /api/x, not of /apix. What is not of this form stays as it is."""
    old, new = old.rstrip("/"), answers.literal(new.rstrip("/")).replace("\\", "\\\\")
    if not old:
        match, replace = "^(/.*)$", rf"{new}\1"
    elif not new:
        match, replace = rf"^{re.escape(old)}(?:/(.*))?$", r"/\1"
    else:
        match, replace = rf"^{re.escape(old)}(/.*)?$", rf"{new}\1"
    return f"replace-path {quote(match)} {quote(replace)}"


def _set_var(name: str) -> t.Callable[[dict[str, t.Any], str, Problems], Made]:
    def made(values: dict[str, t.Any], path: str, problems: Problems) -> Made:
        if not re.fullmatch(r"(proc|sess|txn|req|res|check)\.[A-Za-z0-9_.]+", values["name"]):
            problems.add(
                f"{path}.name",
                f"holds '{values['name']}', which must be proc., sess., txn., req., res. or check. and a name",
            )
        value = f" {quote(values['value'])}" if "value" in values else ""
        return f"{name}({values['name']}){value}", []

    return made


PRINTERS: dict[str, t.Callable[[dict[str, t.Any], str, Problems], Made]] = {
    "redirect": _redirect,
    "return": _return,
    "deny": _denial,
    "tarpit": _denial,
    "strip_prefix": lambda values, path, problems: (_prefix(values["prefix"], "/"), []),
    "add_prefix": lambda values, path, problems: (_prefix("/", values["prefix"]), []),
    "replace_prefix": lambda values, path, problems: (_prefix(values["from"], values["to"]), []),
    "set_var": _set_var("set-var"),
    "set_var_fmt": _set_var("set-var-fmt"),
    "unset_var": _set_var("unset-var"),
}
