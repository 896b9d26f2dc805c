# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where HAProxy connects to, read from the lines of its sections, raw ones too."""

from __future__ import annotations

import ipaddress
import re
import typing as t

from .section import Section

SERVES = ("backend", "listen")
# The first words of a line that names a target, and which word is the target.
NAMING = {"server": 2, "server-template": 3, "dispatch": 1}
CHECK_PORT = re.compile(r"(?:^|\s)(?:port|agent-port) ([0-9]+)(?=\s|$)")
CHECK_ADDRESS = re.compile(r"(?:^|\s)(?:addr|agent-addr) (\S+)")
# Sockets of this machine.
LOCAL = re.compile(r"^(?:unix@|abns@|abnsz@|fd@|sockpair@|rhttp@|/)")
PREFIX = re.compile(r"^(?:ipv[46]|tcp[46]?|quic[46])@")
PLACE = re.compile(r"^(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<four>[0-9.]+)):(?P<port>[0-9]+)$")


class Worker(t.NamedTuple):
    """`address` and `port` are None where only HAProxy itself will know them."""

    path: str
    address: str | None
    port: int | None


def workers(sections: t.Iterable[Section]) -> list[Worker]:
    """Every place that a backend connects to, its checks included; this machine left out."""
    found: list[Worker] = []
    for section in sections:
        if section.kind not in SERVES:
            continue
        lines = [(line.text.split(), line) for line in section.lines]
        shared = [port for words, line in lines if words[:1] == ["default-server"] for port in _ports(line.text)]
        for words, line in lines:
            place = NAMING.get(words[0]) if words else None
            if place and len(words) > place:
                found += _of_line(words[place], line.text, shared, line.path)
    return list(dict.fromkeys(found))


def _of_line(place: str, text: str, shared: list[int], path: str) -> list[Worker]:
    if LOCAL.match(place):
        return []
    match = PLACE.match(PREFIX.sub("", place))
    address = _address((match["six"] or match["four"]) if match else "")
    if match is None or address is None:
        return [Worker(path, None, None)]
    if ipaddress.ip_address(address).is_loopback:
        return []
    elsewhere = [Worker(path, None, None)] if CHECK_ADDRESS.search(text) else []
    ports = [int(match["port"]), *(_ports(text) or shared)]
    return [*(Worker(path, address, port) for port in ports if port), *elsewhere]


def _ports(text: str) -> list[int]:
    return [int(port) for port in CHECK_PORT.findall(text)]


def _address(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None
