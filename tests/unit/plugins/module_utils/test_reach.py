# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where HAProxy connects to: joined, and read from what is in force."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.hardened.balancer.plugins.filter.joined_reach import joined_reach
from ansible_collections.hardened.balancer.plugins.module_utils import _node, _reach, _transaction
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_process import Places

LOG = {"protocol": "udp", "ports": "514", "networks": "192.0.2.14/32"}
OLD = _reach.of([("10.0.0.10", 80), ("10.0.0.9", 80)], [LOG])
NEW = _reach.of([("10.0.0.9", 80), ("2001:db8::1", 8080)], [])


def test_workers_of_both_in_one_order() -> None:
    assert (
        _reach.joined([NEW, OLD])
        == _reach.joined([OLD, NEW, OLD])
        == {
            "workers4": "10.0.0.9 . 80, 10.0.0.10 . 80",
            "workers6": "2001:db8::1 . 8080",
            "others": [LOG],
        }
    )
    assert _reach.joined([OLD]) == OLD
    assert _reach.joined([dict(_reach.NOTHING)]) == _reach.NOTHING


def test_what_the_filter_says_beside() -> None:
    found = joined_reach([OLD, NEW])
    assert (found["known"], found["addresses"]) == (True, "10.0.0.9 10.0.0.10 2001:db8::1")
    # ansible-core 2.17 makes an empty text of what a tree does not say.
    for unknown in (None, ""):
        found = joined_reach([OLD, unknown])  # type: ignore[list-item]
        assert found == {"known": False, **OLD, "addresses": joined_reach([OLD])["addresses"]}
    with pytest.raises(AnsibleFilterError, match="not what a plan says under reach"):
        joined_reach([{"workers4": "10.0.0.9"}])


@pytest.fixture
def places(tmp_path: Path) -> Places:
    for name, reach in (("old", OLD), ("new", NEW), ("older", None)):
        tree = tmp_path / "trees" / name
        tree.mkdir(parents=True)
        tree.joinpath("haproxy.cfg").touch()
        if reach:
            tree.joinpath(".reach.json").write_text(json.dumps(reach))
    return Places(link=str(tmp_path / "haproxy.cfg"), trees=str(tmp_path / "trees"), run=str(tmp_path / "run"))


def test_of_the_tree_in_force(places: Places) -> None:
    Path(places.link).symlink_to("trees/old/haproxy.cfg")
    assert _node.reach(places, "ours", active=False) == OLD


def test_of_a_change_that_was_cut_off_both_count(places: Places) -> None:
    Path(places.link).symlink_to("trees/old/haproxy.cfg")
    _transaction.begin(places, "new")
    assert _node.reach(places, "ours", active=True) == _reach.joined([OLD, NEW])
    _transaction.go_back(places)
    assert _node.reach(places, "ours", active=True) == OLD
    _transaction.begin(places, "new")
    _transaction.keep(places, "new")
    assert _node.reach(places, "ours", active=True) == NEW


def test_what_is_not_known_is_not_taken_for_nothing(places: Places) -> None:
    Path(places.link).write_text("theirs\n")
    assert _node.reach(places, "foreign", active=True) is None
    _transaction.begin(places, "new")
    assert _node.reach(places, "ours", active=True) is None
    _transaction.keep(places, "new")
    _transaction.begin(places, "older")
    _transaction.keep(places, "older")
    assert _node.reach(places, "ours", active=True) is None


@pytest.mark.parametrize(("configuration", "active"), [("absent", False), ("package", True), ("foreign", False)])
def test_where_nothing_serves_nothing_is_reached(places: Places, configuration: str, active: bool) -> None:
    found: Any = _node.reach(places, configuration, active)
    assert found == _reach.NOTHING
