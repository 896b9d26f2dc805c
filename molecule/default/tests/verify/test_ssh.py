# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scanner that is not ours says of SSH."""

from __future__ import annotations

from typing import Any


def test_ssh_audit_fails_nothing(lab: Any, balancer: Any) -> None:
    report = lab.ssh_audit(balancer)
    assert "(kex) " in report.stdout, report.stdout + report.stderr
    assert "[fail]" not in report.stdout
