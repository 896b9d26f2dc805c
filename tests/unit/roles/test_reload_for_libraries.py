# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What apt calls after each run; that a real HAProxy is reloaded by it is shown in molecule/default."""

from __future__ import annotations

import importlib.util
import subprocess
import types
import typing as t
from pathlib import Path

import pytest

FILE = Path(__file__).parents[3] / "roles/baseline/files/reload_for_libraries.py"
MAPS = """\
55d0c0000000-55d0c0200000 r-xp 00000000 08:01 1 /usr/sbin/haproxy (deleted)
7f0000000000-7f0000100000 r-xp 00000000 08:01 2 /usr/lib/x86_64-linux-gnu/libcrypto.so.3
7f0000200000-7f0000300000 rw-s 00000000 00:01 3 /dev/zero (deleted)
7f0000400000-7f0000500000 rw-p 00000000 00:00 0 [heap]
7f0000600000-7f0000700000 r-xp 00000000 08:01 4 /memfd:pcre2.so (deleted)x
"""
OLD = "7f00-7f01 r-xp 00000000 08:01 5 /usr/lib/x86_64-linux-gnu/libssl.so.3 (deleted)\n"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location("reload_for_libraries", FILE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "PATIENCE", 0)
    return module


def test_only_libraries_that_are_not_on_disk_any_more_count(script: types.ModuleType) -> None:
    assert script.replaced(MAPS) == []
    assert script.replaced(MAPS + OLD + OLD) == ["libssl.so.3"]


@pytest.mark.parametrize(
    ("maps", "reloads"),
    [([MAPS], 0), ([MAPS + OLD, MAPS], 0), ([MAPS + OLD, MAPS + OLD], 1)],
    ids=["nothing replaced", "reloaded by its own package meanwhile", "replaced"],
)
def test_it_is_reloaded_once_and_only_if_it_has_to(
    script: types.ModuleType, monkeypatch: pytest.MonkeyPatch, maps: list[str], reloads: int
) -> None:
    calls: list[list[str]] = []
    seen = iter(maps)

    def run(command: list[str], **_options: t.Any) -> subprocess.CompletedProcess[str]:
        calls.append(command)
        return subprocess.CompletedProcess(command, 0, "7\n")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(Path, "read_text", lambda self: next(seen))
    script.main()
    assert calls.count(["systemctl", "reload", "haproxy.service"]) == reloads


@pytest.mark.parametrize(
    ("pid", "told"),
    [("0", ""), ("", ""), ("4194305", "HAProxy's libraries cannot be told: [Errno 2] No such file or directory")],
)
def test_where_it_does_not_run_nothing_happens(
    script: types.ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    pid: str,
    told: str,
) -> None:
    calls: list[str] = []

    def run(command: list[str], **_options: t.Any) -> subprocess.CompletedProcess[str]:
        calls.append(command[1])
        return subprocess.CompletedProcess(command, 0, f"{pid}\n")

    monkeypatch.setattr(subprocess, "run", run)
    script.main()
    assert calls == ["show"]
    assert capsys.readouterr().out.partition(": '/proc")[0] == told


def test_a_machine_without_systemd_is_no_failure(
    script: types.ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    script.main()
    assert "cannot be told: [Errno 2] No such file or directory: 'systemctl'" in capsys.readouterr().out
