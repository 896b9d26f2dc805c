# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sections beside the proxies: each of their own kind, most of them nothing but keywords; and the files of the tree."""

from __future__ import annotations

import typing as t

from . import answers, hardened, shapes
from .content import KINDS, Content
from .line import File, Line
from .problems import Problems, show
from .section import Section, keywords, option, raw, timeouts
from .words import host

Item = dict[str, t.Any]
STATUSES = tuple(str(status) for status in answers.WITH_PAGE)
# The order in which they are printed: who is named comes before who names.
PRINTED = (
    *("userlists", "resolvers", "mailers", "http_errors", "caches", "rings", "log_forwards", "fcgi_apps", "crt_stores"),
)


def sections(content: Content) -> list[Section]:
    found = []
    for plural in PRINTED:
        own = shapes.SITE_LISTS[f"haproxy_{plural}"][0].keys
        for item in content[plural]:
            kind = KINDS[plural]
            lines = TYPED[plural](item) if plural in TYPED else []
            lines += keywords(item, kind, own) + _options(item) + timeouts(item) + raw(item)
            found.append(Section(kind, item["name"], item["path"], lines))
    for item in content["raw_sections"]:
        kind, _blank, name = item["title"].partition(" ")
        found.append(
            Section(
                kind,
                name,
                item["path"],
                [Line(line, f"{item['path']}.lines[{i}]") for i, line in enumerate(item.get("lines") or []) if line],
            )
        )
    return found


def _options(item: Item) -> list[Line]:
    return [Line(option(o), f"{item['path']}.options[{i}]") for i, o in enumerate(item.get("options") or []) if o]


def _userlist(item: Item) -> list[Line]:
    lines = [Line(f"group {group}", f"{item['path']}.groups[{i}]") for i, group in enumerate(item.get("groups") or [])]
    words = {"password": "password", "insecure_password": "insecure-password"}
    for i, user in enumerate(item.get("users") or []):
        for key, word in words.items():
            if user and user.get("name") and user.get(key):
                groups = f" groups {','.join(filter(None, user['groups']))}" if user.get("groups") else ""
                lines.append(Line(f"user {user['name']} {word} {user[key]}{groups}", f"{item['path']}.users[{i}]"))
    return lines


def _resolvers(item: Item) -> list[Line]:
    lines = []
    for i, server in enumerate(item.get("nameservers") or []):
        if server and server.get("name") and server.get("address"):
            where = f"{host(server['address'])}:{server['port']}"
            lines.append(Line(f"nameserver {server['name']} {where}", f"{item['path']}.nameservers[{i}]"))
    return lines


def _http_errors(item: Item) -> list[Line]:
    return [
        Line(f"errorfile {status} {_page_path(item, status)}", f"{item['path']}.pages.{status}")
        for status, _body in _pages(item)
    ]


def _pages(item: Item) -> list[tuple[str, str]]:
    pages = {str(status): body for status, body in (item.get("pages") or {}).items() if body}
    return sorted((status, body) for status, body in pages.items() if status in STATUSES)


def check_pages(content: Content, problems: Problems) -> None:
    for item in content["http_errors"]:
        for status in item.get("pages") or {}:
            if str(status) not in STATUSES:
                problems.add(
                    f"{item['path']}.pages.{status}",
                    f"is for {show(str(status))}, for which HAProxy has no page; one of: {', '.join(STATUSES)}",
                )


def _page_path(item: Item, status: str) -> str:
    return f"errors/{item['name']}/{status}.http"


TYPED: dict[str, t.Callable[[Item], list[Line]]] = {
    "userlists": _userlist,
    "resolvers": _resolvers,
    "http_errors": _http_errors,
}


def lua(content: Content) -> list[Line]:
    """Loaded in the global section, before anything uses them."""
    return [
        Line(f"lua-load{'-per-thread' if item.get('per_thread') else ''} lua/{item['name']}.lua", item["path"])
        for item in content["lua"]
    ]


def files(content: Content) -> list[File]:
    """Of what is broken too: that its file is not there would follow from what was told."""
    found = [
        File(f"maps/{m['name']}.map", "".join(f"{k} {v}\n" for k, v in m.get("entries") or [])) for m in content["maps"]
    ]
    found += [
        File(f"patterns/{p['name']}.lst", "".join(f"{v}\n" for v in p.get("values") or [] if v))
        for p in content["patterns"]
    ]
    found += [File(f["path"], f.get("content") or "") for f in content["files"]]
    found += [File(f"lua/{item['name']}.lua", item.get("content") or "") for item in content["lua"]]
    for item in content["http_errors"]:
        found += [
            File(_page_path(item, status), hardened.error_page(int(status), body)) for status, body in _pages(item)
        ]
    return found
