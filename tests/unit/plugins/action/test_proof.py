# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A port that no run has come over is tried, and how that went is told: it fails nothing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

from ansible_collections.hardened.balancer.plugins.action import proof

PROVEN = {"changed": False, "msg": "9 checks of the live node passed"}
OPTIONS = {"port": 22, "ssh_extra_args": "-C"}


class Connection:
    def __init__(self, answer: Any, options: dict[str, Any]) -> None:
        self.answer, self.options = answer, dict(options)
        self.tried: list[dict[str, Any]] = []
        self.resets: list[Any] = []

    def get_option(self, name: str) -> Any:
        return self.options[name]

    def set_option(self, name: str, value: Any) -> None:
        self.options = {**self.options, name: value}

    def reset(self) -> None:
        self.resets.append(self.options.get("port"))

    def execute(self, command: str, sudoable: bool) -> dict[str, Any]:
        assert "SSH_CONNECTION" in command
        assert not sudoable
        self.tried.append(self.options)
        if isinstance(self.answer, Exception):
            raise self.answer
        return {"rc": 0, "stderr": "", **self.answer}


def run(monkeypatch: pytest.MonkeyPatch, connection: Connection, result: Any = None, **args: Any) -> dict[str, Any]:
    monkeypatch.setattr(ActionBase, "run", lambda *_: {})
    action: Any = object.__new__(proof.ActionModule)
    action._task = SimpleNamespace(args={"scope": ["lockdown"], **args})
    action._connection = connection
    action._execute_module = lambda **_: dict(result or PROVEN)
    action._low_level_execute_command = connection.execute
    found: dict[str, Any] = action.run(task_vars={})
    return found


def came(port: int) -> dict[str, Any]:
    return {"stdout": f"198.51.100.1 40022 198.51.100.10 {port}"}


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (came(2222), ""),
        # A connection that was kept open, or an address that is translated, proves nothing of the port.
        (came(22), "it came out at port 22 of the node"),
        ({"stdout": ""}, "it came out at port unknown of the node"),
        ({"rc": 1, "stderr": "This account is locked.\nmore"}, "This account is locked"),
        (AnsibleConnectionFailure("Connection timed out\nmore"), "Connection timed out"),
    ],
)
def test_how_a_login_over_the_port_went(monkeypatch: pytest.MonkeyPatch, answer: Any, problem: str) -> None:
    connection = Connection(answer, OPTIONS)
    assert run(monkeypatch, connection, try_port=2222) == {**PROVEN, "tried": {"port": 2222, "problem": problem}}
    assert connection.tried == [{"port": 2222, "ssh_extra_args": "-C -o BatchMode=yes"}]
    # Neither the kept connection of the run nor that of the trial is used for the other port.
    assert (connection.options, connection.resets) == (OPTIONS, [22, 2222])


def test_nothing_is_tried_without_a_port_or_behind_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = Connection(came(2222), OPTIONS)
    assert run(monkeypatch, connection) == PROVEN
    for ended in ({"unreachable": True}, {"failed": True, "msg": "2 of 9 checks of the live node failed"}):
        assert run(monkeypatch, connection, ended, try_port=2222) == ended
    assert connection.tried == []


def test_another_client_has_other_options(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, Connection(came(2222), {"port": 22}), try_port=2222)["tried"]["problem"] == ""
    told = run(monkeypatch, Connection(came(2222), {}), try_port=2222)["tried"]["problem"]
    assert told == "this connection has no port to choose"
