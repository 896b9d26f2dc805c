# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests from outside reach the workers, each as often as it should."""

from __future__ import annotations

from typing import Any


def test_each_worker_answers_half_of_the_requests(lab: Any, balancer: Any) -> None:
    assert lab.spread(f"http://{balancer.address}/") == {"worker1": 10, "worker2": 10}


def test_the_answer_carries_the_name_of_the_worker(lab: Any, balancer: Any) -> None:
    answer = lab.ask(f"http://{balancer.address}/some/path?and=query")
    assert answer.status == 200
    assert answer.headers["x-worker"] == answer.body
    assert lab[answer.body].run("hostname").strip() == answer.body


def test_the_worker_sees_the_address_of_the_client(lab: Any, balancer: Any) -> None:
    answer = lab.ask(f"http://{balancer.address}/")
    assert answer.headers["x-client-seen"] == lab["client"].address
