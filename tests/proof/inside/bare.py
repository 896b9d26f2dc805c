# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Adds, weighs and removes servers by the bare socket, as fast as it takes them: `bare.py BACKEND COUNT ADDRESS...`."""

from __future__ import annotations

import json
import socket
import sys
import time

ADMIN = "/run/haproxy/admin.sock"
TOGETHER = 50
PATIENCE = 30.0


def ask(commands: list[str]) -> list[str]:
    """The answers that say something; so many commands go over one connection."""
    said: list[str] = []
    for first in range(0, len(commands), TOGETHER):
        with socket.socket(socket.AF_UNIX) as admin:
            admin.settimeout(10)
            admin.connect(ADMIN)
            admin.sendall((";".join(commands[first : first + TOGETHER]) + "\n").encode())
            text = b""
            while got := admin.recv(65536):
                text += got
        said += [line for line in text.decode().splitlines() if line.strip()]
    return said


def remove(names: list[str]) -> None:
    """One that still answers somebody is refused, and tried again."""
    deadline = time.monotonic() + PATIENCE
    while names:
        refused = [line for line in ask([f"del server {name}" for name in names]) if "deleted" not in line]
        if not refused:
            return
        if time.monotonic() > deadline:
            sys.exit(f"{len(refused)} were not removed: {refused[0]}")
        left = ask(["show servers state"])
        there = {f"{fields[1]}/{fields[3]}" for fields in map(str.split, left) if len(fields) > 3}
        names = [name for name in names if name in there]
        time.sleep(0.01)


def main() -> None:
    backend, count, addresses = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    names = [f"{backend}/bare{i}" for i in range(count)]
    seconds = {}
    began = time.monotonic()
    said = ask([f"add server {name} {addresses[i % len(addresses)]}" for i, name in enumerate(names)])
    said += ask([f"enable server {name}" for name in names])
    seconds["add"] = time.monotonic() - began
    time.sleep(1)
    began = time.monotonic()
    weighed = ask([f"set server {name} weight 7" for name in names])
    seconds["weight"] = time.monotonic() - began
    time.sleep(1)
    began = time.monotonic()
    ask([f"disable server {name}" for name in names])
    remove(names)
    seconds["remove"] = time.monotonic() - began
    wrong = [line for line in said + weighed if "registered" not in line]
    print(json.dumps({"seconds": seconds, "wrong": wrong[:3]}))


if __name__ == "__main__":
    main()
