# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the boot unit of HAProxy's role does, run as systemd would, with its paths in a directory of the test."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).resolve().parents[3] / "roles/haproxy/files/hardened-balancer-recover.service"
DROP_IN = "etc/systemd/system/haproxy.service.d/hardened-balancer.conf"
LINK, BEFORE = "etc/haproxy/haproxy.cfg", "etc/haproxy/.haproxy.cfg.before"


class Node:
    def __init__(self, root: Path) -> None:
        self.root = root
        for path in ("etc/haproxy/trees/old", "etc/haproxy/trees/new", str(Path(DROP_IN).parent), "bin"):
            (root / path).mkdir(parents=True)
        for tree in ("old", "new"):
            (root / f"etc/haproxy/trees/{tree}/haproxy.cfg").write_text(tree)
        (root / LINK).symlink_to("trees/new/haproxy.cfg")
        (root / DROP_IN).write_text("new")
        systemctl = root / "bin/systemctl"
        systemctl.write_text(f'#!/bin/sh\necho "$*" >>{root}/told\n')
        systemctl.chmod(0o755)

    def boot(self) -> None:
        text = UNIT.read_text().replace("\\\n", " ").replace("/etc/", f"{self.root}/etc/")
        commands = re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)
        assert len(commands) == 2
        for command in commands:
            path = f"{self.root}/bin:{os.environ['PATH']}"
            subprocess.run(shlex.split(command), check=True, env={**os.environ, "PATH": path})

    def read(self, path: str) -> str | None:
        return (self.root / path).read_text() if (self.root / path).exists() else None

    @property
    def told(self) -> str | None:
        return self.read("told")


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


def test_without_an_open_change_nothing_happens(node: Node) -> None:
    node.boot()
    assert (node.read(LINK), node.read(DROP_IN), node.told) == ("new", "new", None)


def test_tree_and_unit_of_before_come_back_together(node: Node) -> None:
    (node.root / BEFORE).symlink_to("trees/old/haproxy.cfg")
    (node.root / f"{DROP_IN}.before").write_text("old")
    node.boot()
    assert (node.read(LINK), node.read(DROP_IN), node.told) == ("old", "old", "daemon-reload\n")
    assert not os.path.lexists(node.root / BEFORE)
    assert node.read(f"{DROP_IN}.before") is None
    node.boot()
    assert node.told == "daemon-reload\n"


def test_a_unit_that_was_written_before_the_change_began_goes_back_alone(node: Node) -> None:
    (node.root / f"{DROP_IN}.before").write_text("old")
    node.boot()
    assert (node.read(LINK), node.read(DROP_IN)) == ("new", "old")


def test_a_file_of_somebody_else_comes_back_without_our_unit(node: Node) -> None:
    (node.root / BEFORE).write_text("theirs")
    (node.root / f"{DROP_IN}.before").touch()
    node.boot()
    assert (node.read(LINK), node.read(DROP_IN), node.told) == ("theirs", None, "daemon-reload\n")
    assert node.read(f"{DROP_IN}.before") is None


def test_where_nothing_was_before_all_stays(node: Node) -> None:
    (node.root / BEFORE).symlink_to("nothing")
    (node.root / f"{DROP_IN}.before").touch()
    node.boot()
    assert (node.read(LINK), node.read(DROP_IN), node.told) == ("new", "new", None)
