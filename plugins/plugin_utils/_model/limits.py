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
# The highest fs.nr_open of a 64-bit kernel.
NR_OPEN_MAX = 1_073_741_816


def reserve(listeners: int, servers: int) -> int:
    """Descriptors beside connections: listeners, checks, logs; in steps, so that a new worker changes none."""
    return -(-(256 + 2 * listeners + servers) // STEP) * STEP


def steady(memory_mib: int) -> int:
    """Rounded down, to an eighth of the power of two below: another kernel leaves a node some MiB more or less."""
    step = max(1, (1 << memory_mib.bit_length() - 1) // 8)
    return memory_mib // step * step


def derive(
    given: dict[str, t.Any], listeners: int, servers: int, node: dict[str, t.Any], problems: Problems
) -> dict[str, int]:
    """`nr_open`: what the kernel has to allow, for no unit starts with more; the baseline raises it where it may."""
    wanted = given.get("maxconn")
    beside = reserve(listeners, servers)
    possible = (node["nofile_max"] - beside) // PER_CONNECTION
    if wanted is not None and wanted > (ceiling(node) - beside) // PER_CONNECTION:
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
    by_memory = int(steady(node["memory_mib"]) * 1024 * SHARE_OF_MEMORY / KIB_PER_CONNECTION)
    maxconn = wanted or max(1, min(by_memory, possible, HIGHEST_DEFAULT))
    # Without CAP_SYS_RESOURCE the process takes no more than its unit was given.
    needed = max(maxconn * PER_CONNECTION + beside, _own(given, node, problems))
    nofile = max(needed, min(node["nofile_max"], GENEROUS))
    return {"maxconn": maxconn, "nofile": nofile, "nr_open": nofile}


def ceiling(node: dict[str, t.Any]) -> int:
    return NR_OPEN_MAX if node.get("nr_open") else int(node["nofile_max"])


def _own(given: dict[str, t.Any], node: dict[str, t.Any], problems: Problems) -> int:
    own = max((int(one) for one in given.get("ulimit_n") or [] if str(one).isdecimal()), default=0)
    if own > ceiling(node):
        problems.add("haproxy_global.ulimit_n", f"holds {own}; this node allows {node['nofile_max']}")
        return 0
    return own


def judge(limits: dict[str, int], node: dict[str, t.Any], problems: Problems) -> None:
    """Of a run that does not raise it."""
    if limits["nr_open"] > node["nofile_max"] and not problems:
        problems.add(
            "haproxy_global.maxconn",
            f"needs {limits['nr_open']} descriptors, and fs.nr_open of the node is {node['nofile_max']}; "
            "run without --tags first, or with --tags baseline",
        )
