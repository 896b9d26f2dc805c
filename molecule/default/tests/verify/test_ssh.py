# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scanner that is not ours says of SSH, and that nothing leaves the server stopped."""

from __future__ import annotations

from typing import Any


def test_ssh_audit_fails_nothing(lab: Any, balancer: Any) -> None:
    report = lab.ssh_audit(balancer)
    assert "(kex) " in report.stdout, report.stdout + report.stderr
    assert "[fail]" not in report.stdout


def test_an_ssh_server_that_dies_is_started_again(balancer: Any, eventually: Any) -> None:
    def process() -> str:
        return str(balancer.run("systemctl show --value --property MainPID ssh.service")).strip()

    # More often than a start limit of systemd's would allow.
    for _ in range(6):
        before = process()
        balancer.run(f"kill -KILL {before}")
        eventually(lambda before=before: process() not in ("0", before), True)
    eventually(lambda: balancer.inside.service("ssh").is_running, True)
