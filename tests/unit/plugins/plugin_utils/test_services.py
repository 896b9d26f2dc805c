# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No account of a service becomes an administrator, whose sudo asks for no password."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardened.balancer.plugins.plugin_utils._model import accounts, values
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.problems import Problems

NODE: dict[str, t.Any] = {
    "user": "ops",
    "users": {
        "ops": {"uid": 1000},
        "robot": {"uid": 998},
        "person": {"uid": 1001},
        "toor": {"uid": 0},
    },
    "services": {"www": "/usr/sbin/nologin"},
}


def named(*names: str) -> list[dict[str, t.Any]]:
    return [{"name": name, "keys": []} for name in names]


def told(*names: str, **node: t.Any) -> list[str]:
    problems = Problems()
    accounts.judge(named(*names), {**NODE, **node}, problems)
    return [str(problem) for problem in problems]


@pytest.mark.parametrize(
    "name",
    ["haproxy", "www-data", "sshd", "daemon", "nobody", "systemd-network", "systemd-resolve", "_apt", "_chrony"],
)
def test_a_name_that_is_a_services_is_refused(name: str) -> None:
    problems = Problems()
    values.check({"balancer_administrators": [{"name": "ops"}, {"name": name}]}, problems)
    assert [str(problem) for problem in problems] == [
        f"balancer_administrators[1].name: holds '{name}', an account of a service; {accounts.OF_A_SERVICE}"
    ]


@pytest.mark.parametrize("name", ["ops", "admin", "debian", "ubuntu", "ansible", "deploy", "vagrant", "ec2-user"])
def test_names_of_people_and_images_are_free(name: str) -> None:
    problems = Problems()
    values.check({"balancer_administrators": [{"name": name}]}, problems)
    assert problems == []


def test_the_user_that_haproxy_becomes_is_no_administrator() -> None:
    problems = Problems()
    given = {"balancer_administrators": [{"name": "edge"}], "haproxy_global": {"user": "edge"}}
    values.check(given, problems)
    assert [problem.path for problem in problems] == ["balancer_administrators[0].name"]


def test_what_the_node_knows_of_them() -> None:
    assert told("ops", "person", "newcomer") == []
    assert told("ops", "robot", "www", "toor") == [
        "balancer_administrators[1].name: holds 'robot', an account of the system on the node (its number is 998); "
        f"{accounts.OF_A_SERVICE}",
        "balancer_administrators[2].name: holds 'www', and nobody logs in to that account of the node: its shell is "
        "/usr/sbin/nologin; name another one, or if it is a person's: usermod --shell /bin/bash www",
        "balancer_administrators[3].name: holds 'toor', who is root on the node, and may not log in any more after the "
        "lock-down",
    ]


def test_whom_the_run_logs_in_as_is_no_service() -> None:
    assert told("robot", user="robot") == []
    assert len(told("toor", user="toor")) == 1
