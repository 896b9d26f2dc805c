# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may log in, and how."""

from __future__ import annotations

from typing import Any


def test_root_is_refused(lab: Any, balancer: Any) -> None:
    done = lab.ssh("root", balancer, "id -un")
    assert done.returncode == 255
    assert "Permission denied" in done.stderr


def test_a_password_is_refused(lab: Any, balancer: Any) -> None:
    done = lab.ssh("ops", balancer, "id -un", "PubkeyAuthentication=no")
    assert done.returncode == 255
    # In the parentheses the server names what it would accept.
    assert "Permission denied (publickey)" in done.stderr


def test_the_administrator_may_log_in_and_manage_services(lab: Any, balancer: Any) -> None:
    done = lab.ssh("ops", balancer, "id -un && sudo -n systemctl is-active haproxy hardened-balancer-firewall")
    assert done.stdout.split() == ["ops", "active", "active"], done.stderr


def test_the_home_of_an_administrator_is_nobody_elses(balancer: Any) -> None:
    assert balancer.run("stat -c '%a %U' /home/ops") == "700 ops\n"
