# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions that last: websockets and TCP connections whose every word is echoed."""

from __future__ import annotations

import asyncio
import base64
import os
import typing as t

PATIENCE = 10.0
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class SessionError(Exception):
    """It could not be opened, or what came back was not what was sent."""


async def open_tcp(address: str, port: int) -> Streams:
    return await asyncio.wait_for(asyncio.open_connection(address, port), PATIENCE)


async def open_websocket(address: str, port: int) -> Streams:
    reader, writer = await open_tcp(address, port)
    key = base64.b64encode(os.urandom(16)).decode()
    fields = ["GET /chat HTTP/1.1", "host: www.example.com", "upgrade: websocket", "connection: upgrade"]
    fields += [f"sec-websocket-key: {key}", "sec-websocket-version: 13"]
    writer.write("\r\n".join([*fields, "", ""]).encode())
    try:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
    except BaseException:
        writer.close()
        raise
    status = head.split(b" ", 2)[1]
    if status != b"101":
        writer.close()
        raise SessionError(f"status {status.decode()}")
    return reader, writer


def tcp_word(number: int) -> tuple[bytes, bytes]:
    word = b"word %08d\n" % number
    return word, word


def websocket_word(number: int) -> tuple[bytes, bytes]:
    """A masked frame, and the frame without its mask that must come back."""
    body, mask = b"word %08d" % number, os.urandom(4)
    masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(body))
    return bytes([0x81, 0x80 | len(body)]) + mask + masked, bytes([0x81, len(body)]) + body


KINDS: dict[str, t.Any] = {
    "websocket": (open_websocket, websocket_word),
    "tcp": (open_tcp, tcp_word),
}


async def talk(streams: Streams, word: t.Callable[[int], tuple[bytes, bytes]], number: int) -> None:
    reader, writer = streams
    sent, wanted = word(number)
    writer.write(sent)
    got = await asyncio.wait_for(reader.readexactly(len(wanted)), PATIENCE)
    if got != wanted:
        raise SessionError(f"another word came back: {got!r}")
