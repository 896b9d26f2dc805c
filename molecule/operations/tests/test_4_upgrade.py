# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HAProxy's package, one balancer after the other, each proven before the next; no client notices."""

from __future__ import annotations

import re
from typing import Any

import pytest


def offered(machine: Any) -> list[str]:
    """Versions that the mirror has, the newest first."""
    found = re.findall(r"haproxy \| (\S+) \|", machine.run("apt-cache madison haproxy"))
    return list(dict.fromkeys(found))


def running(machine: Any) -> str:
    found = re.search(r"^Version: (\S+)", machine.haproxy("show info"), re.MULTILINE)
    assert found
    return found[1]


def test_an_older_package_and_the_newest_again(lab: Any, operations: Any, balancer: Any) -> None:
    versions = offered(balancer)
    if len(versions) < 2:
        pytest.skip(f"the mirror has {versions} only")
    newest, older = versions[:2]
    with operations.load() as load:
        played = operations.play("upgrade", "-e", f"package_version={older}", "-l", balancer.name)
        assert played.changed(balancer.name) > 0
        assert running(balancer) == older
        operations.play("upgrade")
        assert running(balancer) == newest
    assert load.failures == []


def test_nothing_newer_is_no_change(operations: Any) -> None:
    for arguments in (["--check"], []):
        played = operations.play("upgrade", *arguments)
        assert played.changed("lb1") == played.changed("lb2") == 0
    assert "nothing newer is offered" in played.output


def test_a_balancer_that_is_not_well_stops_it_before_the_first(lab: Any, operations: Any) -> None:
    lab["lb2"].run("systemctl stop haproxy")
    try:
        output = operations.play("upgrade", code=2).output
        assert "Upgrade the package" not in output
    finally:
        lab["lb2"].run("systemctl start haproxy")


def test_a_version_that_nobody_offers_is_told_with_those_that_are(lab: Any, operations: Any) -> None:
    output = " ".join(operations.play("upgrade", "-e", "package_version=9.9", code=2).output.split())
    assert f"On offer on lb1: {offered(lab['lb1'])[0]}" in output
    assert "The balancers after it were not touched." in output
    assert running(lab["lb1"]) == offered(lab["lb1"])[0]
