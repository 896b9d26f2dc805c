# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change of what lies on disk, killed before each of its steps: the long evidence does this to whole balancers."""

from __future__ import annotations

import hashlib
import os
import shutil
import typing as t
from functools import partial
from pathlib import Path

import pytest

from ansible_collections.hardened.balancer.plugins.module_utils import (
    _programs,
    _transaction,
    _tree_files,
    _tree_store,
)
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_process import Live, Places, linked_digest
from tests.unit.proof.killed import killed

OLD, NEW = "maxconn 100", "maxconn 200"
MOST = 300


class Disk:
    """A balancer without processes: what lies in a directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.etc = directory / "etc"
        self.places = Places(
            link=str(self.etc / "haproxy.cfg"),
            trees=str(self.etc / "trees"),
            program="/bin/true",
            run=str(directory / "run"),
            state=str(directory / "state"),
        )

    def change(self, line: str) -> None:
        main = f"global\n    description hardened.balancer @digest@\n    {line}\n"
        request = _tree_store.Request({"haproxy.cfg": main, "errors/503.http": f"{line}\n"}, ports={"tcp": ["80"]})
        digest = _tree_store.converge(request, self.places, Live(), nothing)["digest"]
        _transaction.begin(self.places, digest)
        _transaction.keep(self.places, digest)

    def copied(self, name: str) -> Disk:
        return Disk(Path(shutil.copytree(self.directory, self.directory.with_name(name), symlinks=True)))

    def boot(self) -> None:
        """What hardened-balancer-recover.service does, where the mark is gone."""
        shutil.rmtree(self.places.run, ignore_errors=True)
        if os.path.lexists(self.places.before):
            self.places.before.replace(self.places.link)

    def found(self) -> dict[str, str]:
        """The tree in force and all that is beside trees; of a tree that is kept only what does not belong to it."""
        linked = f"etc/trees/{linked_digest(self.places)}"
        known = {".lock", ".proven", *_tree_files.BESIDE}
        found = {}
        for path in sorted(self.directory.rglob("*")):
            name = str(path.relative_to(self.directory))
            kept = name.startswith("etc/trees/") and not name.startswith(linked)
            if not kept or (path.name.startswith(".") and path.name not in known):
                found[name] = content(path)
        return found


def nothing(_command: t.Sequence[str], **_more: t.Any) -> _programs.Answer:
    return _programs.Answer(0, "")


def content(path: Path) -> str:
    if path.is_symlink():
        return f"leads to {path.readlink()}"
    return "directory" if path.is_dir() else hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def before(tmp_path: Path) -> Disk:
    disk = Disk(tmp_path / "before")
    disk.etc.mkdir(parents=True)
    disk.change(NEW)
    disk.change(OLD)
    return disk


def after(before: Disk, line: str) -> dict[str, str]:
    disk = before.copied(f"after {line}")
    disk.change(line)
    return disk.found()


@pytest.mark.parametrize("fresh", [True, False], ids=["new tree", "kept tree"])
def test_a_change_that_is_killed_anywhere_is_finished_or_undone_by_the_next(before: Disk, fresh: bool) -> None:
    line = "maxconn 300" if fresh else NEW
    wanted = {one: after(before, one) for one in (OLD, line)}
    steps, wrong = [], []
    for number in range(1, MOST):
        cut = before.copied(f"cut {number}")
        step = killed(partial(cut.change, line), number, before.directory.with_name(f"steps-{number}"))
        if not step:
            break
        steps.append(step.replace(str(cut.directory), ""))
        booted = cut.copied(f"booted {number}")
        booted.boot()
        for disk, what in ((cut, "cut off"), (booted, "rebooted")):
            in_force = Path(disk.places.link).read_text()
            assert (OLD in in_force) != (line in in_force), f"{what} before {steps[-1]}"
            for one in (line, OLD):
                last = disk.copied(f"{what} {number} {one}")
                last.change(one)
                differing = {name for name, _content in set(last.found().items()) ^ set(wanted[one].items())}
                wrong += [f"{what} before {steps[-1]}, then {one}: {name}" for name in sorted(differing)]
    assert wrong == []
    assert 15 < len(steps) < MOST - 1
