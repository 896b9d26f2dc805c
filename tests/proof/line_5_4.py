# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reboot of a real machine: all is as before, and with a broken firewall file it is closed and lets administrators in.

On an emulated machine of each release with a kernel of its own (`vm/guest.py`):

1. Bare: who knocks at a port that no inventory names is answered, through a boot too. So a moment without a filter
   would be seen.
2. After the first run, and after a change of all roles, it boots: nobody is answered in between, the filter is up
   before the network, and units, rules, the SSH server, kernel values, limits, listeners and files are as before
   (`inside/state.py`). A run then changes nothing.
3. The file of the rules is broken by hand in several ways, and it boots: closed, and administrators get in. A run
   brings back what was before.
"""

from __future__ import annotations

import time
import typing as t

import yaml

from tests.proof.breaking import access
from tests.proof.lab import HERE, STATE, Lab, Run
from tests.proof.vm import node
from tests.proof.vm.guest import SSH, Guest, started

SECONDS = 7200
LAB = False
# As a provider's smaller machines.
MEMORY = 2048
RELEASES = {"lb1": "bookworm", "lb2": "trixie"}
MORE = 9100
GIVEN = yaml.safe_load((HERE / "vm/given.yml").read_text())
MORE_FRONTEND = {"name": "more", "mode": "tcp", "binds": [{"port": MORE}], "default_backend": "echo"}
CHANGED = {
    **GIVEN,
    "haproxy_frontends": [*GIVEN["haproxy_frontends"], MORE_FRONTEND],
    "firewall_output": "drop",
    "ssh_profile": "cis",
    "baseline_sysctl": {"vm.swappiness": 10},
}
# What of a state such a change must show in, for a state that never differs would show nothing.
PARTS = ("rules", "sshd", "kernel", "listeners", "files", "tree")
RULES = "/etc/hardened-balancer/firewall.nft"
BROKEN = {
    "a word that nft does not know": f"sed -i 's/policy drop/policy drops/' {RULES}",
    "cut off in the middle": f"truncate -s $(($(stat -c %s {RULES}) / 2)) {RULES}",
    "empty": f": >{RULES}",
    "gone": f"rm {RULES}",
}
# As the last run wrote it.
KEPT = "/proof/firewall.nft"
FILTER = "hardened-balancer-firewall"
NETWORK = "systemd-networkd"


def main(lab: Lab) -> None:
    certificate = (STATE / "proof.pem").read_text()
    for balancer in lab.balancers:
        release = RELEASES[balancer.name]
        with started(release, 80, node.UNOPENED, memory=MEMORY) as guest:
            lab.print(f"\nDebian {release}, {guest.run('uname -r').strip()}")
            node.equip(guest, certificate)
            whole(lab, guest)


def whole(lab: Lab, guest: Guest) -> None:
    bare(lab, guest)
    run(lab, guest, GIVEN, "the first run")
    before = node.state(guest)
    rebooted(lab, guest, before, (80, 9000))
    run(lab, guest, CHANGED, "the change")
    after = node.state(guest)
    same = [part for part in PARTS if before[part] == after[part]]
    lab.require(not same, f"{guest}: the change shows in {' '.join(PARTS)} {same or ''}")
    rebooted(lab, guest, after, (80, 9000, MORE))
    again = run(lab, guest, CHANGED, "a run after that boot")
    lab.require(again.changed(guest.name) == 0, f"{guest}: it changes nothing")
    for how, command in BROKEN.items():
        broken(lab, guest, how, command, after["files"][RULES])
    run(lab, guest, CHANGED, "a run with the file gone")
    left = node.differences(after, node.state(guest))
    lab.require(not left, f"{guest}: it brings all of it back {left[:5] or ''}")


def run(lab: Lab, guest: Guest, variables: dict[str, t.Any], what: str) -> Run:
    done = guest.site(variables=variables, code=None)
    why = "" if done.code == 0 else f": {access.said(done.output, '', 1500)}"
    lab.require(done.code == 0, f"{guest}: {what} ends well, after {done.seconds:.0f} s{why}")
    return done


def bare(lab: Lab, guest: Guest) -> None:
    with node.Knocking(guest, node.UNOPENED) as knocking:
        seconds = guest.reboot()
        in_again = time.monotonic()
    early = [at for at in node.after_silence(knocking.answered) if at < in_again]
    lab.require(early, f"{guest}: bare, it boots in {seconds:.0f} s, {len(early)} knocks are answered before SSH is")
    found = node.strangers(guest, SSH, node.UNOPENED)
    lab.require(all(found.values()), f"{guest}: bare, strangers are answered by {tuple(found)}")


def boot(lab: Lab, guest: Guest) -> None:
    """That it lets us in is how the boot ends."""
    with node.Knocking(guest, node.UNOPENED) as knocking:
        seconds = guest.reboot()
        settled = guest.settled()
    lab.require(
        not knocking.answered,
        f"{guest}: it boots and lets us in after {seconds:.0f} s ({settled}), "
        f"{len(knocking.answered)} of {knocking.tried} knocks are answered",
    )
    filtered, network = (moment(guest, unit) for unit in (FILTER, NETWORK))
    lab.require(
        0 < filtered < network,
        f"{guest}: {filtered:.2f} s after the start there is a filter, {network:.2f} s a network",
    )


def moment(guest: Guest, unit: str) -> float:
    """Of the filter when its start has ended, well or not; of others when they began."""
    stamp = "StateChangeTimestampMonotonic" if unit == FILTER else "ExecMainStartTimestampMonotonic"
    return int(guest.run(f"systemctl show --value -p {stamp} {unit}")) / 1e6


def rebooted(lab: Lab, guest: Guest, before: node.State, opened: tuple[int, ...]) -> None:
    boot(lab, guest)
    after = node.state(guest)
    left = node.differences(before, after)
    counts = f"{len(after['kernel'])} kernel values, {len(after['files'])} files, {len(after['listeners'])} listeners"
    lab.require(not left, f"{guest}: all is as before ({counts}) {left[:5] or ''}")
    other = [f"{path}: {wanted} {runs}" for path, (wanted, runs) in after["kernel"].items() if wanted != runs]
    lab.require(not other, f"{guest}: the kernel's values are those of the file {other[:5] or ''}")
    lab.print(f"{guest}: {after['limits']}")
    doors(lab, guest, opened)


def doors(lab: Lab, guest: Guest, opened: tuple[int, ...]) -> None:
    """Of what the node serves and what it does not, as strangers find it."""
    found = node.strangers(guest, SSH, node.UNOPENED, 80, 9000, MORE)
    heard = tuple(port for port, answered in found.items() if answered)
    lab.require(heard == opened, f"{guest}: strangers are answered by {heard}, and not by the rest of {tuple(found)}")


def broken(lab: Lab, guest: Guest, how: str, command: str, digest: str) -> None:
    guest.run(f"[ -e {KEPT} ] || cp -p {RULES} {KEPT}; cp -p {KEPT} {RULES}; {command}")
    lab.require(node.state(guest)["files"].get(RULES) != digest, f"{guest}: {RULES} is broken by hand: {how}")
    boot(lab, guest)
    said = guest.run(f"systemctl is-failed {FILTER} || true").strip()
    lab.require(said == "failed", f"{guest}: {FILTER}.service is {said}, which an operator sees")
    doors(lab, guest, ())
