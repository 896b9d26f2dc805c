# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When each balancer updates and may reboot, so that no two do it together."""

from __future__ import annotations

import typing as t

from .problems import Problems

DAY = 24 * 60
# Where Debian begins; and the time that one is given before the next.
START = "06:00"
SPACING = 60
# Of the inventory, in its order.
GROUP = "balancers"


def place(inventory: t.Mapping[str, t.Any]) -> tuple[int, int]:
    """Which of how many this balancer is."""
    names = inventory["groups"].get(GROUP) or []
    return (names.index(inventory["name"]), len(names)) if inventory["name"] in names else (0, 1)


def staggered(start: str, which: int, many: int) -> str:
    """An hour after the one before; closer together where a day has not enough hours."""
    hours, minutes = start.split(":")
    total = int(hours) * 60 + int(minutes) + which * min(SPACING, DAY // many)
    return f"{total // 60 % 24:02}:{total % 60:02}"


def check(given: t.Mapping[str, t.Any], problems: Problems) -> None:
    if given.get("baseline_reboot") and given.get("baseline_updates") == "none":
        problems.add("baseline_reboot", "stands beside baseline_updates: none, and only an update asks for a reboot")
