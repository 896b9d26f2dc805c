# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.hardened.balancer.plugins.module_utils import _upkeep

GOOD = {
    "apt-daily-upgrade.timer": {"UnitFileState": "enabled", "ActiveState": "active", "NeedDaemonReload": "no"},
    "systemd-journald.service": {"ActiveEnterTimestampMonotonic": "5000000"},
    "chrony.service": {"UnitFileState": "enabled"},
    "systemd-timesyncd.service": {"UnitFileState": "disabled"},
}


def test_a_node_that_is_kept() -> None:
    assert _upkeep.describe(GOOD, 1004.0, 1000.0) == _upkeep.Upkeep(
        timer=True, journal=True, enabled=["chrony.service"]
    )


@pytest.mark.parametrize(
    "changed", [{"UnitFileState": "disabled"}, {"ActiveState": "inactive"}, {"NeedDaemonReload": "yes"}]
)
def test_a_timer_that_is_off_or_changed_since(changed: dict[str, str]) -> None:
    timer = {**GOOD["apt-daily-upgrade.timer"], **changed}
    assert not _upkeep.describe({**GOOD, "apt-daily-upgrade.timer": timer}, None, 0).timer


@pytest.mark.parametrize(("written", "current"), [(None, True), (1004.9, True), (1005.1, False)])
def test_a_journal_that_was_started_before_its_settings(written: float | None, current: bool) -> None:
    assert _upkeep.describe(GOOD, written, 1000.0).journal is current
