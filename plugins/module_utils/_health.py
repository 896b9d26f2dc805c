# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the rows of `show stat` say about servers: which are healthy, and which backends have none that is.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import typing as t

from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_socket import SocketError, ask, parse_stat

Row = t.Mapping[str, str]
SERVER = "2"
UNCHECKED = "no check"


def rows(socket_path: str) -> list[dict[str, str]]:
    """What the process behind a runtime socket says now; nothing where nobody answers."""
    try:
        return parse_stat(ask(socket_path, "show stat"))
    except SocketError:
        return []


def servers_of(found: t.Iterable[Row], backend: str) -> list[Row]:
    return [row for row in found if row["pxname"] == backend and row["type"] == SERVER]


def by_backend(rows: t.Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        if row["type"] == SERVER:
            found.setdefault(row["pxname"], []).append(row)
    return found


def check_of(row: Row) -> str:
    """The last check's result; a star says that the next one is under way."""
    return row["check_status"].lstrip("* ")


def serves(row: Row) -> bool:
    return row["status"].startswith(("UP", UNCHECKED))


def is_new(row: Row) -> bool:
    """HAProxy takes a server that it has not checked yet for healthy."""
    return row["status"].startswith("UP") and check_of(row) == "INI"


def is_healthy(row: Row) -> bool:
    return serves(row) and not is_new(row)


def is_well(row: Row) -> bool:
    """Healthy, and its last check passed: one that is about to go down is still UP."""
    return row["status"] == UNCHECKED or (
        is_healthy(row) and check_of(row).startswith(("L4OK", "L6OK", "L7OK", "PROCOK"))
    )


def state_of(row: Row) -> str:
    check = check_of(row)
    return f"{row['status']} ({check})" if check else row["status"]


def lost(before: t.Iterable[Row], now: t.Iterable[Row]) -> tuple[list[str], list[str]]:
    """Backends that had a healthy server: those in which no server serves now, and those that are not sure yet."""
    rows = by_backend(now)
    had = [name for name, of in by_backend(before).items() if name in rows and any(is_healthy(row) for row in of)]
    down = [name for name in had if not any(serves(row) for row in rows[name])]
    unsure = [name for name in had if name not in down and not any(is_well(row) for row in rows[name])]
    return down, unsure


def told(down: t.Sequence[str], rows: t.Iterable[Row], seconds: float) -> str:
    states = by_backend(rows)
    found = []
    for name in down:
        servers = ", ".join(f"{row['svname']} {state_of(row)}" for row in states[name][:5])
        found.append(f"{name} ({servers})")
    return f"no server is up in what had healthy ones, after {seconds:g} s: {'; '.join(found)}"
