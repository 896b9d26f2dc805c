# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An application behind a balancer: HTTP, websockets, an echo over TCP; slow to start or stop, and ill, if told to.

    GET /            its name, its release and a line of text
    GET /long/3      the same after 3 s
    GET /bytes/1000  so many bytes
    a websocket      echoes every frame

How it answers is what stands in /proof/PORT.mode: ok, 500, reset or slow.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import hashlib
import os
import pathlib
import signal
import struct

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
SLOW = 2.0
# A client that went away, and the end of the application itself.
ENDED = (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError)
Headers = dict[str, str]


class Worker:
    """One application; what is under way when it is told to stop is brought to its end."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.given = given
        self.place = pathlib.Path(given.place)
        self.under_way = 0
        self.stopping = asyncio.Event()

    def mode(self) -> str:
        try:
            return (self.place / f"{self.given.port}.mode").read_text().strip()
        except OSError:
            return "ok"

    async def http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(*ENDED):
            while await self.request(reader, writer):
                pass
        writer.close()

    async def request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        path = first.split(" ")[1]
        pairs = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, colon, value in pairs if colon}
        await reader.readexactly(int(headers.get("content-length", "0")))
        if headers.get("upgrade", "").lower() == "websocket":
            await websocket(headers, reader, writer)
            return False
        self.under_way += 1
        try:
            return await self.answer(path, writer)
        finally:
            self.under_way -= 1

    async def answer(self, path: str, writer: asyncio.StreamWriter) -> bool:
        mode = self.mode()
        if mode == "reset":
            reset(writer)
            return False
        if mode == "slow":
            await asyncio.sleep(SLOW)
        if path.startswith("/long/"):
            await asyncio.sleep(float(path.rsplit("/", 1)[1]))
        status, body = "200 OK", f"{self.given.name} {self.given.release}\n".encode()
        if path.startswith("/bytes/"):
            body = b"x" * int(path.rsplit("/", 1)[1])
        if mode == "500" or self.given.broken:
            status = "500 Internal Server Error"
        last = self.stopping.is_set()
        fields = [f"HTTP/1.1 {status}", f"x-worker: {self.given.name}", f"x-release: {self.given.release}"]
        fields += [f"content-length: {len(body)}", "content-type: text/plain", *(["connection: close"] if last else [])]
        writer.write("\r\n".join([*fields, "", ""]).encode() + body)
        await writer.drain()
        return not last

    async def run(self) -> None:
        given = self.given
        pid = self.place / f"{given.port}.pid"
        pid.write_text(str(os.getpid()))
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self.stopping.set)
        await asyncio.sleep(given.start)
        servers = [await asyncio.start_server(self.http, given.address, given.port, backlog=1024)]
        if given.echo:
            servers.append(await asyncio.start_server(echo, given.address, given.echo, backlog=1024))
        await self.stopping.wait()
        for server in servers:
            server.close()
        await asyncio.sleep(given.stop)
        for _attempt in range(300):
            if not self.under_way:
                break
            await asyncio.sleep(0.1)
        with contextlib.suppress(OSError):
            pid.unlink()


def reset(writer: asyncio.StreamWriter) -> None:
    """The connection ends with RST and not with FIN."""
    linger = writer.get_extra_info("socket")
    linger.setsockopt(1, 13, struct.pack("ii", 1, 0))  # SOL_SOCKET, SO_LINGER
    writer.transport.abort()


async def websocket(headers: Headers, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    key = hashlib.sha1((headers["sec-websocket-key"] + GUID).encode()).digest()
    accept = base64.b64encode(key).decode()
    fields = ["HTTP/1.1 101 Switching Protocols", "upgrade: websocket", "connection: upgrade"]
    writer.write("\r\n".join([*fields, f"sec-websocket-accept: {accept}", "", ""]).encode())
    while True:
        head = await reader.readexactly(2)
        mask = await reader.readexactly(4)
        body = bytes(byte ^ mask[i % 4] for i, byte in enumerate(await reader.readexactly(head[1] & 0x7F)))
        writer.write(bytes([head[0], len(body)]) + body)
        await writer.drain()
        if head[0] & 0x0F == 8:
            return


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(*ENDED):
        while data := await reader.read(4096):
            writer.write(data)
            await writer.drain()
    writer.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--address", default="0.0.0.0")
    parser.add_argument("--name", default="worker")
    parser.add_argument("--release", default="1")
    parser.add_argument("--echo", type=int, default=0, help="a port that echoes over TCP")
    parser.add_argument("--start", type=float, default=0.0, help="seconds until it listens")
    parser.add_argument("--stop", type=float, default=0.0, help="seconds from SIGTERM to its end")
    parser.add_argument("--broken", action="store_true", help="answers 500")
    parser.add_argument("--place", default="/proof", help="directory of its pid and its mode")
    asyncio.run(Worker(parser.parse_args()).run())


if __name__ == "__main__":
    main()
