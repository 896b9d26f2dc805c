# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries of a map at run time: what there is to do, and doing it.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_socket import Session, SocketError, word
from ansible_collections.hardened.balancer.plugins.module_utils._runtime import (
    Entry,
    Map,
    RefusalError,
    commands,
    map_lines,
    maps,
    replace_map,
)
from ansible_collections.hardened.balancer.plugins.module_utils._runtime_servers import nearest

UNFIT = re.compile(r"[\x00\r\n]")


class MapError(Exception):
    """What is wrong, all of it; `begun` says whether something was changed."""

    def __init__(self, message: str, begun: bool = False) -> None:
        self.begun = begun
        super().__init__(message)


class Outcome(t.NamedTuple):
    found: Map
    before: dict[str, list[str]]
    after: dict[str, list[str]]
    changed: bool

    def lines(self, side: str) -> str:
        """Only what differs: a map can have a hundred thousand entries."""
        mine, other = (self.before, self.after) if side == "before" else (self.after, self.before)
        return "".join(
            f"{key} {value}\n" for key, values in mine.items() if values != other.get(key) for value in values
        )


def converge(
    session: Session, name: str, entries: t.Mapping[str, t.Any], state: str, replace: bool, dry: bool
) -> Outcome:
    problems = mistakes(entries, state, replace)
    known = maps(session)
    matches = find(name, known)
    if len(matches) > 1:
        problems.insert(0, f"map: {name!r} is the end of {', '.join(one.name for one in matches)}; give more of it")
    if not matches:
        names = [one.name or f"#{one.id}" for one in known]
        problems.insert(0, f"map: HAProxy has no map {name!r}{nearest(name, names)}")
    if problems:
        raise MapError("\n".join(["nothing was changed:", *(f"  {one}" for one in problems)]))
    found = matches[0]
    wanted = {key: str(value) for key, value in entries.items()}
    live = map_lines(session, found.id)
    after = _after(live, wanted, state, replace)
    # The order of the entries counts for maps of regular expressions and parts.
    changed = [*after.items()] != [*_by_key(live).items()]
    if changed and not dry:
        try:
            _carry_out(session, found, live, wanted, state, replace)
            now = _by_key(map_lines(session, found.id))
        except (RefusalError, SocketError) as exc:
            state_now = "the map is as it was" if replace else "what was accepted stays in force"
            raise MapError(f"{state_now}: {exc}", begun=not replace) from exc
        if wrong := [key for key in {*now, *after} if now.get(key) != after.get(key)]:
            raise MapError(f"afterwards the map is not as it should be: {', '.join(sorted(wrong)[:10])}", begun=True)
    return Outcome(found, _by_key(live), after, changed)


def _carry_out(
    session: Session, found: Map, live: t.Sequence[Entry], wanted: t.Mapping[str, str], state: str, replace: bool
) -> None:
    if replace:
        replace_map(session, found.id, wanted.items())
    else:
        commands(session, _texts(live, wanted, state, found.id))


def mistakes(entries: t.Mapping[str, t.Any], state: str, replace: bool) -> list[str]:
    found = ["replace: makes no sense with state: absent"] if replace and state == "absent" else []
    for key, value in entries.items():
        if not key or re.search(r"\s", key) or UNFIT.search(key):
            found.append(f"entries: {key!r} is no key: a key has no blanks and is not empty")
        if state == "absent":
            continue
        if value is None or isinstance(value, (bool, dict, list)):
            found.append(f"entries.{key}: {value!r} is no text; quote it")
        elif not str(value).strip() or UNFIT.search(str(value)):
            found.append(f"entries.{key}: the runtime API takes no empty value and none with line ends")
    return found


def find(name: str, known: t.Sequence[Map]) -> list[Map]:
    """By its number, its whole name, or the end of its path; one where it is clear which."""
    if re.fullmatch(r"#-?[0-9]+", name):
        return [one for one in known if one.id == int(name[1:])]
    return [one for one in known if one.name == name] or [one for one in known if one.name.endswith(f"/{name}")]


def _by_key(live: t.Iterable[Entry]) -> dict[str, list[str]]:
    """HAProxy lets a key have several values, of which the first counts."""
    found: dict[str, list[str]] = {}
    for one in live:
        found.setdefault(one.key, []).append(one.value)
    return found


def _after(live: t.Sequence[Entry], wanted: t.Mapping[str, str], state: str, replace: bool) -> dict[str, list[str]]:
    if replace:
        return {key: [value] for key, value in wanted.items()}
    now = _by_key(live)
    if state == "absent":
        return {key: values for key, values in now.items() if key not in wanted}
    return {**now, **{key: [value] * len(now.get(key, "1")) for key, value in wanted.items()}}


def _texts(live: t.Sequence[Entry], wanted: t.Mapping[str, str], state: str, identifier: int) -> list[str]:
    """By reference, one by one: as a key, `#x` would be taken for one."""
    texts = []
    for one in live:
        if one.key in wanted and state == "absent":
            texts.append(f"del map #{identifier} #{one.reference}")
        elif one.key in wanted and one.value != wanted[one.key]:
            texts.append(f"set map #{identifier} #{one.reference} {word(wanted[one.key])}")
    missing = {} if state == "absent" else {key: wanted[key] for key in wanted if key not in _by_key(live)}
    return texts + [f"add map #{identifier} {word(key)} {word(value)}" for key, value in missing.items()]
