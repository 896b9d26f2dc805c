# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The baseline of a node: what `draft` knows of it without contact, and what it is with the node's answer."""

from __future__ import annotations

import typing as t

from ansible_collections.hardened.balancer.plugins.module_utils._upkeep import TIME

from . import kernel, kernel_given, schedule
from .problems import Problems

SYSCTL = "/etc/sysctl.d/zz-hardened-balancer.conf"
MODULES = "/etc/modules-load.d/hardened-balancer.conf"
APT = "/etc/apt/apt.conf.d/zz-hardened-balancer.conf"
TIMER = "/etc/systemd/system/apt-daily-upgrade.timer.d/hardened-balancer.conf"
NEEDRESTART = "/etc/needrestart/conf.d/hardened-balancer.conf"
FAIL2BAN = "/etc/fail2ban/jail.d/hardened-balancer.local"
JOURNAL = "/etc/systemd/journald.conf.d/hardened-balancer.conf"
# Every file of the role's settings, so that one that is not wanted any more is removed, with what puts it in force.
PARTS = {
    SYSCTL: "sysctl",
    MODULES: "sysctl",
    APT: "",
    TIMER: "timer",
    NEEDRESTART: "",
    JOURNAL: "journal",
    FAIL2BAN: "fail2ban",
}
# The journal is read by the second, the bans are laid with the third.
FAIL2BAN_PACKAGES = ("fail2ban", "python3-systemd", "nftables")

Node = dict[str, t.Any]
Drafted = dict[str, t.Any]


def check(given: dict[str, t.Any], problems: Problems) -> None:
    kernel_given.check(given.get("baseline_sysctl") or {}, "baseline_sysctl", problems)
    schedule.check(given, problems)
    if given.get("baseline_fail2ban") and not given.get("balancer_management_networks"):
        problems.add(
            "baseline_fail2ban",
            "holds true without balancer_management_networks: it would ban whoever manages the node after a few logins "
            "that failed; name the networks that you come from",
        )


def draft(given: dict[str, t.Any], listeners: t.Iterable[t.Any], inventory: dict[str, t.Any]) -> Drafted:
    sysctl = given.get("baseline_sysctl") or {}
    place = schedule.place(inventory)
    reboot = given.get("baseline_reboot")
    return {
        "sysctl": sysctl,
        "reserved": kernel.reserved((one.low, one.high) for one in listeners),
        "asked": [*kernel.SETTINGS, *(key for key in sysctl if key not in kernel.SETTINGS)],
        "updates": given.get("baseline_updates"),
        "fail2ban": bool(given.get("baseline_fail2ban")),
        "updates_at": schedule.staggered(schedule.START, *place),
        "reboot_at": schedule.staggered(reboot, *place) if reboot else "",
    }


def judge(drafted: Drafted, nofile: int, node: Node, problems: Problems) -> None:
    kernel_given.judge(drafted["sysctl"], nofile, node, problems)


def settle(drafted: Drafted, nofile: int, node: Node) -> tuple[dict[str, t.Any], list[str]]:
    """With what is to be told of it."""
    computed = {kernel.NR_OPEN: str(nofile), kernel.RESERVED: drafted["reserved"]}
    sysctl = kernel.values(drafted["sysctl"], computed, node)
    fixed = node.get("kernel", {}).get("fixed", [])
    timekeeper = _timekeeper(node)
    files = _files(drafted, node)
    settled = {
        "sysctl": kernel.lines(sysctl),
        "settings": len(sysctl),
        "fixed": len([key for key in sysctl if key in fixed]),
        "of_the_host": len(drafted["asked"]) - len(sysctl) if node.get("container") else 0,
        "updates": drafted["updates"],
        "updates_at": drafted["updates_at"],
        "reboot_at": drafted["reboot_at"],
        "fail2ban": drafted["fail2ban"],
        "time": TIME[timekeeper] if timekeeper else "",
        "packages": _packages(drafted, timekeeper),
        "files": files,
        "unwanted": [path for path in PARTS if path not in files and node.get("managed", {}).get(path)],
        "parts": PARTS,
    }
    pending = {
        "sysctl": bool(kernel.differing(sysctl, node)),
        **_upkeep(settled, node.get("upkeep") or {}),
    }
    settled["pending"] = [part for part, due in pending.items() if due]
    return settled, kernel.notes(sysctl, drafted["sysctl"], node)


def _timekeeper(node: Node) -> str:
    """The package that is there already, else the first; a container has the clock of its host."""
    if node.get("container"):
        return ""
    packages = node.get("packages", {})
    return next((name for name in TIME if packages.get(name)), next(iter(TIME)))


def _packages(drafted: Drafted, timekeeper: str) -> list[str]:
    packages = [timekeeper] if timekeeper else []
    packages += ["unattended-upgrades"] if drafted["updates"] != "none" else []
    return [*packages, *(FAIL2BAN_PACKAGES if drafted["fail2ban"] else ())]


def _files(drafted: Drafted, node: Node) -> list[str]:
    wanted = {
        # The host's modules are the host's.
        MODULES: not node.get("container"),
        TIMER: drafted["updates"] != "none",
        FAIL2BAN: drafted["fail2ban"],
        NEEDRESTART: bool(node.get("packages", {}).get("needrestart")),
    }
    return [path for path in PARTS if wanted.get(path, True)]


def _upkeep(settled: dict[str, t.Any], upkeep: dict[str, t.Any]) -> dict[str, bool]:
    """What does not run as it is, or will be, on disk; of a node that was not asked nothing is known."""
    return {
        "timer": settled["updates"] != "none" and not upkeep.get("timer", True),
        "time": bool(settled["time"]) and settled["time"] not in upkeep.get("enabled", [settled["time"]]),
        "journal": not upkeep.get("journal", True),
        "fail2ban": settled["fail2ban"] and not upkeep.get("fail2ban", True),
    }


def proof(settled: dict[str, t.Any]) -> dict[str, t.Any]:
    return {
        "sysctl": settled["sysctl"],
        "updates": settled["updates"] != "none",
        "time": settled["time"],
        "fail2ban": settled["fail2ban"],
    }
