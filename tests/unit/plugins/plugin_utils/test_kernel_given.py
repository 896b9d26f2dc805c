# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of the kernel's settings an inventory may say, by whatever name."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardened.balancer.plugins.plugin_utils._model import baseline, kernel, kernel_given
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.problems import Problems


def told(given: dict[str, t.Any]) -> list[str]:
    problems = Problems()
    kernel_given.check(given, "sysctl", problems)
    return [str(problem) for problem in problems]


def test_our_own_settings_are_taken_as_they_are() -> None:
    given = {key: setting.value for key, setting in kernel.SETTINGS.items() if setting.value}
    assert told(given) == []
    assert set(kernel_given.FLOORS) <= set(kernel.SETTINGS)
    for key, (least, _why) in kernel_given.FLOORS.items():
        assert kernel.SETTINGS[key].least
        assert told({key: str(least)}) == []


def test_a_null_of_what_we_do_not_set_is_refused() -> None:
    given = {"kernel.sysrq": None, "net.core.somaxcon": None, "nonsense": "1"}
    assert [one.partition(":")[0] for one in told(given)] == ["sysctl.net.core.somaxcon", "sysctl.nonsense"]


@pytest.mark.parametrize(
    "key",
    [
        "kernel.modules_disabled",
        "kernel/modules_disabled",
        "kernel.modules_*",
        "kernel/modules_*",
        "kernel.*_disabled",
        "kernel.*",
        "kernel.m*s_d*",
    ],
)
def test_modules_can_be_loaded_at_each_boot(key: str) -> None:
    [problem] = told({key: "1"})
    assert "only 0 or null goes: the firewall's modules are loaded when it is, at each boot" in problem
    assert ("and is kernel.modules_disabled too" in problem) == ("*" in key)
    assert told({key: "0"}) == []


@pytest.mark.parametrize("key", ["kernel//modules_disabled", "kernel.random.//.modules_disabled", "kernel/modules/"])
def test_a_name_that_leads_elsewhere_is_none(key: str) -> None:
    assert told({key: "1"}) == [f"sysctl.{key}: is no key of the kernel, like net.core.somaxconn"]


@pytest.mark.parametrize("key", ["kernel.unprivileged_userns_clone", "kernel.*.modules_disabled", "kernel.kexec_*"])
def test_other_names_of_the_kernel_are_free(key: str) -> None:
    assert told({key: "1"}) == []


def test_a_setting_of_ours_has_one_name() -> None:
    assert told({"net/ipv4/conf/*/rp_filter": "1"}) == [
        "sysctl.net/ipv4/conf/*/rp_filter: is a setting of ours under another name; write net.ipv4.conf.*.rp_filter"
    ]


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("fs.file-max", "1024", "which must be 65536 or more: no process opens anything when they are used up"),
        ("fs.nr_open", "many", "which must be 1024 or more: no unit starts that may open more"),
        ("net.netfilter.nf_conntrack_max", "0", "which must be 1024 or more: a full table drops SSH too"),
        ("net.netfilter.nf_conntrack_max", "-1", "which must be 1024 or more: a full table drops SSH too"),
        ("net.core.somaxconn", "0", "which must be 128 or more: connections that wait are dropped"),
        ("net.ipv4.ip_local_port_range", "2000 1000", "which must be the first and the last port, of 1 to 65535"),
        ("net.ipv4.ip_local_port_range", "1024 70000", "which must be the first and the last port, of 1 to 65535"),
        ("net.ipv4.ip_local_port_range", "1024", "which must be like ours: 1024 65023"),
    ],
)
def test_a_value_that_a_node_does_not_survive(key: str, value: str, why: str) -> None:
    assert told({key: value}) == [f"sysctl.{key}: holds '{value}', {why}"]


@pytest.mark.parametrize("name", ["net.ipv4.conf.all.rp_filter", "net/ipv4/conf/default/rp_filter"])
def test_a_value_that_the_kernel_outweighs(name: str) -> None:
    assert told({name: "1"}) == [
        f"sysctl.{name}: holds '1', and the kernel takes the higher one of all and of the interface, which is 2; "
        "write net.ipv4.conf.*.rp_filter"
    ]
    assert told({name: "2"}) == []
    for meant in ("net.ipv4.conf.*.rp_filter", "net.ipv4.conf.eth1.rp_filter", "net/ipv4/conf/eth0.7/rp_filter"):
        assert told({name: "0", meant: "1"}) == []


@pytest.mark.parametrize(
    ("value", "container", "refused"), [("9999", False, True), ("10000", False, False), ("9999", True, False)]
)
def test_no_unit_may_open_more_than_the_kernel_allows(value: str, container: bool, refused: bool) -> None:
    problems = Problems()
    drafted = baseline.draft({"baseline_sysctl": {"fs.nr_open": value}}, [], {"name": "lb1", "groups": {}})
    baseline.judge(drafted, 10000, {"container": container}, problems)
    assert [str(problem) for problem in problems] == (
        [
            f"baseline_sysctl.fs.nr_open: holds '{value}', and HAProxy's unit may open 10000 (LimitNOFILE), with which "
            "it would not start; leave it out, it is raised as far as that needs"
        ]
        if refused
        else []
    )
