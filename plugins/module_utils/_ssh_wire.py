# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an SSH server offers to whoever connects: its first message, RFC 4253 7.1. What it is told in files may differ.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import socket
import typing as t

KEXINIT = 20
# The first six lists of that message; those that only say what both sides can do besides are no algorithms.
LISTS = ("kex", "host_keys", "_to_server", "ciphers", "_macs_to_server", "macs")
SIGNALS = ("ext-info-s", "kex-strict-s-v00@openssh.com")
HELLO = b"SSH-2.0-hardened.balancer\r\n"
MOST_LINES = 50
MOST_BYTES = 35000


def offered(address: str, port: int, timeout: float) -> dict[str, list[str]]:
    """The names of each list, in the order of the server; OSError or ValueError where it does not say."""
    with socket.create_connection((address, port), timeout=timeout) as connection:
        connection.sendall(HELLO)
        with connection.makefile("rb") as stream:
            _greeting(stream)
            return parse(_packet(stream))


def _greeting(stream: t.BinaryIO) -> None:
    """A server may say something before its version."""
    for _line in range(MOST_LINES):
        line = stream.readline(1024)
        if line.startswith(b"SSH-2.0-"):
            return
        if not line:
            break
    raise ValueError("no SSH server answers")


def _packet(stream: t.BinaryIO) -> bytes:
    length = int.from_bytes(_exactly(stream, 4), "big")
    if not 2 <= length <= MOST_BYTES:
        raise ValueError(f"a packet of {length} bytes")
    body = _exactly(stream, length)
    return body[1 : length - body[0]]


def _exactly(stream: t.BinaryIO, count: int) -> bytes:
    found = stream.read(count)
    if len(found) < count:
        raise ValueError("the server closed the connection before it said what it offers")
    return found


def parse(message: bytes) -> dict[str, list[str]]:
    if not message or message[0] != KEXINIT:
        raise ValueError("the first message is not what it offers")
    found = {}
    rest = message[17:]
    for name in LISTS:
        length = int.from_bytes(rest[:4], "big")
        words = rest[4 : 4 + length].decode("ascii", errors="replace").split(",")
        found[name] = [word for word in words if word and word not in SIGNALS]
        rest = rest[4 + length :]
    return {name: words for name, words in found.items() if not name.startswith("_")}
