# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections and descriptors from one computation, so that HAProxy cannot fail at its start for lack of the latter."""

from __future__ import annotations

import typing as t

from .problems import Problems

# Two buffers of 16 kB, the state of both sides and the kernel's sockets, for a connection that is at work.
KIB_PER_CONNECTION = 40
SHARE_OF_MEMORY = 0.5
HIGHEST_DEFAULT = 200_000
PER_CONNECTION = 2
STEP = 1024
# What the unit may open: only a restart raises it, so a later, larger maxconn should find room.
GENEROUS = 1_048_576


def reserve(listeners: int, servers: int) -> int:
    """Descriptors beside connections: listeners, checks, logs; in steps, so that a new worker changes none."""
    return -(-(256 + 2 * listeners + servers) // STEP) * STEP


def derive(
    wanted: int | None, listeners: int, servers: int, node: dict[str, t.Any], problems: Problems
) -> dict[str, int]:
    beside = reserve(listeners, servers)
    possible = (node["nofile_max"] - beside) // PER_CONNECTION
    if wanted is not None and wanted > possible:
        problems.add(
            "haproxy_global.maxconn",
            f"holds {wanted}, which needs {wanted * PER_CONNECTION + beside} descriptors; "
            f"this node allows {node['nofile_max']}, enough for {max(possible, 0)}",
        )
    if wanted is None and possible < 1:
        problems.add(
            "haproxy_global.maxconn",
            f"cannot be derived: this node allows {node['nofile_max']} descriptors, {beside} are needed for others",
        )
    by_memory = int(node["memory_mib"] * 1024 * SHARE_OF_MEMORY / KIB_PER_CONNECTION)
    maxconn = wanted or max(1, min(by_memory, possible, HIGHEST_DEFAULT))
    needed = maxconn * PER_CONNECTION + beside
    return {"maxconn": maxconn, "nofile": max(needed, min(node["nofile_max"], GENEROUS))}
