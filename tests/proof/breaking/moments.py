# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lockouts that are no single run of the site: by two of them, by time, by what the next boot finds."""

from __future__ import annotations

import concurrent.futures
import re
import subprocess
import threading
import time
import typing as t

from tests.proof.breaking import access, node
from tests.proof.breaking.lockout import Outcome, run_of
from tests.proof.breaking.lockouts import DROP_IN, UNCONFIRMED, Lockout
from tests.proof.client import inside
from tests.proof.lab import NETWORK, Lab, Machine

LEASE = 20
# The client has one port for leases, and whoever asks on the network is heard by all: one balancer at a time.
LEASING = threading.Lock()
LOGINS = 40
RULES = "/etc/hardened-balancer/firewall.nft"
TIMER = "systemctl show hardened-balancer-undo-lockout.timer"


def two_controllers(lab: Lab, machine: Machine) -> Outcome:
    """Both want another profile of SSH at the same time."""
    rows = [
        Lockout("", "", {"ssh_profile": profile}, ("--tags", "ssh"), timeout=60, patience=10)
        for profile in ("cis", "strict")
    ]
    with concurrent.futures.ThreadPoolExecutor(len(rows)) as pool:
        runs = list(pool.map(lambda row: run_of(lab, machine, row), rows))
    wrong = [f"a run failed: {access.said(run.output, '', 400)}" for run in runs if run.code]
    head = machine.run("head -2 /etc/ssh/sshd_config.d/00-hardened-balancer.conf")
    kept = re.search(r"Profile (cis|strict)", head)
    wrong += [] if kept else [f"what is in force is of neither: {head}"]
    wrong += in_again(lab, machine)
    waited = any("waiting for it" in run.output for run in runs)
    how = "one said that it waits" if waited else "neither met the other's change"
    ended = f"both succeed, {how}; {kept[1] if kept else 'nothing'} is in force"
    return Outcome("two controllers at once", "kept", max(run.seconds for run in runs), ended, wrong)


def in_again(lab: Lab, machine: Machine) -> list[str]:
    return [] if access.until_in(lab, machine) is not None else ["nobody gets in"]


def a_clock(lab: Lab, machine: Machine) -> Outcome:
    """The clock of a container is its host's, so what counts the seconds is looked at while they run."""
    files = ({"path": DROP_IN, "content": "DenyGroups balancer-admins\n", "mode": "0600"},)
    row = Lockout("", UNCONFIRMED, ends="undone", files=files, apply="systemctl reload ssh")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        running = pool.submit(run_of, lab, machine, row)
        timer = ""
        while not running.done() and "OnActiveUSec" not in timer:
            timer = machine.run(f"{TIMER} --property=TimersMonotonic,TimersCalendar 2>/dev/null || true")
        run = running.result()
    wrong = in_again(lab, machine)
    if "OnActiveUSec=20s" not in timer or "OnCalendar" in timer:
        wrong.append(f"the timer of the undo is not one that counts seconds: {timer!r}")
    if not re.search(UNCONFIRMED, " ".join(run.output.split())):
        wrong.append(f"the run said: {access.said(run.output, '')}")
    told = "its timer counts seconds (OnActive), and knows no time of day; " + access.said(run.output, UNCONFIRMED, 120)
    return Outcome("a clock that is set (its timer alone)", "undone", run.seconds, told, wrong)


def a_lease(lab: Lab, machine: Machine) -> Outcome:
    """The address of the balancer is leased for some seconds, and has to be renewed through the firewall."""
    with LEASING:
        return leased(lab, machine)


def leased(lab: Lab, machine: Machine) -> Outcome:
    began = time.monotonic()
    machine.run("apt-get -qq update && apt-get -qq install -y --no-install-recommends isc-dhcp-client >/dev/null")
    lab.place(lab.client)
    words = [machine.address, lab.client.address, f"{NETWORK}.1", str(LEASE)]
    command = inside(lab.client.container, "-u", "-m", "tests.proof.inside.dhcp", *words)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        try:
            machine.run("ip address flush dev eth0; dhclient -4 eth0")
            closed = Lockout("", "", {"firewall_output": "drop"}, ("--tags", "firewall"), timeout=60, patience=10)
            run = run_of(lab, machine, closed)
            time.sleep(LEASE * 3)
            wrong = [f"the run failed: {access.said(run.output, '', 400)}"] if run.code else []
            wrong += in_again(lab, machine)
            left = machine.run("ip -4 address show dev eth0")
        finally:
            renewed = server.communicate()[0].split().count("renewed")
            machine.run("dhclient -x eth0; apt-get -qq purge -y isc-dhcp-client >/dev/null", code=None)
            node.kill(machine)
            node.boot(machine)
    if not re.search(rf"inet {machine.address}/24.*\n\s+valid_lft \d+sec", left):
        wrong.append(f"the address is not a leased one: {left.split()}")
    # A client asks when half of the lease is over.
    if renewed < 3:
        wrong.append(f"renewed {renewed} times in {LEASE * 3} s")
    told = f"{LEASE} s for each lease, renewed {renewed} times through the firewall, with outgoing packets closed"
    return Outcome("a lease that ends", "kept", time.monotonic() - began, told, wrong)


def a_broken_file(lab: Lab, machine: Machine) -> Outcome:
    """At the next boot the rules cannot be loaded: SSH alone is open."""
    began = time.monotonic()
    machine.run(f"echo 'table inet hardened_balancer {{' >>{RULES}")
    node.kill(machine)
    node.boot(machine)
    wrong = in_again(lab, machine)
    scan = f"nmap -n -Pn -p 22,80,443,9000 --open -oG - {machine.address}"
    ports = re.findall(r"(\d+)/open", lab.client.run(scan))
    wrong += [] if ports == ["22"] else [f"open: {ports}"]
    log = machine.run("journalctl -b -u hardened-balancer-firewall -o cat | grep -i error | head -1", code=None)
    return Outcome("rules broken by hand, and a boot", "closed", time.monotonic() - began, log.strip(), wrong)


def too_many_logins(lab: Lab, machine: Machine) -> Outcome:
    """More new connections at once than the firewall and the server grant one address."""
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(LOGINS) as pool:
        got = sum(pool.map(lambda _number: access.got_in(lab, machine), range(LOGINS)))
    again = access.until_in(lab, machine)
    wrong = [] if again is not None else ["nobody gets in afterwards"]
    told = f"{got} of {LOGINS} at once got in within 5 s, the next one after {again or 0:.1f} s"
    return Outcome("forty logins at once", "open", time.monotonic() - began, told, wrong)


MOMENTS: dict[str, t.Callable[[Lab, Machine], Outcome]] = {
    "two controllers at once": two_controllers,
    "a clock that is set": a_clock,
    "a lease that ends": a_lease,
    "rules broken by hand, and a boot": a_broken_file,
    "forty logins at once": too_many_logins,
}
