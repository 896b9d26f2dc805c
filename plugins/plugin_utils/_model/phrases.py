# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Conditions as HAProxy writes them: read into their parts, counted by words, and cut where they are too long."""

from __future__ import annotations

import re
import typing as t

# HAProxy reads at most 64 words of a line (configuration manual, section 2.2); the rest would be cut off. What
# stands in front of a condition needs some of them.
WORDS = 60
# A word: quoted parts, escaped characters, anything that is no blank (section 2.2 of the manual).
WORD = re.compile(r"""(?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s'"\\#])+""")
# `{ fetch -m method values }`, as fetches.py writes it: any of the values may match, so they may stand apart.
LIST = re.compile(
    r"\{ (?P<head>(?:src|method|\S+ -m (?:str|beg|end|sub|reg))(?P<stop> --)?) (?P<values>.+) \}", re.DOTALL
)

Term = list[tuple[bool, str]]
CUT_OFF = "has a quote that is not closed, or a # outside quotes, where HAProxy would stop reading"


def words_of(text: str) -> list[str] | None:
    """The words as they are written; None where a quote is not closed, or where a # would begin a comment."""
    found = []
    position = 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        match = WORD.match(text, position)
        if match is None or (match.end() < len(text) and not text[match.end()].isspace()):
            return None
        found.append(match[0])
        position = match.end()
    return found


def count(words: str) -> int:
    return len(words.split()) if "'" not in words and '"' not in words else len(words_of(words) or words.split())


def read(line: str) -> tuple[list[Term], str]:
    """The alternatives of a condition, each a list of (negated, ACL); and what is wrong with it, if anything is."""
    words = words_of(line)
    if words is None:
        return [], CUT_OFF
    terms: list[Term] = [[]]
    negated = False
    position = 0
    while position < len(words):
        bare = words[position].lstrip("!")
        negated ^= (len(words[position]) - len(bare)) % 2 == 1
        position += 1
        if not bare:
            continue
        if bare.lower() in ("and", "&&"):
            return [], f"has {bare}, which HAProxy does not know: conditions that must all hold stand side by side"
        if bare in ("||",) or bare.lower() == "or":
            terms.append([])
        elif bare == "{":
            if "}" not in words[position:]:
                return [], "has a brace that is not closed; braces are words of their own, with blanks around them"
            end = words.index("}", position)
            terms[-1].append((negated, " ".join(["{", *words[position : end + 1]])))
            position = end + 1
        elif bare == "}":
            return [], "has a closing brace without its opening one"
        else:
            terms[-1].append((negated, bare))
        negated = False
    return (terms, "") if all(terms) else ([], "has nothing on one side of an or" if len(terms) > 1 else "is empty")


def _list(words: str) -> t.Match[str] | None:
    """A list of values, unless its first one is a flag."""
    match = LIST.fullmatch(words)
    return match if match and (match["stop"] or not match["values"].startswith("-")) else None


def may_split(words: str) -> bool:
    return _list(words) is not None


def least(words: str) -> int:
    """How many words are left where only one value stands in it."""
    match = _list(words)
    return count(match["head"]) + 3 if match else count(words)


def split_all(lists: list[str], budget: int) -> list[list[str]]:
    """Each list of values cut into parts, so that one part of each is within the budget of words."""
    matches = [t.cast("t.Match[str]", _list(words)) for words in lists]
    values = [words_of(match["values"]) or [] for match in matches]
    room = budget - sum(count(match["head"]) + 2 for match in matches)
    sizes = [1] * len(lists)
    # The short lists take what they need, the long ones share what is left.
    for left, i in zip(range(len(lists), 0, -1), sorted(range(len(lists)), key=lambda i: len(values[i]))):
        sizes[i] = max(1, min(len(values[i]), room // left))
        room -= sizes[i]
    return [
        [f"{{ {match['head']} {' '.join(found[i : i + size])} }}" for i in range(0, len(found), size)]
        for match, found, size in zip(matches, values, sizes)
    ]
