# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HAProxy's keywords as data: the manuals of 2.6 and 3.0, and what is known of 2.4.

The tables in the modules beside this one have a line for each keyword, in the order in which a section prints them; a
line that begins with a blank continues the one above it:

    keyword | sections | mode | since | kind | what it does

A `*` behind the keyword: it may be given as a list, a line each. The sections are g(lobal), d(efaults), f(rontend),
b(ackend), B(ind) and S(erver), or others by name; `listen` has those of frontend and backend. `mode` is http or tcp
where the keyword means something in that mode only. `since` is empty for what both manuals have, `2.6` for what 2.4 has
not, `3.0` for what the manual of 2.6 has not, `<3.0` for what is gone from that of 3.0. `kind`, words with blanks:

    flag                    no argument
    int time size onoff     the kind of its only argument
    @resolvers @table ...   it refers to one by name
    build:LUA ...           `haproxy -vv` must list this feature
    secret                  it holds a secret
    final                   an action after which no further rule of its family is evaluated
    key:binds               a key of our own prints it; it cannot be written by its own name
    none:reason             it cannot be written, for this reason (the rest of the cell)

`make keywords` compares all of it with the manuals.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from functools import cache

from . import actions, binds, globals_, named, names, proxies, servers

ROUNDROBIN_LIMIT = names.ROUNDROBIN_LIMIT
RULE_FAMILIES = names.RULE_FAMILIES
SECRET_FORMS = names.SECRET_FORMS
SECTIONS = names.SECTIONS

SECTION_OF_LETTER = {"g": "global", "d": "defaults", "f": "frontend", "b": "backend", "B": "bind", "S": "server"}
FAMILY_OF_LETTER = {
    **dict(zip("QRA", ("http-request", "http-response", "http-after-response"))),
    **dict(zip("CET", ("tcp-request connection", "tcp-request session", "tcp-request content"))),
    **dict(zip("PHK", ("tcp-response content", "http-check", "tcp-check"))),
    **dict(zip("tp", ("tcp-request", "tcp-response"))),
}
# The versions whose manuals the tables were compared with.
MANUALS = ((2, 6), (3, 0))


@dataclass(frozen=True)
class Record:
    name: str
    since: str
    kind: tuple[str, ...]
    doc: str

    def _marked(self, mark: str) -> tuple[str, ...]:
        return tuple(word.removeprefix(mark) for word in self.kind if word.startswith(mark))

    @property
    def refers(self) -> tuple[str, ...]:
        """What it names: resolvers, table, file ..."""
        return self._marked("@")

    @property
    def builds(self) -> tuple[str, ...]:
        """The features of the build that it needs, as `haproxy -vv` writes them."""
        return self._marked("build:")

    @property
    def own_key(self) -> str:
        return next(iter(self._marked("key:")), "")

    @property
    def reason(self) -> str:
        return next(iter(self._marked("none:")), "")

    @property
    def secret(self) -> bool:
        return "secret" in self.kind

    @property
    def tier(self) -> str:
        if self.reason:
            return "not applicable"
        return "typed" if self.refers or self.builds or self.secret or self.own_key else "known"


@dataclass(frozen=True)
class Keyword(Record):
    sections: tuple[str, ...]
    mode: str
    many: bool
    order: int

    @property
    def http_only(self) -> bool:
        return self.mode == "http"

    @property
    def key(self) -> str:
        """The keyword as a variable: dashes and blanks are underscores."""
        return self.name.replace("-", "_").replace(" ", "_")

    @property
    def family(self) -> str:
        """`option` and `timeout` are families with a variable of their own; everything else stands by itself."""
        return next((first for first in ("option", "timeout") if self.name.startswith(f"{first} ")), "")

    @property
    def short(self) -> str:
        """The name within its family, as HAProxy writes it."""
        return self.name.split(" ", 1)[1] if self.family else self.name

    @property
    def writable(self) -> bool:
        return not self.own_key and not self.reason

    def belongs_to(self, section: str) -> bool:
        wanted = ("frontend", "backend") if section == "listen" else (section,)
        return any(name in self.sections for name in wanted)

    def line(self, value: t.Any) -> str:
        """As HAProxy reads it; some keywords have an argument in parentheses, without a blank in front of it."""
        return self.name if value is True else f"{self.name}{'' if str(value).startswith('(') else ' '}{value}"


@dataclass(frozen=True)
class Action(Record):
    family: str

    @property
    def final(self) -> bool:
        """No further rule of the family is evaluated behind it."""
        return "final" in self.kind


