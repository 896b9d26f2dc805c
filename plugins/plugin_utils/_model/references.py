# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one line says of another: names that must exist, conditions that must be known, modes that must agree."""

from __future__ import annotations

import functools
import re
import typing as t

from . import catalogue, phrases, secrets
from .content import KINDS
from .line import Line
from .problems import Problems, nearest, show, suggest
from .section import Section
from .site import Site

Item = dict[str, t.Any]
# HAProxy reads at most 64 words of a line (configuration manual, section 2.2).
MOST_WORDS = 64
QUOTED = re.compile(r"'[^']*'|\"(?:\\.|[^\"\\])*\"")
# Where HAProxy stops reading; a line that is nothing but a comment says so.
COMMENT = re.compile(r"[^\s].*#")
ESCAPED_BLANK = re.compile(r"\\.")
NAME = r"([A-Za-z0-9_.:-]+)"
# (what stands in the line, the kind of thing that is named there); outside of quotes only
WORDS = (
    (re.compile(rf"\s(?:cache-use|cache-store)\s+{NAME}"), "cache"),
    (re.compile(rf"\sresolvers\s+{NAME}"), "resolvers"),
    (re.compile(rf"^errorfiles\s+{NAME}"), "http-errors"),
    (re.compile(rf"^use-fcgi-app\s+{NAME}"), "fcgi-app"),
    (re.compile(rf"^email-alert mailers\s+{NAME}"), "mailers"),
    (re.compile(rf"^(?:stick-table\s.*\s)?peers\s+{NAME}"), "peers"),
    (re.compile(rf"^filter cache\s+{NAME}"), "cache"),
    (re.compile(rf"^filter fcgi-app\s+{NAME}"), "fcgi-app"),
    (re.compile(rf"^log\s+ring@{NAME}"), "ring"),
    (re.compile(rf"^server\s.*\s(?:track)\s+{NAME}/"), "backend"),
    (re.compile(rf"\sattach-srv\s+{NAME}/"), "backend"),
)
# The same of functions, which may stand in quotes too.
CALLS = (
    (re.compile(rf"\bhttp_auth(?:_group)?\({NAME}\)"), "userlist"),
    (re.compile(rf"\bdo-resolve\([^,()]+,{NAME}"), "resolvers"),
    (re.compile(rf"\b(?:nbsrv|be_conn|be_conn_free|be_sess_rate|avg_queue|connslots|queue)\({NAME}\)"), "backend"),
    (re.compile(rf"\bsrv_[a-z_]+\({NAME}/"), "backend"),
    (re.compile(rf"\bfe_[a-z_]+\({NAME}\)"), "frontend"),
)
# A server, behind its backend where that is another than the section itself.
SERVER_WORDS = (
    re.compile(rf"^()use-server\s+{NAME}(?=\s|$)"),
    re.compile(rf"^server\s.*\s(?:track)\s+(?:{NAME}/)?{NAME}(?=\s|$)"),
    re.compile(rf"\sattach-srv\s+(?:{NAME}/)?{NAME}(?=\s|$)"),
)
SERVER_CALLS = (re.compile(rf"\bsrv_[a-z_]+\((?:{NAME}/)?{NAME}\)"),)
SECTIONS = {"resolvers", "peers", "mailers", "http-errors"}
# A file that the line reads: in the tree if its name is relative.
FILES = (
    re.compile(r"\bmap(?:_[a-z0-9]+)*\(([^,()\s]+)"),
    re.compile(r"\b(?:set-map|del-map|add-acl|del-acl)\(([^()\s]+)\)"),
    re.compile(r"\s-f\s+(\S+)"),
    re.compile(r"^errorfile\s+\d+\s+(\S+)"),
    re.compile(r"\s(?:lf-file|errorfile|ca-file|crl-file|crt|crt-list)\s+(\S+)"),
    re.compile(r"\sreturn\s.*\sfile\s+(\S+)"),
    re.compile(r"^filter spoe\s.*\sconfig\s+(\S+)"),
)
# From the node's resolv.conf, where no section has this name.
MADE_BY_HAPROXY = {("resolvers", "default")}
ELSEWHERE = ("/", "@", "virt@", "opt@", "'", '"')
# What every line has that the forms above could find: most lines have none of it.
NAMES_SOMETHING = re.compile(
    r"cache|resolve|error|fcgi|mailers|peers|ring@|track|attach|http_auth|nbsrv|be_|fe_|srv|queue|connslots|use-server"
)
NAMES_A_FILE = re.compile(r"map|acl\(|\s-f\s|file|crt|config")
CONDITION = re.compile(r"\s(?:if|unless)\s")
CONDITIONED = (
    *catalogue.RULE_FAMILIES,
    *("use_backend", "use-server", "redirect", "stats", "force-persist", "ignore-persist", "monitor", "stick"),
)


