# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where nothing else may go out, workers come and go with HAProxy, not before it."""

from __future__ import annotations

from typing import Any

import pytest

DROP = {"firewall_output": "drop"}


def others(**addresses: str) -> dict[str, Any]:
    servers = [{"name": name, "address": address, "port": 80} for name, address in addresses.items()]
    return {**DROP, "haproxy_backends": [{"name": "web_workers", "servers": servers}]}


@pytest.fixture
def moved(lab: Any) -> dict[str, Any]:
    """Worker 2 leaves the backend, and worker 3 comes."""
    return others(worker1=lab["worker1"].address, worker3=lab["worker3"].address)


def reached(balancer: Any) -> str:
    rules = balancer.run("nft -s list chain inet hardened_balancer output")
    assert "policy drop" in rules
    return str(rules)


def test_the_node_begins_nothing_but_what_it_needs(lab: Any, balancer: Any) -> None:
    with lab.traffic(f"http://{balancer.address}/") as statuses:
        lab.site(variables=DROP)
    assert set(statuses) == {200}
    assert lab.site(variables=DROP).changed(balancer.name) == 0
    client = lab["client"].address
    assert balancer.inside.run(f"timeout 3 bash -c '</dev/tcp/{client}/5555'").rc != 0
    assert "packets 0 " not in balancer.run("nft list chain inet hardened_balancer output | grep reject")


def test_a_worker_that_leaves_is_reached_until_haproxy_has_left_it(lab: Any, balancer: Any, moved: Any) -> None:
    before = reached(balancer)
    lab.site("--tags", "firewall", variables=moved)
    assert reached(balancer) == before
    with lab.traffic(f"http://{balancer.address}/") as statuses:
        lab.site(variables=moved)
    assert set(statuses) == {200}
    assert lab["worker2"].address not in reached(balancer)
    assert lab["worker3"].address in reached(balancer)
    assert lab.site(variables=moved).changed(balancer.name) == 0


def test_rollback_reaches_the_workers_of_before(lab: Any, balancer: Any, moved: Any, eventually: Any) -> None:
    command = lab.site_command(variables=moved, inventory=None)
    with lab.traffic(f"http://{balancer.address}/") as statuses:
        lab.played([*command[:-1], "hardened.balancer.rollback"])
    assert set(statuses) == {200}
    assert lab["worker2"].address in reached(balancer)
    assert lab["worker3"].address not in reached(balancer)
    eventually(lambda: lab.spread(f"http://{balancer.address}/"), {"worker1": 10, "worker2": 10})


def test_a_change_that_does_not_hold_leaves_the_firewall_as_it_was(lab: Any, balancer: Any) -> None:
    before = balancer.run("cat /etc/hardened-balancer/firewall.nft")
    with lab.traffic(f"http://{balancer.address}/") as statuses:
        # Nobody is there: no server of the backend becomes healthy.
        lab.site(variables=others(nowhere="198.51.100.77"), code=2)
    assert set(statuses) == {200}
    assert balancer.run("cat /etc/hardened-balancer/firewall.nft") == before


def test_everything_may_go_out_again(lab: Any, balancer: Any) -> None:
    lab.site()
    assert "policy accept" in balancer.run("nft list chain inet hardened_balancer output")
    assert lab.site().changed(balancer.name) == 0
