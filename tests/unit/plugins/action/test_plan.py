# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible.plugins.action import ActionBase

from ansible_collections.hardened.balancer.plugins.action import plan
from ansible_collections.hardened.balancer.plugins.plugin_utils import _client, _gather
from ansible_collections.hardened.balancer.plugins.plugin_utils._model import plan as model
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.problems import Problems

OFFERED = {"kex": "mlkem768x25519-sha256", "host_keys": "ssh-ed25519", "ciphers": "aes256-ctr", "macs": "hmac"}


class Connection:
    def __init__(self, timeout: int, retries: int = 0) -> None:
        self.options = {"timeout": timeout, "reconnection_retries": retries}

    def get_option(self, name: str) -> int:
        return self.options[name]


def drafted(monkeypatch: pytest.MonkeyPatch, connection: Any, seconds: int | None, **args: bool) -> dict[str, Any]:
    """Of an inventory that has another fault, too."""
    others = Problems()
    others.add("haproxy_frontends", "is empty")
    monkeypatch.setattr(ActionBase, "run", lambda *_: {})
    monkeypatch.setattr(_gather, "draft", lambda *_: ({"sections": [], "confirm_timeout": seconds}, others, {}))
    action: Any = object.__new__(plan.ActionModule)
    action._connection, action._templar = connection, None
    action.validate_argument_spec = lambda *_, **__: (None, {"contact": False, "stated": False, **args})
    result: dict[str, Any] = action.run(task_vars={"inventory_hostname": "lb1"})
    return result


@pytest.mark.parametrize("args", [{}, {"contact": True}])
@pytest.mark.parametrize(
    ("connection", "seconds", "told"),
    [
        (Connection(30), 30, "(30 s, by Ansible's own timeout and retries); set balancer_confirm_timeout to 40 or"),
        (Connection(30, 2), 90, "(30 s, 3 times, by Ansible's own timeout and retries); set balancer_confirm_timeout"),
        (Connection(30), 31, ""),
        (Connection(100), None, ""),
        # Another kind than SSH, which has no such options.
        (None, 20, ""),
    ],
)
def test_a_timeout_without_room_for_a_connection_is_told_with_all_else(
    monkeypatch: pytest.MonkeyPatch, connection: Any, seconds: int | None, told: str, args: dict[str, bool]
) -> None:
    said = drafted(monkeypatch, connection, seconds, **args)["msg"]
    assert "haproxy_frontends: is empty" in said
    assert ("balancer_confirm_timeout: holds" in said, told in said) == (bool(told), True)
    assert said.startswith(f"{2 if told else 1} problem")


def test_who_only_renders_connects_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "balancer_confirm" not in drafted(monkeypatch, Connection(100), 90, stated=True)["msg"]


def complete(monkeypatch: pytest.MonkeyPatch, client: str) -> dict[str, Any]:
    whole = {"sections": [], "limits": {}, "ssh": {"offered": OFFERED}}
    monkeypatch.setattr(ActionBase, "run", lambda *_: {})
    monkeypatch.setattr(model, "complete", lambda *_: (whole, Problems()))
    monkeypatch.setattr(_client, "printed", lambda _connection: client)
    action: Any = object.__new__(plan.ActionModule)
    action._connection = None
    action._templar = None
    action.validate_argument_spec = lambda *_, **__: (None, {"contact": True, "stated": False})
    action._execute_module = lambda **_: {"node": {}}
    known = {
        "lb1": {"balancer_plan": {}},
        "lb2": {"balancer_plan": {"ssh_jump_host": False}, "ansible_host": "198.51.100.20"},
        "lb3": {"balancer_plan": {"ssh_jump_host": True}},
        "lb4": {},
    }
    task_vars = {
        "balancer_plan": {"sections": [], "baseline": {"asked": []}},
        "inventory_hostname": "lb1",
        "ansible_play_hosts_all": list(known),
        "hostvars": SimpleNamespace(raw_get=known.__getitem__),
    }
    result: dict[str, Any] = action.run(task_vars=task_vars)
    return result


def test_a_client_that_shares_nothing_with_the_server_to_be_is_refused_before_any_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    result = complete(monkeypatch, "kexalgorithms curve25519-sha256\n")
    assert result["failed"]
    assert "1 problem in the plan of lb1; nothing was changed" in result["msg"]
    assert "leads to no key exchange that the SSH client of this controller knows" in result["msg"]


def test_a_client_that_shares_all_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not complete(monkeypatch, "kexalgorithms curve25519-sha256,mlkem768x25519-sha256\n")["failed"]


@pytest.mark.parametrize(
    ("client", "through"),
    [
        ("proxyjump ops@lb2:22\n", "lb2"),
        ("proxyusefdpass no\nproxycommand ssh -W %h:%p 198.51.100.20\n", "lb2"),
        ("proxyjump lb1\n", ""),
        ("proxyjump lb3\n", ""),
        ("proxyjump lb4,bastion\n", ""),
        ("hostname lb2\n", ""),
    ],
)
def test_a_way_through_another_balancer_of_the_run_is_refused(
    monkeypatch: pytest.MonkeyPatch, client: str, through: str
) -> None:
    result = complete(monkeypatch, client)
    assert result["failed"] == bool(through)
    if through:
        assert f"hostvars[lb1]: is reached through {through} by the SSH client of this controller" in result["msg"]
