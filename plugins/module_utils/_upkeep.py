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
FAIL2BAN = "fail2ban.service"
# package: unit of what keeps the time; no two can be installed together, the first is where there is none
TIME = {
    "systemd-timesyncd": "systemd-timesyncd.service",
    "chrony": "chrony.service",
    "ntpsec": "ntpsec.service",
    "ntp": "ntp.service",
    "openntpd": "openntpd.service",
}
UNITS = (TIMER, JOURNALD, FAIL2BAN, *TIME.values())
PACKAGES = ("unattended-upgrades", "needrestart", "fail2ban", "python3-systemd", *TIME)
PROPERTIES = "NeedDaemonReload,ActiveEnterTimestampMonotonic"

Units = t.Mapping[str, t.Mapping[str, str]]


class Upkeep(t.NamedTuple):
    """Enabled, running, and started since its settings were written: systemd misses no drop-in in a new directory."""

    timer: bool
    journal: bool
    fail2ban: bool
    enabled: list[str]


def describe(units: Units, written: t.Mapping[str, float | None], booted: float) -> Upkeep:
    """`written`: when the settings of a unit were, on the clock by which the node `booted`."""
    timer = units.get(TIMER, {})
    current = {unit: when is None or _started(units, unit, booted) > when for unit, when in written.items()}
    return Upkeep(
        timer=enabled(units, TIMER)
        and _is_active(units, TIMER)
        and timer.get("NeedDaemonReload") == "no"
        and current[TIMER],
        journal=current[JOURNALD],
        fail2ban=enabled(units, FAIL2BAN) and _is_active(units, FAIL2BAN) and current[FAIL2BAN],
        enabled=[unit for unit in TIME.values() if enabled(units, unit)],
    )


def _started(units: Units, unit: str, booted: float) -> float:
    return booted + int(units.get(unit, {}).get("ActiveEnterTimestampMonotonic") or 0) / 1e6


def _is_active(units: Units, unit: str) -> bool:
    return units.get(unit, {}).get("ActiveState") == "active"


def enabled(units: Units, unit: str) -> bool:
    return units.get(unit, {}).get("UnitFileState") in ("enabled", "alias")
