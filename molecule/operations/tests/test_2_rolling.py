# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An application is deployed under clients that never stop, and none of them sees it; nor that a release is broken."""

from __future__ import annotations

from typing import Any

import pytest


def deploy(operations: Any, release: str, *arguments: str, code: int = 0) -> Any:
    file = operations.lab.scenario / "tasks/deploy.yml"
    options = ["-e", "workers_group=web_workers", "-e", f"worker_tasks={file}", "-e", f"release={release}"]
    return operations.play("rolling", *options, *arguments, code=code)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Which workers, and what is to be done on each?"),
        (["-e", "workers_group=web_wrkers"], "No host of the inventory matches web_wrkers"),
        (["-e", "workers_group=web_workers"], "What is to be done on each worker?"),
        (["-e", "workers_group=web_workers", "-e", "worker_tasks=deplo.yml"], "deplo.yml is no file"),
        (["-e", "workers_group=lab_workers", "-e", "worker_tasks=/dev/null"], "no file"),
        (
            ["-e", "workers_group=web_workers", "-e", "drain_timeout=1m"],
            "drain_timeout: holds '1m'; must be a whole number",
        ),
        (["-e", "workers_group=web_workers", "-e", "worker_task=x.yml"], "did you mean worker_tasks?"),
    ],
)
def test_what_cannot_be_meant_is_refused(operations: Any, arguments: list[str], said: str) -> None:
    played = operations.play("rolling", *arguments, code=2)
    assert said in " ".join(played.output.split())
    assert "Traceback" not in played.output


def test_a_release_reaches_every_worker_and_no_client_notices(lab: Any, operations: Any) -> None:
    with operations.load() as load:
        deploy(operations, "2")
    assert load.failures == []
    for name in lab.balancers:
        assert operations.releases(lab[name]) == {"app1 2", "app2 2", "app3 2"}
        assert set(load.of(lab[name])) == {f"{app} {release}" for app in ("app1", "app2", "app3") for release in "12"}


def test_a_broken_release_stops_at_the_first_worker_and_no_client_notices(lab: Any, operations: Any) -> None:
    with operations.load() as load:
        played = deploy(operations, "broken", "-e", "healthy_timeout=12", code=2)
        assert operations.releases(lab["lb1"]) == operations.releases(lab["lb2"]) == {"app2 2", "app3 2"}
    assert load.failures == []
    output = " ".join(played.output.split())
    assert 'app1 failed at "Wait until it is seen healthy"' in output
    assert "It stays drained" in output
    assert "Done before: none. Not touched: app2, app3." in output


def test_who_does_not_answer_any_more_ends_it_before_the_next_worker(lab: Any, operations: Any) -> None:
    """Ansible itself goes on with the others then."""
    options = ["-e", "workers_group=app2:app3", "-e", f"worker_tasks={lab.scenario / 'tasks/away.yml'}"]
    with operations.load() as load:
        played = operations.play("rolling", *options, "-e", "allow_empty=true", code=4)
        assert operations.releases(lab["lb1"]) == operations.releases(lab["lb2"]) == {"app3 2"}
    assert load.failures == []
    output = " ".join(played.output.split())
    assert "app2 was begun and did not come to its end" in output
    assert "app3 was not touched, nor were: none." in output
    operations.play("ready", "-e", "worker=app2")
    assert operations.releases(lab["lb1"]) == operations.releases(lab["lb2"]) == {"app2 2", "app3 2"}


def test_a_playbook_of_the_users_mends_it(lab: Any, operations: Any) -> None:
    file = lab.scenario / "deploy.yml"
    with operations.load() as load:
        operations.play("rolling", "-e", "workers_group=app1", "-e", f"worker_playbook={file}", RELEASE="3")
    assert load.failures == []
    for name in lab.balancers:
        assert operations.releases(lab[name]) == {"app1 3", "app2 2", "app3 2"}
