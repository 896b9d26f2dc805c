# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with an inventory: collected, never raised, reported all at once."""

from __future__ import annotations

import difflib
import typing as t

ENOUGH_TO_LIST = 12
ALIKE = 0.6
NEARLY_AS_ALIKE = 0.15
# Of more names than these only one that differs in a letter is looked for: thousands of problems are told in seconds.
MANY = 1000
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789._-"


class Problem(t.NamedTuple):
    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}: {self.text}"


class Problems(list[Problem]):
    """The problems of one balancer; `add` keeps call sites to one line."""

    def add(self, path: str, text: str) -> None:
        problem = Problem(path, text)
        if problem not in self:
            self.append(problem)

    def below(self, path: str) -> bool:
        """Whether something of this key, or of what is in it, was told."""
        return any(p.path == path or p.path.startswith((f"{path}.", f"{path}[")) for p in self)


def nearest(name: str, known: t.Collection[str]) -> str | None:
    """The known name that a person most likely meant, or two where either may be."""
    if len(known) > MANY:
        return misspelt(name, known if isinstance(known, (dict, set)) else set(known))
    if same := [one for one in known if one.lower() == name.lower()]:
        return same[0]
    found = difflib.get_close_matches(name, sorted(known), n=2, cutoff=ALIKE)
    if not found:
        return None
    first, *others = (difflib.SequenceMatcher(None, one, name).ratio() for one in found)
    return " or ".join(found) if others and others[0] > first - NEARLY_AS_ALIKE else found[0]


def misspelt(name: str, known: t.Container[str]) -> str | None:
    """The known name that differs in one letter."""
    return next((near for near in _one_letter_off(name) if near in known), None)


def _one_letter_off(name: str) -> t.Iterator[str]:
    for i in range(len(name) + 1):
        head, tail = name[:i], name[i:]
        yield head + tail[1:]
        yield head + tail[1:2] + tail[:1] + tail[2:]
        for letter in LETTERS:
            yield head + letter + tail
            yield head + letter + tail[1:]


def suggest(name: str, known: t.Collection[str], what: str = "known") -> str:
    """The tail of a message about a name that does not exist: the nearest one, and the others where they are few."""
    near = nearest(name, known)
    tail = f"; did you mean {near}?" if near else ""
    if not known:
        return f"{tail}; {what}: none"
    if len(known) <= ENOUGH_TO_LIST:
        tail += f"; {what}: {', '.join(sorted(known))}"
    return tail


def show(value: object) -> str:
    """A value as it may stand in a message: containers are named, not printed, for they may hold anything."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    if isinstance(value, str):
        return repr(value if len(value) <= 60 else value[:57] + "...")
    return str(value)


def report(problems: t.Collection[Problem], secrets: t.Iterable[str] = (), where: str = "the inventory") -> str:
    """One message for a person, without any of the secrets."""
    count = len(problems)
    lines = [f"{count} problem{'s' if count != 1 else ''} in {where}; nothing was changed:"]
    lines += [f"  - {problem}" for problem in problems]
    text = "\n".join(lines)
    for secret in sorted((s for s in secrets if len(s) > 2), key=len, reverse=True):
        text = text.replace(secret, "********")
    return text
