#!/usr/bin/env python3
# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares the catalogue with HAProxy's own configuration manuals and writes docs/keywords.md; `make keywords`.

A manual that cannot be read is an error, never a shorter list: every heading of the sections below must be understood,
and every family must have at least the number of keywords that is known of it.
"""

from __future__ import annotations

import argparse
import gzip
import pathlib
import re
import sys
import typing as t

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "collections"))

from ansible_collections.hardened.balancer.plugins.plugin_utils._model import catalogue

Lines = list[str]
Found = dict[str, set[str]]
Row = tuple[str, str, str, str, str, str]

STAGES = {"tcp-request": ("connection", "session", "content"), "tcp-response": ("content",)}
# First words that are only the beginning of a keyword, by the number of words that the keyword has.
LONG = {
    **dict.fromkeys(("compression", "declare", "email-alert", "external-check", "monitor", "option", "persist"), 2),
    **dict.fromkeys(("rate-limit", "stats", "stick", "timeout"), 2),
    "capture": 2,
    "capture request": 3,
    "capture response": 3,
}
# Where the first word is all of the keyword: on the lines of binds and servers, and `external-check` in global.
SINGLE = ("bind", "server")
COMPLETE = {("global", "external-check")}
# What the manual writes as a placeholder in the place of a word of the keyword.
PLACEHOLDERS = {("resolvers", "timeout <event>"): ("timeout resolve", "timeout retry")}
ERRATA = {"tcp-resposne": "tcp-response"}
# The sections of the manual that begin with these titles, and whose keywords their headings are. The second is the
# word that opens the section in haproxy.cfg, which is no keyword of it.
HEADED = {
    "Process management and security": ("global", ""),
    "Performance tuning": ("global", ""),
    "Debugging": ("global", ""),
    "HTTPClient tuning": ("global", ""),
    "Userlists": ("userlist", "userlist"),
    "Peers": ("peers", "peers"),
    "Mailers": ("mailers", "mailers"),
    "HTTP-errors": ("http-errors", "http-errors"),
    "Rings": ("ring", "ring"),
    "Log forwarding": ("log-forward", "log-forward"),
    "Certificate Storage": ("crt-store", ""),
    "Bind options": ("bind", ""),
    "Server and default-server options": ("server", ""),
    "The resolvers section": ("resolvers", "resolvers"),
    "Cache section": ("cache", "cache"),
    "Fcgi-app section": ("fcgi-app", "fcgi-app"),
}
GLOBALS = "Global parameters"
MATRIX = "Proxy keywords matrix"
REFERENCE = "Alphabetically sorted keywords reference"
ACTION_MATRIX = "Actions keywords matrix"
ACTION_REFERENCE = "Alphabetically sorted actions reference"
# The columns of the matrix of actions and of "Usable in", as stages of the families.
ACTION_COLUMNS = (
    "tcp-request connection",
    "tcp-request session",
    "tcp-request content",
    "tcp-response content",
    "http-request",
    "http-response",
    "http-after-response",
)
# How many keywords each family has in HAProxy 2.6; fewer mean that something was not read.
AT_LEAST = {
    "global": 172,
    "proxies": 165,
    "bind": 66,
    "server": 99,
    "tcp-request": 72,
    "http-request": 58,
    "tcp-response": 18,
    "http-response": 35,
    "http-after-response": 12,
    "http-check": 9,
    "tcp-check": 10,
    "userlist": 2,
    "peers": 9,
    "mailers": 2,
    "resolvers": 7,
    "cache": 5,
    "http-errors": 1,
    "ring": 8,
    "log-forward": 6,
    "fcgi-app": 11,
    "balance": 11,
    "stick-table": 24,
    "predefined acls": 22,
    "counters": 155,
}
SINCE_3_0 = {"crt-store": 3}
# Names that are compared with the manuals and are no keywords.
NAMES = ("balance", "stick-table", "predefined acls", "counters")
# Described in the manual of Lua only, or in a sentence; they cannot be found by a heading.
NOT_BY_HEADING = {"lua"}

WORD = re.compile(r"[a-z0-9][a-z0-9._-]*")
TITLE = re.compile(r"(?P<number>\d+(?:\.\d+)*)\.? (?P<title>\S.*)")
DATA_TYPE = re.compile(r"    - (?P<name>[a-z0-9_]+)(?:\(.*\))? : ")
COUNTER = re.compile(r"(?P<name>(?:sc[0-2]?|src|table)_[a-z0-9_]+)(?:\(.*?\))?(?: :.*)?")
ACL = re.compile(r"(?P<name>[A-Z][A-Z0-9_.]+) +\S")
ALGORITHM = re.compile(r"      (?P<name>[a-z][a-z_-]+)(?:\(<.*>\))?(?: {2,}\S.*| [A-Z].*)?")
NOT_COUNTERS = {
    *("src_is_local", "src_port", "table_avl", "table_cnt", "table_expire", "table_idle", "table_trackers"),
    *(f"sc{n}_{what}" for n in ("", 0, 1, 2) for what in ("tracked", "trackers")),
}


class UnreadableError(Exception):
    """The manual has something that this program does not understand."""


class Manual(t.NamedTuple):
    version: str
    families: Found
    # keyword of a proxy: the letters of the sections that the matrix ticks
    ticks: dict[str, str]


def read(path: pathlib.Path) -> Manual:
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8", errors="replace")
    lines = text.splitlines()
    match = next(filter(None, (re.fullmatch(r"\s+version (\d+\.\d+)", line) for line in lines[:10])), None)
    if not match:
        raise UnreadableError(f"{path}: no version in its first lines")
    chapters = split(lines)
    families: Found = {}
    for title, (family, opener) in HEADED.items():
        for _number, body in chapters.get(title, []):
            families.setdefault(family, set()).update(headed(family, opener, body))
    in_global = families.setdefault("global", set())
    in_global |= listed(chapter(chapters, GLOBALS), in_global)
    ticks = matrix(chapter(chapters, MATRIX))
    of_proxies(chapter(chapters, REFERENCE), ticks, families)
    of_actions(chapters, families)
    of_names(chapters, families)
    for family, least in {**AT_LEAST, **(SINCE_3_0 if match[1] != "2.6" else {})}.items():
        count = len(families.get(family, ()))
        if count < least:
            raise UnreadableError(f"{path}: only {count} keywords of {family} were found, at least {least} exist")
    return Manual(match[1], families, ticks)


def split(lines: Lines) -> dict[str, list[tuple[str, Lines]]]:
    """The chapters of the manual by title, without what lies in chapters below them."""
    chapters: dict[str, list[tuple[str, Lines]]] = {}
    current: Lines = []
    for i, line in enumerate(lines):
        title = TITLE.fullmatch(line)
        if title and re.fullmatch(r"-+", lines[i + 1] if i + 1 < len(lines) else ""):
            current = []
            chapters.setdefault(title["title"], []).append((title["number"], current))
        elif not re.fullmatch(r"-+", line):
            current.append(line)
    return chapters


def chapter(chapters: dict[str, list[tuple[str, Lines]]], title: str) -> Lines:
    if len(chapters.get(title, ())) != 1:
        raise UnreadableError(f"{len(chapters.get(title, ()))} chapters are titled {title!r}")
    return chapters[title][0][1]


def headings(lines: Lines) -> t.Iterator[tuple[str, Lines]]:
    """Every heading with the lines below it. A paragraph that begins with a capital letter is prose."""
    found: list[tuple[str, Lines]] = []
    prose, last = False, ""
    for line in lines:
        if line and not line[0].isspace():
            if not last or last[0].isspace():
                prose = line[0].isupper() or line[0] in "#-"
            if not prose:
                found.append((line, []))
        elif found:
            found[-1][1].append(line)
        last = line
    return iter(found)


def keyword_of(heading: str, family: str) -> tuple[str, ...]:
    """What a heading is about, without arguments: one keyword, as a rule."""
    heading = ERRATA.get(heading.split()[0], heading.split()[0]) + heading[len(heading.split()[0]) :]
    words = heading.removeprefix("no ").split()
    for length in (1, 2):
        expanded = PLACEHOLDERS.get((family, " ".join(words[: length + 1])))
        if expanded:
            return expanded
    wanted, single = 1, family in SINGLE or (family, words[0]) in COMPLETE
    while not single and LONG.get(" ".join(words[:wanted]), 1) > wanted:
        wanted += 1
    found = [re.sub(r"\(.*", "", word) for word in words[:wanted]]
    if len(found) != wanted or not all(WORD.fullmatch(word) for word in found):
        raise UnreadableError(f"{family}: no keyword can be read from the heading {heading!r}")
    return (" ".join(found),)


def headed(family: str, opener: str, lines: Lines) -> set[str]:
    found = {keyword for heading, _body in headings(lines) for keyword in keyword_of(heading, family)}
    if opener and opener not in found:
        raise UnreadableError(f"{family}: the section's own heading is missing")
    return found - {opener}


def listed(lines: Lines, known: set[str]) -> set[str]:
    """The list at the beginning of the chapter about global, but for words that only begin keywords, like stats."""
    found = {match[1] for line in lines if (match := re.match(r"   - (\S+)", line))}
    if len(found) < AT_LEAST["global"] * 3 // 4 or not all(WORD.fullmatch(word) for word in found):
        raise UnreadableError("global: the list of its keywords cannot be read")
    return {word for word in found if not any(keyword.startswith(f"{word} ") for keyword in known)}


def matrix(lines: Lines) -> dict[str, str]:
    ticks = {}
    body = [i for i, line in enumerate(lines) if line.startswith("---") and "+" in line]
    if len(body) != 2:
        raise UnreadableError("the matrix of the proxies' keywords has no beginning or no end")
    for line in lines[body[0] + 1 : body[1]]:
        if line.startswith("-- keyword"):
            continue
        row = re.fullmatch(r"(\S.*?) +(?:\(\*\)|\(deprecated\))? *([X-])(?: \(!\))? +([X-]) +([X-]) +([X-])", line)
        if not row:
            raise UnreadableError(f"the matrix of the proxies' keywords: {line!r}")
        keyword, *cells = row.groups()
        if (cells[2] == "X") != ("X" in (cells[1], cells[3])):
            raise UnreadableError(f"{keyword}: listen has it, and neither frontend nor backend does, or the reverse")
        letters = zip("dfb", (cells[0], cells[1], cells[3]), strict=True)
        ticks[keyword] = "".join(letter for letter, cell in letters if cell == "X")
    return ticks


def of_proxies(lines: Lines, ticks: dict[str, str], families: Found) -> None:
    """Headings and matrix together: each has keywords that the other one has not."""
    proxies = families.setdefault("proxies", set())
    for heading, body in headings(lines):
        words = heading.split()
        family = ERRATA.get(words[0], words[0])
        if family in catalogue.RULE_FAMILIES:
            proxies.add(family)
            families.setdefault(family, set()).update(action_of(family, words[1:]))
            families[family] |= {a for line in body for a in bullet(family, words[1:], line)}
        else:
            proxies.update(keyword_of(heading, "proxies"))
        if words[0] == "stick-table":
            names = {match["name"] for line in body if (match := DATA_TYPE.match(line))}
            families.setdefault("stick-table", set()).update(names)
        if words[0] == "balance":
            names = {match["name"] for line in body if (match := ALGORITHM.fullmatch(line))}
            families.setdefault("balance", set()).update(names)
    for keyword in ticks:
        words = keyword.split()
        if words[0] in catalogue.RULE_FAMILIES:
            families.setdefault(words[0], set()).update(action_of(words[0], words[1:]))
            proxies.add(words[0])
        elif not any(known.startswith(f"{keyword} ") for known in proxies):
            proxies.add(keyword)


def action_of(family: str, words: Lines) -> set[str]:
    """The action of a heading behind the family's name; nothing where the heading is about the family itself."""
    stage = [words.pop(0)] if words and words[0] in STAGES.get(family, ()) else []
    if not words or words[0].startswith("<"):
        return set()
    name = re.sub(r"\(.*", "", words[0])
    if not WORD.fullmatch(name):
        raise UnreadableError(f"{family}: no action can be read from {' '.join(words)!r}")
    return {" ".join([*stage, name])}


