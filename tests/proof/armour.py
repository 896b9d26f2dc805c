# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The armour of a balancer, taken off and put on again.

| | on | off |
|---|---|---|
| firewall | as the role loads it, with its rates and its bypass | both tables deleted |
| sandbox | the drop-in as the role writes it | the same without the settings under `# The sandbox.` |
| kernel | `net.*` of the role, as far as this network has them | what they were before |

What is no armour stays in both: the limit of open files, the restart policy, HAProxy's configuration. HAProxy is
restarted for either, and has answered and checked its workers before anything is measured. `kernel.*` and `fs.*` are
the host's in a container, the same in both.
"""

from __future__ import annotations

import re
import time

from tests.proof.breaking import node
from tests.proof.lab import Machine
from tests.proof.sysctl import set_kernel

DROP_IN = "/etc/systemd/system/haproxy.service.d/hardened-balancer.conf"
RULES = "/etc/hardened-balancer/firewall.nft"
KEPT = "/run/lab-drop-in"
TABLES = ("inet hardened_balancer", "inet hardened_balancer_bans")
# In a container the engine's rules for its name server have every connection tracked, which is not ours.
OF_THE_ENGINE = "nft list tables | grep -q '^table ip nat$' && nft delete table ip nat || true"
PATIENCE = 30.0


class Armour:
    """Of one balancer, for as long as a block lasts; it is booted before, for a network that nobody set, and after."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.before: dict[str, str] = {}

    def __enter__(self) -> Armour:
        node.kill(self.machine)
        node.boot(self.machine)
        self.machine.run(f"cp {DROP_IN} {KEPT}; {OF_THE_ENGINE}")
        return self

    def __exit__(self, *_exception: object) -> None:
        self.machine.run(f"cat {KEPT} >{DROP_IN}")
        node.kill(self.machine)
        node.boot(self.machine)

    def wear(self) -> None:
        self.before = {**set_kernel(self.machine), **self.before}
        self.machine.run(f"nft -f {RULES}; cat {KEPT} >{DROP_IN}")
        self._restart()

    def take_off(self) -> None:
        set_kernel(self.machine, self.before)
        delete = "; ".join(f"nft delete table {table} 2>/dev/null || true" for table in TABLES)
        self.machine.run(f"{delete}; sed '/^# The sandbox\\./,$d' {KEPT} >{DROP_IN}")
        self._restart()

    def _restart(self) -> None:
        self.machine.run("systemctl daemon-reload; systemctl restart haproxy")
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            stat = self.machine.run("test -S /run/haproxy/admin.sock && echo there || true")
            states = self.machine.haproxy("show stat -1 4 -1") if stat else ""
            if states and not re.search(r",(INI|\* )", states) and ",UP," in states:
                return
            time.sleep(0.2)
        raise TimeoutError(f"{self.machine}: HAProxy did not come up:\n{states}")

    def worn(self) -> dict[str, str]:
        """What there is of it, as the kernel has it."""
        tables = self.machine.run("nft list tables")
        status = self.machine.run(
            "grep -E '^(Seccomp|NoNewPrivs|CapBnd):' /proc/$(systemctl show --value -p MainPID haproxy)/status"
        )
        confined = dict(re.findall(r"^(\w+):\s+(\w+)", status, re.MULTILINE))
        missing = set_kernel(self.machine)
        set_kernel(self.machine, missing)
        return {
            "tables": str(sum(1 for table in TABLES if f"table {table}\n" in tables)),
            "seccomp": confined["Seccomp"],
            "no new privileges": confined["NoNewPrivs"],
            "capabilities": str(int(confined["CapBnd"], 16).bit_count()),
            "settings of the kernel": str(len(self.before)),
            "in force of them": {0: "all", len(self.before): "none"}.get(len(missing), f"all but {len(missing)}"),
        }


ON = {"tables": "2", "seccomp": "2", "no new privileges": "1", "in force of them": "all"}
OFF = {"tables": "0", "seccomp": "0", "no new privileges": "0", "in force of them": "none"}