@dataclass(frozen=True)
class DataType(Record):
    arguments: tuple[str, ...]
    stands_for: tuple[str, ...]
    readers: tuple[str, ...]


def _cells(table: str, columns: int) -> t.Iterator[list[str]]:
    for line in table.strip().replace("\n ", " ").splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) != columns:
            raise ValueError(f"{columns} columns are needed: {line}")
        yield cells


def _kind(cell: str) -> tuple[str, ...]:
    return (cell,) if cell.startswith("none:") else tuple(cell.split())


def _sections(cell: str) -> tuple[str, ...]:
    return tuple(SECTION_OF_LETTER[x] for x in cell) if set(cell) <= set(SECTION_OF_LETTER) else tuple(cell.split())


def _keywords() -> tuple[Keyword, ...]:
    tables = (globals_.TABLE, proxies.TABLE, binds.TABLE, servers.TABLE, named.TABLE)
    rows = [cells for table in tables for cells in _cells(table, 6)]
    return tuple(
        Keyword(name.rstrip("*"), since, _kind(kind), doc, _sections(cell), mode, name.endswith("*"), order)
        for order, (name, cell, mode, since, kind, doc) in enumerate(rows)
    )


def _actions() -> dict[str, dict[str, Action]]:
    found: dict[str, dict[str, Action]] = {family: {} for family in RULE_FAMILIES}
    for action, letters, since, kind, doc in _cells(actions.TABLE, 5):
        for letter in letters:
            family, *stage = FAMILY_OF_LETTER[letter].split()
            name = " ".join([*stage, action])
            found[family][name] = Action(name, since, _kind(kind), doc, family)
    return found


def _data_types() -> dict[str, DataType]:
    found = {}
    for name, arguments, since, others, doc, readers in _cells(names.DATA_TYPE_TABLE, 6):
        counters = ("sc", "sc0", "sc1", "sc2")
        spelt = [r.replace("sc*", c) for r in readers.split() for c in (counters if r.startswith("sc*") else ("",))]
        found[name] = DataType(name, since, (), doc, tuple(arguments.split()), tuple(others.split()), tuple(spelt))
    return found


def _counters() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for data_type in DATA_TYPES.values():
        arrays = tuple(other.name for other in DATA_TYPES.values() if data_type.name in other.stands_for)
        found.update(dict.fromkeys(data_type.readers, (data_type.name, *arrays)))
    return found


def _named(table: str) -> dict[str, Record]:
    return {name: Record(name, since, (), doc) for name, since, doc in _cells(table, 3)}


KEYWORDS = _keywords()
# Keywords of proxies with a higher order stand behind the rules.
RULES_ORDER = next(k.order for k in KEYWORDS if k.name == RULE_FAMILIES[0])
ACTIONS = _actions()
DATA_TYPES = _data_types()
# Fetches, converters and actions of stick tables, each with the types of which one must be stored.
COUNTERS = _counters()
PREDEFINED_ACLS = _named(names.PREDEFINED_ACL_TABLE)
ALGORITHM_RECORDS = _named(names.ALGORITHM_TABLE)
ALGORITHMS = {name: f"{r.doc} ({r.since})" if r.since else r.doc for name, r in ALGORITHM_RECORDS.items()}


@cache
def of_section(section: str) -> dict[str, Keyword]:
    """The keywords of a section that are variables by themselves, by variable."""
    return {k.key: k for k in KEYWORDS if not k.family and k.writable and k.belongs_to(section)}


@cache
def of_family(family: str, section: str) -> dict[str, Keyword]:
    """The options or timeouts of a section, by HAProxy's own short name."""
    return {k.short: k for k in KEYWORDS if k.family == family and k.writable and k.belongs_to(section)}


def actions_of(family: str) -> dict[str, Action]:
    """The actions of a family of rules, by name; those of tcp-request and tcp-response with the stage in front."""
    return ACTIONS[family]


def version(text: str) -> tuple[int, ...]:
    """`2.6.12-1` as numbers that compare: (2, 6)."""
    major, minor = [*text.split("-")[0].split("+")[0].split("."), "0"][:2]
    return (int(major), int(minor))


def present(since: str, at: tuple[int, ...]) -> bool | None:
    """Whether a version has what is recorded with this `since`; None where nobody has looked."""
    if not since:
        return True
    edge = version(since.removeprefix("<"))
    if at[:2] in MANUALS or edge == MANUALS[0]:
        return at[:2] < edge if since.startswith("<") else at[:2] >= edge
    return None