def bullet(family: str, heading: Lines, line: str) -> set[str]:
    """An action in the list below `http-request <action>` and its like; other headings have lists of other kinds."""
    general = any(word.startswith("<action>") for word in heading[:2])
    match = re.match(r"    - ([a-z][a-z0-9-]+(?![\w.]).*)", line) if general else None
    if not match:
        return set()
    stage = [word for word in heading[:1] if word in STAGES.get(family, ())]
    return action_of(family, [*stage, *match[1].split()])


def of_actions(chapters: dict[str, list[tuple[str, Lines]]], families: Found) -> None:
    """From 2.9 on actions have chapters of their own: a matrix, and headings with the same columns below them."""
    if ACTION_MATRIX not in chapters:
        return
    rows: dict[str, str] = {}
    body = chapter(chapters, ACTION_MATRIX)
    begin = next(i for i, line in enumerate(body) if line.startswith("---"))
    for line in body[begin + 1 :]:
        if not line or line.startswith("--keyword"):
            continue
        row = re.fullmatch(r"([a-z0-9-]+)(?: layer4| \(deprecated\))? +((?:[X-] +){6}[X-])", line)
        if not row:
            raise UnreadableError(f"the matrix of actions: {line!r}")
        rows[row[1]] = row[2].replace(" ", "")
    described = set()
    for heading, text in headings(chapter(chapters, ACTION_REFERENCE)):
        (name,) = action_of("", heading.split())
        described.add(name)
        where = next((i for i, line in enumerate(text) if line.strip().startswith("Usable in:")), None)
        cells = "" if where is None else re.sub(r"[ |]", "", text[where + 1])
        if cells and cells != rows.get(name):
            raise UnreadableError(f"{name}: the matrix says {rows.get(name)}, its heading says {cells}")
    if described != set(rows):
        raise UnreadableError(f"actions in only one of matrix and headings: {', '.join(sorted(described ^ set(rows)))}")
    for name, cells in rows.items():
        for column, cell in zip(ACTION_COLUMNS, cells, strict=True):
            family, *stage = column.split()
            if cell == "X":
                families.setdefault(family, set()).add(" ".join([*stage, name]))


