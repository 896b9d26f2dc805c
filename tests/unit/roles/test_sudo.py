# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is an administrator is set by the change `sudo`, and set back by its undo."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "roles/baseline/files/sudo.sh"
PROGRAMS = {
    "getent": 'echo "balancer-admins:x:990:$(cat members)"',
    "gpasswd": 'printf %s "$2" >members',
    "id": 'grep -qx "$1" accounts',
    "runuser": '[ "$2" != nosudo ]',
    "visudo": "exit 0",
}


class Node:
    """Two files: the accounts, and those of them that are members."""

    def __init__(self, place: Path) -> None:
        self.place = place
        (place / "bin").mkdir()
        for name, does in PROGRAMS.items():
            (place / "bin" / name).write_text(f"#!/bin/sh\n{does}\n")
            (place / "bin" / name).chmod(0o755)
        self.script = SCRIPT.read_text().replace("/var/lib/hardened-balancer", str(place / "state"))
        (place / "accounts").write_text("alice\nbob\nnosudo\n")

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


@pytest.mark.parametrize("before", ["", "alice", "bob,alice"])
def test_an_undo_brings_back_who_was_a_member(node: Node, before: str) -> None:
    node.members = before
    assert node.does("check && apply bob nosudo").returncode == 0
    assert node.members == "bob,nosudo"
    assert node.does("apply bob nosudo", staged=False).returncode == 0
    assert node.members == ",".join(sorted(before.split(",")))


def test_an_undo_leaves_out_an_account_that_is_gone(node: Node) -> None:
    node.members = "alice,carol"
    assert node.does("check && apply bob").returncode == 0
    assert node.does("apply bob", staged=False).returncode == 0
    assert node.members == "alice"


def test_an_undo_of_a_change_that_kept_nobody_takes_nobody_out(node: Node) -> None:
    node.members = "alice"
    assert node.does("apply bob", staged=False).returncode == 0
    assert node.members == "alice"


@pytest.mark.parametrize(
    ("members", "says"),
    [
        ("bob,alice", ""),
        ("alice", "members of balancer-admins are alice instead of alice,bob\n"),
        ("", "members of balancer-admins are none instead of alice,bob\n"),
        ("alice,bob,carol", "members of balancer-admins are alice,bob,carol instead of alice,bob\n"),
    ],
)
def test_it_is_in_force_when_the_members_are_those_of_the_inventory(node: Node, members: str, says: str) -> None:
    node.members = members
    done = node.does("in_force alice bob")
    assert (done.stdout, done.returncode) == (says, 1 if says else 0)


def test_it_is_not_in_force_where_one_of_them_does_not_become_root(node: Node) -> None:
    node.members = "alice,nosudo"
    done = node.does("in_force alice nosudo")
    assert done.returncode == 1
    assert done.stdout.startswith("nosudo does not become root by sudo without a password")
