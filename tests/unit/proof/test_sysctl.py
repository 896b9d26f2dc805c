# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of a network are put in force and set back, those of the machine are left alone."""

from __future__ import annotations

import io
import json
import pathlib
import sys

import pytest

from tests.proof.inside import kernel

SETTINGS = """# why
net.ipv4.conf.*.rp_filter = 2
net.ipv4.ip_local_port_range = 1024 65023
net.core.nobody_knows = 1
kernel.sysrq = 0
"""


@pytest.fixture
def tree(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    found = {
        "net/ipv4/conf/all/rp_filter": "0",
        "net/ipv4/conf/eth0/rp_filter": "2",
        "net/ipv4/ip_local_port_range": "32768\t60999",
        "kernel/sysrq": "1",
    }
    for name, value in found.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"{value}\n")
    monkeypatch.setattr(kernel, "SYS", tmp_path)
    return tmp_path


def asked(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str, stdin: str = "") -> object:
    monkeypatch.setattr(sys, "argv", ["kernel", *words])
    monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
    kernel.main()
    return json.loads(capsys.readouterr().out)


def test_of_the_kernel_only_the_network_is_set_and_set_back(
    tree: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tree / "file").write_text(SETTINGS)
    before = {"net/ipv4/conf/all/rp_filter": "0", "net/ipv4/ip_local_port_range": "32768 60999"}
    assert asked(monkeypatch, capsys, str(tree / "file")) == before
    assert (tree / "net/ipv4/conf/all/rp_filter").read_text() == "2\n"
    assert (tree / "kernel/sysrq").read_text() == "1\n"
    assert asked(monkeypatch, capsys, str(tree / "file")) == {}
    asked(monkeypatch, capsys, stdin=json.dumps(before))
    assert (tree / "net/ipv4/ip_local_port_range").read_text() == "32768 60999\n"
