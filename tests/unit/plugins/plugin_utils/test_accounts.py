# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.hardened.balancer.plugins.plugin_utils._accounts import account_changes, keys_differ

KEY, OTHER = "ssh-ed25519 AAAAC3one", "sk-ssh-ed25519@openssh.com AAAAGtwo"


def node(members: list[str] | None, **users: list[str]) -> dict[str, Any]:
    found = {name: {"uid": 1000, "home": f"/srv/{name}", "keys": keys} for name, keys in users.items()}
    return {"groups": {"balancer-admins": members}, "users": found}


@pytest.mark.parametrize(
    ("wanted", "present", "differ"),
    [
        ([KEY], [KEY], False),
        ([f"{KEY} ops@example.org", OTHER], [OTHER, KEY], False),
        ([KEY, KEY], [KEY], False),
        ([KEY], [KEY, OTHER], True),
        ([KEY, OTHER], [KEY], True),
        ([f'from="198.51.100.0/24" {KEY}'], [KEY], True),
    ],
)
def test_keys_differ(wanted: list[str], present: list[str], differ: bool) -> None:
    assert keys_differ(wanted, present) is differ


def test_nothing_where_the_node_is_right() -> None:
    changes = account_changes([{"name": "ops", "keys": [KEY]}], node(["ops"], ops=[KEY]))
    assert changes == {"users": [], "keys": [], "group": False, "members": [], "leaving": []}


def test_a_fresh_node() -> None:
    administrators = [{"name": "ops", "keys": [KEY]}, {"name": "anna", "keys": [OTHER]}]
    changes = account_changes(administrators, node(None, anna=[KEY]))
    assert changes == {
        "users": ["ops"],
        "keys": [
            {"name": "ops", "path": "/home/ops/.ssh/authorized_keys", "keys": [KEY]},
            {"name": "anna", "path": "/srv/anna/.ssh/authorized_keys", "keys": [OTHER]},
        ],
        "group": True,
        "members": ["anna", "ops"],
        "leaving": [],
    }


def test_who_left_the_inventory_leaves_the_group() -> None:
    changes = account_changes([{"name": "ops", "keys": [KEY]}], node(["bob", "ops"], ops=[KEY], bob=[OTHER]))
    assert (changes["members"], changes["leaving"], changes["users"]) == (["ops"], ["bob"], [])


def test_an_account_without_keys_in_the_inventory_is_only_a_member() -> None:
    changes = account_changes([{"name": "ops", "keys": []}], node([], ops=[KEY]))
    assert (changes["users"], changes["keys"], changes["members"]) == ([], [], ["ops"])
