# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.hardened.balancer.plugins.plugin_utils._model import logins
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.problems import Problems

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINVDzLT2tsSDKCBw8DhqfI8KtCCsX1YzHe4dcCXU2gn1"
KEY_PRINT = "SHA256:NNQljcda1H6UByjWa8rBVHKWaNfU3m0LluUNDdNoySw"
GOOD: dict[str, Any] = {"loose": [], "unreadable": [], "options": [], "expired": False, "new_password": False}
HOME = {"path": "/home/ops", "found": "may be written by others (mode 0777)"}


def told(
    found: dict[str, Any], administrators: list[dict[str, Any]] | None = None, key_print: str = KEY_PRINT
) -> list[str]:
    node = {
        "client": {"address": "198.51.100.7", "port": 40022},
        "key_fingerprint": key_print,
        "users": {"ops": {"keys": [KEY], "login": {**GOOD, **found}}},
    }
    problems = Problems()
    plan = {"administrators": [{"name": "ops", "keys": []}] if administrators is None else administrators}
    logins.judge(plan, node, "ops", problems)
    return [str(problem) for problem in problems]


def options(**given: str) -> dict[str, Any]:
    return {"options": [{"key": KEY, "options": given}]}


def test_an_account_that_is_right() -> None:
    assert told({}) == []
    assert told(options(**{"no-pty": "", "from": "198.51.100.0/24,!198.51.100.9"})) == []


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ({"expired": True}, "whose account has expired on the node; usermod --expiredate '' ops"),
        ({"new_password": True}, "who has to set a new password on the node before anything else"),
        (
            {"loose": [HOME]},
            "/home/ops on the node may be written by others (mode 0777): its SSH server (StrictModes) takes no key "
            "from there; chown ops /home/ops && chmod go-w /home/ops",
        ),
        ({"unreadable": ["/home/ops/.ssh/authorized_keys"]}, "who cannot read /home/ops/.ssh/authorized_keys"),
        (options(command="echo"), "whose key has command= on the node"),
        (options(**{"from": "203.0.113.0/24"}), "whose key has from= on the node, which leaves out 198.51.100.7"),
    ],
)
def test_what_keeps_somebody_out_is_refused(found: dict[str, Any], message: str) -> None:
    [problem] = told(found)
    assert problem.startswith("balancer_administrators[0]: is about ops, ")
    assert message in problem
    [of_the_node] = told(found, administrators=[])
    assert of_the_node.startswith("node: is about ops, ")


def test_all_at_once() -> None:
    assert (
        len(
            told(
                {"expired": True, "new_password": True, "loose": [HOME, {**HOME, "path": "/x"}], **options(command="x")}
            )
        )
        == 5
    )


def test_options_of_another_key_are_its_own() -> None:
    assert told(options(command="echo"), key_print="SHA256:other") == []


def test_keys_of_the_inventory_take_the_place_of_those_with_options() -> None:
    assert told(options(command="echo"), [{"name": "ops", "keys": [KEY]}]) == []


def test_an_account_that_will_be_made_is_not_judged() -> None:
    assert told({"expired": True}, [{"name": "new", "keys": [KEY]}]) == []


@pytest.mark.parametrize(
    ("patterns", "let_in"),
    [
        ("198.51.100.7", True),
        ("198.51.*", True),
        ("198.51.100.8", False),
        ("203.0.113.0/24,198.51.100.0/24", True),
        ("198.51.100.0/24,!198.51.100.7", False),
        ("bastion.example.com", True),
        ("!bastion.example.com,198.51.100.7", True),
        ("!bastion.example.com", False),
        ("2001:db8::/32", False),
        # Wildcards are patterns of addresses, and no names that only sshd could look up.
        ("203.0.113.*", False),
        ("2001:db8:a*", False),
        ("!198.51.100.*,198.51.0.0/16", False),
    ],
)
def test_a_list_is_read_as_sshd_reads_it(patterns: str, let_in: bool) -> None:
    assert logins.comes_from(patterns, "198.51.100.7") == let_in
