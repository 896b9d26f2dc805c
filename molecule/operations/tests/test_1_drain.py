# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker leaves all balancers and comes back, and no client sees it; what cannot be meant is refused."""

from __future__ import annotations

import subprocess
import time
from typing import Any

import pytest

EVERYBODY = {"app1 1", "app2 1", "app3 1"}
STRANGER = """
balancers:
  hosts:
    lb1:
      haproxy_backends:
        - name: web_workers
          servers:
            - {name: app1, address: 198.51.100.31, port: 8080}
            - {name: app9, address: 198.51.100.32, port: 8080}
          check: {type: http, uri: /healthz}
"""


def test_all_workers_serve_before_it_begins(operations: Any, balancer: Any, eventually: Any) -> None:
    eventually(lambda: operations.releases(balancer), EVERYBODY)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Which worker? Write -e worker=NAME"),
        (["-e", "worker=ap1"], "no balancer has a worker 'ap1'; did you mean app1?"),
        (["-e", "worker=app1", "-e", "backend=web_worker"], "no balancer has a backend 'web_worker'"),
        (["-e", "worker=app1,app2,app3"], "nobody would be left in backend web_workers without app1, app2, app3"),
    ],
)
def test_what_cannot_be_meant_is_refused(operations: Any, arguments: list[str], said: str) -> None:
    played = operations.play("drain", *arguments, code=2)
    assert said in " ".join(played.output.split())
    assert "Traceback" not in played.output
    assert {state for worker in ("app1", "app2", "app3") for state in operations.states(worker).values()} == {"UP"}


def test_a_dry_run_changes_nothing(operations: Any) -> None:
    played = operations.play("drain", "--check", "--diff", "-e", "worker=app1")
    assert played.changed("lb1") == played.changed("lb2") == 1
    assert operations.states("app1") == {"lb1": "UP", "lb2": "UP"}


def slow(lab: Any, balancer: str, seconds: int) -> subprocess.Popen[str]:
    """A request that takes its time."""
    command = ["curl", "-s", "-m", "60", "-w", " %{http_code}", f"http://{lab[balancer].address}/slow/{seconds}"]
    return subprocess.Popen(lab.on_client(*command), stdout=subprocess.PIPE, text=True)


def test_a_drained_worker_ends_what_it_is_at_and_gets_no_more(lab: Any, operations: Any) -> None:
    # Three through each balancer: each worker has one of each.
    asking = [slow(lab, name, 15) for name in lab.balancers for _ in range(3)]
    time.sleep(1)
    with operations.load() as load:
        operations.play("drain", "-e", "worker=app1")
        ended = [one.communicate()[0] for one in asking if one.poll() is not None]
        assert ended.count("app1 1 200") == 2
        assert operations.states("app1") == {"lb1": "DRAIN", "lb2": "DRAIN"}
        before = operations.requests("app1")
        time.sleep(3)
        assert operations.requests("app1") == before
    ended += [one.communicate()[0] for one in asking if one.stdout and not one.stdout.closed]
    assert sorted(ended) == [f"{app} 1 200" for app in ("app1", "app2", "app3") for _ in range(2)]
    assert load.failures == []
    assert operations.play("drain", "-e", "worker=app1").changed("lb1") == 0


def test_status_is_one_screen(operations: Any) -> None:
    output = operations.play("status").output
    for part in ("2 balancers, 1 backend, 3 workers; 1 worker does not serve everywhere", "lb1", "2.6.", "lb2", "3.0."):
        assert part in output, output
    lines = [" ".join(line.split()) for line in output.splitlines()]
    assert any("app1 DRAIN" in line for line in lines), output
    assert any("app2 UP" in line for line in lines), output
    assert len(lines) < 50


def test_status_tells_who_does_not_answer(operations: Any) -> None:
    absent = "balancers:\n  hosts:\n    lb3: {ansible_host: 198.51.100.99, ansible_user: ops, ansible_ssh_timeout: 3}\n"
    output = operations.play("status", inventory=absent).output
    assert "3 balancers, 1 backend, 3 workers; 1 balancer does not answer" in output
    assert "lb3 does not answer: " in " ".join(output.split())


def test_a_worker_comes_back_everywhere(lab: Any, operations: Any, balancer: Any) -> None:
    operations.play("ready", "-e", "worker=app1")
    assert operations.states("app1") == {"lb1": "UP", "lb2": "UP"}
    assert operations.releases(balancer) == EVERYBODY
    assert operations.play("ready", "-e", "worker=app1").changed("lb1") == 0


def test_a_worker_that_is_not_well_does_not_come_back(lab: Any, operations: Any) -> None:
    operations.play("drain", "-e", "worker=app1")
    lab["app1"].run("systemctl stop application")
    with operations.load() as load:
        output = operations.play("ready", "-e", "worker=app1", "-e", "healthy_timeout=4", code=2).output
        assert "app1" in output
        assert set(operations.states("app1").values()) <= {"DOWN", "DRAIN"}
    assert load.failures == []
    lab["app1"].run("systemctl start application")
    with operations.load() as load:
        operations.play("ready", "-e", "worker=app1")
    assert load.failures == []


def test_a_session_that_does_not_end_is_told(lab: Any, operations: Any) -> None:
    asking = [slow(lab, "lb1", 20) for _ in range(3)]
    time.sleep(1)
    output = operations.play("drain", "-e", "worker=app2", "-e", "drain_timeout=2", code=2).output
    assert "web_workers/app2: 1 sessions are left after 2 s" in output
    assert operations.states("app2") == {"lb1": "DRAIN", "lb2": "DRAIN"}
    operations.play("drain", "-e", "worker=app2")
    assert sorted(one.communicate()[0] for one in asking) == ["app1 1 200", "app2 1 200", "app3 1 200"]
    operations.play("ready", "-e", "worker=app2")


def test_a_balancer_that_does_not_know_the_worker_is_named(lab: Any, operations: Any) -> None:
    operations.play("drain", "-e", "worker=app1")
    lab.site(inventory=STRANGER)
    try:
        output = " ".join(operations.play("drain", "-e", "worker=app9", code=2).output.split())
        assert "lb2 does not know the worker 'app9' that lb1 sends traffic to" in output
        assert "-e balancer_hosts=lb1" in output
    finally:
        lab.site()


def test_what_was_drained_stayed_so_through_two_changes(operations: Any) -> None:
    assert operations.states("app1") == {"lb1": "DRAIN", "lb2": "DRAIN"}
    operations.play("ready", "-e", "worker=app1")
