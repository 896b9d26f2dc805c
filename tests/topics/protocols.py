# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""As much of each protocol as a balancer's checks and one request need, in bytes."""

from __future__ import annotations

import ipaddress
import socket
import struct
import typing as t

PROXY_V2 = b"\r\n\r\n\x00\r\nQUIT\n"
MYSQL_GREETING = (
    b"\x0a8.0.0-standin\x00"
    + struct.pack("<I", 7)
    + b"abcdefgh\x00"
    + struct.pack("<H", 0xF7FF)
    + b"\x21"
    + struct.pack("<H", 2)
    + struct.pack("<H", 0x0008)
    + b"\x15"
    + bytes(10)
    + b"abcdefghijkl\x00"
    + b"mysql_native_password\x00"
)
MYSQL_OK = b"\x00\x00\x00\x02\x00\x00\x00"
LDAP_BOUND = bytes.fromhex("300c02010161070a010004000400")
# AuthenticationOk, then ReadyForQuery.
PGSQL_READY = b"R" + struct.pack(">II", 8, 0) + b"Z" + struct.pack(">I", 5) + b"I"
RECORD_TYPES = {1: "A", 28: "AAAA", 33: "SRV"}
H2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def exactly(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        if not more:
            raise ConnectionError("closed")
        data += more
    return data


def line(sock: socket.socket, limit: int = 65536) -> bytes:
    data = b""
    while not data.endswith(b"\n") and len(data) < limit:
        more = sock.recv(1)
        if not more:
            raise ConnectionError("closed")
        data += more
    return data


def mysql_packet(number: int, payload: bytes) -> bytes:
    return struct.pack("<I", len(payload))[:3] + bytes([number]) + payload


# The PROXY protocol


def proxy_header(version: str, source: str, target: tuple[str, int]) -> bytes:
    address, destination = ipaddress.ip_address(source), ipaddress.ip_address(target[0])
    if version == "v1":
        return f"PROXY TCP{address.version} {address} {destination} 40000 {target[1]}\r\n".encode()
    family = 0x11 if address.version == 4 else 0x21
    payload = address.packed + destination.packed + struct.pack(">HH", 40000, target[1])
    return PROXY_V2 + struct.pack(">BBH", 0x21, family, len(payload)) + payload


def read_proxy(sock: socket.socket, start: bytes) -> list[str]:
    """Version and source of the header that a connection begins with."""
    if start.startswith(b"PROXY "):
        words = line(sock).decode().split()
        return ["v1", words[2] if len(words) > 2 else "local"]
    head = exactly(sock, 16)
    payload = exactly(sock, struct.unpack(">H", head[14:16])[0])
    if head[12] & 0x0F == 0:
        return ["v2", "local"]
    size = 4 if head[13] >> 4 == 1 else 16
    return ["v2", str(ipaddress.ip_address(payload[:size]))]


# DNS


def dns_answer(query: bytes, records: dict[str, list[str]]) -> bytes:
    """`records`: name -> addresses, or `port target` for SRV."""
    labels, position = [], 12
    while query[position]:
        labels.append(query[position + 1 : position + 1 + query[position]].decode())
        position += 1 + query[position]
    kind = RECORD_TYPES.get(struct.unpack(">H", query[position + 1 : position + 3])[0], "")
    question = query[12 : position + 5]
    values = records.get(".".join(labels).lower())
    data = [found for value in values or [] for found in _record(kind, value)]
    code = 3 if values is None else 0
    head = query[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, len(data), 0, 0)
    number = {name: code for code, name in RECORD_TYPES.items()}.get(kind, 1)
    return head + question + b"".join(struct.pack(">HHHIH", 0xC00C, number, 1, 1, len(d)) + d for d in data)


def _record(kind: str, value: str) -> t.Iterator[bytes]:
    port, _blank, target = value.partition(" ")
    if target:
        if kind == "SRV":
            yield struct.pack(">HHH", 0, 10, int(port)) + _encoded(target)
        return
    address = ipaddress.ip_address(value)
    if (kind, address.version) in (("A", 4), ("AAAA", 6)):
        yield address.packed


def _encoded(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\x00"


# FastCGI


def fastcgi_request(sock: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Number, parameters and body of one request."""
    parameters, body, number = b"", b"", 0
    while True:
        _version, kind, identifier, size, padding, _reserved = struct.unpack(">BBHHBB", exactly(sock, 8))
        content = exactly(sock, size)
        exactly(sock, padding)
        number = identifier or number
        if kind == 4:
            parameters += content
        elif kind == 5 and content:
            body += content
        elif kind == 5:
            return number, dict(_pairs(parameters)), body


def _pairs(data: bytes) -> t.Iterator[tuple[str, str]]:
    position = 0
    while position < len(data):
        sizes = []
        for _name_or_value in range(2):
            long = data[position] & 0x80
            size = struct.unpack(">I", data[position : position + 4])[0] & 0x7FFFFFFF if long else data[position]
            sizes.append(size)
            position += 4 if long else 1
        name = data[position : position + sizes[0]]
        value = data[position + sizes[0] : position + sum(sizes)]
        position += sum(sizes)
        yield name.decode(), value.decode()


def fastcgi_answer(number: int, answer: bytes) -> bytes:
    def record(kind: int, content: bytes) -> bytes:
        return struct.pack(">BBHHBB", 1, kind, number, len(content), 0, 0) + content

    return record(6, answer) + record(6, b"") + record(3, bytes(8))


# HTTP/2, as a server that answers every request in the same way


def h2_serve(sock: socket.socket, body: t.Callable[[], bytes]) -> None:
    exactly(sock, len(H2_PREFACE))
    sock.sendall(_frame(4, 0, 0, b""))
    while True:
        head = exactly(sock, 9)
        size, kind, flags = int.from_bytes(head[:3], "big"), head[3], head[4]
        stream = int.from_bytes(head[5:], "big") & 0x7FFFFFFF
        payload = exactly(sock, size)
        if kind == 4 and not flags & 1:
            sock.sendall(_frame(4, 1, 0, b""))
        elif kind == 6 and not flags & 1:
            sock.sendall(_frame(6, 1, 0, payload))
        elif kind in (0, 1) and flags & 1:
            data = body()
            # :status 200 by its index, the rest as literals.
            headers = b"\x88" + _literal(b"content-type", b"application/json")
            headers += _literal(b"content-length", str(len(data)).encode())
            sock.sendall(_frame(1, 4, stream, headers) + _frame(0, 1, stream, data))


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def _literal(name: bytes, value: bytes) -> bytes:
    return b"\x00" + bytes([len(name)]) + name + bytes([len(value)]) + value


# The protocol of HAProxy's stream processing offload engine


def spop_serve(sock: socket.socket, judge: t.Callable[[bytes], int]) -> None:
    """An agent that sets `score` of the transaction to what `judge` says of a message."""
    while True:
        size = struct.unpack(">I", exactly(sock, 4))[0]
        frame = exactly(sock, size)
        kind, position = frame[0], 5
        for _identifier in range(2):
            position = _after_number(frame, position)
        identifiers = frame[5:position]
        if kind == 1:
            pairs = _typed("version", "2.0") + _typed("max-frame-size", 16380) + _typed("capabilities", "")
            _spop_send(sock, 101, b"\x00\x00", pairs)
            # A health check says hello and goes.
            if b"healthcheck" in frame:
                return
        elif kind == 3:
            action = bytes([1, 3, 2]) + bytes([5]) + b"score" + bytes([3, judge(frame[position:])])
            _spop_send(sock, 103, identifiers, action)
        elif kind == 2:
            _spop_send(sock, 102, b"\x00\x00", _typed("status-code", 0) + _typed("message", "bye"))
            return


def _spop_send(sock: socket.socket, kind: int, identifiers: bytes, payload: bytes) -> None:
    frame = bytes([kind]) + struct.pack(">I", 1) + identifiers + payload
    sock.sendall(struct.pack(">I", len(frame)) + frame)


def _after_number(frame: bytes, position: int) -> int:
    if frame[position] < 240:
        return position + 1
    position += 1
    while frame[position] >= 128:
        position += 1
    return position + 1


def _typed(name: str, value: str | int) -> bytes:
    key = bytes([len(name)]) + name.encode()
    if isinstance(value, str):
        return key + b"\x08" + bytes([len(value)]) + value.encode()
    return key + b"\x03" + _number(value)


def _number(value: int) -> bytes:
    if value < 240:
        return bytes([value])
    data = [value & 0xFF | 0xF0]
    value = (value - 240) >> 4
    while value >= 128:
        data.append(value & 0xFF | 0x80)
        value = (value - 128) >> 7
    data.append(value)
    return bytes(data)
