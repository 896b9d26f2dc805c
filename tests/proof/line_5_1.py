# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lockouts: every way to lock oneself out that we know of, over SSH; afterwards a new login becomes root by sudo.

Each row of `breaking/lockouts.py`: a run that is refused leaves the balancer as it was, one that could not be
confirmed is undone by the balancer itself, and the run says why.
`ONLY=REGEX` takes some of the rows, `BALANCERS=lb1` one of the balancers.
"""

from __future__ import annotations

import time
import typing as t

from tests.proof.breaking import access, node
from tests.proof.breaking.lockout import Outcome, make_keys, one, restore
from tests.proof.breaking.lockouts import LOCKOUTS
from tests.proof.lab import Lab, LabError, Machine

SECONDS = 3600


def main(lab: Lab) -> None:
    make_keys()
    lab.print(f"{len(LOCKOUTS)} lockouts by a run")
    node.on_all(lab, all_of_them)


def all_of_them(lab: Lab, machine: Machine) -> list[str]:
    began = time.monotonic()
    # A second run, because the first one may have found a balancer that was cut off.
    lab.site(limit=machine)
    usual = access.state(machine)
    rows = [tried(lab, machine, row.name, usual, one, row) for row in LOCKOUTS if node.chosen(row.name)]
    bad = [row for row in rows if row.wrong]
    lab.require(not bad, f"{machine}: {len(rows)} ways to lock oneself out, and nobody is ({len(bad)} were not met)")
    return [*table(machine, rows), f"{time.monotonic() - began:.0f} s"]


def tried(
    lab: Lab, machine: Machine, name: str, usual: node.State, what: t.Callable[..., Outcome], *more: t.Any
) -> Outcome:
    """A row that cannot be made is no reason to leave out those after it."""
    try:
        outcome = what(lab, machine, *more)
    except (LabError, RuntimeError, TimeoutError) as exc:
        outcome = Outcome(name, "", 0.0, "", [f"could not be tried: {' '.join(str(exc).split())[:600]}"])
    outcome.wrong.extend(restore(lab, machine, usual, *more))
    lab.print(f"{machine}: {outcome.told()}")
    return outcome


def table(machine: Machine, rows: list[Outcome]) -> list[str]:
    head = f"{machine.release}: what was tried, how the run ended, seconds, what it said"
    return [head, *(outcome.told() for outcome in rows)]
