# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drift: what `--check --diff` says of each kind, that it changes nothing, and what the run does.

A kind is met where the dry run names it, the run mends it (or refuses, saying so, and the next one succeeds once its
words were followed), the balancer is then what it was before, and one more run changes nothing. What an operator
drained is left alone.
"""

from __future__ import annotations

import re
import typing as t

from tests.proof.breaking import node
from tests.proof.breaking.drifts import DRIFTS, Drift
from tests.proof.lab import Lab, Machine, Run

SECONDS = 3600


class Row(t.NamedTuple):
    """What was said and done about one kind of drift."""

    name: str
    foreseen: int | None
    shown: str
    outcome: str
    wrong: list[str]


def main(lab: Lab) -> None:
    node.on_all(lab, all_of_them)


def all_of_them(lab: Lab, machine: Machine) -> list[str]:
    rows = []
    for drift in DRIFTS:
        if node.chosen(drift.name):
            rows.append(one(lab, machine, drift))
            lab.print(f"{machine}: {drift.name}: {'; '.join(rows[-1].wrong) or rows[-1].outcome}")
    bad = [row for row in rows if row.wrong]
    lab.require(not bad, f"{machine}: {len(rows)} kinds of drift, each shown and dealt with ({len(bad)} were not)")
    head = f"{machine.release:<48}{'foreseen':>9}  {'the run':<11}what --check --diff says"
    lines = [f"{row.name:<48}{row.foreseen!s:>9}  {row.outcome:<11}{row.shown}" for row in rows]
    return [head, *lines, *(f"NOT MET: {row.name}: {wrong}" for row in rows for wrong in row.wrong)]


def one(lab: Lab, machine: Machine, drift: Drift) -> Row:
    number = node.number()
    wanted = node.variables(number)
    start = node.site(lab, machine, *wanted)
    if start.code:
        return Row(drift.name, None, "", "no start", [f"the run before failed: {node.excerpt(start.output, '')}"])
    good = node.state(machine)
    machine.run(drift.done)
    broken = node.state(machine)
    dry = node.site(lab, machine, "--check", "--diff", *wanted)
    wrong = [f"--check changed {part}" for part in node.differences(broken, node.state(machine))]
    shown = said(dry, drift.shows)
    if drift.shows and not shown:
        wrong.append(f"--check --diff does not say {drift.shows}")
    if drift.does == "mended" and not changes(dry, machine):
        wrong.append(f"--check foresees no change (exit code {dry.code})")
    run = node.site(lab, machine, *wanted)
    outcome = {0: "mended"}.get(run.code, "refused")
    if "Traceback" in dry.output + run.output:
        wrong.append("a traceback")
    if run.code:
        shown = shown or node.excerpt(run.output, drift.shows)
        if "refused" not in drift.does:
            wrong.append(f"the run failed: {node.excerpt(run.output, '')}")
        machine.run(drift.helped or "true")
        run = node.site(lab, machine, *wanted)
        if run.code:
            wrong.append(f"the next run failed too: {node.excerpt(run.output, '')}")
    wrong += after(lab, machine, drift, good, wanted)
    if drift.does == "left":
        outcome = "left"
        machine.run("true")
    return Row(drift.name, changes(dry, machine), shown, outcome, wrong)


def after(lab: Lab, machine: Machine, drift: Drift, good: node.State, wanted: list[str]) -> list[str]:
    wrong = [f"not as before: {part}" for part in node.differences(good, node.state(machine))]
    again = node.site(lab, machine, *wanted)
    if changes(again, machine) != 0:
        wrong.append(f"one more run: exit code {again.code}, {changes(again, machine)} changes")
    if drift.does == "left":
        stat = machine.haproxy("show stat")
        if not re.search(r"^web_workers,worker1,.*,DRAIN", stat, re.MULTILINE):
            wrong.append("the worker is not drained any more")
        machine.haproxy("set server web_workers/worker1 state ready")
    return wrong


def said(run: Run, pattern: str) -> str:
    lines = [" ".join(line.split()) for line in run.output.splitlines()]
    return next((line[:110] for line in lines if pattern and re.search(pattern, line)), "")


def changes(run: Run, machine: Machine) -> int | None:
    found = re.search(rf"^{machine}\s+: .*\bchanged=(\d+)", run.output, re.MULTILINE)
    return int(found[1]) if found else None
