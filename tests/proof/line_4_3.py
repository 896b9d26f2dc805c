# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interruption: at every task of a run, and at every step of the transaction; the next run ends as if nothing had been.

Runs take turns between two configurations, one of which serves a port more, so that the firewall is changed too. A run
is cut off, the next one makes the same change, and the balancer must then be what an uninterrupted run made of it:
link, files, process, firewall, units, nothing left over.

1. The controller is killed when a task begins, and again half a second later.
2. The module on the balancer is killed before each of its steps (`breaking/steps.py` counts them).
3. The container of the balancer is killed there, and started again: it must serve one of both configurations, whole,
   before any run.

`STEPS=1-20` takes some of the points, `ONLY=controller|module|container` one of the three, `BALANCERS=lb1` one of the
balancers.
"""

from __future__ import annotations

import os
import time
import typing as t

from tests.proof.breaking import cuts, node
from tests.proof.lab import Lab, Machine

SECONDS = 4 * 3600
MORE = {
    "haproxy_site_more": {
        "maps": [{"name": "plans", "entries": {"/gold": "100"}}],
        "frontends": [
            {
                "name": "more",
                "binds": [{"port": 8090}],
                "http_request": ["set-header x-plan %[path,map_beg(maps/plans.map,none)]"],
                "default_backend": "web_workers",
            }
        ],
    }
}
CLIENTS = {"keepalive": 1, "closing": 1, "tls": 1, "pause": 0.05}
# No process of HAProxy is killed where only the controller or a module is.
LIVES = ("controller", "module")


class Point(t.NamedTuple):
    """One point at which a run was cut off, and what came of it."""

    number: int
    name: str
    failed: int
    wrong: list[str]


class Turns:
    """Two configurations in turn, and what a balancer is with each of them."""

    def __init__(self, lab: Lab, machine: Machine) -> None:
        self.lab, self.machine = lab, machine
        first = node.number()
        self.options = [node.variables(first), node.variables(first + 1, **MORE)]
        self.wanted: list[node.State] = []
        self.now = 0
        for options in [*self.options, *self.options, self.options[0]]:
            self.run = node.site(lab, machine, *options, code=0)
            self.wanted = [*self.wanted, node.state(machine)][-2:]
        self.wanted.reverse()

    def next(self) -> list[str]:
        self.now = 1 - self.now
        return self.options[self.now]

    def finish(self) -> list[str]:
        """The run after the one that was cut off."""
        again = node.site(self.lab, self.machine, *self.options[self.now])
        wrong = [f"the next run failed: {node.excerpt(again.output, '')}"] if again.code else []
        found = node.differences(self.wanted[self.now], node.state(self.machine))
        return wrong + [f"not as if nothing had been: {part}" for part in found]


def main(lab: Lab) -> None:
    node.on_all(lab, all_of_them)


def all_of_them(lab: Lab, machine: Machine) -> list[str]:
    turns = Turns(lab, machine)
    printed = []
    for kind in ("controller", "module", "container"):
        if node.chosen(kind):
            began = time.monotonic()
            points = KINDS[kind](turns)
            bad = [point for point in points if point.wrong or (point.failed and kind in LIVES)]
            lab.require(
                points and not bad,
                f"{machine}: {kind} killed at each of {len(points)} points ({len(bad)} were not finished)",
            )
            printed += [f"{machine.release}: {kind} killed, {time.monotonic() - began:.0f} s", *map(line, points), ""]
    return printed


def line(point: Point) -> str:
    outcome = "; ".join(point.wrong) or "finished by the next run"
    return f"{point.number:>4}  {point.name[:90]:<90} {point.failed:>4} failed  {outcome}"


def numbers() -> t.Iterator[int]:
    """Those that STEPS takes; without it they end where a run is no longer cut off."""
    low, _dash, high = os.environ.get("STEPS", "1-").partition("-")
    yield from range(int(low), int(high) + 1 if high else 1000)


def controller(turns: Turns) -> list[Point]:
    """The tasks of both directions: one widens the firewall, the other one narrows it."""
    found: list[Point] = []
    for number in numbers():
        point = _controller(turns, number, 0.0)
        if not point.name:
            break
        found += [point, _controller(turns, number, 0.5)]
        turns.lab.print("\n".join(f"{turns.machine}: {line(one)}" for one in found[-2:]))
    return found


def _controller(turns: Turns, number: int, later: float) -> Point:
    options = turns.next()
    with turns.lab.load(turns.machine, **CLIENTS) as load:
        cut = cuts.controller(turns.lab, turns.machine, options, number, later)
        wrong = turns.finish()
    name = f"{cut.name}{f', {later:g} s later' if later else ''}" if cut.name else ""
    return Point(number, name, len(load.failures()), wrong)


def at_steps(turns: Turns, how: str) -> list[Point]:
    machine = turns.machine
    node.install(machine, "steps")
    found: list[Point] = []
    try:
        for number in numbers():
            point = _at_step(turns, number, how)
            if not point.name:
                break
            found.append(point)
            turns.lab.print(f"{machine}: {line(point)}")
    finally:
        node.uninstall(machine)
    return found


def _at_step(turns: Turns, number: int, how: str) -> Point:
    machine, lab = turns.machine, turns.lab
    options = turns.next()
    failed = 0
    wrong: list[str] = []
    if how == "stop":
        before = node.digest(machine)
        cut = cuts.at_step(lab, machine, options, number, how)
        if cut.name:
            node.boot(machine)
            wrong += served(turns, before)
        # A run that was not cut off has left the trap where the next one would come to it.
        cuts.disarm(machine)
        wrong += turns.finish()
    else:
        with lab.load(machine, **CLIENTS) as load:
            cut = cuts.at_step(lab, machine, options, number, how)
            cuts.disarm(machine)
            wrong += turns.finish()
        failed = len(load.failures())
    return Point(number, cut.name, failed, wrong)


def served(turns: Turns, before: str) -> list[str]:
    """After the boot, before anybody helps: one of both configurations, whole."""
    now = node.state(turns.machine)
    new = turns.wanted[turns.now]["runs"]
    if now["runs"] not in (before, new):
        return [f"after the boot {now['runs'] or 'nothing'} runs"]
    if now["runs"] != node.linked(now):
        return [f"after the boot {now['runs']} runs and {node.linked(now)} lies there"]
    answer = turns.lab.client.run(
        f"curl -s -o /dev/null -m 10 -w '%{{http_code}}' http://{turns.machine.address}/", code=None
    )
    return [] if answer.strip() == "200" else [f"after the boot the front door answers {answer.strip()}"]


KINDS: dict[str, t.Callable[[Turns], list[Point]]] = {
    "controller": controller,
    "module": lambda turns: at_steps(turns, "kill"),
    "container": lambda turns: at_steps(turns, "stop"),
}
