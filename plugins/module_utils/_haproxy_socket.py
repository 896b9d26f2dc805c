# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HAProxy's runtime API: one question or many over a unix socket; and what the answers mean.

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

PROMPT = b"\n> "
# Commands that are under way at once: one would wait for each answer, thousands would fill both buffers and block.
CHUNK = 64
MAX_ANSWER = 256 << 20
# HAProxy drops the words beyond these without a word of its own.
MAX_WORDS = 64
BLANKS = re.compile(r"(?<!\\)(?:\\\\)*[ \t]+")
SEPARATOR = re.compile(r"(?<!\\)(?:\\\\)*;")
CONTINUED = re.compile(r"(?<!\\)(?:\\\\)*\\$")
SPECIAL = re.compile(r"[\\;< \t]")

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


class Session:
    """Many commands over one connection: HAProxy's prompt ends each answer. What fails closes it for good."""

    def __init__(self, path: str, timeout: float = 5.0) -> None:
        self.path = path
        self.timeout = timeout
        self._connection: socket.socket | None = None
        self._buffer = bytearray()

    def __enter__(self) -> Session:
        self._connection = socket.socket(socket.AF_UNIX)
        try:
            self._connection.settimeout(self.timeout)
            self._connection.connect(self.path)
        except OSError as exc:
            self.close()
            hint = "does HAProxy run, and is this its `stats socket`?"
            raise SocketError(f"{self.path} does not answer: {exc.strerror or exc}; {hint}") from exc
        # HAProxy hangs up after ten silent seconds, and some callers wait for sessions to end.
        self._exchange(["prompt", "set timeout cli 1h"], self.timeout)
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None

    def send(self, commands: t.Sequence[str], timeout: float | None = None) -> list[str]:
        """One answer for each command, without the line ends around it; `timeout` is for a chunk of them."""
        for command in commands:
            check_command(command)
        answers: list[str] = []
        for start in range(0, len(commands), CHUNK):
            answers += self._exchange(commands[start : start + CHUNK], timeout or self.timeout)
        return answers

    def _exchange(self, commands: t.Sequence[str], timeout: float) -> list[str]:
        answers: list[str] = []
        try:
            if not self._connection:
                raise OSError("the connection is closed")
            deadline = time.monotonic() + timeout
            self._connection.settimeout(timeout)
            self._connection.sendall("".join(f"{one}\n" for one in commands).encode(errors="surrogateescape"))
            while len(answers) < len(commands):
                answers.append(self._answer(self._connection, deadline))
            if self._buffer:
                raise OSError(f"it says more than it was asked: {_start_of(self._buffer)}")
        except OSError as exc:
            self.close()
            asked = commands[min(len(answers), len(commands) - 1)]
            raise SocketError(f"{self.path} does not answer {shortened(asked)!r}: {exc.strerror or exc}") from exc
        return answers

    def _answer(self, connection: socket.socket, deadline: float) -> str:
        seen = 0
        while (end := self._buffer.find(PROMPT, seen)) < 0:
            seen = max(0, len(self._buffer) - len(PROMPT) + 1)
            if len(self._buffer) > MAX_ANSWER:
                raise OSError(f"more than {MAX_ANSWER >> 20} MiB and no end")
            block = _receive(connection, deadline)
            if not block:
                raise OSError(f"it closed the connection after {_start_of(self._buffer) or 'nothing'}")
            self._buffer += block
        answer = bytes(self._buffer[:end])
        del self._buffer[: end + len(PROMPT)]
        return answer.decode(errors="backslashreplace").strip("\n")


def _start_of(buffer: bytearray) -> str:
    return shortened(buffer[:400].decode(errors="backslashreplace").strip())


def shortened(text: str, length: int = 200) -> str:
    return text if len(text) <= length else f"{text[: length - 3]}..."


def check_command(command: str) -> None:
    """What HAProxy would take for something else than one command, or for a part of it."""
    if not command.strip():
        raise ValueError("an empty command: some releases answer it, some do not")
    if any(one in command for one in "\n\r\0"):
        raise ValueError(f"{shortened(command)!r} holds a line end or a NUL, which no command can")
    if CONTINUED.search(command):
        raise ValueError(f"{shortened(command)!r} ends in a backslash: the next line would be a part of it")
    if SEPARATOR.search(command):
        raise ValueError(f"{shortened(command)!r} holds a ';' that is not escaped: it would be two commands")
    words = BLANKS.split(command.strip(" \t"))
    if len(words) > MAX_WORDS:
        raise ValueError(
            f"{shortened(command)!r} has {len(words)} words, HAProxy reads {MAX_WORDS} and drops the rest silently"
        )
    if "<<" in command:
        raise ValueError(f"{shortened(command)!r} holds '<<', which announces more lines")


def word(text: str) -> str:
    """As one word of a command."""
    return SPECIAL.sub(lambda one: f"\\{one[0]}", text)


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
