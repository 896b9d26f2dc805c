# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change after which nobody could log in is undone by the node itself, whatever happens to node and controller."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

PLAYBOOK = """
- name: Change how one gets in
  hosts: balancers
  gather_facts: false
  become: true
  tasks:
    - name: Change it
      hardened.balancer.confirmed:
        name: lockout
        files: "{{ files }}"
        check: "true"
        apply: "{{ apply }}"
        timeout: "{{ seconds }}"
"""
SSH = "/etc/ssh/sshd_config.d/00-hardened-balancer.conf"
KEPT = "/var/lib/hardened-balancer/undo/lockout"
RULES = "nft -f /etc/hardened-balancer/firewall.nft"
FLAG = {"path": "/etc/lockout", "content": "on", "mode": "0600"}
# Of open sessions too.
DROPPED = f"{RULES}; if [ -e /etc/lockout ]; then nft insert rule inet hardened_balancer input tcp dport 22 drop; fi"
HARMLESS = {"files": [FLAG], "apply": "true"}


def command(lab: Any, tmp_path: Path, change: dict[str, Any], seconds: int = 12) -> list[str]:
    playbook = tmp_path / "lockout.yml"
    playbook.write_text(PLAYBOOK)
    variables = {**change, "seconds": seconds}
    return [*lab.site_command(variables=variables, inventory=None)[:-1], str(playbook)]


def failed(lab: Any, tmp_path: Path, change: dict[str, Any]) -> str:
    run = lab.played(command(lab, tmp_path, change), 2, ANSIBLE_TIMEOUT="5")
    return " ".join(run.output.split())


def reachable_and_clean(lab: Any, balancer: Any) -> None:
    assert lab.ssh("ops", balancer, "sudo -n id -un").stdout.strip() == "root"
    assert balancer.run("systemctl list-timers --all --no-legend 'hardened-balancer-undo-*'").strip() == ""
    left = "find /etc /run -name '*.hardened-balancer-lockout*' -o -name 'hardened-balancer-*lockout*'"
    assert balancer.run(left).strip() == ""
    assert not balancer.inside.file(KEPT).exists


def without_a_group(balancer: Any) -> dict[str, Any]:
    lines = balancer.run(f"cat {SSH}").splitlines()
    wrong = ["AllowGroups nobody-is-in-here" if line.startswith("AllowGroups ") else line for line in lines]
    assert wrong != lines
    content = "\n".join(wrong) + "\n"
    return {"files": [{"path": SSH, "content": content, "mode": "0600"}], "apply": "systemctl reload ssh"}


def without_sudo(_balancer: Any) -> dict[str, Any]:
    asks = {"path": "/etc/sudoers.d/zz-lockout", "content": "ops ALL=(ALL:ALL) PASSWD: ALL\n", "mode": "0440"}
    return {"files": [asks], "apply": "true"}


def without_a_way(_balancer: Any) -> dict[str, Any]:
    return {"files": [FLAG], "apply": DROPPED}


@pytest.mark.parametrize("broken", [without_a_way, without_a_group, without_sudo])
def test_the_node_undoes_what_locks_everybody_out(lab: Any, balancer: Any, tmp_path: Path, broken: Any) -> None:
    change = broken(balancer)
    paths = [file["path"] for file in change["files"]]
    before = balancer.run(f"cat {' '.join(paths)} 2>/dev/null || :")
    said = failed(lab, tmp_path, change)
    assert "no new connection confirmed the change within 12 s" in said
    assert "it is back on what it had before" in said
    assert balancer.run(f"cat {' '.join(paths)} 2>/dev/null || :") == before
    reachable_and_clean(lab, balancer)


def test_rules_that_cannot_be_loaded_are_undone_at_once(lab: Any, balancer: Any, tmp_path: Path) -> None:
    rules = {"path": "/etc/lockout.nft", "content": "add rule inet hardened_balancer nowhere drop\n"}
    loaded = "if [ -e /etc/lockout.nft ]; then nft -f /etc/lockout.nft; fi"
    said = failed(lab, tmp_path, {"files": [rules], "apply": loaded})
    assert "the new files could not be put in force: " in said
    assert "No such file or directory" in said
    assert "It was undone at once: the node is back on what it had before" in said
    reachable_and_clean(lab, balancer)


def started(lab: Any, balancer: Any, tmp_path: Path, eventually: Any, seconds: int) -> subprocess.Popen[str]:
    """A run that can confirm nothing, up to where its change is in force."""
    run = subprocess.Popen(
        command(lab, tmp_path, without_sudo(balancer), seconds),
        env={**lab.environment, "ANSIBLE_TIMEOUT": "5"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    eventually(lambda: balancer.inside.file(f"{KEPT}/applied").exists, True)
    return run


def test_a_node_that_goes_down_comes_up_as_it_was(lab: Any, balancer: Any, tmp_path: Path, eventually: Any) -> None:
    run = started(lab, balancer, tmp_path, eventually, 300)
    subprocess.run(["docker", "restart", "--time", "20", balancer.container], check=True, capture_output=True)
    said = " ".join(run.communicate(timeout=120)[0].split())
    assert run.returncode == 2
    assert "The node undid it (the node went down before it was confirmed): it is back on what it had before" in said
    eventually(lambda: lab.ssh("ops", balancer, "true").returncode, 0)
    reachable_and_clean(lab, balancer)
    active = "systemctl is-active ssh hardened-balancer-firewall haproxy"
    eventually(lambda: balancer.inside.run(active).stdout.split(), ["active"] * 3)


def test_the_change_of_a_controller_that_was_killed_is_undone(
    lab: Any, balancer: Any, tmp_path: Path, eventually: Any
) -> None:
    run = started(lab, balancer, tmp_path, eventually, 15)
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate(timeout=10)
    assert balancer.inside.file("/etc/sudoers.d/zz-lockout").exists
    assert json.loads(balancer.run(f"cat {KEPT}/holder"))["by"].startswith("ops from ")
    eventually(lambda: balancer.inside.file(KEPT).exists, False)
    reachable_and_clean(lab, balancer)


def test_a_second_controller_waits_for_the_first(lab: Any, balancer: Any, tmp_path: Path, eventually: Any) -> None:
    blocked = {**HARMLESS, "apply": "if [ -e /etc/lockout ]; then sleep 4; fi"}
    first = subprocess.Popen(
        command(lab, tmp_path, blocked, 30),
        env=lab.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    eventually(lambda: balancer.inside.file("/etc/lockout").exists, True)
    absent = {"files": [{"path": "/etc/lockout", "state": "absent"}], "apply": "true"}
    lab.played(command(lab, tmp_path, absent, 30))
    said = first.communicate(timeout=60)[0]
    assert first.returncode == 0, said
    assert not balancer.inside.file("/etc/lockout").exists
    reachable_and_clean(lab, balancer)
    assert lab.site().changed(balancer.name) == 0
