# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The profiles of SSH as a scanner grades them, the node as jump host, and what starts the server."""

from __future__ import annotations

from typing import Any

POLICIES = {"12": "Hardened Debian 12 (version 3)", "13": "Hardened Debian 13 (version 1)"}
RSA_KEY = "/etc/ssh/ssh_host_rsa_key"
SSH = ("--tags", "ssh,proof")


def policy_of(balancer: Any) -> str:
    return POLICIES[balancer.run(". /etc/os-release && echo $VERSION_ID").strip()]


def through(lab: Any, balancer: Any, worker: Any) -> tuple[int, str]:
    """A connection to the web server of a worker, through the node."""
    done = lab.ssh("ops", balancer, "", to=f"{worker.address}:80")
    return done.returncode, done.stderr


def test_a_host_key_is_left_out_and_a_better_one_is_offered(lab: Any, balancer: Any) -> None:
    """As the README of the role has it; with it the hardened policy of the release passes."""
    before = balancer.run(f"sha256sum {RSA_KEY}")
    assert "(key) rsa" not in lab.ssh_audit(balancer).stdout
    assert balancer.run(f"sha256sum {RSA_KEY}") == before

    balancer.run(f"rm {RSA_KEY} {RSA_KEY}.pub && ssh-keygen -q -t rsa -b 4096 -N '' -f {RSA_KEY}")
    assert lab.site(*SSH).changed(balancer.name) == 1
    assert "(key) rsa" in lab.ssh_audit(balancer).stdout
    report = lab.ssh_audit(balancer, "--policy", policy_of(balancer))
    assert report.returncode == 0, report.stdout
    assert lab.site(*SSH).changed(balancer.name) == 0


def test_strict_has_neither_a_failure_nor_a_warning(lab: Any, balancer: Any) -> None:
    assert lab.site(*SSH, variables={"ssh_profile": "strict"}).changed(balancer.name) == 1
    report = lab.ssh_audit(balancer)
    assert report.returncode == 0, report.stdout
    assert "(kex) " in report.stdout
    assert not [line for line in report.stdout.splitlines() if "[fail]" in line or "[warn]" in line]


def test_a_way_through_the_node_is_there_only_if_it_is_wanted(lab: Any, balancer: Any) -> None:
    code, said = through(lab, balancer, lab["worker1"])
    assert code == 255
    assert "administratively prohibited" in said

    # Back from strict with the same run.
    lab.site(*SSH, variables={"ssh_jump_host": True})
    assert through(lab, balancer, lab["worker1"]) == (0, "")
    # Only from here on: nobody listens on the node for others.
    remote = lab.ssh("ops", balancer, "true", "RemoteForward=127.0.0.1:9999 127.0.0.1:1", "ExitOnForwardFailure=yes")
    assert remote.returncode == 255

    lab.site(*SSH)
    assert through(lab, balancer, lab["worker1"])[0] == 255


def test_nothing_leaves_the_server_stopped(lab: Any, balancer: Any, eventually: Any) -> None:
    def process() -> str:
        return str(balancer.run("systemctl show --value --property MainPID ssh.service")).strip()

    # As updates do; the distribution's unit refuses the sixth start within ten seconds.
    balancer.run("for _ in $(seq 12); do systemctl restart ssh.service || exit 1; done")
    killed = process()
    balancer.run(f"kill -KILL {killed}")
    eventually(lambda: process() not in ("0", killed), True)
    assert lab.ssh("ops", balancer, "id -un").stdout.strip() == "ops"


def test_a_server_that_the_socket_starts(lab: Any, balancer: Any) -> None:
    balancer.run("systemctl disable --now ssh.service && systemctl enable --now ssh.socket")
    assert lab.site(*SSH, variables={"ssh_profile": "strict"}).changed(balancer.name) == 1
    assert lab.ssh("ops", balancer, "id -un").stdout.strip() == "ops"
    assert balancer.inside.service("ssh.socket").is_enabled
    assert not balancer.inside.service("ssh.service").is_enabled

    lab.site(*SSH)
    assert lab.site(*SSH).changed(balancer.name) == 0
    balancer.run(
        "systemctl disable --now ssh.socket && systemctl stop ssh.service && systemctl enable --now ssh.service"
    )
    assert lab.ssh("ops", balancer, "id -un").stdout.strip() == "ops"
