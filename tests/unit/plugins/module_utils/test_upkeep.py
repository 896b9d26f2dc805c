# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.hardened.balancer.plugins.module_utils import _upkeep

GOOD = {
    "apt-daily-upgrade.timer": {
        "UnitFileState": "enabled",
        "ActiveState": "active",
        "NeedDaemonReload": "no",
        "ActiveEnterTimestampMonotonic": "4000000",
    },
    "systemd-journald.service": {"ActiveEnterTimestampMonotonic": "5000000"},
    "fail2ban.service": {
        "UnitFileState": "enabled",
        "ActiveState": "active",
        "ActiveEnterTimestampMonotonic": "6000000",
    },
    "chrony.service": {"UnitFileState": "enabled"},
    "systemd-timesyncd.service": {"UnitFileState": "disabled"},
}


def written(
    journal: float | None = None, fail2ban: float | None = None, timer: float | None = None
) -> dict[str, float | None]:
    return {"systemd-journald.service": journal, "fail2ban.service": fail2ban, "apt-daily-upgrade.timer": timer}


def test_a_node_that_is_kept() -> None:
    expected = _upkeep.Upkeep(timer=True, journal=True, fail2ban=True, enabled=["chrony.service"])
    assert _upkeep.describe(GOOD, written(1004.0, 1005.0, 1003.9), 1000.0) == expected


@pytest.mark.parametrize(
    "changed", [{"UnitFileState": "disabled"}, {"ActiveState": "inactive"}, {"NeedDaemonReload": "yes"}]
)
def test_a_timer_that_is_off_or_changed_since(changed: dict[str, str]) -> None:
    timer = {**GOOD["apt-daily-upgrade.timer"], **changed}
    assert not _upkeep.describe({**GOOD, "apt-daily-upgrade.timer": timer}, written(), 0).timer


def test_a_timer_that_was_started_before_its_drop_in() -> None:
    assert not _upkeep.describe(GOOD, written(timer=1004.1), 1000.0).timer


@pytest.mark.parametrize(("when", "current"), [(None, True), (1004.9, True), (1005.1, False)])
def test_a_journal_that_was_started_before_its_settings(when: float | None, current: bool) -> None:
    assert _upkeep.describe(GOOD, written(journal=when), 1000.0).journal is current


def test_a_jail_that_is_off_or_older_than_its_settings() -> None:
    assert not _upkeep.describe(GOOD, written(fail2ban=1006.1), 1000.0).fail2ban
    assert not _upkeep.describe({**GOOD, "fail2ban.service": {}}, written(), 1000.0).fail2ban
