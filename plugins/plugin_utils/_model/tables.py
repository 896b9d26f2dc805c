# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stick tables: printed, and checked against what reads them. HAProxy accepts a counter that no table stores.

The check works on lines as they are printed, so that typed rules, lines and raw ones are the same to it.
"""

from __future__ import annotations

import re
import typing as t

from . import catalogue
from .line import Line
from .problems import Problems, show, suggest
from .section import Section

TRACK = re.compile(r"\btrack-sc(?P<counter>[0-9]+)\s+(?:\"[^\"]*\"|'[^']*'|\S)+(?:\s+table\s+(?P<table>\S+))?")
STICK = re.compile(r"^stick\s+(?:on|match|store-request|store-response)\s+\S+(?:.*?\stable\s+(?P<table>\S+))?")
# A fetch, a converter or an action, and what stands in its brackets.
CALL = re.compile(r"(?<![\w./-])((?:sc[0-9]*_|src_|table_|sc-)[a-z0-9_-]+)(?:\(([^()]*)\))?")
IN_TABLE = re.compile(r"(?<![\w./-])in_table\(([^()]*)\)")
TYPE = re.compile(r"(?:^|\s)type\s+(\S+)(?:\s+len\s+(\S+))?")
TYPES = ("ip", "ipv6", "integer", "string", "binary")
STORE = re.compile(r"\sstore\s+(\S+)")
# What every line has that the patterns above could find: most lines of a large site have none of it.
HINTS = ("sc", "src_", "table", "stick")
# Lines in which a word that looks like a call is none.
TEXTS = ("server", "description", "log-tag")
PROXIES = ("frontend", "backend", "listen")
# Arrays of counters, whose elements are asked for by number; the first of them serve the counters of the old names.
ARRAYS = ("gpc", "gpc_rate", "gpt")
PLACE = {"gpc1": 1, "gpc1_rate": 1}


class Table(t.NamedTuple):
    path: str
    stores: dict[str, str]

    def has(self, data: str, place: int) -> bool:
        if data not in self.stores:
            return False
        size = self.stores[data].split(",")[0].strip()
        return data not in ARRAYS or not size.isdigit() or place < int(size)


class Read(t.NamedTuple):
    """One of `data` has to be stored, at `place` if it is an array: by `table`, or by what `counter` is kept in."""

    text: str
    data: tuple[str, ...]
    place: int
    counter: str
    table: str
    path: str


def printed(stick_table: dict[str, t.Any] | str) -> str:
    """What stands behind `stick-table`."""
    if isinstance(stick_table, str):
        return stick_table
    words = [f"type {stick_table.get('type')}"]
    words += [f"{key} {stick_table[key]}" for key in ("len", "size", "expire") if stick_table.get(key)]
    words += ["nopurge"] if stick_table.get("nopurge") else []
    words += [f"peers {stick_table['peers']}"] if stick_table.get("peers") else []
    store = [data for data in stick_table.get("store") or [] if data]
    return " ".join([*words, *([f"store {','.join(store)}"] if store else [])])


def stick_table(proxy: dict[str, t.Any]) -> list[Line]:
    given = proxy.get("stick_table")
    return [Line(f"stick-table {printed(given)}", f"{proxy['path']}.stick_table")] if given else []


def check(sections: t.Sequence[Section], problems: Problems) -> None:
    """Every counter that is read, against what the table stores that it is kept in."""
    tables = _tables(sections, problems)
    of_section: dict[str, dict[str, set[str]]] = {}
    of_frontends: dict[str, set[str]] = {}
    # Rules of defaults track in the tables of the sections that are made from them.
    of_defaults = {
        m[1] for s in sections if s.kind == "defaults" for line in s.lines for m in TRACK.finditer(line.text)
    }
    reads: list[tuple[Section, Read]] = []
    for section in sections:
        own = of_section.setdefault(section.path, {})
        for line in section.lines:
            if line.text.startswith(TEXTS) or not any(hint in line.text for hint in HINTS):
                continue
            for counter, table in _tracks(line, section, tables, problems):
                own.setdefault(counter, set()).add(table)
                if section.kind != "backend":
                    of_frontends.setdefault(counter, set()).add(table)
            if section.kind in PROXIES:
                reads += [(section, read) for read in _reads(line)]
    for section, read in reads:
        # What a frontend tracks is still tracked when the request is in its backend.
        tracked = [of_section[section.path]] + ([of_frontends] if section.kind == "backend" else [])
        kept = set().union(*(one.get(read.counter, set()) for one in tracked))
        if read.table or read.counter not in of_defaults:
            _judge(read, section, kept, tables, problems)


def _tables(sections: t.Sequence[Section], problems: Problems) -> dict[str, Table]:
    found: dict[str, Table] = {}
    for section in sections:
        for line in section.lines:
            word, _blank, rest = line.text.partition(" ")
            if word == "stick-table" and section.kind in PROXIES:
                found[section.name] = _table(line, rest, problems)
            elif word == "table" and section.kind == "peers":
                found[f"{section.name}/{rest.split(' ')[0]}"] = _table(line, rest, problems)
    return found


def _table(line: Line, words: str, problems: Problems) -> Table:
    """Commas stand between data, and within the brackets of some."""
    kind = TYPE.search(words)
    if kind and kind[1] not in TYPES:
        problems.add(line.path, f"has keys of type {show(kind[1])}, which is none{suggest(kind[1], TYPES, 'types')}")
    elif kind and kind[2] and kind[1] not in ("string", "binary"):
        problems.add(line.path, f"gives keys of type {kind[1]} a len, which only string and binary have")
    found = (re.findall(r"([a-z0-9_]+)(?:\(([^()]*)\))?", stored) for stored in STORE.findall(words))
    return Table(line.path, {name: arguments for data in found for name, arguments in data})


def _tracks(line: Line, section: Section, tables: dict[str, Table], problems: Problems) -> t.Iterator[tuple[str, str]]:
    if section.kind not in PROXIES:
        return
    for match in TRACK.finditer(line.text):
        _is_there(match["table"], section, f"track-sc{match['counter']}", line.path, tables, problems)
        yield match["counter"], match["table"] or section.name
    stick = STICK.match(line.text)
    if stick:
        _is_there(stick["table"], section, "stick", line.path, tables, problems)
    for table in IN_TABLE.findall(line.text):
        _is_there(table.strip(), section, "in_table", line.path, tables, problems)


def _reads(line: Line) -> t.Iterator[Read]:
    for name, inside in CALL.findall(line.text):
        data = catalogue.COUNTERS.get(name)
        if not data:
            continue
        arguments = [argument.strip() for argument in inside.split(",")] if inside else []
        place = PLACE.get(data[0], 0)
        if data[0] in ARRAYS:
            first = arguments.pop(0) if arguments else ""
            place = int(first) if first.isdigit() else 0
        counter = ""
        if name.startswith(("sc_", "sc-")):
            counter = arguments.pop(0) if arguments else ""
        elif name.startswith("sc"):
            counter = name[2 : name.index("_")]
        if "inc" in re.split("[_-]", name):
            # What counts up feeds the rate as well, and a table may keep only that.
            data = (*data, *(f"{one}_rate" for one in data))
        text = f"{name}({inside})" if inside else name
        yield Read(text, data, place, counter, arguments[0] if arguments else "", line.path)


def _judge(read: Read, section: Section, kept: set[str], tables: dict[str, Table], problems: Problems) -> None:
    if read.table or not read.counter:
        if not _is_there(read.table, section, read.text, read.path, tables, problems):
            return
        kept = {read.table or section.name}
    if not kept:
        problems.add(read.path, f"reads {read.text}, and nothing tracks this counter; track-sc{read.counter} does")
        return
    # That a table is not there was told of the rule that tracks in it.
    if any(name not in tables or tables[name].has(data, read.place) for name in kept for data in read.data):
        return
    name = min(kept)
    stored = ", ".join(tables[name].stores)
    problems.add(
        read.path,
        f"reads {read.text} of the table {name}, which stores {stored or 'no counter'}; "
        f"add {_word(read)} to its store ({tables[name].path})",
    )


def _word(read: Read) -> str:
    data = read.data[0]
    arguments = {"count": str(read.place + 1), "period": "10s"}
    words = ",".join(arguments[word] for word in catalogue.DATA_TYPES[data].arguments)
    return f"{data}({words})" if words else data


def _is_there(
    table: str | None, section: Section, what: str, path: str, tables: dict[str, Table], problems: Problems
) -> bool:
    if (table or section.name) in tables:
        return True
    if table:
        problems.add(path, f"names {show(table)} for {what}, no table has this name{suggest(table, tables, 'tables')}")
    else:
        problems.add(
            path,
            f"needs a table for {what}, and the section has none; give it a stick_table"
            + (f", or name one of: {', '.join(sorted(tables))}" if tables else ""),
        )
    return False
