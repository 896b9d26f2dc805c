# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of the kernel's settings, and what of it a node gets."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardened.balancer.plugins.plugin_utils._model import kernel, kernel_given

COMPUTED = {kernel.NR_OPEN: "1048576", kernel.RESERVED: "8404-8405"}


def node(values: dict[str, str] | None = None, fixed: list[str] | None = None, **more: t.Any) -> dict[str, t.Any]:
    return {"kernel": {"values": values or {}, "fixed": fixed or []}, **more}


def test_every_setting_stands_once_with_reason_and_source() -> None:
    settings = [setting for of_class in kernel.CLASSES.values() for setting in of_class]
    assert len({setting.key for setting in settings}) == len(settings)
    for setting in settings:
        assert kernel_given.KEY.fullmatch(setting.key)
        assert setting.why
        assert setting.source
        assert setting.value or setting.key in COMPUTED
        assert not setting.least or not setting.value or setting.value.isdecimal()


def test_forwarding_comes_first_because_it_sets_others_back() -> None:
    assert list(kernel.values({}, COMPUTED, node()))[: len(kernel.FORWARDING)] == list(kernel.FORWARDING)


@pytest.mark.parametrize(
    ("listeners", "text"),
    [
        ([], ""),
        ([(80, 80), (443, 443)], ""),
        ([(kernel.PRIVILEGED, kernel.PRIVILEGED), (8080, 8080)], "8080"),
        ([(8405, 8405), (8404, 8404), (80, 80)], "8404-8405"),
        ([(9000, 9010), (9005, 9020), (1024, 1025)], "1024-1025,9000-9020"),
    ],
)
def test_reserved_ports_are_printed_as_the_kernel_does(listeners: list[tuple[int, int]], text: str) -> None:
    assert kernel.reserved(listeners) == text


def test_a_higher_value_is_kept_and_a_lower_one_raised() -> None:
    running = {kernel.NR_OPEN: "1073741816", "net.core.somaxconn": "4096"}
    found = kernel.values({}, COMPUTED, node(running))
    assert (found[kernel.NR_OPEN], found["net.core.somaxconn"]) == ("1073741816", "65535")


def test_of_what_is_locked_down_a_higher_value_is_not_kept() -> None:
    """Only of what is a size more is better: whatever else runs is set back, and no node keeps its laxer one."""
    running = dict.fromkeys(kernel.SETTINGS, "999999999")
    found = kernel.values({}, COMPUTED, node(running))
    kept = {key for key, value in found.items() if value == "999999999"}
    assert kept == {key for key, setting in kernel.SETTINGS.items() if setting.least}
    assert {"net.ipv4.conf.all.accept_redirects", "kernel.sysrq"} & kept == set()


def test_what_the_user_says_holds() -> None:
    given = {"net.core.somaxconn": "128", "kernel.sysrq": None, "net.ipv4.ip_nonlocal_bind": "1"}
    found = kernel.values(given, COMPUTED, node({"net.core.somaxconn": "4096"}))
    assert found["net.core.somaxconn"] == "128"
    assert "kernel.sysrq" not in found
    assert found["net.ipv4.ip_nonlocal_bind"] == "1"


def test_in_a_container_nothing_of_the_hosts_is_set() -> None:
    found = kernel.values({"vm.swappiness": "1"}, COMPUTED, node(container=True))
    assert {key.partition(".")[0] for key in found} == {"net"}


def test_announcements_are_kept_where_the_node_lives_by_them() -> None:
    assert kernel.values({}, COMPUTED, node())[kernel.ACCEPT_RA] == "0"
    assert kernel.ACCEPT_RA not in kernel.values({}, COMPUTED, node(lives_by_ra=True))
    assert kernel.values({kernel.ACCEPT_RA: "0"}, COMPUTED, node(lives_by_ra=True))[kernel.ACCEPT_RA] == "0"


def test_only_what_can_be_set_and_differs_has_to_be() -> None:
    wanted = {"net.core.somaxconn": "65535", "net.ipv4.tcp_syncookies": "1", "net.gone": "1", "net.fixed": "1"}
    running = {"net.core.somaxconn": "4096", "net.ipv4.tcp_syncookies": "1", "net.fixed": "0"}
    assert kernel.differing(wanted, node(running, ["net.fixed", "net.gone"])) == ["net.core.somaxconn"]


def test_a_node_that_routes_is_told_of() -> None:
    wanted = kernel.values({}, COMPUTED, node())
    routing = node({"net.ipv4.ip_forward": "1"})
    assert kernel.notes(wanted, {}, routing) == [
        "the node routes packets (net.ipv4.ip_forward is '1'), which ends with this run; "
        "baseline_sysctl: {net.ipv4.ip_forward: null} leaves it alone"
    ]
    assert kernel.notes(wanted, {"net.ipv4.ip_forward": "0"}, routing) == []
    assert kernel.notes(wanted, {}, node({"net.ipv4.ip_forward": "0"})) == []
    assert kernel.notes(wanted, {}, node({"net.core.somaxconn": "128"})) == []


def test_a_setting_that_this_kernel_does_not_know_is_told() -> None:
    given = {"net.core.somaxcon": "1", "net.core.somaxconn": "2", "vm.swappiness": "1", "kernel.panic": "1"}
    known = {"net.core.somaxconn": "128", "vm.swappiness": "60"}
    there = node(known, ["net.core.somaxcon", "vm.swappiness", "net.ipv4.tcp_tw_reuse"])
    wanted = {**given, "net.ipv4.tcp_tw_reuse": "1"}
    assert kernel.notes(wanted, given, there) == [
        "baseline_sysctl.net.core.somaxcon: this kernel has no such setting now, as where its module is not loaded; "
        "did you mean net.core.somaxconn?"
    ]
    # Nobody asks for what is to be left alone.
    assert kernel.notes({}, {"net.core.somaxcon": None}, there) == []


def test_a_pattern_has_lines_for_the_names_that_files_of_others_have() -> None:
    wanted = {"net.ipv4.conf.*.rp_filter": "2", "net.ipv4.conf.all.rp_filter": "1", "net.core.somaxconn": "65535"}
    assert kernel.lines(wanted).splitlines() == [
        "net.ipv4.conf.*.rp_filter = 2",
        "net.ipv4.conf.all.rp_filter = 1",
        "net.ipv4.conf.default.rp_filter = 2",
        "net.core.somaxconn = 65535",
    ]
