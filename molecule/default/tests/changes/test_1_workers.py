# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The distribution follows the inventory, and the workers that are really there."""

from __future__ import annotations

from typing import Any

THIRD_WORKER = """
web_workers:
  hosts:
    worker1: {haproxy_worker: {weight: 2}}
    worker2: {haproxy_worker: {weight: 1}}
    worker3: {haproxy_worker: {weight: 1}}
"""


def test_a_third_worker_and_weights_of_2_1_1(lab: Any, balancer: Any, eventually: Any) -> None:
    before = balancer.worker_pid
    lab.site(inventory=THIRD_WORKER)
    assert balancer.worker_pid == before
    # The process goes on where it was in its round, and takes the new worker when its check has passed.
    wanted = {"worker1": 10, "worker2": 5, "worker3": 5}
    eventually(lambda: lab.spread(f"http://{balancer.address}/"), wanted)


def test_another_algorithm_sends_a_client_always_to_the_same_worker(lab: Any, balancer: Any) -> None:
    backend = {"name": "web_workers", "balance": "source", "workers": {"group": "web_workers", "port": 80}}
    lab.site(inventory=THIRD_WORKER, variables={"haproxy_backends": [backend]})
    assert list(lab.spread(f"http://{balancer.address}/").values()) == [20]


def test_what_left_the_inventory_answers_no_more(lab: Any, balancer: Any) -> None:
    lab.site()
    assert lab.spread(f"http://{balancer.address}/") == {"worker1": 10, "worker2": 10}


def test_a_stopped_worker_costs_no_answer(lab: Any, balancer: Any, eventually: Any) -> None:
    url = f"http://{balancer.address}/"
    lab["worker1"].run("nginx -s stop")
    assert lab.spread(url) == {"worker2": 20}
    lab["worker1"].run("nginx")
    eventually(lambda: lab.spread(url), {"worker1": 10, "worker2": 10})
