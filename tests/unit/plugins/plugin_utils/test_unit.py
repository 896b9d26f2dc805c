# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of systemd's an inventory may add to the unit: nothing that systemd passes over, or that a role sets itself."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardened.balancer.plugins.plugin_utils._model import check, sandbox, shapes, unit
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.problems import Problems
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.shapes.unit import UNIT


def told(given: dict[str, t.Any]) -> list[str]:
    problems = Problems()
    unit.check(check.check(UNIT, given, "unit", problems), problems)
    return [str(problem) for problem in problems]


def test_a_raw_setting_is_one() -> None:
    assert told({"raw": ["nice -5"]}) == ["haproxy_unit.raw[0]: must be a setting of systemd's, as in Nice=-5"]
    assert told({"raw": ["Nice=-5", "MemoryMax=2G", "LimitMEMLOCK=infinity", "Environment=A=50%% B", "Slice="]}) == []


@pytest.mark.parametrize("line", ["Nice=-5 \\", "Nice=-5\\", "Environment=A=\\\\"])
def test_no_line_swallows_the_next(line: str) -> None:
    [problem] = told({"raw": [line]})
    assert problem.startswith("haproxy_unit.raw[0]: ends with a backslash")


@pytest.mark.parametrize(
    ("line", "where"),
    [
        ("ExecStart=/bin/sh", "is the role's"),
        ("ExecStartPre=+/bin/sh", "is the role's"),
        ("ExecReload=", "is the role's"),
        ("Type=simple", "is the role's"),
        ("PIDFile=/run/x", "is the role's"),
        ("User=web", "haproxy_global: {user: ..., group: ...}"),
        ("Group=web", "haproxy_global: {user: ..., group: ...}"),
        ("DynamicUser=yes", "haproxy_global: {user: ..., group: ...}"),
        ("LimitNOFILE=1024", "haproxy_global: {maxconn: ..., ulimit_n: ...}"),
        ("LimitCORE=infinity", "haproxy_global: {set_dumpable: true}"),
        ("UnsetEnvironment=HARDENED_BALANCER_SANDBOX", "what it was started with"),
    ],
)
def test_what_is_said_elsewhere_is_not_taken(line: str, where: str) -> None:
    [problem] = told({"raw": [line]})
    assert problem.startswith(f"haproxy_unit.raw[0]: sets {line.partition('=')[0]}, which is not taken here: ")
    assert where in problem


@pytest.mark.parametrize("path", ["/", "/srv", "/srv/", "/srv/a,b", "/srv/..a", "/srv/ä"])
def test_a_path_that_systemd_reads_as_it_stands(path: str) -> None:
    assert told({"ReadWritePaths": [path]}) == []


@pytest.mark.parametrize(
    "path",
    ["srv", "-/srv", "/srv/../etc", "/srv/..", "/srv/./x", '/srv/"x', "/srv/'x'", "/srv/a b", "/srv/%h", "/srv/\\x20"],
)
def test_a_path_that_systemd_reads_in_its_own_way(path: str) -> None:
    [problem] = told({"ReadWritePaths": [path]})
    assert "which must be an absolute path without .., blanks, quotes, backslashes and %" in problem


def test_what_the_sandbox_has_is_there_already() -> None:
    for name in sandbox.CAPABILITIES:
        assert told({"CapabilityBoundingSet": ["CAP_NET_RAW", name]}) == [
            f"haproxy_unit.CapabilityBoundingSet[1]: holds '{name}', which is there already; leave it out"
        ]
    for name in sandbox.FAMILIES:
        assert told({"RestrictAddressFamilies": [name]}) == [
            f"haproxy_unit.RestrictAddressFamilies[0]: holds '{name}', which is there already; leave it out"
        ]


def test_lower_case_is_told_its_upper_case() -> None:
    [problem] = told({"CapabilityBoundingSet": ["cap_net_raw"]})
    assert problem.endswith("did you mean CAP_NET_RAW?")


def test_yaml_reads_no_as_false() -> None:
    assert check.check(UNIT, {"ProtectHome": False}, "unit", Problems()) == {"ProtectHome": "no"}
    [problem] = told({"ProtectHome": True})
    assert problem == "unit.ProtectHome: holds true, which is not one of its choices; allowed: no, read-only"
    assert shapes.VARIABLES["haproxy_unit"][1] is UNIT
