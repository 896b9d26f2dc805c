# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the kernel as they run, on a made-up /proc."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.hardened.balancer.plugins.module_utils import _kernel

COLLECTIONS = Path(__file__).parents[4] / "collections"
SYSTEMD_SYSCTL = "/usr/lib/systemd/systemd-sysctl"
# What differs of the plan, told before and after it was put in force as at boot.
IN_FORCE = """
import pathlib, subprocess, sys
from ansible_collections.hardened.balancer.plugins.module_utils import _kernel
from ansible_collections.hardened.balancer.plugins.plugin_utils._model import kernel

def node():
    asked = [*kernel.SETTINGS, *given]
    return {"container": True, "kernel": _kernel.read(asked, "/proc")._asdict()}

given = {"net.ipv4.ip_nonlocal_bind": "1", "net.ipv4.conf.lo.rp_filter": "2"}
wanted = kernel.values(given, {kernel.NR_OPEN: "1048576", kernel.RESERVED: "8404-8405,10000"}, node())
before = kernel.differing(wanted, node())
pathlib.Path(sys.argv[2]).write_text(kernel.lines(wanted))
subprocess.run(sys.argv[1:], check=True)
assert "net.ipv4.conf.*.accept_redirects" in before, before
assert "net.ipv4.conf.lo.rp_filter" in before, before
assert kernel.differing(wanted, node()) == []
"""
needs_a_kernel = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("unshare") or not Path(SYSTEMD_SYSCTL).exists(),
    reason="sets the kernel in a network namespace: needs root and systemd-sysctl",
)
# Router announcement: the default route has RTF_ADDRCONF; a static one has not.
ROUTE = "{} {} " + "0" * 32 + " 00 fe800000000000000000000000000001 00000400 00000001 00000000 {}     eth0\n"
BY_RA = ROUTE.format("0" * 32, "00", "00450003")
STATIC = ROUTE.format("0" * 32, "00", "00000003")
PREFIX = ROUTE.format("20010db8000000000000000000000000", "40", "00440001")
ADDRESS = "20010db8000000000000000000000010 02 40 00 {}     eth0\n"


@pytest.fixture
def proc(tmp_path: Path) -> str:
    files = {
        "net/core/somaxconn": "4096",
        "net/ipv4/ip_local_port_range": "1024\t65023",
        "net/ipv4/conf/all/rp_filter": "1",
        "net/ipv4/conf/eth0/rp_filter": "2",
        "net/ipv4/conf/eth0.100/rp_filter": "0",
    }
    for name, text in files.items():
        path = tmp_path / "sys" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")
    return str(tmp_path)


def test_values_have_one_blank_and_interfaces_are_looked_at_together(proc: str) -> None:
    found = _kernel.read(["net.ipv4.ip_local_port_range", "net.ipv4.conf.*.rp_filter", "net.gone"], proc)
    assert found.values == {"net.ipv4.ip_local_port_range": "1024 65023", "net.ipv4.conf.*.rp_filter": "0 | 1 | 2"}
    assert found.fixed == ["net.gone"]


def test_an_interface_with_a_line_of_its_own_is_not_of_the_pattern(proc: str) -> None:
    keys = ["net.ipv4.conf.*.rp_filter", "net.ipv4.conf.eth0/100.rp_filter", "net/ipv4/conf/eth0/rp_filter"]
    assert _kernel.read(keys, proc).values == dict(zip(keys, ["1", "0", "2"]))


def test_the_lines_of_the_plan_are_read_back() -> None:
    assert _kernel.parse("net.a = 1 2\nnet.b =\n") == {"net.a": "1 2", "net.b": ""}


@pytest.mark.parametrize(
    ("routes", "addresses", "expected"),
    [
        ("", "", False),
        (STATIC + PREFIX, ADDRESS.format("80"), False),
        (BY_RA, ADDRESS.format("80"), True),
        (STATIC, ADDRESS.format("00"), True),
    ],
)
def test_whether_it_lives_by_announcements(routes: str, addresses: str, expected: bool) -> None:
    assert _kernel.lives_by_ra(routes, addresses) is expected


@needs_a_kernel
def test_the_kernel_takes_what_the_plan_says(tmp_path: Path) -> None:
    command = ["unshare", "--net", sys.executable, "-c", IN_FORCE, SYSTEMD_SYSCTL, str(tmp_path / "ours.conf")]
    environment = {**os.environ, "PYTHONPATH": str(COLLECTIONS)}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
