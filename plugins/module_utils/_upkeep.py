# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps a node up to date, on time and with its log: the units for it, and whether they run as they are written.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import typing as t

TIMER = "apt-daily-upgrade.timer"
JOURNALD = "systemd-journald.service"
# package: unit; no two of them can be installed together
TIME = {
    "systemd-timesyncd": "systemd-timesyncd.service",
    "chrony": "chrony.service",
    "ntpsec": "ntpsec.service",
    "ntp": "ntp.service",
    "openntpd": "openntpd.service",
}
UNITS = (TIMER, JOURNALD, *TIME.values())
PACKAGES = ("unattended-upgrades", "needrestart", *TIME)
PROPERTIES = "NeedDaemonReload,ActiveEnterTimestampMonotonic"

Units = t.Mapping[str, t.Mapping[str, str]]


class Upkeep(t.NamedTuple):
    """`timer`: enabled, running and read as it is written. `journal`: started since its settings were written."""

    timer: bool
    journal: bool
    enabled: list[str]


def describe(units: Units, written: float | None, booted: float) -> Upkeep:
    """`written`: when the settings of the journal were, on the clock by which the node `booted`."""
    timer = units.get(TIMER, {})
    started = booted + int(units.get(JOURNALD, {}).get("ActiveEnterTimestampMonotonic") or 0) / 1e6
    return Upkeep(
        timer=enabled(units, TIMER) and timer.get("ActiveState") == "active" and timer.get("NeedDaemonReload") == "no",
        journal=written is None or started > written,
        enabled=[unit for unit in TIME.values() if enabled(units, unit)],
    )


def enabled(units: Units, unit: str) -> bool:
    return units.get(unit, {}).get("UnitFileState") in ("enabled", "alias")
