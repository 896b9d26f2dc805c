# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-ins for everything that a balancer talks to. Each port hears what is spoken and answers in that protocol.

Whoever asks, by HTTP or by the line `WHO`, is told who answers and what of the request arrived, as JSON.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import re
import socket
import ssl
import struct
import subprocess
import threading
import time
import typing as t

from tests.topics import protocols

Place = tuple[str, int]
HTTP = re.compile(rb"(?:GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH|TRACE|CONNECT) ?")
GREETS = {25: "smtp", 587: "smtp", 3306: "mysql"}
# What a server adds to the client's key (RFC 6455).
WEBSOCKET = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
RESET = struct.pack("ii", 1, 0)


class Behaviour:
    """What the lines of a page have said of one worker."""

    def __init__(self) -> None:
        self.statuses: dict[str, int] = {}
        self.headers: list[tuple[str, str]] = []
        self.late = 0.0
        self.role = "master"
        self.agent = "up 100%"
        self.breaks = 0


class Seen(t.NamedTuple):
    """Of a connection: whose it is, where it came from, what stood in front of the protocol."""

    names: list[str]
    source: str
    proxy: list[str]
    name: str = ""
    alpn: str = ""
    certificate: str = ""


class Workers:
    def __init__(self, context: ssl.SSLContext, hosts: dict[str, str]) -> None:
        self.context = context
        self.hosts = hosts
        self.names: dict[Place, set[str]] = {}
        self.agents: set[Place] = set()
        self.behaviours: dict[str, Behaviour] = {}
        self.records: dict[str, list[str]] = {}
        self.logs: list[str] = []
        self.asked = 0
        self.away: set[str] = set()
        self.listeners: dict[Place, socket.socket] = {}
        self.open: dict[Place, set[socket.socket]] = {}

    # Who is where

    def add(self, place: Place, name: str, agent: bool = False) -> None:
        self.names.setdefault(place, set()).update(filter(None, (name, self.hosts.get(place[0]))))
        if agent:
            self.agents.add(place)

    def behaviour(self, names: t.Iterable[str]) -> Behaviour:
        known = [self.behaviours[name] for name in sorted(names) if name in self.behaviours]
        return known[0] if known else Behaviour()

    def of(self, name: str) -> Behaviour:
        """What a line says of one of its names holds for all names of the same address."""
        places = self.places(name)
        if not places:
            raise KeyError(name)
        behaviour = self.behaviour({name}.union(*(self.names[place] for place in places)))
        for every in {name}.union(*(self.names[place] for place in places)):
            self.behaviours[every] = behaviour
        return behaviour

    def places(self, name: str) -> list[Place]:
        own = [place for place, names in self.names.items() if name in names]
        addresses = {address for address, _port in own}
        return [place for place in self.names if place[0] in addresses]

    # Listening

    def start(self, places: t.Iterable[Place]) -> None:
        for place in places:
            if place[0] in self.away:
                self.away.discard(place[0])
                _route("del", place[0])
            if place in self.listeners:
                continue
            family = socket.AF_INET6 if ":" in place[0] else socket.AF_INET
            listener = socket.socket(family)
            # The balancer listens at the same port of every address; whoever names the address gets the connection.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            listener.bind(place)
            listener.listen(512)
            self.listeners[place] = listener
            threading.Thread(target=self._accept, args=(place, listener), daemon=True).start()

    def stop(self, places: t.Iterable[Place]) -> None:
        for place in places:
            listener = self.listeners.pop(place, None)
            if listener:
                # A thread that waits in accept() would keep a closed socket listening.
                listener.shutdown(socket.SHUT_RDWR)
                listener.close()
            for connection in list(self.open.get(place, ())):
                with contextlib.suppress(OSError):
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                    connection.shutdown(socket.SHUT_RDWR)
                    connection.close()
            if place[0] not in self.away:
                self.away.add(place[0])
                _route("add", place[0])

    def _accept(self, place: Place, listener: socket.socket) -> None:
        while True:
            try:
                connection, peer = listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(60)
            self.open.setdefault(place, set()).add(connection)
            threading.Thread(target=self._serve, args=(place, connection, peer[0]), daemon=True).start()

    def _serve(self, place: Place, connection: socket.socket, source: str) -> None:
        try:
            if place in self.agents:
                connection.sendall(f"{self.behaviour(self.names[place]).agent}\n".encode())
                return
            self._greet(place[1], connection)
            start, proxy = self._start(connection), list[str]()
            if start.startswith((b"PROXY ", protocols.PROXY_V2)):
                proxy = protocols.read_proxy(connection, start)
                start = self._start(connection)
            seen = Seen(sorted(self.names[place]), source, proxy)
            if start[:1] == b"\x16":
                self._encrypted(place, connection, seen)
            else:
                self._speak(place, connection, start, seen)
        except (OSError, ValueError, IndexError, struct.error):
            pass
        finally:
            self.open.get(place, set()).discard(connection)
            with contextlib.suppress(OSError):
                connection.close()

    def _greet(self, port: int, connection: socket.socket) -> None:
        kind = GREETS.get(port)
        if kind == "smtp":
            connection.sendall(b"220 standin ESMTP\r\n")
        elif kind == "mysql":
            connection.sendall(protocols.mysql_packet(0, protocols.MYSQL_GREETING))

    @staticmethod
    def _start(connection: socket.socket) -> bytes:
        start = connection.recv(16, socket.MSG_PEEK)
        if not start:
            raise ConnectionError("closed")
        return start

    def _encrypted(self, place: Place, connection: socket.socket, seen: Seen) -> None:
        with self.context.wrap_socket(connection, server_side=True) as wrapped:
            self.open[place].add(wrapped)
            wrapped.settimeout(60)
            alpn = wrapped.selected_alpn_protocol() or ""
            seen = seen._replace(name=getattr(wrapped, "asked_for", ""), alpn=alpn, certificate=common_name(wrapped))
            try:
                if alpn == "h2":
                    protocols.h2_serve(wrapped, lambda: self._told(seen))
                else:
                    self._http_or_who(wrapped, seen)
            finally:
                self.open[place].discard(wrapped)

    def _told(self, seen: Seen) -> bytes:
        self.asked += 1
        return json.dumps({**seen._asdict(), "method": "", "path": "", "headers": [], "body": ""}).encode()

    def _http_or_who(self, connection: socket.socket, seen: Seen) -> None:
        """Behind TLS nothing can be peeked at, so that the first line tells."""
        first = protocols.line(connection)
        if first.startswith(b"WHO"):
            self._who(connection, seen)
        else:
            self._http(connection, seen, first)

    # What is spoken

    def _speak(self, place: Place, connection: socket.socket, start: bytes, seen: Seen) -> None:
        if start.startswith(b"WHO") or (HTTP.match(start) and not start.startswith(b"PRI")):
            self._http_or_who(connection, seen)
        elif start.startswith(b"PRI * HTTP/2"):
            protocols.h2_serve(connection, lambda: self._told(seen))
        elif start.startswith(b"\x01\x01"):
            self._fastcgi(connection, seen)
        elif start[:1] == b"\x30":
            connection.recv(4096)
            connection.sendall(protocols.LDAP_BOUND)
        elif start[:1] == b"<" or re.match(rb"\d+ <", start):
            self._syslog(connection)
        elif start[:2] == b"\x00\x00":
            self._binary(connection, start, seen)
        elif place[1] == 3306:
            self._mysql(connection, seen)
        else:
            self._lines(place[1], connection, seen)

    def _who(self, connection: socket.socket, seen: Seen) -> None:
        """Answers each WHO for as long as the client stays."""
        while True:
            connection.sendall(self._told(seen) + b"\n")
            while not protocols.line(connection).startswith(b"WHO"):
                pass

    def _lines(self, port: int, connection: socket.socket, seen: Seen) -> None:
        """Redis, SMTP and memcached, as far as checks go; WHO in between."""
        while True:
            line = protocols.line(connection).strip()
            word = line.split()[0].upper() if line else b""
            if word == b"WHO":
                self._who(connection, seen)
                return
            role = "slave" if self.behaviour(seen.names).role == "replica" else "master"
            information = f"role:{role}\r\n"
            answers = {
                b"PING": b"+PONG\r\n",
                b"AUTH": b"+OK\r\n",
                b"INFO": f"${len(information)}\r\n{information}\r\n".encode(),
                b"EHLO": b"250 standin\r\n",
                b"HELO": b"250 standin\r\n",
                b"VERSION": b"VERSION 1.6.18\r\n",
                b"QUIT": b"221 bye\r\n" if GREETS.get(port) == "smtp" else b"+OK\r\n",
            }
            if word in answers:
                connection.sendall(answers[word])
            if word == b"QUIT":
                return

    def _mysql(self, connection: socket.socket, seen: Seen) -> None:
        start = connection.recv(4, socket.MSG_PEEK)
        if start.startswith(b"WHO"):
            protocols.line(connection)
            self._who(connection, seen)
            return
        head = protocols.exactly(connection, 4)
        protocols.exactly(connection, int.from_bytes(head[:3], "little"))
        connection.sendall(protocols.mysql_packet(head[3] + 1, protocols.MYSQL_OK))

    def _binary(self, connection: socket.socket, start: bytes, seen: Seen) -> None:
        if len(start) > 4 and start[4] == 1:
            protocols.spop_serve(connection, lambda frame: 90 if socket.inet_aton("198.51.100.66") in frame else 10)
            return
        size = struct.unpack(">I", protocols.exactly(connection, 4))[0]
        protocols.exactly(connection, size - 4)
        connection.sendall(protocols.PGSQL_READY)

    def _syslog(self, connection: socket.socket) -> None:
        """Lines, or messages with their length in front (RFC 6587)."""
        while True:
            start = connection.recv(1, socket.MSG_PEEK)
            if not start:
                return
            if start == b"<":
                self.logs.append(protocols.line(connection).decode(errors="replace").strip())
                continue
            size = b""
            while not size.endswith(b" "):
                size += protocols.exactly(connection, 1)
            self.logs.append(protocols.exactly(connection, int(size)).decode(errors="replace").strip())

    def _fastcgi(self, connection: socket.socket, seen: Seen) -> None:
        while True:
            number, parameters, body = protocols.fastcgi_request(connection)
            headers = [(k[5:].lower().replace("_", "-"), v) for k, v in parameters.items() if k.startswith("HTTP_")]
            told = {**seen._asdict(), "method": parameters.get("REQUEST_METHOD", ""), "headers": headers}
            told |= {"path": parameters.get("REQUEST_URI", ""), "body": body.decode(), "parameters": parameters}
            self.asked += 1
            head = f"Status: 200 OK\r\nContent-Type: application/json\r\nX-Worker: {seen.names[0]}\r\n\r\n"
            connection.sendall(protocols.fastcgi_answer(number, head.encode() + json.dumps(told).encode()))

    def _http(self, connection: socket.socket, seen: Seen, first: bytes) -> None:
        while True:
            method, path = first.decode("latin-1").split()[:2]
            headers = _headers(connection)
            body = _body(connection, dict(headers))
            behaviour = self.behaviour(seen.names)
            self.asked += 1
            if behaviour.breaks:
                behaviour.breaks -= 1
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                return
            told = {**seen._asdict(), "method": method, "path": path, "headers": headers, "body": body.decode()}
            time.sleep(behaviour.late)
            connection.sendall(_answer(method, path, dict(headers), told, behaviour))
            first = protocols.line(connection)

    # Datagrams

    def answer_names(self, place: Place) -> None:
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(place)

        def serve() -> None:
            while True:
                query, client = server.recvfrom(4096)
                server.sendto(protocols.dns_answer(query, self.records), client)

        threading.Thread(target=serve, daemon=True).start()

    def collect(self, server: socket.socket) -> None:
        def serve() -> None:
            while True:
                self.logs.append(server.recv(65536).decode(errors="replace").strip())

        threading.Thread(target=serve, daemon=True).start()


