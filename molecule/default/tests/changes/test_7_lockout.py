# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change after which nobody could log in is undone by the node itself."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

PLAYBOOK = """
- name: Lock everybody out
  hosts: balancers
  gather_facts: false
  become: true
  tasks:
    - name: Drop what comes to SSH, of open sessions too
      hardened.balancer.confirmed:
        name: lockout
        files: [{path: /etc/lockout, content: "on", mode: "0600"}]
        check: "true"
        apply: >-
          nft -f /etc/hardened-balancer/firewall.nft;
          if [ -e /etc/lockout ]; then nft insert rule inet hardened_balancer input tcp dport 22 drop; fi
        timeout: 20
"""


def test_the_node_undoes_what_locks_everybody_out(lab: Any, balancer: Any, tmp_path: Path) -> None:
    playbook = tmp_path / "lockout.yml"
    playbook.write_text(PLAYBOOK)
    command = [*lab.site_command(variables=None, inventory=None)[:-1], str(playbook)]
    run = subprocess.run(
        command, env=lab.environment, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert run.returncode == 2
    said = " ".join((run.stdout + run.stderr).split())
    assert "no new connection confirmed the change within 20 s" in said
    assert "it is back on what it had before" in said

    assert not balancer.inside.file("/etc/lockout").exists
    assert lab.ssh("ops", balancer, "sudo -n id -un").stdout.strip() == "root"
    assert balancer.run("systemctl list-timers --all --no-legend 'hardened-balancer-undo-*'").strip() == ""
    assert lab.site().changed(balancer.name) == 0
