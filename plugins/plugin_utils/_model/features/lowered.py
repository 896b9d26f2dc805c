# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a feature adds to its section."""

from __future__ import annotations

import typing as t

from ..line import File, Line

# HAProxy reads 64 words of a line; the rest of it needs some.
NETWORKS_OF_A_LINE = 40


class Lowered(t.NamedTuple):
    """`before` and `after`: rules around those of the section's own, by the family's key."""

    before: dict[str, list[Line]]
    after: dict[str, list[Line]]
    keywords: list[Line]
    files: list[File]

    def rule(self, family: str, words: str, path: str, *, after: bool = False) -> None:
        lines = (self.after if after else self.before).setdefault(family, [])
        lines.append(Line(f"{family.replace('_', '-')} {words}", path))

    def lines(self, family: str, lines: list[Line]) -> None:
        self.before.setdefault(family, []).extend(lines)


def membership(networks: list[str], variable: str, path: str) -> tuple[list[Line], str]:
    """The test whether the client is in one of the networks, and the lines that it needs where they are many."""
    if len(networks) <= NETWORKS_OF_A_LINE:
        return [], f"{{ src {' '.join(networks)} }}"
    return remembered(networks, variable, path)


def remembered(networks: list[str], variable: str, path: str) -> tuple[list[Line], str]:
    """The same, for when the client's address will be another one later."""
    chunks = [networks[i : i + NETWORKS_OF_A_LINE] for i in range(0, len(networks), NETWORKS_OF_A_LINE)]
    lines = [
        Line(f"http-request set-var({variable}) bool(true) if {{ src {' '.join(chunk)} }}", path) for chunk in chunks
    ]
    return lines, f"{{ var({variable}) -m found }}"
