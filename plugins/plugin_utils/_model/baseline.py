# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The baseline of a node: what `draft` knows of it without contact, and what it is with the node's answer."""

from __future__ import annotations

import typing as t

from . import kernel

SYSCTL = "/etc/sysctl.d/zz-hardened-balancer.conf"
MODULES = "/etc/modules-load.d/hardened-balancer.conf"
# Every file of the role's settings, so that one that is not wanted any more is removed, with what puts it in force.
PARTS = {SYSCTL: "sysctl", MODULES: "sysctl"}

Node = dict[str, t.Any]


def draft(given: dict[str, t.Any], listeners: t.Iterable[t.Any]) -> dict[str, t.Any]:
    ports = kernel.reserved((one.low, one.high) for one in listeners)
    sysctl = given.get("baseline_sysctl") or {}
    return {
        "given": sysctl,
        "reserved": ports,
        "asked": [*kernel.SETTINGS, *(k for k in sysctl if k not in kernel.SETTINGS)],
    }


def settle(drafted: dict[str, t.Any], nofile: int, node: Node) -> tuple[dict[str, t.Any], list[str]]:
    """With what is to be told of it."""
    computed = {kernel.NR_OPEN: str(nofile), kernel.RESERVED: drafted["reserved"]}
    sysctl = kernel.values(drafted["given"], computed, node)
    fixed = node.get("kernel", {}).get("fixed", [])
    # The host's modules are the host's.
    files = [SYSCTL, *([] if node.get("container") else [MODULES])]
    settled = {
        "sysctl": kernel.lines(sysctl),
        "settings": len(sysctl),
        "fixed": len([key for key in sysctl if key in fixed]),
        "of_the_host": len(drafted["asked"]) - len(sysctl) if node.get("container") else 0,
        "files": files,
        "unwanted": [path for path in PARTS if path not in files and node.get("managed", {}).get(path)],
        "parts": PARTS,
        # What is not as it is on disk, with or without a file that differs.
        "pending": ["sysctl"] if kernel.differing(sysctl, node) else [],
    }
    return settled, kernel.notes(sysctl, drafted["given"], node)
