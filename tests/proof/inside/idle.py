# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Idle connections, as many as memory holds; and the server behind them, that holds its ends and answers each word.

    idle.py serve 9001 8081
    idle.py open tcp 9000 /proof/idle.json

The first port of the server echoes, the second one speaks HTTP. `open` opens until a tenth of the memory is left, but
no less than a login needs, or something fails; writes what that took, and holds all of them until it is told to end.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import resource
import select
import signal
import socket
import ssl
import sys
import time
import typing as t

FLOOR = 0.1
# Below that a small machine does nothing but read its programs again.
LEAST = 160 << 20
# A port of this side is used once for each address of the other, and half of them are found quickly.
PER_ADDRESS = 25_000
BATCH = 100
# Of so many one is asked again in the end.
SAMPLE = 500
PATIENCE = 60.0
REQUEST = b"GET / HTTP/1.1\r\nhost: proof\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
Memory = dict[str, int]
Connection = socket.socket


def limitless() -> None:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def of_machine() -> Memory:
    """Bytes that it has, and has left."""
    lines = (line.split() for line in pathlib.Path("/proc/meminfo").read_text().splitlines())
    found = {name.rstrip(":"): int(kib) * 1024 for name, kib, *_unit in lines}
    return {"total": found["MemTotal"], "left": found["MemAvailable"]}


def full() -> bool:
    now = of_machine()
    return now["left"] < max(FLOOR * now["total"], LEAST)


def memory() -> Memory:
    """Of the machine, and what HAProxy and both ends of ours have of it."""
    found = {**of_machine(), "haproxy": 0, "ours": 0}
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        # One that ends in this moment has none.
        with contextlib.suppress(OSError):
            name = whose((path / "cmdline").read_bytes().split(b"\0"))
            if name:
                found[name] += int((path / "statm").read_text().split()[1]) * resource.getpagesize()
    return found


def whose(command: list[bytes]) -> str:
    if command[0].endswith(b"haproxy"):
        return "haproxy"
    return "ours" if b"tests.proof.inside.idle" in command else ""


def serve(echo: int, web: int) -> None:
    """Numbers instead of objects, so that little of the memory is ours."""
    poll = select.epoll()
    listeners = {}
    for port in (echo, web):
        listener = socket.create_server(("0.0.0.0", port), backlog=4096)
        listeners[listener.fileno()] = listener
        poll.register(listener, select.EPOLLIN)
    speaks_http: set[int] = set()
    while True:
        for number, _event in poll.poll():
            if number in listeners:
                taken, _address = listeners[number].accept()
                if listeners[number].getsockname()[1] == web:
                    speaks_http.add(taken.fileno())
                poll.register(taken, select.EPOLLIN)
                taken.detach()
                continue
            try:
                said = os.read(number, 4096)
            except OSError:
                said = b""
            if not said:
                speaks_http.discard(number)
                os.close(number)
                continue
            with contextlib.suppress(OSError):
                os.write(number, ANSWER if number in speaks_http else said)


def opened(address: str, port: int, tls: ssl.SSLContext | None) -> Connection:
    connection = socket.create_connection((address, port), PATIENCE)
    return tls.wrap_socket(connection, server_hostname="proof") if tls else connection


def talk(connections: list[Connection]) -> None:
    """All of them speak, then each must hear its own words or the server's."""
    for connection in connections:
        connection.sendall(REQUEST)
    for connection in connections:
        said = connection.recv(4096)
        if not said.startswith((REQUEST, b"HTTP/1.1 200 ")):
            raise OSError(f"answered {said[:40]!r}")


class Opener:
    """All connections of one kind."""

    def __init__(self, kind: str, port: int) -> None:
        self.port, self.count = port, 0
        self.sample: list[Connection] = []
        self.tls: ssl.SSLContext | None = None
        if kind == "tls":
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            self.tls.check_hostname, self.tls.verify_mode = False, ssl.CERT_NONE

    def batch(self) -> None:
        address = f"127.0.1.{1 + self.count // PER_ADDRESS}"
        connections = [opened(address, self.port, self.tls) for _each in range(BATCH)]
        talk(connections)
        self.count += BATCH
        if self.count % SAMPLE == 0:
            self.sample.append(connections.pop())
        for connection in connections:
            # It stays open, and what Python and TLS know of it on our side is forgotten.
            connection.detach()

    def until_full(self) -> str:
        """Why it ended."""
        while not full():
            try:
                self.batch()
            except OSError as exc:
                return f"{type(exc).__name__}: {exc}"
        return "memory"


def hold(kind: str, port: int, result: pathlib.Path) -> None:
    before, began = memory(), time.monotonic()
    opener = Opener(kind, port)
    found: dict[str, t.Any] = {"ended_by": opener.until_full(), "count": opener.count, "before": before}
    found.update(seconds=time.monotonic() - began, after=memory())
    # What is idle may be forgotten in the meantime, or be closed.
    time.sleep(10)
    try:
        talk(opener.sample)
        found["asked_again"] = len(opener.sample)
    except OSError as exc:
        found["ended_by"] += f", and one of the sample is lost: {exc}"
    coming = result.with_suffix(".new")
    coming.write_text(json.dumps(found))
    coming.rename(result)
    signal.pause()


def main() -> None:
    limitless()
    if sys.argv[1] == "serve":
        serve(int(sys.argv[2]), int(sys.argv[3]))
    else:
        hold(sys.argv[2], int(sys.argv[3]), pathlib.Path(sys.argv[4]))


if __name__ == "__main__":
    main()
