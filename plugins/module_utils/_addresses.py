# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The addresses that a configuration listens on, tried before HAProxy tries them.

A new process that cannot bind asks the old one to pause its listeners, for seconds, in the hope that it was in the way:
clients would be refused although the change goes back.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import typing as t
from pathlib import Path

PREFIX = re.compile(r"(?:(ipv4|ipv6|udp4?|udp6|tcp4?|tcp6|quic4|quic6)@)?(.*)")
PORTS = re.compile(r"\d+(?:-\d+)?")
# Such a socket is not tried as it would be made.
PECULIAR = ("transparent", "interface", "namespace")
SOCKET = re.compile(r"^\s*(?:bind|dgram-bind|stats socket)\s+(\S+)", re.MULTILINE)
PREFIX_OF_SOCKETS = re.compile(r"^\s*unix-bind\s(?:.*\s)?prefix\s+(/\S*)", re.MULTILINE)
INTERFACE = re.compile(r"^\s+bind\s.*\sinterface\s+(\S+)", re.MULTILINE)


class Address(t.NamedTuple):
    said: str
    host: str
    port: int
    v6only: bool
    udp: bool

    @property
    def family(self) -> socket.AddressFamily:
        return socket.AF_INET6 if ":" in self.host else socket.AF_INET


def of(main: str) -> list[Address]:
    """What the lines of haproxy.cfg bind; names, sockets of the file system and what holds a variable are left out."""
    found: list[Address] = []
    for line in main.splitlines():
        words = line.split()
        if words[:1] == ["bind"] and len(words) > 1 and line[:1].isspace() and not set(PECULIAR) & set(words):
            for said in words[1].split(","):
                found += _of(said, words)
    return found


def _of(said: str, words: t.Sequence[str]) -> t.Iterator[Address]:
    parts = PREFIX.fullmatch(said)
    host, colon, ports = parts[2].rpartition(":") if parts else ("", "", "")
    if parts is None or not colon or not PORTS.fullmatch(ports):
        return
    kind = parts[1] or ""
    host = host.strip("[]")
    if host in ("", "*"):
        host = "::" if kind.endswith("6") else "0.0.0.0"
    with contextlib.suppress(OSError):
        socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host.partition("%")[0])
        low, _dash, high = ports.partition("-")
        for port in range(int(low), int(high or low) + 1):
            yield Address(said, host, port, "v6only" in words, kind.startswith(("quic", "udp")))


def sockets(main: str) -> list[str]:
    """What the lines of a configuration bind in the file system."""
    prefix = PREFIX_OF_SOCKETS.search(main)
    said = [one.removeprefix("unix@") for match in SOCKET.findall(main) for one in match.split(",")]
    return [f"{prefix[1] if prefix else ''}{path}" for path in dict.fromkeys(said) if path.startswith("/")]


def refused(main: str, held: t.Collection[tuple[str, str, int]]) -> list[str]:
    """Why an address or a socket cannot be had; `held` has those that are HAProxy's, as (protocol, address, port)."""
    without = [f"{path}: this socket cannot be made: {why}" for path in sockets(main) if (why := _not_made(path))]
    if re.search(r"^\s+noreuseport\b", main, re.MULTILINE):
        return without
    # HAProxy itself would only warn, and listen on all of them.
    present = {name for _index, name in socket.if_nameindex()}
    found = without + [
        f"bind ... interface {name}: there is no such interface; there are: {', '.join(sorted(present))}"
        for name in sorted(set(INTERFACE.findall(main)) - present)
    ]
    for one in of(main):
        if ("udp" if one.udp else "tcp", one.host, one.port) not in held and (why := _tried(one)):
            where = f"[{one.host}]" if ":" in one.host else one.host
            found.append(f"bind {one.said}: {where}:{one.port} cannot be had: {why}")
    return found


def _not_made(path: str) -> str:
    """HAProxy makes it under another name beside the one that is there, if any, and moves it.

    Below /run the unit may make the directory at its start; what is missing there a reload tells, and nobody notices.
    """
    directory = Path(path).parent
    if directory.is_relative_to("/run") or directory.is_relative_to("/var/run"):
        return ""
    if not directory.is_dir():
        return f"there is no directory {directory}"
    return "" if os.access(directory, os.W_OK) else f"nobody can write to {directory}"


def _tried(one: Address) -> str:
    """As HAProxy does it, but for listening."""
    with socket.socket(one.family, socket.SOCK_DGRAM if one.udp else socket.SOCK_STREAM) as tried:
        try:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            if one.family == socket.AF_INET6:
                tried.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(one.v6only))
            tried.bind((one.host, one.port))
        except OSError as exc:
            return exc.strerror or str(exc)
    return ""
