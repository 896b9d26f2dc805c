# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A configuration of HAProxy as far as two of them are compared: sections, what they inherit, maps and their files.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.hardened.balancer.plugins.module_utils._tree import DIGEST, MAIN, Files

KINDS = frozenset(
    (
        *("global", "defaults", "frontend", "backend", "listen", "peers", "userlist", "cache", "resolvers", "mailers"),
        *("ring", "program", "fcgi-app", "http-errors", "log-forward", "log-profile", "crt-store", "traces", "acme"),
    )
)
BALANCING = ("backend", "listen")
DESCRIPTION = re.compile(r"^\s*description hardened\.balancer ([0-9a-f]{16})\s*$", re.MULTILINE)
# In front of a file of the tree that is named by its whole path.
ROOT = re.compile(r"[^\s'\"(,]*/trees/(?:[0-9a-f]{16}|" + re.escape(DIGEST) + r")/")
MAP = re.compile(r"\bmap(?:_[a-z0-9_]+)?\(([^,()\s]+)")
# Rules of a configuration that write to a map themselves.
WRITER = re.compile(r"\b(?:set-map|del-map|add-acl|del-acl)\(([^()\s]+)\)")
# HAProxy's blanks only: a key may hold any other letter.
ENTRY = re.compile(r"[ \t\r\v\f]*([^ \t\r\v\f]+)[ \t\r\v\f]*(.*?)[ \t\r\v\f]*")


class Section(t.NamedTuple):
    kind: str
    name: str
    parent: str
    # Without those of servers in a section that balances.
    lines: tuple[str, ...]
    # By name: address and parameters.
    servers: dict[str, str]
    twice: tuple[str, ...]
    # A default-server line stands below a server, which does not take from it.
    late: bool

    @property
    def title(self) -> str:
        return f"{self.kind} {self.name}".strip()


def sections(text: str) -> list[Section]:
    found: list[tuple[list[str], list[str]]] = [([""], [])]
    for line in map(str.strip, text.splitlines()):
        if line and not line.startswith("#"):
            words = line.split(maxsplit=4)
            if words[0] in KINDS:
                found.append((words, []))
            else:
                found[-1][1].append(line)
    return [_section(words, lines) for words, lines in found if words[0] or lines]


def _section(words: list[str], lines: list[str]) -> Section:
    kind = words[0]
    named = len(words) > 1 and words[1] != "from"
    name = words[1] if named else ""
    rest = words[2 if named else 1 :]
    parent = rest[1] if rest[:1] == ["from"] and len(rest) > 1 else ""
    servers: dict[str, str] = {}
    twice, others, late = [], [], False
    for line in lines:
        parts = line.split(maxsplit=2)
        if kind in BALANCING and parts[0] == "server" and len(parts) > 1:
            twice += [parts[1]] if parts[1] in servers else []
            servers[parts[1]] = parts[2] if len(parts) > 2 else ""
        else:
            late = late or (bool(servers) and parts[0] == "default-server")
            others.append(line)
    return Section(kind, name, parent, tuple(others), servers, tuple(twice), late)


def effective(parts: t.Sequence[Section]) -> list[tuple[str, ...]]:
    """The lines of each section with those of the defaults that it is made from in front of its own."""
    latest: tuple[str, ...] = ()
    named: dict[str, tuple[str, ...]] = {}
    result = []
    for part in parts:
        if part.kind == "defaults":
            latest = (*(named.get(part.parent, ()) if part.parent else ()), *part.lines)
            named[part.name] = latest
            result.append(latest)
        elif part.kind in ("frontend", *BALANCING):
            result.append((*(named.get(part.parent, ()) if part.parent else latest), *part.lines))
        else:
            result.append(part.lines)
    return result


def last(lines: t.Sequence[str], keyword: str) -> str | None:
    """What stands behind a keyword where it is said last; None where it is not said, or taken back by `no`."""
    for line in reversed(lines):
        if line == keyword or line.startswith((f"{keyword} ", f"{keyword}\t")):
            return line[len(keyword) :].strip()
        if line == f"no {keyword}" or line.startswith(f"no {keyword} "):
            return None
    return None


def without_digest(files: Files) -> str:
    """The configuration with a placeholder where it states the digest of its own tree."""
    text = files.get(MAIN, "")
    found = DESCRIPTION.search(text)
    return text.replace(found[1], DIGEST) if found else text


def relative(path: str) -> str:
    """The path within the tree of a file that may be named by its whole path."""
    return ROOT.sub("", path, count=1)


def maps(text: str) -> dict[str, list[str]]:
    """Files that are used as maps: the path within the tree, and the names that HAProxy knows them by."""
    found: dict[str, list[str]] = {}
    for name in dict.fromkeys(MAP.findall(text)):
        found.setdefault(relative(name), []).append(name)
    return found


def written(text: str) -> set[str]:
    """Maps that the configuration itself writes to: what they hold is nobody's file."""
    return {relative(name) for name in WRITER.findall(text)}


def only_a_map(path: str, text: str) -> bool:
    """Whether all that is said of a file is that it is a map."""
    whole = r"(?<![A-Za-z0-9._/-])" + re.escape(path) + r"(?![A-Za-z0-9._/-])"
    said = len(re.findall(whole, ROOT.sub("", text)))
    return said > 0 and said == sum(1 for name in MAP.findall(text) if relative(name) == path)


def entries(text: str) -> list[tuple[str, str]]:
    """What a file says as a map, as HAProxy reads it: a comment begins where the line does, and nowhere else."""
    found = [ENTRY.fullmatch(line) for line in text.split("\n") if not line.startswith("#")]
    return [(one[1], one[2]) for one in found if one]
