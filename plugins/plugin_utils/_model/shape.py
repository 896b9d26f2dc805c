# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a value may look: one small record, from which the checker and the argument specifications work."""

from __future__ import annotations

import dataclasses
import typing as t


@dataclasses.dataclass(frozen=True)
class Shape:
    """What one key may hold.

    kind is one of KINDS in check.py. The other fields narrow it: `low` and `high` bound an integer, `choices` a word,
    `of` says what the elements of a list or of a mapping are, `single` that one element may stand for a list of one,
    `keys` which keys a mapping has, `keywords` names the section of the catalogue whose keywords are keys as well,
    `either` lists alternatives.
    """

    kind: str
    doc: str = ""
    required: bool = False
    default: t.Any = None
    choices: tuple[str, ...] = ()
    low: int | None = None
    high: int | None = None
    of: Shape | None = None
    single: bool = False
    keys: t.Mapping[str, Shape] = dataclasses.field(default_factory=dict)
    keywords: str = ""
    either: tuple[Shape, ...] = ()
    secret: bool = False
    example: t.Any = None


def one_or_list(element: Shape, doc: str, **more: t.Any) -> Shape:
    """A single value stands for a list of one."""
    return Shape("list", doc, of=element, single=True, **more)
