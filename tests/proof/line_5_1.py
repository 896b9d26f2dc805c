# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lockouts: every way to lock oneself out that we know of, over SSH; afterwards a new login becomes root by sudo.

1. Each row of `breaking/lockouts.py`: a run that is refused leaves the balancer as it was, one that could not be
   confirmed is undone by the balancer itself, and the run says why.
2. Those that are no run of the site alone, `breaking/moments.py`: two controllers at once, a lease that ends, a clock.
3. The transaction of SSH and that of the firewall are cut off before each of their steps: the balancer goes down, or
   the controller is gone. What is found then is one of both states, whole, and the next run makes the other one.
   A step is left out where the one ahead of it leaves the same: nothing was written in between, or, without a
   controller, the module goes on to the same end (`differing` in `breaking/cuts.py`).

`ONLY=REGEX` takes some of the rows (`reboot`, `controller` are the third part), `STEPS=1-20` some of those steps,
`CHANGES=ssh` one of the changes, `BALANCERS=lb1` one of the balancers.
"""

from __future__ import annotations

import itertools
import time
import typing as t

from tests.proof.breaking import access, cuts, node
from tests.proof.breaking.lockout import Outcome, make_keys, one, restore
from tests.proof.breaking.lockouts import LOCKOUTS
from tests.proof.breaking.moments import MOMENTS
from tests.proof.lab import Lab, LabError, Machine, Run
from tests.proof.line_4_3 import Point, line, numbers

# Some hundred steps, with a boot or the time of a confirmation for each.
SECONDS = 12 * 3600
# By what changes it: the options of a run with the change, and of one without.
CHANGES: dict[str, tuple[list[str], dict[str, t.Any]]] = {
    "ssh": (["--tags", "ssh"], {"ssh_profile": "cis"}),
    "firewall": (["--tags", "firewall"], {"firewall_conntrack_bypass": False}),
}
CUTS = {"reboot": "stop", "controller": "leave"}
# Of a run that is cut off: what it leaves behind is undone that much later.
SHORT = {"balancer_confirm_timeout": 20}


def main(lab: Lab) -> None:
    make_keys()
    lab.print(f"{len(LOCKOUTS)} lockouts by a run, {len(MOMENTS)} by the moment, and {len(CHANGES)} changes cut off")
    node.on_all(lab, all_of_them)


def all_of_them(lab: Lab, machine: Machine) -> list[str]:
    began = time.monotonic()
    # A second run, because the first one may have found a balancer that was cut off.
    lab.site(limit=machine)
    usual = access.state(machine)
    rows = [tried(lab, machine, row.name, usual, one, row) for row in LOCKOUTS if node.chosen(row.name)]
    rows += [tried(lab, machine, name, usual, moment) for name, moment in MOMENTS.items() if node.chosen(name)]
    if rows:
        bad = [row for row in rows if row.wrong]
        lab.require(
            not bad, f"{machine}: {len(rows)} ways to lock oneself out, and nobody is ({len(bad)} were not met)"
        )
    printed = [*table(machine, rows), f"{time.monotonic() - began:.0f} s"]
    for name, how in CUTS.items():
        if node.chosen(name):
            printed += [line(point) for point in cut_off(lab, machine, name, how)]
    return printed


def tried(
    lab: Lab, machine: Machine, name: str, usual: node.State, what: t.Callable[..., Outcome], *more: t.Any
) -> Outcome:
    """A row that cannot be made is no reason to leave out those after it."""
    try:
        outcome = what(lab, machine, *more)
    except (LabError, RuntimeError, TimeoutError) as exc:
        words = " ".join(str(exc).split())
        outcome = Outcome(name, "", 0.0, "", [f"could not be tried: {words[:150]} ... {words[-900:]}"])
    outcome.wrong.extend(restore(lab, machine, usual, *more))
    lab.print(f"{machine}: {outcome.told()}")
    return outcome


def table(machine: Machine, rows: list[Outcome]) -> list[str]:
    head = f"{machine.release}: what was tried, how the run ended, seconds, what it said"
    return [head, *(outcome.told() for outcome in rows)]


def cut_off(lab: Lab, machine: Machine, name: str, how: str) -> list[Point]:
    found: list[Point] = []
    node.install(machine, "steps")
    try:
        for change, (options, variables) in CHANGES.items():
            if not node.chosen(change, "CHANGES"):
                continue
            turns = Turns(lab, machine, options, variables)
            points = list(at_steps(turns, f"{name}, {change}", how))
            bad = [point for point in points if point.wrong]
            what = f"{machine}: {name} at each of {len(points)} steps of the change of {change} ({len(bad)} not met)"
            lab.require(points and not bad, what)
            found += points
    finally:
        node.uninstall(machine)
    return found


class Turns:
    """Two states in turn, by a run with the variables and one without."""

    def __init__(self, lab: Lab, machine: Machine, options: list[str], variables: dict[str, t.Any]) -> None:
        self.lab, self.machine, self.options = lab, machine, options
        self.variables: list[dict[str, t.Any]] = [{}, variables]
        self.wanted: list[node.State] = []
        for turn in (1, 0, 1, 0):
            self.run(turn, code=0)
            self.wanted = [*self.wanted, access.state(machine)][-2:]
        self.wanted.reverse()
        self.now = 0

    def given(self, turn: int, **more: t.Any) -> list[str]:
        return [*self.options, *node.extra(**self.variables[turn], **more)]

    def run(self, turn: int, code: int | None = None) -> Run:
        return node.site(self.lab, self.machine, *self.given(turn), code=code)

    def differing(self, how: str) -> dict[int, list[int]]:
        """By direction, the steps that are worth a cut."""
        found = {}
        for turn in (1, 0):
            marks = cuts.marks(self.lab, self.machine, self.given(turn, **SHORT), "confirmed")
            found[turn] = cuts.differing(marks, how)
            steps = f"{len(found[turn])} of {len(marks)} steps leave something else than the one ahead"
            self.lab.print(f"{self.machine}: {'there' if turn else 'back'}: {steps}")
        wanted = set(itertools.takewhile(lambda number: number <= max(map(max, found.values())), numbers()))
        return {turn: [number for number in of if number in wanted] for turn, of in found.items()}


def in_turn(chosen: dict[int, list[int]]) -> t.Iterator[tuple[int, int]]:
    """There and back; a direction that has no step left is gone without a cut (0)."""
    for there, back in itertools.zip_longest(chosen[1], chosen[0], fillvalue=0):
        yield from ((1, there), (0, back))


def at_steps(turns: Turns, name: str, how: str) -> t.Iterator[Point]:
    for turn, number in in_turn(turns.differing(how)):
        before, turns.now = turns.now, turn
        if not number:
            turns.run(turn, code=0)
            continue
        cut = cuts.at_step(turns.lab, turns.machine, turns.given(turn, **SHORT), number, how, "confirmed")
        wrong = []
        if cut.name:
            if how == "stop":
                node.boot(turns.machine)
            wrong = whole(turns, turns.wanted[before], turns.wanted[turns.now])
        cuts.disarm(turns.machine)
        again = turns.run(turns.now)
        if again.code:
            wrong.append(f"the next run failed: {node.excerpt(again.output, '')}")
        found = node.differences(turns.wanted[turns.now], access.state(turns.machine))
        wrong += [f"after the next run: {part}" for part in found]
        if not cut.name:
            turns.lab.print(f"{turns.machine}: {name}: this time the run ended before step {number}")
            continue
        point = Point(number, f"{name}: {cut.name}", 0, wrong)
        turns.lab.print(f"{turns.machine}: {line(point)}")
        yield point


def whole(turns: Turns, before: node.State, after: node.State) -> list[str]:
    """Before anybody helps: reachable, and in one of both states as soon as nothing waits for its confirmation."""
    machine = turns.machine
    wrong = []
    if access.until_in(turns.lab, machine) is None:
        wrong.append(f"nobody gets in within {access.PATIENCE:.0f} s")
    if not access.until_decided(machine):
        wrong.append("the change is neither kept nor undone")
    if not access.got_in(turns.lab, machine):
        wrong.append("nobody gets in after it was decided")
    now = access.state(machine)
    # What a run that ended before its change began has left is cleared by the next one.
    now, before, after = ({**of, "left over": ""} for of in (now, before, after))
    found = [node.differences(of, now) for of in (before, after)]
    return wrong + ([] if [] in found else [f"neither of both states: {part}" for part in min(found, key=len)])
