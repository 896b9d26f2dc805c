# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the balancer, alone: waits for a moment of a change, does something to it, and says when that was.

Usage: trap.py TRIGGER SHELL; TRIGGER is tree (a new tree lies there) or worker (the master has a child more).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pathlib
import subprocess
import sys
import time
import typing as t

TREES = pathlib.Path("/etc/haproxy/trees")
DONE = pathlib.Path("/run/lab-trap")
LIMIT = 120.0
LOCK = TREES / ".lock"


def trees() -> set[str]:
    return {f"{TREES}/{path.name}" for path in TREES.iterdir() if not path.name.startswith(".")}


def children_of(master: str) -> t.Callable[[], set[str]]:
    place = pathlib.Path(f"/proc/{master}/task/{master}/children")

    def read() -> set[str]:
        try:
            return set(place.read_text().split())
        except OSError:
            return set()

    return read


@contextlib.contextmanager
def after_the_tree() -> t.Iterator[None]:
    """Its module has written all and ended, and the one that puts the tree in force waits for us."""
    with LOCK.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main(trigger: str, shell: str) -> None:
    asked = ["systemctl", "show", "--value", "--property=MainPID", "haproxy"]
    master = subprocess.run(asked, check=False, capture_output=True, text=True).stdout.strip()
    look, name = (trees, "TREE") if trigger == "tree" else (children_of(master), "PID")
    known = look()
    DONE.write_text("waits\n")
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        new = sorted(look() - known)
        if new:
            with after_the_tree() if trigger == "tree" else contextlib.nullcontext():
                done = subprocess.run(["sh", "-ec", shell], check=False, env={**os.environ, name: new[0]})
            DONE.write_text(f"done {done.returncode}\n")
            return
        time.sleep(0.001)
    DONE.write_text("nothing came\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
