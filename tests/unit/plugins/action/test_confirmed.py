# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase

from ansible_collections.hardened.balancer.plugins.action import confirmed

APPLIED = {"changed": True, "applied": True, "files": ["/etc/one"]}
CONFIRMED = {"confirmed": True, "pending": False, "why": ""}
PENDING = {"confirmed": False, "pending": True, "why": "the SSH connection is still the one of the change"}
UNDONE = {"confirmed": False, "pending": False, "undone": True, "complete": True, "why": "not confirmed", "output": ""}
NOTHING = {**UNDONE, "undone": False}
REFUSED = AnsibleConnectionFailure("Connection refused\nmore")


class Node:
    """Gives its answers one after the other, the last one for ever, and writes down what it was asked."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.heard: list[str] = []
        self.tokens: set[str] = set()
        self.now = 0.0
        self.check_mode = False
        self.options = {"timeout": 10, "reconnection_retries": 0}
        self.arguments: dict[str, Any] = {}
        self.ports: list[int] = []

    def execute(self, module_name: str, module_args: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        self.heard.append(module_args["step"])
        self.arguments = module_args
        self.tokens.add(module_args["token"])
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)

    def reset(self) -> None:
        self.heard.append("new connection")

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.ports.append(self.options.get("port", 0))


def run(monkeypatch: pytest.MonkeyPatch, node: Node, **args: Any) -> dict[str, Any]:
    monkeypatch.setattr(ActionBase, "run", lambda *_: {})
    monkeypatch.setattr(confirmed, "time", SimpleNamespace(monotonic=lambda: node.now, sleep=node.sleep))
    action: Any = object.__new__(confirmed.ActionModule)
    action._task = SimpleNamespace(args={"name": "ssh", "timeout": 60, **args}, check_mode=node.check_mode)
    action._connection = SimpleNamespace(
        reset=node.reset, get_option=node.options.__getitem__, set_option=node.options.__setitem__
    )
    action._execute_module = node.execute
    result: dict[str, Any] = action.run(task_vars={})
    return result


def test_one_round_trip_where_nothing_is_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    node = Node({"changed": False, "applied": False})
    assert run(monkeypatch, node) == {"changed": False, "applied": False}
    assert node.heard == ["begin"]


def test_confirmed_over_a_new_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    node = Node(APPLIED, CONFIRMED)
    assert run(monkeypatch, node) == APPLIED
    assert node.heard == ["begin", "new connection", "confirm"]
    assert len(node.tokens) == 1


def test_a_failed_first_contact_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    node = Node(APPLIED, REFUSED, {"failed": True, "msg": "sudo: a password is required"}, PENDING, CONFIRMED)
    assert run(monkeypatch, node) == APPLIED
    assert node.heard.count("confirm") == 4
    assert node.heard.count("new connection") == 4


def test_a_failure_of_the_first_step_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    failure = {"failed": True, "msg": "ssh: the check refused the new files"}
    node = Node(failure)
    assert run(monkeypatch, node) == failure
    assert node.heard == ["begin"]


def test_undone_by_the_node(monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(monkeypatch, Node(APPLIED, *[REFUSED] * 70, UNDONE))
    assert result["failed"]
    assert result["msg"] == (
        "ssh: no new connection confirmed the change within 60 s. The last attempt said: Connection refused. "
        "The node undid it (not confirmed): it is back on what it had before. Correct the inventory and run again."
    )


def test_undone_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(monkeypatch, Node(APPLIED, {**UNDONE, "complete": False, "output": "/etc/one could not be put back;"}))
    assert "but not all: /etc/one could not be put back;" in result["msg"]
    assert "back on what it had" not in result["msg"]


def test_a_node_that_stays_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    node = Node(APPLIED, REFUSED)
    result = run(monkeypatch, node)
    assert result["failed"]
    assert (
        "The node has not answered since (Connection refused). It was told to undo the change by itself"
        in result["msg"]
    )
    assert 120 <= node.now <= 125


def test_a_node_that_may_not_have_heard_of_the_change(monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(monkeypatch, Node(REFUSED))
    assert result["failed"]
    assert "If the change had begun, the node undoes it by itself after" in result["msg"]
    assert "It was told to" not in result["msg"]


@pytest.mark.parametrize(("answer", "end"), [(UNDONE, "it is back on what"), (NOTHING, "Nothing of it was left")])
def test_a_connection_lost_in_the_first_step(monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any], end: str) -> None:
    node = Node(REFUSED, REFUSED, answer)
    result = run(monkeypatch, node)
    assert node.heard == ["begin", "new connection", "undo", "new connection", "undo"]
    assert result["failed"]
    assert "the connection was lost while the change was made (Connection refused)" in result["msg"]
    assert end in result["msg"]


def test_a_change_of_the_port_is_confirmed_there(monkeypatch: pytest.MonkeyPatch) -> None:
    node = Node(APPLIED, CONFIRMED)
    node.options["port"] = 2200
    assert run(monkeypatch, node, port=2222) == APPLIED
    assert node.options["port"] == 2222
    assert "port" not in node.arguments


def test_what_became_of_a_change_of_the_port_is_asked_on_the_old_one(monkeypatch: pytest.MonkeyPatch) -> None:
    node = Node(APPLIED, *[REFUSED] * 62, UNDONE)
    assert "The node undid it" in run(monkeypatch, node, port="2222")["msg"]
    assert set(node.ports[:60]) == {2222}
    assert set(node.ports[61:]) == {22}


@pytest.mark.parametrize(
    "said", ["sudo: a password is required", "su: Authentication failure", "Missing sudo password"]
)
def test_a_way_to_become_root_that_is_gone_is_named(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    answers = [AnsibleError(said), {"failed": True, "module_stderr": f"{said}\n", "msg": "MODULE FAILURE"}]
    result = run(monkeypatch, Node(APPLIED, *answers * 35, UNDONE))
    assert f"The last attempt said: {said}. The node undid it" in result["msg"]


HELD = {"changed": False, "applied": False, "held": {"by": "ops from 198.51.100.9", "seconds": 43}}


def test_a_change_of_another_run_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(confirmed.display, "warning", told.append)
    node = Node(HELD, HELD, APPLIED, CONFIRMED)
    assert run(monkeypatch, node) == APPLIED
    assert node.heard == ["begin", "begin", "begin", "new connection", "confirm"]
    assert told == [
        "ssh: a change of ops from 198.51.100.9, not ours, has 43 s left to be confirmed; waiting for it",
    ]


def test_a_change_of_another_run_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    node = Node(HELD)
    result = run(monkeypatch, node)
    assert result["failed"]
    assert "ops from 198.51.100.9" in result["msg"]
    assert "Nothing was changed" in result["msg"]
    assert set(node.heard) == {"begin"}
    assert 103 <= node.now <= 105


def test_a_dry_run_waits_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    node = Node(HELD)
    node.check_mode = True
    assert run(monkeypatch, node) == HELD
    assert node.heard == ["begin"]


@pytest.mark.parametrize(
    ("options", "timeout", "refused"),
    [
        ({"timeout": 10, "reconnection_retries": 0}, 11, ""),
        ({"timeout": 30, "reconnection_retries": 0}, 30, "(30 s, by Ansible's own timeout and retries); set"),
        ({"timeout": 20, "reconnection_retries": 3}, 60, "(20 s, 4 times, by Ansible's own timeout and retries); set"),
        ({}, 11, ""),
    ],
)
def test_a_timeout_must_leave_room_for_a_connection(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, int], timeout: int, refused: str
) -> None:
    node = Node({"changed": False, "applied": False})
    node.options = options
    result = run(monkeypatch, node, timeout=timeout)
    assert refused in result.get("msg", "")
    assert bool(result.get("failed")) == bool(refused)
    assert node.heard == ([] if refused else ["begin"])


def test_internal_options_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    node = Node(APPLIED)
    assert "set by the action plugin" in run(monkeypatch, node, token="x")["msg"]
    assert node.heard == []
