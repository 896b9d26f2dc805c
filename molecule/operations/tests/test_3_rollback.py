# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Back to the tree before, its port included, without the inventory."""

from __future__ import annotations

from typing import Any

MOVED = """
balancers:
  vars:
    haproxy_frontends:
      - name: web
        binds: [{port: 81}]
        default_backend: web_workers
"""


def digests(lab: Any) -> dict[str, str]:
    return {name: lab[name].running_digest for name in lab.balancers}


def test_the_tree_before_comes_back_with_its_port(lab: Any, operations: Any) -> None:
    before = digests(lab)
    lab.site(inventory=MOVED)
    operations.play("rollback", "--check", inventory=MOVED)
    assert lab.open_ports(lab["lb1"].address) == {22, 81}
    assert digests(lab) != before
    operations.play("rollback", inventory=MOVED)
    assert digests(lab) == before
    assert {name: lab.open_ports(lab[name].address) for name in lab.balancers} == {"lb1": {22, 80}, "lb2": {22, 80}}


def test_there_and_back_costs_no_request(lab: Any, operations: Any) -> None:
    before = digests(lab)
    with operations.load() as load:
        lab.site(variables={"haproxy_defaults": {"retries": 5}})
        assert digests(lab) != before
        operations.play("rollback", *("-e", f"tree={before['lb1']}", "-l", "lb1"))
        operations.play("rollback", "-l", "lb2")
    assert load.failures == []
    assert digests(lab) == before


def test_a_tree_that_is_not_kept_is_refused(lab: Any, operations: Any) -> None:
    before = digests(lab)
    output = operations.play("rollback", "-e", "tree=0123456789abcdef", code=2).output
    assert before["lb1"] in output
    assert digests(lab) == before


def test_the_inventory_has_the_last_word(lab: Any) -> None:
    lab.site()
    assert lab.site().changed("lb1") == 0
