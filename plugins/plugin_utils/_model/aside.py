# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was a firewall before ours came: refused, left beside it, or kept aside."""

from __future__ import annotations

import typing as t

from ansible_collections.hardened.balancer.plugins.module_utils import _firewalls

from .problems import Problems

KEEP = "keep_aside"
KINDS = ("tables", "legacy", "units", "files")

Node = dict[str, t.Any]


def judge(existing: str | None, node: Node, problems: Problems) -> None:
    for firewall in node["firewalls"]:
        named = f"{firewall['name']} ({firewall['detail']})"
        if existing == "refuse":
            problems.add(
                "node",
                f"has a firewall that is not ours: {named}; remove it first, two firewalls close each other's ports; "
                "firewall_existing: keep_aside switches it off and keeps it, leave keeps both in force",
            )
        elif existing == KEEP and firewall.get("obstacle"):
            problems.add(
                "firewall_existing",
                f"holds 'keep_aside', and the node has one that cannot be kept aside: {named}: {firewall['obstacle']}; "
                "take it away by hand, or set leave",
            )


def settle(existing: str | None, node: Node) -> dict[str, list[t.Any]]:
    """Of what the role switches off: the names, and of each kind everything once."""
    found = (node.get("firewalls") or []) if existing == KEEP else []
    parts = {kind: [part for one in found for part in one.get(kind) or ()] for kind in KINDS}
    return {
        "names": [one["name"] for one in found],
        **{kind: [part for i, part in enumerate(listed) if part not in listed[:i]] for kind, listed in parts.items()},
    }


def notes(settled: dict[str, list[t.Any]]) -> list[str]:
    named = ", ".join(settled["names"])
    told = f"a firewall that was there before, {named}, is switched off with the change of ours, and kept below"
    return [f"{told} {_firewalls.ASIDE}"] if named else []