def _route(action: str, address: str) -> None:
    """An address that nobody has: else the balancer, which listens at every address, would answer itself there."""
    subprocess.run(["ip", "route", action, "unreachable", address, "table", "local"], check=False, capture_output=True)


def common_name(connection: ssl.SSLSocket) -> str:
    subject: t.Any = (connection.getpeercert() or {}).get("subject", ())
    return next((value for part in subject for key, value in part if key == "commonName"), "")


def tls_context(certificate: str, authority: str) -> ssl.SSLContext:
    """Shows one certificate for every name, notes which name was asked for, and takes a client's if there is one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.load_verify_locations(authority)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.set_alpn_protocols(["h2", "http/1.1"])

    def note(connection: ssl.SSLSocket | ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
        setattr(connection, "asked_for", name or "")  # noqa: B010

    context.sni_callback = note
    return context


def _headers(connection: socket.socket) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    while True:
        text = protocols.line(connection).decode("latin-1").strip()
        if not text:
            return found
        name, _colon, value = text.partition(":")
        found.append((name.lower(), value.strip()))


def _body(connection: socket.socket, headers: dict[str, str]) -> bytes:
    if "content-length" in headers:
        return protocols.exactly(connection, int(headers["content-length"]))
    body = b""
    while headers.get("transfer-encoding", "").lower() == "chunked":
        size = int(protocols.line(connection).split(b";")[0], 16)
        body += protocols.exactly(connection, size)
        protocols.line(connection)
        if not size:
            break
    return body


def _answer(method: str, path: str, headers: dict[str, str], told: dict[str, t.Any], behaviour: Behaviour) -> bytes:
    bare = path.partition("?")[0]
    status = behaviour.statuses.get(bare, behaviour.statuses.get("", 200))
    if headers.get("upgrade", "").lower() == "websocket":
        status = 101
    body = b"" if method == "HEAD" or status == 101 else json.dumps(told).encode()
    own = {name.lower() for name, _value in behaviour.headers}
    found = [("content-type", "application/json"), ("x-worker", told["names"][0])]
    lines = [f"{name}: {value}" for name, value in found if name not in own]
    lines += [f"{name}: {value}" for name, value in behaviour.headers]
    if status == 101:
        digest = hashlib.sha1(f"{headers.get('sec-websocket-key', '')}{WEBSOCKET}".encode()).digest()
        lines += ["connection: upgrade", "upgrade: websocket"]
        lines.append(f"sec-websocket-accept: {base64.b64encode(digest).decode()}")
    else:
        lines.append(f"content-length: {len(body)}")
    return "\r\n".join([f"HTTP/1.1 {status} {'OK' if status == 200 else 'Told'}", *lines, "", ""]).encode() + body
