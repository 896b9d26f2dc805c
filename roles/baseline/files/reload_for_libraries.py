# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reloads HAProxy if it still works with a library that was replaced; apt calls this after each of its runs.

A reload starts the new process with the new library and drops nothing, a restart would. What does not concern HAProxy,
or cannot be told, is left alone: this must never be the reason why an update fails.
"""

from __future__ import annotations

import pathlib
import re
import subprocess
import time

UNIT = "haproxy.service"
# Of a line of /proc/PID/maps: a shared library that is not on disk any more as it was loaded.
REPLACED = re.compile(r"\s(/\S+\.so(?:\.\S+)?) \(deleted\)$", re.MULTILINE)
# HAProxy's own package reloads too, and that takes a moment.
PATIENCE = 3.0


def replaced(maps: str) -> list[str]:
    return sorted({pathlib.PurePath(found).name for found in REPLACED.findall(maps)})


def of_master(proc: str = "/proc") -> list[str]:
    """Only the master: workers that finish their connections keep the old library until they end."""
    asked = ["systemctl", "show", UNIT, "--property=MainPID", "--value"]
    pid = subprocess.run(asked, check=False, capture_output=True, text=True).stdout.strip()
    return replaced(pathlib.Path(proc, pid, "maps").read_text()) if pid.isdecimal() and pid != "0" else []


def main() -> None:
    try:
        if not of_master():
            return
        time.sleep(PATIENCE)
        libraries = of_master()
        if libraries:
            done = subprocess.run(["systemctl", "reload", UNIT], check=False)
            said = "reloaded" if done.returncode == 0 else "its reload failed, see journalctl -u haproxy"
            print(f"HAProxy worked with what was replaced ({', '.join(libraries)}): {said}")
    except OSError as problem:
        print(f"HAProxy's libraries cannot be told: {problem}")


if __name__ == "__main__":
    main()