class _Known(t.NamedTuple):
    """What lines may name; `told`: by path what has been told of it, or of what is in it."""

    site: Site
    files: t.Collection[str]
    sections: dict[str, Section]
    servers: dict[str, dict[str, None]]
    told: dict[str, list[str]]


def check_lines(sections: list[Section], site: Site, files: t.Collection[str], problems: Problems) -> None:
    """Every line by itself; of thousands of servers that say the same, each thing that they name is looked up once."""
    backends = {section.name: section for section in sections if section.kind in ("backend", "listen")}
    known = _Known(site, files, backends, {}, _told(problems))
    for section in sections:
        acls = {line.text.split()[1] for line in section.lines if line.text.startswith("acl ") and " " in line.text[4:]}
        seen: set[str] = set()
        for line in section.lines:
            if line.text.startswith("server"):
                words = re.sub(r"\bid \d+|\b(?:weight|maxconn) \d+", "", line.text.split(" ", 3)[-1])
                if words in seen:
                    continue
                seen.add(words)
            _check_line(line, section, acls, known, problems)


def _told(problems: Problems) -> dict[str, list[str]]:
    told: dict[str, list[str]] = {}
    for path, text in problems:
        while path:
            told.setdefault(path, []).append(text)
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
    return told


def _check_line(line: Line, section: Section, acls: set[str], known: _Known, problems: Problems) -> None:
    secrets.check_line(line.text, line.path, problems)
    bare = QUOTED.sub("''", line.text)
    told = known.told.get(line.path, [])
    unescaped = ESCAPED_BLANK.sub("x", bare)
    count = len(unescaped.split())
    if count > MOST_WORDS and not any(" words" in text for text in told):
        problems.add(
            line.path,
            f"makes a line of {count} words, and HAProxy reads {MOST_WORDS}; put values into haproxy_patterns",
        )
    if COMMENT.search(unescaped):
        problems.add(line.path, phrases.CUT_OFF)
    if NAMES_SOMETHING.search(line.text):
        _check_names(line, bare, section, known, problems)
    if section.kind in ("frontend", "backend", "listen", "defaults"):
        _check_files(bare, line.path, known.files, problems)
        _check_condition(line.text, line.path, acls, known, problems)


def _check_names(line: Line, bare: str, section: Section, known: _Known, problems: Problems) -> None:
    told = known.told.get(line.path, [])
    for text, table in ((bare, WORDS), (line.text, CALLS)):
        for form, kind in table:
            for name in form.findall(text):
                if not _is_told(name, told):
                    _check_name(name, kind, line.path, known.site, problems)
    for text, forms in ((bare, SERVER_WORDS), (line.text, SERVER_CALLS)):
        for form in forms:
            for backend, name in form.findall(text):
                if not _is_told(name, told):
                    _check_server(backend or section.name, name, line.path, known, problems)


def _is_told(name: str, told: list[str]) -> bool:
    return any(show(name) in text for text in told)


def _check_files(bare: str, path: str, files: t.Collection[str], problems: Problems) -> None:
    for form in FILES if NAMES_A_FILE.search(bare) else ():
        for name in form.findall(bare):
            if name.startswith(ELSEWHERE) or name in files:
                continue
            near = nearest(name, files)
            problems.add(
                path,
                f"names the file {show(name)}, which is not in the tree{f'; did you mean {near}?' if near else ''}; "
                "haproxy_maps, haproxy_patterns and haproxy_files put one there, a file of the node is named by its "
                "absolute path",
            )


def _check_name(name: str, kind: str, path: str, site: Site, problems: Problems) -> None:
    known = site.names.get(kind, {})
    if kind == "frontend":
        known = {**known, **site.names.get("listen", {})}
    if name not in known and (kind, name) not in MADE_BY_HAPROXY:
        what = f"{kind} section" if kind in SECTIONS else kind
        problems.add(path, f"names {show(name)}, no {what} has this name{suggest(name, known, _listed(kind))}")


def _listed(kind: str) -> str:
    """The variable that lists what there is of a kind."""
    plural = next((plural for plural, of in KINDS.items() if of == kind), "")
    return "backends" if kind == "backend" else f"haproxy_{plural}"


def _check_server(backend: str, name: str, path: str, known: _Known, problems: Problems) -> None:
    section = known.sections.get(backend)
    if section is None:
        return
    if backend not in known.servers:
        known.servers[backend] = _servers(section)
    servers = known.servers[backend]
    if name not in servers:
        tail = suggest(name, servers, "servers")
        problems.add(path, f"names {show(name)}, no server of {backend} has this name{tail}")


def _servers(section: Section) -> dict[str, None]:
    found: list[str] = []
    for line in section.lines:
        words = line.text.split(" ", 3)
        if words[0] == "server" and len(words) > 1:
            found.append(words[1])
        elif words[0] == "server-template" and len(words) > 2 and words[2].isdigit():
            found += [f"{words[1]}{number}" for number in range(1, int(words[2]) + 1)]
    return dict.fromkeys(found)


