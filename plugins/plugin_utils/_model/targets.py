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
PORT = re.compile(r":([0-9]+)$")
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
        port = PORT.search(place)
        return [Worker(path, None, int(port[1]) if port else None)]
    if ipaddress.ip_address(address).is_loopback:
        return []
    elsewhere = [Worker(path, None, None)] if CHECK_ADDRESS.search(text) else []
    ports = [int(match["port"]), *(_ports(text) or shared)]
    return [*(Worker(path, address, port) for port in ports if port), *elsewhere]


class Other(t.NamedTuple):
    """Where else the process sends something to."""

    path: str
    protocol: str
    address: str | None
    port: int | None


# Kind of section, first word of a line, which word is the target, and how it is reached.
OTHERS = (
    ("ring", "server", 2, ("tcp",)),
    ("peers", "peer", 2, ("tcp",)),
    ("peers", "server", 2, ("tcp",)),
    ("mailers", "mailer", 2, ("tcp",)),
    ("resolvers", "nameserver", 2, ("udp", "tcp")),
    ("", "log", 1, ("udp",)),
)
LOCAL_LOG = re.compile(r"^(?:global$|stdout$|stderr$|ring@|backend@)")
SYSLOG = 514
HOST = re.compile(r"[\w.-]+")
# A request decides where it goes.
ANYWHERE = re.compile(r"(?:^|\s)(?:set-dst|set-dst-port|option transparent)(?:\s|$)")


def others(sections: t.Iterable[Section]) -> list[Other]:
    """What is not a worker: name servers, other balancers, receivers of logs and mails."""
    found: list[Other] = []
    for section in sections:
        for line in section.lines:
            words = line.text.split()
            for kind, first, place, protocols in OTHERS:
                if words[:1] == [first] and len(words) > place and kind in ("", section.kind):
                    found += (one for p in protocols for one in _other(words[place], p, line.path))
            if ANYWHERE.search(line.text):
                found.append(Other(line.path, "tcp", None, None))
    return list(dict.fromkeys(found))


def _other(place: str, protocol: str, path: str) -> list[Other]:
    if LOCAL.match(place) or LOCAL_LOG.match(place):
        return []
    bare = re.sub(r"^(?:udp[46]?|dgram)@", "", PREFIX.sub("", place))
    match = PLACE.match(bare if PORT.search(bare) and not _address(bare) else f"{_bracketed(bare)}:{SYSLOG}")
    address = _address((match["six"] or match["four"]) if match else "")
    if address and ipaddress.ip_address(address).is_loopback:
        return []
    return [Other(path, protocol, address, int(match["port"]) if match else _port_of_name(bare))]


def _port_of_name(bare: str) -> int | None:
    """Only of a receiver of logs it may be left out; of what is no name, like a variable, nothing is known."""
    if port := PORT.search(bare):
        return int(port[1])
    return SYSLOG if HOST.fullmatch(bare) else None


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address and not address.startswith("[") else address


def _ports(text: str) -> list[int]:
    return [int(port) for port in CHECK_PORT.findall(text)]


def _address(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None
