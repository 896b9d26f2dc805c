# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runtime sockets beside the administrators' own: who reaches one commands HAProxy, without password or TLS."""

from __future__ import annotations

import re
import typing as t

from . import binds
from .problems import Problems, show
from .scalars import is_address
from .section import Section

KIND = "global"
NAME = "stats socket"
SOCKET = re.compile(r"stats\s+socket\s+(\S+)")
# What only who is on the node reaches, as far as its mode lets him, and what was opened by somebody else.
NO_PORT = ("/", "unix@", "uxst@", "abns@", "abnsz@", "fd@", "sockpair@")
ALLOWED = "allowed are the path of a socket and ports of 127.0.0.1 or ::1"


def listeners(sections: t.Iterable[Section], problems: Problems) -> list[binds.Listener]:
    """Those at a port of loopback, which others can be in the way of; any other port is refused."""
    found = []
    for line in (line for section in sections if section.kind == KIND for line in section.lines):
        # HAProxy takes quotes away wherever they stand.
        match = SOCKET.match(re.sub(r"[\"']", "", line.text))
        for place in match[1].split(",") if match else ():
            if place.startswith(NO_PORT):
                continue
            one = _local(place, line.path)
            found += [one] if one else []
            if not one:
                problems.add(
                    line.path,
                    f"has the stats socket {show(place)}: whoever reaches that commands HAProxy, without a password or "
                    f"TLS; {ALLOWED}",
                )
    return found


def _local(place: str, path: str) -> binds.Listener | None:
    where = binds.RAW_ADDRESS.match(place)
    if where is None or not is_address(where["address"] or ""):
        return None
    low = int(where["low"])
    high = int(where["high"] or low)
    one = binds.Listener(
        where["address"], low, high, "tcp", path=path, plain=False, frontend=NAME, mode="tcp", kind=KIND, quiet=True
    )
    return one if one.local else None
