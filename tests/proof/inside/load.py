# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients that never stop, as many as told: `python3 -m tests.proof.inside.load '{"address": "::1", "h2": 4}'`.

    keepalive   requests over one connection for as long as it is kept
    closing     a connection for each request
    tls         the two in turn, over TLS
    h2          four requests at once over one connection
    long        requests that take 3 s
    websocket   a connection that stays open, a word each second
    tcp         the same without HTTP

It says `ready` when all are connected. It ends with its input, and prints what it counted. A connection that the other
side closed between two answers, and was seen to be closed before a request was sent, is no failure: clients open
another one. A request that was sent and not answered is one, whoever would have sent it again.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import ssl
import sys
import time
import typing as t
from collections import Counter

from tests.proof.inside import h2, sessions

HOST = "www.example.com"
PATIENCE = 40.0
Row = dict[str, t.Any]
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
NETWORK = (OSError, ssl.SSLError, asyncio.IncompleteReadError, asyncio.TimeoutError, h2.BrokenError)


class UnansweredError(Exception):
    """Something else came than a whole answer that is no error."""


def context(protocols: list[str]) -> ssl.SSLContext:
    made = ssl.create_default_context()
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    made.set_alpn_protocols(protocols)
    return made


def reason(exc: BaseException) -> str:
    return f"{type(exc).__name__}: {exc}".rstrip(": ")