def _check_condition(text: str, path: str, acls: set[str], known: _Known, problems: Problems) -> None:
    if text.split(" ", 1)[0] not in CONDITIONED or not CONDITION.search(text):
        return
    words = phrases.words_of(text)
    at = next((i for i, word in enumerate(words or []) if word in ("if", "unless")), None)
    if words is not None and at is None:
        return
    terms, wrong = phrases.read(text if words is None else " ".join(words[at or 0 :][1:]))
    told = known.told.get(path, [])
    if wrong and wrong not in told:
        problems.add(path, wrong)
    for name in [words for term in terms for _negated, words in term if not words.startswith("{")]:
        if name not in acls and name not in catalogue.PREDEFINED_ACLS and not _is_told(name, told):
            problems.add(path, f"uses the condition {show(name)}, {_undefined(name, acls, known.site)}")


def _undefined(name: str, acls: set[str], site: Site) -> str:
    named = site.names["condition"]
    if name in named:
        return "which is known in routes and rules only; an acl of this section is known here"
    here = {*acls, *named}
    near = nearest(name, {*here, *catalogue.PREDEFINED_ACLS})
    tail = f"; did you mean {near}?" if near else suggest(name, here, "known here") if here else ""
    return f"which nothing here defines{tail}; haproxy_conditions and acl define one, `{{ ... }}` is one without a name"


def check_backends(proxies: list[Item], site: Site, problems: Problems) -> None:
    for proxy in proxies:
        for path, name in _backends_of(proxy):
            known, mode = site.names["backend"], site.modes.get(name)
            if name not in known:
                problems.add(path, f"holds {show(name)}, no backend has this name{suggest(name, known, 'backends')}")
            elif mode and proxy.get("mode") and mode != proxy["mode"]:
                problems.add(
                    path,
                    f"holds {show(name)}, a backend in mode: {mode}; this frontend is in mode: {proxy['mode']}",
                )


def _backends_of(proxy: Item) -> t.Iterator[tuple[str, str]]:
    for i, route in enumerate(proxy.get("routes") or []):
        if route and route.get("backend"):
            yield f"{proxy['path']}.routes[{i}].backend", route["backend"]
    if proxy.get("default_backend"):
        yield f"{proxy['path']}.default_backend", proxy["default_backend"]


def check_named(proxies: list[Item], site: Site, problems: Problems) -> None:
    """Keys of ours that hold the name of a section, where nothing else looks it up."""
    for proxy in proxies:
        path = proxy["path"]
        _check_key(proxy.get("from"), "defaults", f"{path}.from", site, problems)
        for i, template in enumerate(proxy.get("server_templates") or []):
            here = f"{path}.server_templates[{i}].resolvers"
            _check_key((template or {}).get("resolvers"), "resolvers", here, site, problems)
        table = proxy.get("stick_table")
        if isinstance(table, dict):
            _check_key(table.get("peers"), "peers", f"{path}.stick_table.peers", site, problems)


def _check_key(name: str | None, kind: str, path: str, site: Site, problems: Problems) -> None:
    known = site.names[kind]
    if name and name not in known and (kind, name) not in MADE_BY_HAPROXY:
        what = "no named defaults have" if kind == "defaults" else f"no {kind} section has"
        problems.add(path, f"holds {show(name)}, {what} this name{suggest(name, known, _listed(kind))}")


@functools.cache
def _keywords(kind: str) -> dict[str, catalogue.Keyword]:
    return {k.key: k for k in catalogue.KEYWORDS if k.belongs_to(kind)}


def check_mode(section: Item, kind: str, problems: Problems) -> None:
    """In TCP mode HAProxy ignores what is HTTP's, or refuses it: it would not do what it says."""
    if section.get("mode") != "tcp":
        return
    path = section["path"]
    known = _keywords(kind)
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


def check_raw(section: Item, kind: str, problems: Problems) -> None:
    """A raw line that the model would have to know of: it opens a section, or has an order or a name to be checked."""
    for i, line in enumerate(section.get("raw") or []):
        first = str(line or "").split(maxsplit=1)[0] if line else ""
        path = f"{section['path']}.raw[{i}]"
        if first in catalogue.SECTIONS and first not in catalogue.of_section(kind):
            problems.add(path, f"begins with {first}, which would open a section that is not checked")
        elif kind in ("frontend", "backend", "listen") and first in catalogue.RULE_FAMILIES:
            problems.add(
                path,
                f"is one of the {first} rules; write it into {first.replace('-', '_')}, where lines keep their order",
            )
        elif kind == "frontend" and first in ("use_backend", "default_backend") and " %[" not in line:
            known = {"use_backend": "a route with if", "default_backend": "default_backend"}[first]
            problems.add(path, f"refers to a backend unchecked; write it as {known}")
