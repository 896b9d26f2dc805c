# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad changes that `haproxy -c` accepts: no request fails, and the balancer is as it was before.

Under clients that never stop, each row of `breaking/cases.py` is changed to, on both balancers. A row is met where the
run failed with the reason, no request did, the old tree is on disk and runs, the firewall is the old one, nothing is
left over, and the next good run succeeds without help. `ONLY=REGEX` takes some of the rows, `BALANCERS=lb1` one of the
balancers.
"""

from __future__ import annotations

import re
import shlex
import time
import typing as t

from tests.proof.breaking import node
from tests.proof.breaking.cases import CASES, Case
from tests.proof.lab import Lab, LabError, Machine, Run

SECONDS = 5400
CLIENTS = {"keepalive": 2, "closing": 2, "tls": 1, "pause": 0.02}
# A file system of its own, small enough to be filled.
SMALL = (
    "mountpoint -q /etc/haproxy && exit; rm -rf /var/tmp/haproxy.lab; cp -a /etc/haproxy /var/tmp/haproxy.lab; "
    "mount -t tmpfs -o size=8m,nr_inodes=900,mode=0755 tmpfs /etc/haproxy; "
    "cp -a /var/tmp/haproxy.lab/. /etc/haproxy/; systemctl restart haproxy"
)
LARGE = (
    "cp -a /etc/haproxy/. /var/tmp/haproxy.lab/; umount /etc/haproxy; rm -rf /etc/haproxy/trees; "
    "cp -a /var/tmp/haproxy.lab/. /etc/haproxy/; rm -rf /var/tmp/haproxy.lab; "
    "systemctl reset-failed haproxy; systemctl restart haproxy"
)
# Seconds without answers where what serves was killed: systemd starts it again after one.
BOUND = 5.0


class Row(t.NamedTuple):
    """What one change did."""

    case: str
    code: int
    requests: int
    failed: int
    away: float
    wrong: list[str]
    said: str


def main(lab: Lab) -> None:
    lab.print(f"{len(CASES)} changes, each on {', '.join(one.release for one in lab.balancers)}")
    node.on_all(lab, all_of_them)


def all_of_them(lab: Lab, machine: Machine) -> list[str]:
    machine.run(SMALL)
    rows = []
    try:
        for case in CASES:
            if node.chosen(case.name) and not possible(machine, case):
                lab.print(f"{machine}: {case.name}: cannot be made here, left out")
            elif node.chosen(case.name):
                rows.append(whatever(lab, machine, case))
                told = "; ".join([*rows[-1].wrong, rows[-1].said]) if rows[-1].wrong else "as it should be"
                lab.print(f"{machine}: {case.name}: {told}")
    finally:
        machine.run(LARGE)
    bad = [row for row in rows if row.wrong]
    lab.require(not bad, f"{machine}: {len(rows)} bad changes, each undone ({len(bad)} were not)")
    lab.require(len(rows) >= 20 or not node.chosen(""), f"{machine}: at least 20 of them")
    return table(machine, rows)


def possible(machine: Machine, case: Case) -> bool:
    return not case.where or machine.run(f"{case.where} && echo yes || true").strip() == "yes"


def whatever(lab: Lab, machine: Machine, case: Case) -> Row:
    """A row that cannot be made is no reason to leave out those after it."""
    try:
        return one(lab, machine, case)
    except (LabError, RuntimeError) as exc:
        return Row(case.name, -1, 0, 0, 0.0, [f"could not be tried: {' '.join(str(exc).split())[:300]}"], "")


def one(lab: Lab, machine: Machine, case: Case) -> Row:
    before = node.state(machine)
    wrong: list[str] = []
    try:
        machine.run(case.before or "true")
        with lab.load(machine, **CLIENTS) as load:
            if case.meanwhile:
                trap(machine, case)
            bad = node.site(lab, machine, *node.variables(**case.change))
            time.sleep(1)
        sprung = machine.run("cat /run/lab-trap; rm /run/lab-trap").strip() if case.meanwhile else ""
    finally:
        if case.lift:
            machine.run(case.lift)
    wrong += judged(case, bad, before, node.state(machine), sprung)
    failures = [failure["at"] for failure in load.failures()]
    away = max(failures) - min(failures) if failures else 0.0
    if failures and (not case.dies or away > BOUND):
        wrong.append(f"{len(failures)} requests failed within {away:.1f} s: {load.failures()[0]['why']}")
    wrong += next_run(lab, machine)
    said = node.excerpt(bad.output, case.says) if bad.code else "the change is in force"
    return Row(case.name, bad.code, load.requests, len(failures), away, wrong, said)


def trap(machine: Machine, case: Case) -> None:
    machine.run("mkdir -p /run/lab; cat >/run/lab/trap.py; rm -f /run/lab-trap", (node.HERE / "trap.py").read_text())
    words = shlex.join(["python3", "/run/lab/trap.py", case.trigger, case.meanwhile])
    machine.run(f"setsid {words} >/run/lab/trap.log 2>&1 </dev/null & until [ -s /run/lab-trap ]; do sleep 0.05; done")


def judged(case: Case, bad: Run, before: node.State, after: node.State, sprung: str) -> list[str]:
    wrong = []
    if case.meanwhile and not sprung.startswith("done") and bad.code:
        wrong.append(f"the trap: {sprung}")
    if bad.code == 0 and case.ends == "either":
        if not (after["runs"] == node.linked(after) != node.linked(before)):
            wrong.append(f"a success, and {after['runs'] or 'nothing'} runs where {node.linked(after)} lies")
        return wrong
    if bad.code != 2:
        wrong.append(f"the run ended with {bad.code}")
    if case.says and not re.search(case.says, bad.output[bad.output.find("\nTASK") :]):
        wrong.append(f"the message does not hold {case.says}")
    if re.search("Traceback", bad.output):
        wrong.append("a traceback")
    return wrong + [f"changed: {one}" for one in node.differences(before, after)]


def next_run(lab: Lab, machine: Machine) -> list[str]:
    """A good change, with no help."""
    good = node.site(lab, machine, *node.variables())
    now = node.state(machine)
    if good.code:
        return [f"the next good run failed: {node.excerpt(good.output, '')}"]
    return [] if now["runs"] and now["runs"] == node.linked(now) else ["the next good run is not in force"]


def table(machine: Machine, rows: list[Row]) -> list[str]:
    head = f"{machine.release:<44}{'requests':>9}{'failed':>7}{'away s':>7}  what the run said"
    lines = [f"{row.case:<44}{row.requests:>9}{row.failed:>7}{row.away:>7.1f}  {row.said}" for row in rows]
    return [head, *lines, *(f"NOT MET: {row.case}: {wrong}" for row in rows for wrong in row.wrong)]
