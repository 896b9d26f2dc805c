# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How one gets into a balancer: by a new login with sudo, from here; and all on it that decides about that."""

from __future__ import annotations

import re
import time

from tests.proof.breaking import node
from tests.proof.lab import Lab, Machine

UNDO = "/var/lib/hardened-balancer/undo"
# Each part is a command, run as root on the balancer. What is served is looked at too: a lockout spares no client.
PARTS = {
    # What a change keeps beside them is for "left over".
    "files": "find /etc/ssh /etc/sudoers /etc/sudoers.d /etc/hardened-balancer /etc/systemd/system "
    "-type f -not -name '.*hardened-balancer-*' -not -name 'hardened-balancer-boot-*' "
    "-printf '%p %m %u %g\\n' -exec sha256sum '{}' + | sort",
    "accounts": "cat /etc/passwd /etc/group; grep -v '^#' /etc/shadow; "
    "find /home/*/.ssh -type f -printf '%p %m %u\\n' -exec sha256sum '{}' +",
    "sshd": "sshd -T",
    # A set of one element is listed without its braces once it was loaded from a list.
    "firewall": f"nft -s list ruleset | grep -vE '{node.COUNTED}' | sed -E 's/[{{] ([^{{}},]+) [}}]/\\1/g'",
    "units": "for unit in ssh.service ssh.socket hardened-balancer-firewall haproxy; do "
    "echo $unit $(systemctl is-enabled $unit 2>&1) $(systemctl is-active $unit 2>&1); done",
    "left over": f"ls -A {UNDO} 2>/dev/null | grep -vE '[.](last|lock|confirmed)$'; "
    "ls -A /run | grep hardened-balancer-; "
    "systemctl list-timers --all --no-legend 'hardened-balancer-undo-*'; "
    "find /etc -name '.*hardened-balancer-*' -o -name 'hardened-balancer-boot-*'",
    "served": "readlink /etc/haproxy/haproxy.cfg",
}
PATIENCE = 60.0


def state(machine: Machine) -> node.State:
    return node.read(machine, PARTS)


def got_in(lab: Lab, machine: Machine, *options: str) -> bool:
    """A new connection, a login, root; a banner may come before it."""
    return lab.login(machine, "sudo -n id -un", *options, code=None).output.splitlines()[-1:] == ["root"]


def until_in(lab: Lab, machine: Machine, *options: str, seconds: float = PATIENCE) -> float | None:
    """Seconds until somebody gets in; nothing if nobody does."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        if got_in(lab, machine, *options):
            return time.monotonic() - began
        time.sleep(1)
    return None


def until_decided(machine: Machine, seconds: float = PATIENCE) -> bool:
    """No change waits for its confirmation any more: it was kept, or undone."""
    waits = f"ls {UNDO}/*/token {UNDO}/*/undoing 2>/dev/null || true"
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not machine.run(waits).strip():
            return True
        time.sleep(0.5)
    return False


# Where a message begins and ends in what Ansible prints.
BEGINS = (" - ", "msg: ", "failed: ", "Error: ")
ENDS = re.compile(r" Origin: | fatal: |\n")


def said(output: str, pattern: str, width: int = 230) -> str:
    """The message of a run, or of it what a pattern finds, in one line."""
    text = " ".join(output[output.find("\nTASK") :].split())
    found = re.search(pattern, text) if pattern else None
    if found is None:
        return node.excerpt(output, "", width)
    before = text[max(0, found.start() - width) : found.start()]
    start = max((before.rfind(word) + len(word) for word in BEGINS if word in before), default=len(before))
    message = ENDS.split(text[found.start() - len(before) + start :])[0]
    return message if len(message) <= width else f"{message[:width]}..."