def of_names(chapters: dict[str, list[tuple[str, Lines]]], families: Found) -> None:
    acls = {match["name"] for line in chapter(chapters, "Pre-defined ACLs") if (match := ACL.match(line))} - {"ACL"}
    families["predefined acls"] = acls
    texts = [text for found in chapters.values() for number, text in found if number.startswith("7.3.")]
    names = {match["name"] for text in texts for line in text if (match := COUNTER.fullmatch(line))}
    families["counters"] = names - NOT_COUNTERS


def of_catalogue() -> dict[str, dict[str, catalogue.Record]]:
    """The catalogue in the families that the manual is read in."""
    families: dict[str, dict[str, catalogue.Record]] = {family: {} for family in (*AT_LEAST, *SINCE_3_0)}
    for keyword in catalogue.KEYWORDS:
        for section in keyword.sections:
            family = "proxies" if section in ("defaults", "frontend", "backend") else section
            families[family][keyword.name] = keyword
    for family in catalogue.RULE_FAMILIES:
        families[family] = dict(catalogue.actions_of(family))
    families["stick-table"] = dict(catalogue.DATA_TYPES)
    families["predefined acls"] = dict(catalogue.PREDEFINED_ACLS)
    families["counters"] = {
        name: catalogue.DATA_TYPES[types[0]] for name, types in catalogue.COUNTERS.items() if "-" not in name
    }
    families["balance"] = dict(catalogue.ALGORITHM_RECORDS)
    return families


