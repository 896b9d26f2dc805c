# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run with --check has left a bare node as it was."""

from __future__ import annotations

from typing import Any

OURS = (
    "/etc/haproxy",
    "/etc/hardened-balancer",
    "/var/lib/hardened-balancer",
    "/etc/ssh/sshd_config.d/00-hardened-balancer.conf",
    "/etc/systemd/system/ssh.service.d",
    "/etc/sudoers.d/hardened-balancer",
    "/etc/systemd/system/haproxy.service.d",
    "/etc/systemd/system/hardened-balancer-recover.service",
    "/usr/local/lib/hardened-balancer",
    "/etc/sysctl.d/zz-hardened-balancer.conf",
    "/etc/apt/apt.conf.d/zz-hardened-balancer.conf",
    "/etc/systemd/system/apt-daily-upgrade.timer.d",
    "/etc/systemd/journald.conf.d/hardened-balancer.conf",
)


def test_no_file_was_made(balancer: Any) -> None:
    assert [path for path in OURS if balancer.inside.file(path).exists] == []


def test_no_package_was_installed(balancer: Any) -> None:
    ours = ("haproxy", "nftables", "unattended-upgrades")
    assert [name for name in ours if balancer.inside.package(name).is_installed] == []


def test_no_account_was_made(balancer: Any) -> None:
    assert not balancer.inside.user("ops").exists
    assert not balancer.inside.group("balancer-admins").exists


def test_root_may_still_log_in(lab: Any, balancer: Any) -> None:
    done = lab.ssh("root", balancer, "id -un")
    assert done.stdout.strip() == "root", done.stderr
