# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tree as it lies on disk: its files, what is kept beside them, and whether anybody else could read them.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import json
import os
import stat
import typing as t
from pathlib import Path

from ansible_collections.hardened.balancer.plugins.module_utils import _tree
from ansible_collections.hardened.balancer.plugins.module_utils._tree import Files

NOT_A_FILE = "\0"
# Beside a tree: what HAProxy said when it read it, so that a run which changes nothing can tell it again.
SAID = ".said.json"
# Beside a tree: the ports that it was planned with.
PORTS = ".ports.json"
# And where HAProxy connects to by it.
REACH = ".reach.json"
BESIDE = (_tree.SOURCES, SAID, PORTS, REACH)


class OnDisk(t.NamedTuple):
    files: Files
    record: Files | None
    wrong_modes: list[str]
    said: list[str]


def read(directory: Path) -> OnDisk | None:
    """A tree as it lies there; None where it does not exist."""
    if not directory.is_dir() or directory.is_symlink():
        return None
    files: Files = {}
    wrong = []
    for path in sorted(directory.rglob("*")):
        name = str(path.relative_to(directory))
        status = path.lstat()
        if stat.S_ISDIR(status.st_mode):
            continue
        if name not in BESIDE:
            files[name] = _text(path) if stat.S_ISREG(status.st_mode) else NOT_A_FILE
        loose = stat.S_IMODE(status.st_mode) & 0o177 or status.st_uid != os.geteuid()
        if loose and not name.endswith(_tree.LEFT_BY_PACKAGES):
            wrong.append(name)
    return OnDisk(files, _read_record(directory), wrong, _read_said(directory))


def _text(path: Path) -> str:
    return path.read_bytes().decode(errors="surrogateescape")


def _read_record(directory: Path) -> Files | None:
    try:
        found = json.loads(_text(directory / _tree.SOURCES))
    except (OSError, ValueError):
        return None
    return {str(path): str(text) for path, text in found.items()} if isinstance(found, dict) else None


def read_planned(directory: Path, name: str) -> dict[str, t.Any] | None:
    """What the firewall needs for a tree: one that comes back may serve, and reach, what nobody plans any more."""
    try:
        found = json.loads(_text(directory / name))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _read_said(directory: Path) -> list[str]:
    try:
        found = json.loads(_text(directory / SAID))
    except (OSError, ValueError):
        return []
    return [str(one) for one in found] if isinstance(found, list) else []
