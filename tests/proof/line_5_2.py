# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""First load: a node that serves already gets its firewall, then all of it, under wrk and with an SSH session open.

On a bare machine of each release, where the distribution's HAProxy serves with a configuration of somebody else:

1. The firewall alone: no request fails, of connections that began before as of new ones, and the session goes on.
2. From scratch, the whole site: what is noticed is the one restart that the run announces, its length and errors are
   printed, and the session goes on. A second run restarts nothing, and nothing fails.
"""

from __future__ import annotations

import re
import time
import typing as t

from tests.proof.breaking import node
from tests.proof.firstload import Session, Wrk
from tests.proof.lab import Lab, Machine, Run

SECONDS = 3600
CLIENTS = {"keepalive": 2, "closing": 2, "tcp": 5, "websocket": 5, "pause": 0.02}
# Ansible breaks a warning into lines.
ANNOUNCED = r"HAProxy\s+was\s+restarted,\s+which\s+cuts\s+open\s+connections:\s+([^\n]*(?:\n +[^\n]+)*)"
AROUND = 3.0
KEPT = node.extra(haproxy_existing_configuration="keep_aside")
# How long an answer over SSH may take: a reload of the server, and the rules, are no reason to wait.
PATIENCE = 2.0
# A connection that a restart refused shows so when its client comes again.
LATER = 1.0
UP = 60.0
# Somebody's own service, that no inventory names.
STRANGER = 7777


def configuration(lab: Lab) -> str:
    web = [f"    server {one} {one.address}:8080 check" for one in lab.workers]
    echo = [f"    server {one} {one.address}:9000" for one in lab.workers]
    times = "    timeout connect 5s\n    timeout client 1h\n    timeout server 1h\n"
    lines = ["defaults\n    mode http", times, "listen web", "    bind :80", "    option httpchk GET /version", *web]
    return "\n".join([*lines, "listen echo", "    mode tcp", "    bind :9000", *echo, ""])


def served(lab: Lab, machine: Machine) -> None:
    """Bare, but for the distribution's HAProxy and something else that listens."""
    lab.bare(machine)
    machine.run(
        "apt-get -qq update; DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends haproxy "
        "</dev/null >/dev/null 2>&1; cat >/etc/haproxy/haproxy.cfg; systemctl restart haproxy; "
        f"systemd-run --quiet --unit=stranger python3 -m http.server {STRANGER}",
        configuration(lab),
    )
    end = time.monotonic() + UP
    while [(found := ports(lab, machine)).get(str(port)) for port in (22, 80, 9000, STRANGER)] != ["open"] * 4:
        if time.monotonic() > end:
            raise TimeoutError(f"{machine} does not serve what it should before the run: {found}")
        time.sleep(0.2)


def main(lab: Lab) -> None:
    lab.client.run(
        "apt-get -qq update; DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends wrk "
        ">/dev/null 2>&1"
    )
    for machine in lab.balancers:
        if node.chosen("firewall"):
            served(lab, machine)
            firewall(lab, machine)
        if node.chosen("site"):
            served(lab, machine)
            site(lab, machine)


class Seen(t.NamedTuple):
    """One run, from outside."""

    run: Run
    wrk: Wrk
    session: Session
    load: t.Any


def under_load(lab: Lab, machine: Machine, *options: str) -> Seen:
    with Session(lab, machine) as session, Wrk(lab, machine) as wrk, lab.load(machine, **CLIENTS) as load:
        time.sleep(AROUND)
        run = lab.site(*options, limit=f"{machine},localhost", code=None)
        time.sleep(AROUND)
    lab.print(f"{wrk.output.strip()}\n{load.table()}\n{session.told()}")
    what = f"{machine}: the run ends well{'' if run.code == 0 else run.output[-3000:]}"
    lab.require(run.code == 0, what)
    lives = session.lives and session.longest < PATIENCE
    lab.require(lives, f"{machine}: the SSH session lives, {session.told()}")
    return Seen(run, wrk, session, load)


def ports(lab: Lab, machine: Machine) -> dict[str, str]:
    scan = f"nmap -n -Pn -p 22,80,443,9000,{STRANGER} -oG - {machine.address}"
    return dict(re.findall(r"(\d+)/(open|closed|filtered)", lab.client.run(scan)))


def firewall(lab: Lab, machine: Machine) -> None:
    before = ports(lab, machine)
    lab.print(f"\n{machine.release}: the firewall, for the first time; before it {before}")
    seen = under_load(lab, machine, "--tags", "firewall", *KEPT)
    after = ports(lab, machine)
    lab.require(
        (before[str(STRANGER)], after[str(STRANGER)]) == ("open", "filtered"),
        f"{machine}: it is in force, {after}",
    )
    without_failure(lab, machine, seen, "the firewall")


def without_failure(lab: Lab, machine: Machine, seen: Seen, what: str) -> None:
    failed, cut = len(seen.load.failures()), len(seen.load.cuts())
    lab.require(not seen.wrk.errors, f"{machine}, {what}: wrk made {seen.wrk.requests} requests {seen.wrk.errors}")
    lab.require(not failed and not cut, f"{machine}, {what}: {seen.load.requests} more, {failed} failed, {cut} cut")


def restarts(machine: Machine) -> int:
    return int(machine.run("journalctl -q -u haproxy -o cat | grep -c '^Started ' || true"))


def site(lab: Lab, machine: Machine) -> None:
    lab.print(f"\n{machine.release}: from the distribution's HAProxy to the whole site")
    before = restarts(machine)
    seen = under_load(lab, machine, *KEPT)
    announced = re.findall(ANNOUNCED, seen.run.output)
    lab.require(len(announced) == 1, f"{machine}: one restart is announced: {' '.join(' '.join(announced).split())}")
    lab.require(restarts(machine) == before + 1, f"{machine}: there was one ({before} starts before)")
    noticed(lab, machine, seen)
    seen = under_load(lab, machine, *KEPT)
    lab.require(seen.run.changed(machine.name) == 0, f"{machine}: a second run changes nothing")
    lab.require(restarts(machine) == before + 1, f"{machine}: and restarts nothing")
    without_failure(lab, machine, seen, "the second run")


def noticed(lab: Lab, machine: Machine, seen: Seen) -> None:
    """Whatever failed lies in the restart, which systemd has the times of."""
    wanted = "ActiveExitTimestampMonotonic,ActiveEnterTimestampMonotonic"
    stamps = dict(re.findall(r"(\w+)=(\d+)", machine.run(f"systemctl show haproxy -p {wanted}")))
    left, back = (int(stamps[name]) / 1e6 for name in wanted.split(","))
    events = [*seen.load.failures(), *seen.load.cuts()]
    outside = [one for one in events if not left - LATER < one["at"] < back + LATER]
    told = f"{len(seen.load.failures())} requests failed, {len(seen.load.cuts())} sessions were cut"
    if events:
        moments = [one["at"] for one in events]
        told += f", over {max(moments) - min(moments):.2f} s"
    lab.print(f"{machine}: HAProxy was away for {back - left:.2f} s; {told}; wrk: {seen.wrk.errors or 'no errors'}")
    lab.require(not outside, f"{machine}: nothing else was noticed {outside[:3] or ''}")
