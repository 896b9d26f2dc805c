# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A node for changes that are to be confirmed: a directory, and stand-ins for systemd."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.hardened.balancer.plugins.module_utils._confirmed import Change
from ansible_collections.hardened.balancer.plugins.module_utils._confirmed_files import File, Place

TOKEN = "0123456789abcdef"
OLD, NEW = b"old secret\n", b"new secret\n"


def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A node of our own: a root directory, and stand-ins for systemd and the log that write down what they are told."""
    commands = tmp_path / "bin"
    commands.mkdir()
    for name in ("systemd-run", "systemctl", "logger"):
        stand_in = commands / name
        stand_in.write_text(f'#!/bin/sh\necho "{name} $*" >>"{tmp_path}/calls"\n[ ! -e "{tmp_path}/no-{name}" ]\n')
        stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", f"{commands}:{os.environ['PATH']}")
    root = tmp_path / "the root's"
    (root / "etc").mkdir(parents=True)
    return Place("ssh", str(root))


def calls(place: Place) -> list[str]:
    return (Path(place.root).parent / "calls").read_text().splitlines()


def file(path: str, content: bytes | None = NEW, mode: int = 0o640) -> File:
    return File(path, content, mode, os.getuid(), os.getgid(), "file" if content is not None else "absent")


def make(place: Place, path: str, content: bytes = OLD, mode: int = 0o600) -> Path:
    real = place.real(path)
    real.parent.mkdir(parents=True, exist_ok=True)
    real.write_bytes(content)
    real.chmod(mode)
    return real


def change(place: Place, *files: File, **other: str) -> Change:
    """Its apply copies /etc/one, or its absence, to /live."""
    one, live = place.real("/etc/one"), place.real("/live")
    apply = f'if [ -e "{one}" ]; then cp "{one}" "{live}"; else rm -f "{live}"; fi'
    return replace(Change("ssh", files or (file("/etc/one"),), check="true", apply=apply), **other)  # type: ignore[arg-type]


def live(place: Place) -> bytes | None:
    path = place.real("/live")
    return path.read_bytes() if path.exists() else None


def timer_fires(place: Place) -> subprocess.CompletedProcess[bytes]:
    armed = [line for line in calls(place) if line.startswith("systemd-run")][-1]
    return subprocess.run(["sh", armed.split(" /bin/sh ")[1]], check=False)
