# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HAProxy's runtime API: one question, one answer, over a unix socket; and what the answers mean.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import csv
import re
import socket
import time
import typing as t

DESCRIPTION = re.compile(r"hardened\.balancer ([0-9a-f]{16})")
MASTER = re.compile(r"(?P<pid>\d+)\s+master\s+(?P<reloads>\d+)(?:\s+\[failed:\s*(?P<failed>\d+)\])?")
WORKER = re.compile(r"(?P<pid>\d+)\s+worker\s")


COLUMNS = ("pxname", "svname", "type", "status", "check_status", "weight", "hrsp_5xx")


class SocketError(Exception):
    """Nobody answered; says who was asked and why it failed."""


class Processes(t.NamedTuple):
    """The master's `show proc`."""

    master: int | None = None
    failed: int = 0
    workers: tuple[int, ...] = ()
    old: tuple[int, ...] = ()


def ask(path: str, command: str, timeout: float = 5.0) -> str:
    """The whole answer; a process that accepts and then hangs costs no more than `timeout` seconds."""
    deadline = time.monotonic() + timeout
    answer = bytearray()
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(timeout)
            connection.connect(path)
            connection.sendall(command.encode() + b"\n")
            # The master of 2.6 keeps the connection open until it sees the end of the questions.
            connection.shutdown(socket.SHUT_WR)
            while block := _receive(connection, deadline):
                answer += block
    except OSError as exc:
        raise SocketError(f"{path} does not answer {command!r}: {exc.strerror or exc}") from exc
    return answer.decode(errors="replace")


def _receive(connection: socket.socket, deadline: float) -> bytes:
    left = deadline - time.monotonic()
    if left <= 0:
        raise OSError("timed out")
    connection.settimeout(left)
    return connection.recv(65536)


def parse_info(text: str) -> dict[str, str]:
    """`show info`; the names in lower case, because HAProxy is not of one mind about them."""
    pairs = (line.partition(":") for line in text.splitlines() if ":" in line)
    return {name.strip().lower(): value.strip() for name, _colon, value in pairs}


def digest_of(info: t.Mapping[str, str]) -> str | None:
    """The digest of the tree that a process was started with, if it is one of ours."""
    found = DESCRIPTION.fullmatch(info.get("description", ""))
    return found[1] if found else None


def parse_stat(text: str) -> list[dict[str, str]]:
    """`show stat`: one mapping per proxy or server; a line that was cut off is left out."""
    lines = text.replace("\0", "").splitlines()
    heads = [i for i, line in enumerate(lines) if line.startswith("# pxname,svname,")]
    if not heads:
        return []
    names = lines[heads[0]][2:].rstrip(",").split(",")
    if not set(COLUMNS) <= set(names):
        return []
    found = []
    try:
        for values in csv.reader(lines[heads[0] + 1 :]):
            if len(values) >= len(names):
                found.append(dict(zip(names, values)))
    except csv.Error:
        pass
    return found


def parse_servers(text: str) -> list[dict[str, str]]:
    """`show servers state`: a version, the names, then a line for each server."""
    names: list[str] = []
    found = []
    for line in text.splitlines():
        words = line.split()
        if line.startswith("# be_id"):
            names = words[1:]
        elif names and len(words) >= len(names):
            found.append(dict(zip(names, words)))
    return found


def parse_proc(text: str) -> Processes:
    """`show proc` of the master: its failed reloads, the workers, and those that are finishing."""
    found: dict[str, list[int]] = {"workers": [], "old workers": []}
    master, failed, part = None, 0, ""
    for line in text.splitlines():
        if line.startswith("#"):
            part = line.strip("# ")
        elif match := MASTER.match(line):
            master, failed = int(match["pid"]), int(match["failed"] or 0)
        elif (match := WORKER.match(line)) and part in found:
            found[part].append(int(match["pid"]))
    return Processes(master, failed, tuple(found["workers"]), tuple(found["old workers"]))
