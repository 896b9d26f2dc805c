# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at a balancer until its input ends, a line of JSON for each look: `watch.py processes 1.0`."""

from __future__ import annotations

import json
import os
import pathlib
import select
import socket
import sys
import time
import typing as t

ADMIN = "/run/haproxy/admin.sock"


def read(*path: str) -> str:
    try:
        return pathlib.Path("/proc", *path).read_text()
    except OSError:
        return ""


def processes() -> list[list[int]]:
    """Each process: pid, milliseconds of the monotonic clock at its start, KiB of its own share, files, parent."""
    since = time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic()
    found = []
    for pid in filter(str.isdigit, (path.name for path in pathlib.Path("/proc").iterdir())):
        if read(pid, "comm").strip() != "haproxy":
            continue
        fields = read(pid, "stat").rpartition(") ")[2].split()
        share = [line.split()[1] for line in read(pid, "smaps_rollup").splitlines() if line.startswith("Pss:")]
        try:
            files = len(list(pathlib.Path("/proc", pid, "fd").iterdir()))
        except OSError:
            continue
        if fields:
            started = int(fields[19]) / os.sysconf("SC_CLK_TCK") - since
            row = [int(pid), int(started * 1000), int(share[0]) if share else 0, files, int(fields[1])]
            found.append(row)
    return sorted(found)


def servers() -> dict[str, str]:
    """Each server by backend/name: its status as `show stat` has it."""
    found = {}
    with socket.socket(socket.AF_UNIX) as admin:
        admin.settimeout(5)
        admin.connect(ADMIN)
        admin.sendall(b"show stat -1 4 -1\n")
        text = b""
        while got := admin.recv(65536):
            text += got
    for line in text.decode().splitlines():
        fields = line.split(",")
        if len(fields) > 17 and not line.startswith("#"):
            found[f"{fields[0]}/{fields[1]}"] = fields[17]
    return found


LOOKS: dict[str, t.Callable[[], t.Any]] = {"processes": processes, "servers": servers}


def main() -> None:
    look, pause, last = LOOKS[sys.argv[1]], float(sys.argv[2]), None
    while True:
        began = time.monotonic()
        try:
            found = look()
        except OSError as exc:
            found = {"error": str(exc)}
        # Of servers only what changed is said: they are looked at many times a second.
        if sys.argv[1] == "processes" or found != last:
            print(json.dumps([began, found]), flush=True)
            last = found
        left = max(0.0, began + pause - time.monotonic())
        if select.select([sys.stdin], [], [], left)[0]:
            return


if __name__ == "__main__":
    main()