def compare(manuals: list[Manual]) -> list[str]:
    """What is wrong with the catalogue, a line each."""
    wrong = []
    for family, known in of_catalogue().items():
        told = set().union(*(manual.families.get(family, set()) for manual in manuals))
        wrong += [f"{family}: {name} is not in the catalogue" for name in sorted(told - set(known))]
        for name, record in known.items():
            if name.split()[-1] in NOT_BY_HEADING:
                continue
            for manual in manuals:
                there = name in manual.families.get(family, ())
                if there != catalogue.present(record.since, catalogue.version(manual.version)):
                    says = "has it" if there else "does not have it"
                    since = f"has since {record.since!r}" if record.since else "has no since"
                    wrong.append(f"{family}: {name} {since}, but the manual of {manual.version} {says}")
    return wrong + misplaced(manuals)


def misplaced(manuals: list[Manual]) -> list[str]:
    """Keywords of proxies that the newest manual with them ticks for other sections."""
    ticks = {name: letters for manual in manuals for name, letters in manual.ticks.items()}
    letter_of = {section: letter for letter, section in catalogue.SECTION_OF_LETTER.items() if letter in "dfb"}
    wrong = []
    for keyword in catalogue.KEYWORDS:
        ours = "".join(letter_of.get(section, "") for section in keyword.sections)
        if ours and ticks.get(keyword.name, ours) != ours:
            wrong.append(f"proxies: {keyword.name} is in {ours}, the manual has it in {ticks[keyword.name]}")
    return wrong


