# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The system beneath: the kernel's settings, updates, the journal."""

from __future__ import annotations

import re
from typing import Any

SYSCTL = "/etc/sysctl.d/zz-hardened-balancer.conf"


def test_in_a_container_only_the_network_is_ours(balancer: Any) -> None:
    keys = re.findall(r"^(\S+) =", balancer.inside.file(SYSCTL).content_string, re.MULTILINE)
    assert len(keys) > 20
    assert [key for key in keys if not key.startswith("net.")] == []


def test_at_boot_the_settings_are_no_failure(balancer: Any) -> None:
    assert balancer.run("/usr/lib/systemd/systemd-sysctl") == ""


def test_updates_come_at_the_hour_of_the_plan(balancer: Any) -> None:
    timer = "apt-daily-upgrade.timer"
    assert balancer.inside.service(timer).is_enabled
    assert balancer.inside.service(timer).is_running
    shown = balancer.run(f"systemctl show {timer} --property=TimersCalendar,RandomizedDelayUSec,Persistent")
    assert "OnCalendar=*-*-* 06:00:00 ;" in shown
    assert shown.count("OnCalendar") == 1
    assert "RandomizedDelayUSec=0\n" in shown
    assert "Persistent=no" in shown


def test_only_security_updates_count_and_nothing_asks(balancer: Any) -> None:
    dump = balancer.run("apt-config dump")
    assert 'APT::Periodic::Unattended-Upgrade "1";' in dump
    assert 'Unattended-Upgrade::Automatic-Reboot "false";' in dump
    assert 'DPkg::Options:: "--force-confold";' in dump
    patterns = re.findall(r'^Unattended-Upgrade::(?:Origins-Pattern|Allowed-Origins):: "(.*)";', dump, re.MULTILINE)
    assert len(patterns) == 5
    assert all("ecurity" in pattern for pattern in patterns)


def test_unattended_upgrade_takes_its_configuration(balancer: Any) -> None:
    said = balancer.inside.run("unattended-upgrade --dry-run --debug")
    assert said.rc == 0, said.stdout + said.stderr
    assert "label=Debian-Security" in said.stdout + said.stderr


def test_the_journal_is_on_disk_and_bounded(balancer: Any) -> None:
    assert "/var/log/journal/" in balancer.run("journalctl --header | grep 'File path'")
    assert "SystemMaxUse=1G" in balancer.run("systemd-analyze cat-config systemd/journald.conf")
