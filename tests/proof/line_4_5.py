# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rolling deploy of three workers through both balancers under load; a broken release stops at the first worker.

The application takes a second to stop and five to start. All clients make requests, through both balancers at once.
"""

from __future__ import annotations

import contextlib
import typing as t
from collections import Counter

from tests.proof.client import Load
from tests.proof.lab import HERE, Lab, Machine, Run

SECONDS = 1200
CLIENTS = {"keepalive": 8, "closing": 4, "tls": 4, "h2": 2, "long": 4}
ASKED = 30


@contextlib.contextmanager
def load(lab: Lab) -> t.Iterator[list[Load]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(lab.load(balancer, **CLIENTS)) for balancer in lab.balancers]


def deploy(lab: Lab, release: str, code: int) -> Run:
    words = {"workers_group": "web_workers", "worker_tasks": HERE / "deploy.yml", "release": release}
    words["healthy_timeout"] = "15" if release == "broken" else "60"
    options = [word for name, value in words.items() for word in ("-e", f"{name}={value}")]
    return lab.playbook("playbooks/rolling.yml", *options, code=None if code else 0)


def releases(lab: Lab, balancer: Machine) -> Counter[str]:
    """Who answers, with which release."""
    ask = f"for _ in $(seq {ASKED}); do curl -sS -m 10 http://{balancer.address}/ || echo failed; done"
    return Counter(lab.client.run(ask).splitlines())


def judge(lab: Lab, loads: list[Load], what: str) -> None:
    for balancer, one in zip(lab.balancers, loads):
        lab.print(f"through {balancer.release}")
        lab.print(one.table())
        failed = len(one.failures())
        lab.require(not failed, f"{what}, {balancer}: no failed request of {one.requests} ({failed} failed)")


def states(lab: Lab, balancer: Machine) -> dict[str, str]:
    rows = [line.split(",") for line in balancer.haproxy("show stat -1 4 -1").splitlines()]
    return {row[1]: row[17] for row in rows if row[0] == "web_workers"}


def main(lab: Lab) -> None:
    names = [worker.name for worker in lab.workers]
    with load(lab) as loads:
        run = deploy(lab, "2", 0)
    lab.print(f"\nrelease 2 on {', '.join(names)}: {run.seconds:.0f} s")
    judge(lab, loads, "release 2")
    for balancer in lab.balancers:
        found = releases(lab, balancer)
        lab.require(set(found) == {f"{name} 2" for name in names}, f"{balancer}: all serve release 2 {dict(found)}")
    with load(lab) as loads:
        run = deploy(lab, "broken", 2)
    lab.print(f"\na broken release: exit code {run.code} after {run.seconds:.0f} s\n{run.output[-3000:]}")
    judge(lab, loads, "the broken release")
    lab.require(run.code != 0, "the run stops")
    lab.require(names[0] in run.output.partition("fatal:")[2], f"it says that {names[0]} failed")
    for balancer in lab.balancers:
        found, state = releases(lab, balancer), states(lab, balancer)
        wanted = {f"{name} 2" for name in names[1:]}
        lab.require(set(found) == wanted, f"{balancer}: two workers serve the release before {dict(found)}")
        lab.require("UP" not in state[names[0]].split(), f"{balancer}: {names[0]} is left out ({state[names[0]]})")
    with load(lab) as loads:
        run = deploy(lab, "3", 0)
    lab.print(f"\nmended, release 3: {run.seconds:.0f} s")
    judge(lab, loads, "release 3")
    for balancer in lab.balancers:
        found = releases(lab, balancer)
        lab.require(set(found) == {f"{name} 3" for name in names}, f"{balancer}: all serve release 3 {dict(found)}")
