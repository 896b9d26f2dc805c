# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reload: 100 changed configurations in a row under clients that never stop, beside five restarts.

Each is written and put in force as the role does it, one after the other without a pause; old processes have 30 s.
"""

from __future__ import annotations

import os
import time

from tests.proof.client import Load
from tests.proof.lab import HERE, Lab, Machine
from tests.proof.watch import Processes, Total, peak, usual

SECONDS = 3000
CHANGES = int(os.environ.get("PROOF_CHANGES", "100"))
RESTARTS = 5
BOUND = 30.0
# field of a total: how much more its peak in the last third may be than in the third before
LEVEL = {"processes": 1.1, "mib": 1.1, "files": 1.1, "master_files": 1.05}
# With each reload the master starts itself anew: while it reads the configuration it is as large as a worker.
USUAL = {"master_mib": 1.1}
ROWS = 25


def changes(lab: Lab, balancer: Machine, first: int, count: int, expected: str) -> float:
    words = ["-e", f"first={first}", "-e", f"count={count}", "-e", f"expected={expected}"]
    variables = {"haproxy_apply": expected} if expected == "restart" else None
    return lab.playbook(HERE / "changes.yml", *words, limit=balancer, variables=variables).seconds


def series(lab: Lab, totals: list[Total]) -> None:
    lab.print(f"{'second':>8}{'processes':>11}{'MiB':>8}{'files':>8}{'master MiB':>12}{'master files':>14}")
    for total in totals[:: max(1, len(totals) // ROWS)]:
        figures = f"{total.processes:>11}{total.mib:>8.0f}{total.files:>8}{total.master_mib:>12.1f}"
        lab.print(f"{total.at - totals[0].at:>8.0f}{figures}{total.master_files:>14}")


def require_level(lab: Lab, balancer: Machine, totals: list[Total]) -> None:
    third = len(totals) // 3
    middle, last = totals[third : 2 * third], totals[2 * third :]
    for field, most in LEVEL.items():
        before, after = peak(middle, field), peak(last, field)
        what = f"{balancer}: {field} level off: peak {after:.0f} in the last third, {before:.0f} in the one before"
        lab.require(after <= before * most + 2, what)
    for field, most in USUAL.items():
        before, after = usual(middle, field), usual(last, field)
        what = f"{balancer}: {field} level off: median {after:.1f} in the last third, {before:.1f} in the one before"
        lab.require(after <= before * most, what)


def require_sessions(lab: Lab, balancer: Machine, load: Load, starts: list[float]) -> None:
    early = load.early_cuts(starts, BOUND)
    lab.require(
        not early, f"{balancer}: no session was cut before the bound ({len(load.cuts())} by it, {len(early)} early)"
    )
    for cut in early[:10]:
        after = [f"{cut['at'] - start:.1f}" for start in starts if start > cut["opened"] - 1][:2]
        lab.print(
            f"  {cut['kind']} open for {cut['at'] - cut['opened']:.1f} s: {cut['why']}; after reloads by {after} s"
        )


def reloads(lab: Lab, balancer: Machine) -> None:
    with lab.load(balancer) as load, Processes(balancer) as watch:
        seconds = changes(lab, balancer, 1, CHANGES, "reload")
    lab.print(f"\n{balancer.release}: {CHANGES} changes by reload in {seconds:.0f} s, {seconds / CHANGES:.2f} s each")
    lab.print(load.table())
    starts, totals = watch.starts(), watch.totals()
    lab.print(f"between two reloads: median {median_gap(starts):.2f} s")
    series(lab, totals)
    lab.require(len(starts) == CHANGES, f"{balancer}: a new worker for each of the changes ({len(starts)})")
    lab.require(
        not load.failures(), f"{balancer}: no failed request of {load.requests} ({len(load.failures())} failed)"
    )
    require_sessions(lab, balancer, load, starts)
    require_level(lab, balancer, totals)


def median_gap(starts: list[float]) -> float:
    gaps = sorted(after - before for before, after in zip(starts, starts[1:]))
    return gaps[len(gaps) // 2] if gaps else 0.0


def aftermath(lab: Lab, balancer: Machine) -> None:
    deadline = time.monotonic() + BOUND + 15
    while len(left := balancer.processes()) > 2 and time.monotonic() < deadline:
        time.sleep(1)
    lab.require(
        len(left) == 2, f"{balancer}: the bound passed, a master and one worker are left ({len(left)} processes)"
    )


def restarts(lab: Lab, balancer: Machine) -> None:
    with lab.load(balancer) as load:
        seconds = changes(lab, balancer, CHANGES + 1, RESTARTS, "restart")
    lab.print(f"\n{balancer.release}: beside it, {RESTARTS} of the changes by restart in {seconds:.0f} s")
    lab.print(load.table())
    lab.print(f"errors: {len(load.failures())} failed requests, {len(load.cuts())} sessions cut")
    lab.require(load.failures(), f"{balancer}: the load client sees what a restart breaks")


def main(lab: Lab) -> None:
    for balancer in lab.balancers:
        reloads(lab, balancer)
        aftermath(lab, balancer)
        restarts(lab, balancer)
