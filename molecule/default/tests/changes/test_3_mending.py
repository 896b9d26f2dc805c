# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The next run mends what an interrupted run or somebody else left behind, and says so."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from typing import Any


def kill_once_the_tree_is_written(command: list[str], environment: dict[str, str]) -> None:
    run = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True)
    with run as site:
        assert site.stdout is not None
        task = ""
        for line in site.stdout:
            task = line if line.startswith("TASK") else task
            if "tree" in task and line.startswith("changed: "):
                os.killpg(site.pid, signal.SIGKILL)


def test_a_run_killed_before_its_handler_is_finished_by_the_next(lab: Any, balancer: Any) -> None:
    running = balancer.running_digest
    changed = {"haproxy_defaults": {"retries": 4}}
    kill_once_the_tree_is_written(lab.site_command(variables=changed, inventory=None), lab.environment)
    assert balancer.running_digest == running
    assert balancer.tree_in_force == f"/etc/haproxy/trees/{running}"

    assert lab.site(variables=changed).changed(balancer.name) > 0
    assert balancer.tree_in_force == f"/etc/haproxy/trees/{balancer.running_digest}"
    assert balancer.running_digest != running


def test_what_somebody_broke_is_mended(lab: Any, balancer: Any) -> None:
    drop_in = "/etc/ssh/sshd_config.d/00-hardened-balancer.conf"
    balancer.run("nft delete table inet hardened_balancer")
    balancer.run("systemctl stop haproxy")
    balancer.run("echo '# by hand' >> /etc/haproxy/haproxy.cfg")
    balancer.run(f"echo 'X11Forwarding yes' >> {drop_in}")

    run = lab.site("--diff")
    assert re.search(r"^-.*# by hand", run.output, re.MULTILINE), run.output
    assert re.search(r"^-.*X11Forwarding yes", run.output, re.MULTILINE), run.output

    assert "policy drop" in balancer.run("nft list table inet hardened_balancer")
    assert balancer.tree_in_force == f"/etc/haproxy/trees/{balancer.running_digest}"
    assert "by hand" not in balancer.run("cat /etc/haproxy/haproxy.cfg")
    assert "X11Forwarding yes" not in balancer.run(f"cat {drop_in}")
    assert lab.site().changed(balancer.name) == 0
