# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardened.balancer.plugins.plugin_utils._leaving import worker_problems


def answer(*servers: str) -> dict[str, t.Any]:
    """Each server as backend/name or backend/name/status."""
    words = [(*server.split("/"), "UP")[:3] for server in servers]
    return {"haproxy": {"servers": [{"backend": b, "name": n, "status": s, "weight": 1} for b, n, s in words]}}


BOTH = {"lb1": answer("web/one", "web/two", "api/one"), "lb2": answer("web/one", "web/two", "api/one")}


def test_nothing_speaks_against_it() -> None:
    assert worker_problems(BOTH, ["two"], leaving=True) == []
    assert worker_problems(BOTH, ["one"]) == []
    assert worker_problems(BOTH, ["one"], backend="web", leaving=True) == []


@pytest.mark.parametrize(
    ("workers", "backend", "problem"),
    [
        (["onne"], None, "no balancer has a worker 'onne'; did you mean one?; known: one, two"),
        (["two"], "api", "no balancer has a worker 'two' in backend api; known: one"),
        (["one"], "wbe", "no balancer has a backend 'wbe' with workers; did you mean web?; backends: api, web"),
    ],
)
def test_a_name_that_nobody_knows(workers: list[str], backend: str | None, problem: str) -> None:
    assert worker_problems(BOTH, workers, backend) == [problem]


def test_a_balancer_that_does_not_know_it_is_named() -> None:
    answers = {"lb1": answer("web/one", "web/two"), "lb2": answer("web/one"), "lb3": answer("web/one")}
    assert worker_problems(answers, ["two"]) == [
        "lb2, lb3 do not know the worker 'two' that lb1 sends traffic to; "
        "run hardened.balancer.site to make them agree, or name the balancers that you mean: -e balancer_hosts=lb1"
    ]


def test_somebody_must_be_left_who_serves() -> None:
    answers = {"lb1": answer("web/one", "web/two"), "lb2": answer("web/one", "web/two/DOWN", "web/three/DRAIN")}
    assert worker_problems(answers, ["one"], leaving=True) == [
        "lb2: nobody would be left in backend web without one (two is DOWN, three is DRAIN); "
        "bring another one back first, or say -e allow_empty=true if that is what you want"
    ]
    assert worker_problems(answers, ["two"], leaving=True) == []
    assert worker_problems({"lb1": answer("web/one")}, ["one"], leaving=True) == [
        "lb1: nobody would be left in backend web without one (there is no other); "
        "bring another one back first, or say -e allow_empty=true if that is what you want"
    ]


def test_one_that_is_out_already_may_stay_out() -> None:
    assert worker_problems({"lb1": answer("web/one/DRAIN", "web/two/DOWN")}, ["one"], leaving=True) == []


def test_a_balancer_that_does_not_answer_comes_first() -> None:
    answers = {**BOTH, "lb3": {"failed": True, "msg": "no socket"}}
    assert worker_problems(answers, ["nobody"]) == ["lb3 does not answer: no socket"]