class Counts:
    """What one kind of clients saw."""

    def __init__(self, clients: int) -> None:
        self.clients = clients
        self.requests = self.failed = self.closed_between = self.sent_again = 0
        self.seconds: list[float] = []
        self.workers: Counter[str] = Counter()

    def row(self) -> Row:
        ordered = sorted(self.seconds) or [0.0]
        return {
            "clients": self.clients,
            "requests": self.requests,
            "failed": self.failed,
            "closed_between": self.closed_between,
            "sent_again": self.sent_again,
            "workers": dict(self.workers),
            "seconds": {
                "median": ordered[len(ordered) // 2],
                "p99": ordered[math.ceil(len(ordered) * 0.99) - 1],
                "longest": ordered[-1],
            },
        }


class Load:
    """All clients of one balancer."""

    def __init__(self, how: Row) -> None:
        self.how = how
        self.address, self.port = how["address"], int(how.get("port", 80))
        self.tls_port = int(how.get("tls_port", 443))
        self.pause = float(how.get("pause", 0.05))
        self.stop = asyncio.Event()
        self.counts: dict[str, Counts] = {}
        self.failures: list[Row] = []
        self.cuts: list[Row] = []
        self.trace: list[list[t.Any]] = []
        self.tls, self.h2 = context(["http/1.1"]), context(["h2"])

    def fail(self, kind: str, why: str, fresh: bool, began: float) -> None:
        self.counts[kind].failed += 1
        self.counts[kind].seconds.append(time.monotonic() - began)
        self.failures.append({"kind": kind, "at": time.monotonic(), "began": began, "why": why, "fresh": fresh})

    def answered(self, kind: str, began: float, worker: str) -> None:
        seconds = time.monotonic() - began
        self.counts[kind].seconds.append(seconds)
        self.counts[kind].workers[worker] += 1
        if self.how.get("trace"):
            self.trace.append([round(began, 4), round(seconds, 4), worker])

    async def rest(self, seconds: float) -> None:
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self.stop.wait(), seconds)

    async def open(self, tls: bool) -> Streams:
        if tls:
            opening = asyncio.open_connection(self.address, self.tls_port, ssl=self.tls, server_hostname=HOST)
        else:
            opening = asyncio.open_connection(self.address, self.port)
        return await asyncio.wait_for(opening, PATIENCE)

    async def client(self, kind: str, number: int) -> None:
        """One client of HTTP/1.1."""
        streams: Streams | None = None
        path = f"/long/{self.how.get('seconds', 3)}" if kind == "long" else str(self.how.get("path", "/"))
        turn = number
        while not self.stop.is_set():
            turn += 1
            keep = kind in ("keepalive", "long") or (kind == "tls" and turn % 4 != 0)
            if streams and (streams[0].at_eof() or streams[1].is_closing()):
                self.counts[kind].closed_between += 1
                streams[1].close()
                streams = None
            began, fresh = time.monotonic(), streams is None
            self.counts[kind].requests += 1
            try:
                streams = streams or await self.open(kind == "tls")
                worker, kept = await asyncio.wait_for(exchange(streams, path, keep), PATIENCE)
                self.answered(kind, began, worker)
            except (*NETWORK, UnansweredError, ValueError) as exc:
                self.fail(kind, reason(exc), fresh, began)
                kept = False
            if streams and not kept:
                streams[1].close()
                streams = None
            await self.rest(self.pause)
        if streams:
            streams[1].close()

    async def h2_client(self, kind: str, _number: int) -> None:
        connection: h2.Connection | None = None
        while not self.stop.is_set():
            if connection is None or connection.leaving:
                if connection:
                    self.counts[kind].closed_between += 1
                    await h2.close(connection)
                began = time.monotonic()
                try:
                    connection = await h2.connect(self.address, self.tls_port, self.h2)
                except NETWORK as exc:
                    self.counts[kind].requests += 1
                    self.fail(kind, f"connect: {reason(exc)}", True, began)
                    await self.rest(self.pause)
                    continue
            await asyncio.gather(*(self.h2_request(kind, connection) for _each in range(4)))
            await self.rest(self.pause * 4)
        if connection:
            await h2.close(connection)

    async def h2_request(self, kind: str, connection: h2.Connection) -> None:
        began = time.monotonic()
        self.counts[kind].requests += 1
        try:
            try:
                status = await asyncio.wait_for(connection.get(str(self.how.get("path", "/")), HOST), PATIENCE)
            except h2.NotTakenError:
                self.counts[kind].sent_again += 1
                other = await h2.connect(self.address, self.tls_port, self.h2)
                status = await asyncio.wait_for(other.get("/", HOST), PATIENCE)
                await h2.close(other)
        except (*NETWORK, h2.NotTakenError) as exc:
            self.fail(kind, reason(exc), False, began)
            return
        if status >= 500:
            self.fail(kind, f"status {status}", False, began)
        else:
            self.answered(kind, began, "")

    async def session(self, kind: str, number: int) -> None:
        """Opened again when it was cut; that it was is noted, and whether a new one could be opened."""
        opener, word = sessions.KINDS[kind]
        port = self.port if kind == "websocket" else int(self.how.get("tcp_port", 9000))
        await self.rest(number / 200)
        while not self.stop.is_set():
            began = time.monotonic()
            self.counts[kind].requests += 1
            try:
                streams = await opener(self.address, port)
            except (*NETWORK, sessions.SessionError, asyncio.LimitOverrunError) as exc:
                self.fail(kind, f"not opened: {reason(exc)}", True, began)
                await self.rest(1)
                continue
            self.answered(kind, began, "")
            opened, turn = time.monotonic(), number
            try:
                while not self.stop.is_set():
                    await sessions.talk(streams, word, turn)
                    turn += 1
                    await self.silence(streams)
            except (*NETWORK, sessions.SessionError) as exc:
                cut = {"kind": kind, "began": began, "opened": opened, "at": time.monotonic(), "why": reason(exc)}
                self.cuts.append(cut)
            streams[1].close()

    async def silence(self, streams: Streams) -> None:
        """A second in which nothing comes; the end of the connection would be seen at once."""
        stopped = asyncio.ensure_future(self.stop.wait())
        more = asyncio.ensure_future(streams[0].read(1))
        done, waiting = await asyncio.wait({stopped, more}, timeout=1.0, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        if more in done:
            word = more.result()
            raise sessions.SessionError(f"a word that nobody asked for: {word!r}" if word else "closed")

    async def run(self) -> None:
        kinds = {"h2": self.h2_client, **dict.fromkeys(sessions.KINDS, self.session)}
        tasks = []
        for kind in ("keepalive", "closing", "tls", "h2", "long", *sessions.KINDS):
            clients = int(self.how.get(kind, 0))
            if clients:
                self.counts[kind] = Counts(clients)
                tasks += [asyncio.ensure_future(kinds.get(kind, self.client)(kind, i)) for i in range(clients)]
        await asyncio.sleep(2.0)
        print("ready", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        self.stop.set()
        _done, late = await asyncio.wait(tasks, timeout=PATIENCE + 5)
        for task in tasks:
            if task in late:
                task.cancel()
                why = f"no end {PATIENCE + 5:.0f} s after it was told to stop"
                self.failures.append({"kind": "the client itself", "at": time.monotonic(), "why": why})
            elif task.exception():
                self.failures.append(
                    {"kind": "the client itself", "at": time.monotonic(), "why": repr(task.exception())}
                )
        print(
            json.dumps(
                {
                    "kinds": {kind: counts.row() for kind, counts in self.counts.items()},
                    "failures": self.failures,
                    "cuts": self.cuts,
                    "trace": self.trace,
                }
            )
        )


async def exchange(streams: Streams, path: str, keep: bool) -> tuple[str, bool]:
    """One request and its whole answer: who gave it, and whether the connection is kept."""
    reader, writer = streams
    fields = [f"GET {path} HTTP/1.1", f"host: {HOST}", *([] if keep else ["connection: close"])]
    writer.write("\r\n".join([*fields, "", ""]).encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.split("\r\n")
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, colon, value in pairs if colon}
    await reader.readexactly(int(headers["content-length"]))
    status = int(first.split(" ")[1])
    if status != 200:
        raise UnansweredError(f"status {status}")
    return headers.get("x-worker", ""), keep and headers.get("connection", "").lower() != "close"


def main() -> None:
    asyncio.run(Load(json.loads(sys.argv[1])).run())


if __name__ == "__main__":
    main()
