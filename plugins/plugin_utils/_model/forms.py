# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The form that conditions of HAProxy have: any of several conjunctions of tests, each of which may be negated."""

from __future__ import annotations

import itertools
import typing as t

from . import phrases
from .problems import Problems

# More conjunctions than this would be a configuration that nobody can read.
LIMIT = 256
TOO_MANY = (
    f"comes to more than {LIMIT} combinations, multiplied out as HAProxy needs it, which has no parentheses; "
    "make several of it, or put values into haproxy_patterns"
)


class Literal(t.NamedTuple):
    """One test: the name of an ACL, or a complete `{ ... }`."""

    negated: bool
    words: str


Form = list[list[Literal]]  # any of these conjunctions: [] is never, [[]] is always
ALWAYS: Form = [[]]
NEVER: Form = []


def negated(form: Form, path: str = "", problems: Problems | None = None) -> Form:
    """De Morgan: of each conjunction one part must fail."""
    result = ALWAYS
    for conjunction in form:
        opposite = [[Literal(not literal.negated, literal.words)] for literal in conjunction]
        result = both(result, opposite, path, problems)
    return result


def both(a: Form, b: Form, path: str = "", problems: Problems | None = None) -> Form:
    return bounded([x + y for x, y in itertools.product(a, b)], path, problems)


def either(a: Form, b: Form, path: str = "", problems: Problems | None = None) -> Form:
    return bounded(a + b, path, problems)


def printed(form: Form, room: int = phrases.WORDS) -> list[str]:
    """What stands behind `if`, a line each: as many alternatives in one as fit. None: it never holds."""
    lines: list[list[str]] = []
    count = 0
    for words in [words for conjunction in form for words in _alternatives(conjunction, room)]:
        length = phrases.count(words)
        if lines and count + 1 + length <= room:
            lines[-1].append(words)
            count += 1 + length
        else:
            lines.append([words])
            count = length
    return [" or ".join(line) for line in lines]


def one_line(form: Form, path: str, problems: Problems) -> str:
    """For rules that must not stand there twice."""
    lines = printed(form)
    if len(lines) > 1:
        problems.add(
            path,
            f"is too long: HAProxy reads {phrases.WORDS} words of a condition, and this rule may not be doubled; "
            "put the values into haproxy_patterns and compare with -f",
        )
    return lines[0] if lines else "FALSE"


def _alternatives(conjunction: list[Literal], room: int) -> list[str]:
    """A conjunction, or several whose values together are its own, none of them too long."""
    if not conjunction:
        return ["TRUE"]
    marked = [("!" if literal.negated else "", literal.words) for literal in conjunction]
    if sum(phrases.count(words) for _mark, words in marked) <= room:
        return [" ".join(mark + words for mark, words in marked)]
    fixed = sum(phrases.count(w) for mark, w in marked if mark or not phrases.may_split(w))
    flexible = [w for mark, w in marked if not mark and phrases.may_split(w)]
    parts = iter(phrases.split_all(flexible, room - fixed))
    choices = [[mark + w] if mark or not phrases.may_split(w) else next(parts) for mark, w in marked]
    return [" ".join(choice) for choice in itertools.product(*choices)]


def fitting(form: Form, path: str, problems: Problems) -> Form:
    """Values that must all not match cannot be spread over several lines."""
    for conjunction in form:
        needed = sum(phrases.least(words) if not negated else phrases.count(words) for negated, words in conjunction)
        if needed > phrases.WORDS:
            problems.add(
                path,
                f"comes to {needed} words in one line, of which HAProxy reads {phrases.WORDS}; "
                "put the values into haproxy_patterns and compare with -f in a condition in HAProxy's words",
            )
            break
    return form


def bounded(form: Form, path: str, problems: Problems | None) -> Form:
    result = _normal(form)
    if problems is None or len(result) <= LIMIT:
        return result
    problems.add(path, TOO_MANY)
    return NEVER


def _normal(form: Form) -> Form:
    """Without what holds always or never, what is said twice, and what a shorter alternative covers."""
    found: dict[frozenset[Literal], list[Literal]] = {}
    for conjunction in form:
        literals = dict.fromkeys(x for x in conjunction if x.words != ("FALSE" if x.negated else "TRUE"))
        never = any(x.words == ("TRUE" if x.negated else "FALSE") for x in literals)
        if not never and not any(Literal(not x.negated, x.words) in literals for x in literals):
            found.setdefault(frozenset(literals), list(literals))
    if len(found) > 4 * LIMIT:
        return list(found.values())
    return [words for key, words in found.items() if len(found) == 1 or not any(other < key for other in found)]
