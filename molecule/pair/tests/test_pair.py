# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two balancers in one inventory, each as its own variables say."""

from __future__ import annotations

from typing import Any

HALF_AND_HALF = {"worker1": 10, "worker2": 10}


def test_each_balancer_spreads_requests(lab: Any, balancer: Any) -> None:
    assert lab.spread(f"http://{balancer.address}/") == HALF_AND_HALF


def test_the_dual_stack_balancer_answers_over_ipv6(lab: Any) -> None:
    url = f"http://[{lab['lb2'].ipv6}]/"
    assert lab.spread(url) == HALF_AND_HALF
    assert lab.ask(url).headers["x-client-seen"] == lab["client"].ipv6


def test_nothing_else_answers(lab: Any) -> None:
    found = {name: (lab.open_ports(lab[name].address), lab.open_ports(lab[name].ipv6)) for name in ("lb1", "lb2")}
    # SSH to lb2 is for the machine that provisions only.
    assert found == {"lb1": ({22, 80}, {22}), "lb2": ({80}, {80})}


def test_one_balancer_listens_on_its_address_only(lab: Any) -> None:
    assert lab["lb1"].inside.socket("tcp://198.51.100.11:80").is_listening
    assert not lab["lb1"].inside.socket("tcp://0.0.0.0:80").is_listening


def test_limit_changes_one_balancer_and_keeps_its_workers(lab: Any) -> None:
    before = {name: lab[name].running_digest for name in lab.balancers}
    run = lab.site("--limit=lb2", variables={"haproxy_defaults": {"retries": 5}})
    assert run.changed("lb2") > 0
    assert lab["lb1"].running_digest == before["lb1"]
    assert lab["lb2"].running_digest != before["lb2"]
    assert lab.spread(f"http://{lab['lb2'].address}/") == HALF_AND_HALF
    assert lab.site().changed("lb1") == 0
    assert {name: lab[name].running_digest for name in lab.balancers} == before
