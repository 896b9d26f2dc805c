# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the unit does not give a new process; what HAProxy itself says is asked of a real one in test_haproxy_live."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Sequence
from pathlib import Path

import pytest

from ansible_collections.hardened.balancer.plugins.module_utils import _preflight
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_process import Places
from ansible_collections.hardened.balancer.plugins.module_utils._programs import Answer

START = "ExecStart={ path=/usr/sbin/haproxy ; argv[]=/usr/sbin/haproxy -Ws -f %s -p $PIDFILE ; ignore_errors=no }"
OURS = "/etc/haproxy/haproxy.cfg"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("LoadState=loaded", ""),
        ("LoadState=masked", "haproxy.service is masked: systemctl unmask haproxy"),
        ("MemoryMax=infinity\nMemoryCurrent=100000000", ""),
        ("MemoryMax=100000000\nMemoryCurrent=[not set]", ""),
        ("MemoryMax=104857600\nMemoryCurrent=104857000", "may use 100 MiB of memory (MemoryMax) and uses 99"),
        ("MemoryMax=1073741824\nMemoryCurrent=104857600", ""),
        ("TasksMax=10\nTasksCurrent=9", "may have 10 processes and threads (TasksMax) and has 9"),
        (f"{START % OURS}", ""),
        (f'{START % "$CONFIG"}\nEnvironment=CONFIG={OURS} EXTRAOPTS="-S x"', ""),
        (f"{START % '$CONFIG'}\nEnvironment=CONFIG=/x.cfg\nDropInPaths=/run/o.conf", "starts /x.cfg and not"),
        (f"{START % '/y.cfg'}", "starts /y.cfg and not"),
    ],
)
def test_what_the_unit_does_not_give(tmp_path: Path, said: str, expected: str) -> None:
    tree = tmp_path / "trees/d"
    tree.mkdir(parents=True)
    tree.joinpath("haproxy.cfg").write_text("cache c\n    total-max-size 4\n")

    def run(command: Sequence[str]) -> Answer:
        return Answer(0, said if command[0] == "systemctl" else "")

    found = _preflight.problems("d", Places(trees=str(tmp_path / "trees"), proc=str(tmp_path)), run)
    assert (expected in found[0]) if expected else not found


@pytest.mark.parametrize(
    ("main", "bound", "silent"),
    [
        ("    log /dev/log local0\n    chroot {here}/jail\n", "", "{here}/jail/dev/log is no socket"),
        ("    log /dev/log local0\n    chroot {here}/jail/\n", "/dev/log:{here}/jail/dev/log:rbind", ""),
        ("    chroot {here}/jail\n    log /there local0\n", "", ""),
        ("    log /dev/log local0\n", "", ""),
        ("    log 198.51.100.9:514 local0\n    chroot {here}/jail\n", "", ""),
    ],
)
def test_a_chroot_that_no_log_leads_out_of(tmp_path: Path, main: str, bound: str, silent: str) -> None:
    tree, jail = tmp_path / "trees/d", tmp_path / "jail"
    tree.mkdir(parents=True)
    jail.mkdir()
    tree.joinpath("haproxy.cfg").write_text("global\n" + main.format(here=tmp_path))
    properties = f"LoadState=loaded\nBindReadOnlyPaths={bound.format(here=tmp_path)}"

    def run(command: Sequence[str]) -> Answer:
        return Answer(0, properties if command[0] == "systemctl" else "")

    with contextlib.closing(socket.socket(socket.AF_UNIX)) as there:
        there.bind(str(jail / "there"))
        found = _preflight.problems("d", Places(trees=str(tmp_path / "trees"), proc=str(tmp_path)), run)
    assert (silent.format(here=tmp_path) in found[0]) if silent else not found


def test_memory_that_only_a_process_takes() -> None:
    text = "cache a\n    total-max-size 100\ncache b\n    total-max-size 4\nglobal\n    tune.ssl.cachesize 1000\n"
    assert _preflight.caches(text) == 104 * (1 << 20) + 200_000
