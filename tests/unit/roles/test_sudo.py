# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who becomes an administrator does so by the change `sudo`, and is none any more by its undo."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.unit.roles.group import GPASSWD

SCRIPT = Path(__file__).parents[3] / "roles/baseline/files/sudo.sh"
PROGRAMS = {
    "getent": 'echo "balancer-admins:x:990:$(cat members)"',
    "gpasswd": GPASSWD,
    "runuser": '[ "$2" != nosudo ]',
    "visudo": "exit 0",
}


class Node:
    """The members of the group are a file."""

    def __init__(self, place: Path) -> None:
        self.place = place
        (place / "bin").mkdir()
        for name, does in PROGRAMS.items():
            (place / "bin" / name).write_text(f"#!/bin/sh\n{does}\n")
            (place / "bin" / name).chmod(0o755)
        self.script = SCRIPT.read_text().replace("/var/lib/hardened-balancer", str(place / "state"))

    def does(self, call: str, staged: bool = True) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": f"{self.place}/bin:{os.environ['PATH']}", **({"STAGED": "/nowhere"} if staged else {})}
        command = ["sh", "-c", f"{self.script}\n{call}"]
        return subprocess.run(command, check=False, cwd=self.place, env=environment, capture_output=True, text=True)

    @property
    def members(self) -> str:
        return (self.place / "members").read_text()

    @members.setter
    def members(self, value: str) -> None:
        (self.place / "members").write_text(value)


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "bob,nosudo"),
        ("alice", "alice,bob,nosudo"),
        ("bob,alice", "bob,alice,nosudo"),
        ("nosudo,bob", "nosudo,bob"),
    ],
)
def test_who_comes_is_a_member_until_an_undo(node: Node, before: str, after: str) -> None:
    node.members = before
    assert node.does("check bob nosudo && apply").returncode == 0
    assert node.members == after
    assert node.does("apply", staged=False).returncode == 0
    assert node.members == before
    assert node.does("apply", staged=False).returncode == 0
    assert node.members == before


def test_an_undo_of_a_change_that_kept_nothing_takes_nobody_out(node: Node) -> None:
    node.members = "alice"
    assert node.does("apply", staged=False).returncode == 0
    assert node.members == "alice"


@pytest.mark.parametrize(
    ("members", "says"),
    [
        ("bob,alice", ""),
        ("alice,carol,bob", ""),
        ("alice", "bob is not a member of balancer-admins\n"),
        ("", "alice is not a member of balancer-admins\n"),
        ("alice,bob2", "bob is not a member of balancer-admins\n"),
    ],
)
def test_it_is_in_force_when_all_of_the_inventory_are_members(node: Node, members: str, says: str) -> None:
    node.members = members
    done = node.does("in_force alice bob")
    assert (done.stdout, done.returncode) == (says, 1 if says else 0)


def test_it_is_not_in_force_where_one_of_them_does_not_become_root(node: Node) -> None:
    node.members = "alice,nosudo"
    done = node.does("in_force alice nosudo")
    assert done.returncode == 1
    assert done.stdout.startswith("nosudo does not become root by sudo without a password")
