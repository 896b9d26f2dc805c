# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the administrators of the inventory lack on a node.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

ADMIN_GROUP = "balancer-admins"
PLAIN_KEY = re.compile(r"((?:ssh|ecdsa|sk)-\S+)\s+(\S+)(?:\s.*)?")


def bare_key(line: str) -> str | None:
    """Type and key without the comment; None for a line with options, which the node does not report."""
    found = PLAIN_KEY.fullmatch(line.strip())
    return f"{found[1]} {found[2]}" if found else None


def keys_differ(wanted: Sequence[str], present: Sequence[str]) -> bool:
    bare = [bare_key(line) for line in wanted]
    return None in bare or sorted({key for key in bare if key}) != sorted(set(present))


def account_changes(administrators: Sequence[Mapping[str, Any]], node: Mapping[str, Any]) -> dict[str, Any]:
    """Accounts to make, keys to set and the members of the group, each empty where the node is right already.

    Accounts without keys in the inventory are somebody else's: they are members, and nothing else of them is touched.
    """
    users: Mapping[str, Any] = node["users"]
    members = sorted({admin["name"] for admin in administrators})
    present = node["groups"].get(ADMIN_GROUP)
    keyed = [admin for admin in administrators if admin["keys"]]
    return {
        "users": [admin["name"] for admin in keyed if admin["name"] not in users],
        "keys": [
            {
                "name": admin["name"],
                "path": f"{users.get(admin['name'], {}).get('home', '/home/' + admin['name'])}/.ssh/authorized_keys",
                "keys": list(admin["keys"]),
            }
            for admin in keyed
            if keys_differ(admin["keys"], users.get(admin["name"], {}).get("keys", []))
        ],
        "group": present is None,
        "members": [] if members == sorted(present or []) else members,
        "leaving": sorted(set(present or []) - set(members)),
    }