def rows() -> list[Row]:
    """The table: what the catalogue says of every keyword and action."""
    older, newer = catalogue.MANUALS
    return [
        (family, name, _has(record, older), _has(record, newer), record.tier, _key(family, record))
        for family, known in of_catalogue().items()
        if family not in NAMES
        for name, record in known.items()
    ]


def _has(record: catalogue.Record, version: tuple[int, ...]) -> str:
    return "yes" if catalogue.present(record.since, version) else "no"


def _key(family: str, record: catalogue.Record) -> str:
    if record.reason:
        return record.reason
    if isinstance(record, catalogue.Action):
        return f"`{family.replace('-', '_')}`"
    if record.own_key or not isinstance(record, catalogue.Keyword):
        return f"`{record.own_key}`"
    members = {"option": "options: [{}]", "timeout": "timeout: {{{}: ...}}"}
    short = record.short if record.family == "option" else record.short.replace("-", "_")
    return f"`{members[record.family].format(short) if record.family else record.key}`"


HEAD = """\
# Keywords of HAProxy

Generated by `make keywords`, which compares the catalogue with the configuration manuals of both versions. *Known*
keywords are printed as they are written. *Typed* ones refer to something, need something of the build, hold a secret or
are written by a key of ours: the model checks them.

| family | keyword | 2.6 | 3.0 | tier | key or reason |
|---|---|---|---|---|---|
"""


def table() -> str:
    return HEAD + "".join(f"| {family} | `{name}` | {' | '.join(cells)} |\n" for family, name, *cells in rows())


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("manuals", nargs="+", type=pathlib.Path, metavar="MANUAL", help="configuration.txt, or .gz")
    parser.add_argument("--output", type=pathlib.Path, help="the file to write the table to; else standard output")
    given = parser.parse_args()
    try:
        manuals = sorted((read(path) for path in given.manuals), key=lambda manual: catalogue.version(manual.version))
    except (UnreadableError, OSError, EOFError) as error:
        print(f"keywords: {error}", file=sys.stderr)
        return 1
    for manual in manuals:
        if catalogue.version(manual.version) not in catalogue.MANUALS:
            print(f"keywords: the catalogue does not know of a manual of {manual.version}", file=sys.stderr)
            return 1
    wrong = compare(manuals)
    for line in wrong:
        print(f"keywords: {line}", file=sys.stderr)
    if wrong:
        return 1
    if given.output:
        given.output.write_text(table(), encoding="utf-8")
    else:
        print(table(), end="")
    counts = ", ".join(f"{sum(map(len, manual.families.values()))} names of {manual.version}" for manual in manuals)
    print(f"keywords: the catalogue agrees with {counts}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
