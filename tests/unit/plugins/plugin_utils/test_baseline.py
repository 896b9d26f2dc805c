# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a node gets of the baseline, by what it answers; and when each of several updates."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardened.balancer.plugins.module_utils import _node
from ansible_collections.hardened.balancer.plugins.plugin_utils._model import baseline, kernel, schedule
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.problems import Problems

GIVEN: dict[str, t.Any] = {"baseline_updates": "security", "baseline_reboot": False}
THREE = {"name": "lb2", "groups": {"balancers": ["lb1", "lb2", "lb3"]}}


def settled(given: dict[str, t.Any] | None = None, **node: t.Any) -> dict[str, t.Any]:
    return baseline.settle(baseline.draft({**GIVEN, **(given or {})}, [], THREE), 1048576, node)[0]


@pytest.mark.parametrize(
    ("start", "count", "times"),
    [
        ("06:00", 1, ["06:00"]),
        ("06:00", 3, ["06:00", "07:00", "08:00"]),
        ("23:30", 2, ["23:30", "00:30"]),
    ],
)
def test_each_has_an_hour_of_its_own(start: str, count: int, times: list[str]) -> None:
    assert [schedule.staggered(start, which, count) for which in range(count)] == times


@pytest.mark.parametrize("count", [2, 24, 25, 100, 720])
def test_no_two_have_the_same_time(count: int) -> None:
    assert len({schedule.staggered("03:30", which, count) for which in range(count)}) == count


def test_the_place_is_that_of_the_inventory() -> None:
    assert schedule.place(THREE) == (1, 3)
    assert schedule.place({"name": "elsewhere", "groups": {"balancers": ["lb1"]}}) == (0, 1)
    assert schedule.place({"name": "lb1", "groups": {}}) == (0, 1)


def test_update_and_reboot_are_both_staggered() -> None:
    found = settled({"baseline_reboot": "03:30"})
    assert (found["updates_at"], found["reboot_at"]) == ("07:00", "04:30")
    assert settled()["reboot_at"] == ""


def test_a_reboot_without_updates_is_refused() -> None:
    problems = Problems()
    schedule.check({"baseline_reboot": "03:30", "baseline_updates": "none"}, problems)
    assert [problem.path for problem in problems] == ["baseline_reboot"]


@pytest.mark.parametrize(
    ("packages", "container", "unit", "package"),
    [
        ({}, False, "systemd-timesyncd.service", ["systemd-timesyncd"]),
        ({"chrony": "4.3"}, False, "chrony.service", ["chrony"]),
        ({"chrony": None, "ntpsec": "1.2"}, False, "ntpsec.service", ["ntpsec"]),
        ({"chrony": "4.3"}, True, "", []),
    ],
)
def test_who_keeps_the_time_stays(packages: dict[str, t.Any], container: bool, unit: str, package: list[str]) -> None:
    found = settled(packages=packages, container=container)
    assert (found["time"], found["packages"]) == (unit, [*package, "unattended-upgrades"])


def test_the_files_follow_what_is_wanted_and_what_is_there() -> None:
    assert settled()["files"] == [baseline.SYSCTL, baseline.MODULES, baseline.APT, baseline.TIMER, baseline.JOURNAL]
    assert baseline.MODULES not in settled(container=True)["files"]
    assert baseline.NEEDRESTART in settled(packages={"needrestart": "3.6"})["files"]
    on = settled({"baseline_fail2ban": True}, upkeep={"fail2ban": False})
    assert baseline.FAIL2BAN in on["files"]
    assert on["packages"][-3:] == ["fail2ban", "python3-systemd", "nftables"]
    assert "fail2ban" in on["pending"]
    assert settled(managed={baseline.FAIL2BAN: "digest"})["unwanted"] == [baseline.FAIL2BAN]
    off = settled({"baseline_updates": "none"}, managed={baseline.TIMER: "digest", baseline.NEEDRESTART: None})
    assert off["unwanted"] == [baseline.TIMER]
    assert "unattended-upgrades" not in off["packages"]


def test_what_is_wanted_is_not_unwanted() -> None:
    """Everything is on the node that may be: what the inventory asks for stays."""
    there = {"managed": dict.fromkeys(baseline.PARTS, "digest"), "packages": {"needrestart": "3.6"}}
    assert settled({"baseline_fail2ban": True}, **there)["unwanted"] == []
    assert settled(**there)["unwanted"] == [baseline.FAIL2BAN]


def test_who_bans_needs_networks_that_are_never_banned() -> None:
    problems = Problems()
    baseline.check({**GIVEN, "baseline_fail2ban": True, "balancer_management_networks": ["198.51.100.0/24"]}, problems)
    assert list(problems) == []
    baseline.check({**GIVEN, "baseline_fail2ban": True}, problems)
    assert [problem.path for problem in problems] == ["baseline_fail2ban"]


def test_the_node_is_asked_for_each_setting_once() -> None:
    drafted = baseline.draft({**GIVEN, "baseline_sysctl": {"vm.swappiness": "1", "kernel.sysrq": "0"}}, [], THREE)
    assert drafted["asked"] == [*kernel.SETTINGS, "vm.swappiness"]


def test_what_is_not_set_here_is_counted() -> None:
    assert (settled()["fixed"], settled()["of_the_host"]) == (0, 0)
    held = settled(kernel={"values": {}, "fixed": ["kernel.sysrq", "net.core.somaxconn", "net.nobody.asks"]})
    assert held["fixed"] == 2
    inside = settled(container=True)
    assert inside["of_the_host"] == len(kernel.SETTINGS) - inside["settings"] > 0


def test_the_node_answers_for_every_file() -> None:
    assert set(baseline.PARTS) <= set(_node.MANAGED)
    assert set(_node.WRITTEN.values()) == {baseline.TIMER, baseline.JOURNAL, baseline.FAIL2BAN}


def test_what_runs_otherwise_than_on_disk_is_due() -> None:
    right = {"timer": True, "journal": True, "enabled": ["systemd-timesyncd.service"]}
    assert settled(upkeep=right)["pending"] == []
    assert settled(upkeep={"timer": False, "journal": False, "enabled": []})["pending"] == ["timer", "time", "journal"]
    off = settled({"baseline_updates": "none"}, upkeep={**right, "timer": False})
    assert off["pending"] == []
    # The clock is the host's, and nobody asked for a jail.
    assert settled(container=True, upkeep={**right, "enabled": []})["pending"] == []
    assert settled(upkeep={**right, "fail2ban": False})["pending"] == []
    assert settled({"baseline_fail2ban": True}, upkeep={**right, "fail2ban": True})["pending"] == []
