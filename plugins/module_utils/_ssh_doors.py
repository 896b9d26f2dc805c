# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the SSH server listens: what it is told, by whom, and what it does.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import re
import shlex
import typing as t
from pathlib import Path

from ansible_collections.hardened.balancer.plugins.module_utils import _files, _listeners
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_process import is_active

CONFIG = "/etc/ssh/sshd_config"
# As deep as sshd itself follows.
DEPTH = 16
# Where a server will listen that is not installed yet.
SSH_PORT = 22
SOCKET = "ssh.socket"
LINE = re.compile(r"\s*(?P<keyword>include|port|listenaddress)(?:\s*=\s*|\s+)(?P<value>[^#]*)", re.IGNORECASE)
WITH_PORT = re.compile(r"(?:\[[^]]*\]|[^:\[\]]+):(?P<port>\d+)$")
OF_SYSTEMD = re.compile(r":(\d+)(?: |$)")

Units = t.Mapping[str, t.Mapping[str, str]]


def ports(settings: str, units: Units, listeners: t.Iterable[t.Mapping[str, t.Any]]) -> list[int]:
    """Where sshd listens or is told to, and where systemd does in its place."""
    found = _told_sshd(settings)
    found |= {
        one["port"] for one in listeners if one["process"] == "sshd" and not _listeners.is_loopback(one["address"])
    }
    found |= _told_systemd(units)
    return sorted(found) or [SSH_PORT]


def describe(settings: str, units: Units) -> dict[str, t.Any]:
    return {"told": told(settings, units), "said": said(), "by_socket": by_socket(units)}


def told(settings: str, units: Units) -> list[int]:
    """The ports of the server that the package starts; another sshd of the node has its own."""
    return sorted(_told_systemd(units) or _told_sshd(settings))


def by_socket(units: Units) -> bool:
    return is_active(units.get(SOCKET, {}))


def _told_sshd(settings: str) -> set[int]:
    found = {int(port) for port in re.findall(r"^listenaddress \S*:(\d+)", settings, re.MULTILINE)}
    return found or {int(port) for port in re.findall(r"^port (\d+)$", settings, re.MULTILINE)}


def _told_systemd(units: Units) -> set[int]:
    return {int(port) for port in OF_SYSTEMD.findall(units[SOCKET]["Listen"])} if by_socket(units) else set()


def said(config: str = CONFIG, depth: int = DEPTH) -> list[dict[str, t.Any]]:
    """Each line of the files of sshd that names a port, by file and number; a port that is no number is 0."""
    found: list[dict[str, t.Any]] = []
    for number, line in enumerate(_files.read(config).splitlines(), 1):
        match = LINE.match(line)
        words = _words(match["value"]) if match else []
        if not match or not words:
            continue
        if match["keyword"].lower() == "include":
            found += [one for word in words for path in _included(word) if depth for one in said(path, depth - 1)]
        elif (port := _port(match["keyword"].lower(), words[0])) is not None:
            address = match["keyword"].lower() == "listenaddress"
            found.append({"file": config, "line": number, "text": line.strip(), "port": port, "address": address})
    return found


def _words(value: str) -> list[str]:
    try:
        return shlex.split(value)
    except ValueError:
        return value.split()


def _included(pattern: str) -> list[str]:
    """A name without a directory is looked for beside the configuration."""
    path = Path(Path(CONFIG).parent, pattern)
    return sorted(str(one) for one in Path(path.anchor).glob(str(path.relative_to(path.anchor))))


def _port(keyword: str, value: str) -> int | None:
    """None for an address alone: it goes with every port."""
    if keyword == "port":
        return int(value) if value.isdecimal() else 0
    match = WITH_PORT.match(value)
    return int(match["port"]) if match else None
