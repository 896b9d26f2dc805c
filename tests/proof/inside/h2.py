# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""As much of HTTP/2 as counting needs: GET requests over TLS, several at once, and GOAWAY taken as it is meant."""

from __future__ import annotations

import asyncio
import ssl
import struct
import typing as t

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, ACK, END_HEADERS, PADDED = 1, 1, 4, 8
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
# The indexed statuses of the static table of HPACK, and the beginning of one that is spelt out.
STATUSES = {0x88: 200, 0x89: 204, 0x8A: 206, 0x8B: 304, 0x8C: 400, 0x8D: 404, 0x8E: 500}


class NotTakenError(Exception):
    """The server said that it did nothing with the request: it is asked again on another connection."""


class BrokenError(Exception):
    """The request was sent and not answered in full."""


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def literal(name: str, value: str) -> bytes:
    return b"\x00" + b"".join(bytes([len(word)]) + word.encode() for word in (name, value))


def request_block(path: str, host: str) -> bytes:
    fields = {":method": "GET", ":scheme": "https", ":authority": host, ":path": path}
    return b"".join(literal(name, value) for name, value in fields.items())


def status_of(block: bytes) -> int:
    """The first field of an answer is its status."""
    while block and block[0] & 0xE0 == 0x20:  # a new size of the dynamic table
        block = block[1:]
    if not block:
        raise BrokenError("an answer without a status")
    if block[0] in STATUSES:
        return STATUSES[block[0]]
    if block[0] & 0x0F in (8, 9, 10, 11, 12, 13, 14) and not block[0] & 0x80 and block[1] == 3:
        return int(block[2:5])
    raise BrokenError(f"a status that this client cannot read: {block[:6].hex()}")


class Connection:
    """One connection; `leaving` when the server said that it takes no more."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.answers: dict[int, dict[str, t.Any]] = {}
        self.next = 1
        self.leaving = False
        writer.write(PREFACE + frame(SETTINGS, 0, 0, struct.pack(">HI", 1, 0)))
        self.task = asyncio.ensure_future(self.read())

    async def get(self, path: str, host: str) -> int:
        if self.leaving:
            raise NotTakenError("the connection is leaving")
        stream, self.next = self.next, self.next + 2
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.answers[stream] = {"done": done, "status": 0}
        self.writer.write(frame(HEADERS, END_HEADERS | END_STREAM, stream, request_block(path, host)))
        return await done

    async def read(self) -> None:
        why = "the connection ended"
        try:
            while True:
                head = await self.reader.readexactly(9)
                payload = await self.reader.readexactly(int.from_bytes(head[:3], "big"))
                self.take(head[3], head[4], int.from_bytes(head[5:9], "big") & 0x7FFFFFFF, payload)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, OSError) as exc:
            why = f"the connection ended: {type(exc).__name__}"
        finally:
            self.leaving = True
            for answer in self.answers.values():
                fail(answer, BrokenError(why))
            self.writer.close()

    def take(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        answer = self.answers.get(stream)
        if kind == SETTINGS and not flags & ACK:
            self.writer.write(frame(SETTINGS, ACK, 0))
        elif kind == PING and not flags & ACK:
            self.writer.write(frame(PING, ACK, 0, payload))
        elif kind == GOAWAY:
            self.leaving = True
            last = int.from_bytes(payload[:4], "big") & 0x7FFFFFFF
            for number in [number for number in self.answers if number > last]:
                fail(self.answers.pop(number), NotTakenError("GOAWAY"))
        elif kind == RST_STREAM and answer:
            code = int.from_bytes(payload, "big")
            refused = code == 7  # REFUSED_STREAM
            fail(answer, NotTakenError("refused") if refused else BrokenError(f"the stream was reset ({code})"))
        elif kind == HEADERS and answer and not answer["status"]:
            answer["status"] = status_of(payload[1:] if flags & PADDED else payload)
        elif kind == DATA and payload:
            grown = struct.pack(">I", len(payload))
            self.writer.write(frame(WINDOW_UPDATE, 0, 0, grown) + frame(WINDOW_UPDATE, 0, stream, grown))
        if kind in (HEADERS, DATA) and flags & END_STREAM and answer and not answer["done"].done():
            answer["done"].set_result(answer["status"])
        if answer and answer["done"].done():
            self.answers.pop(stream, None)


def fail(answer: dict[str, t.Any], why: Exception) -> None:
    if not answer["done"].done():
        answer["done"].set_exception(why)


async def close(connection: Connection) -> None:
    connection.task.cancel()
    await asyncio.gather(connection.task, return_exceptions=True)


async def connect(address: str, port: int, context: ssl.SSLContext) -> Connection:
    opening = asyncio.open_connection(address, port, ssl=context, server_hostname="www.example.com")
    return Connection(*await asyncio.wait_for(opening, 10))
