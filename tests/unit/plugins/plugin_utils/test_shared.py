# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.hardened.balancer.plugins.plugin_utils import _client
from ansible_collections.hardened.balancer.plugins.plugin_utils._model import shared
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.problems import Problems

OFFERED = {
    "kex": "sntrup761x25519-sha512@openssh.com",
    "host_keys": "ssh-ed25519,rsa-sha2-512",
    "ciphers": "aes256-gcm@openssh.com,aes256-ctr",
    "macs": "hmac-sha2-512-etm@openssh.com",
}
CLIENT = {
    "kexalgorithms": ["curve25519-sha256", "sntrup761x25519-sha512@openssh.com"],
    "hostkeyalgorithms": ["ssh-ed25519"],
    "ciphers": ["aes256-ctr"],
    "macs": ["hmac-sha2-512-etm@openssh.com"],
}


def told(**client: list[str]) -> list[str]:
    problems = Problems()
    shared.judge(OFFERED, {**CLIENT, **client}, problems)
    return [str(problem) for problem in problems]


def test_one_of_each_kind_is_enough() -> None:
    assert told() == []


@pytest.mark.parametrize(
    ("setting", "name"),
    [("kexalgorithms", "key exchange"), ("hostkeyalgorithms", "host key type"), ("ciphers", "cipher"), ("macs", "MAC")],
)
def test_a_kind_without_a_common_one_is_refused(setting: str, name: str) -> None:
    [problem] = told(**{setting: ["old-one", "older-one"]})
    assert problem.startswith(f"ssh_profile: leads to no {name} that the SSH client of this controller knows: ")
    assert "the client has old-one, older-one" in problem


def test_a_cipher_that_protects_its_messages_needs_no_mac() -> None:
    assert told(ciphers=["aes256-gcm@openssh.com"], macs=["old-one"]) == []
    assert len(told(ciphers=["aes256-gcm@openssh.com"], kexalgorithms=["old-one"])) == 1
    # Both may be chosen, and one of them needs one.
    assert len(told(ciphers=["aes256-gcm@openssh.com", "aes256-ctr"], macs=["old-one"])) == 1
    assert len(told(ciphers=["old-one"], macs=["old-one"])) == 2
    problems = Problems()
    other = "chacha20-poly1305@openssh.com"
    shared.judge({**OFFERED, "ciphers": other}, {**CLIENT, "ciphers": [other], "macs": ["old-one"]}, problems)
    assert list(problems) == []


def test_a_client_that_could_not_be_asked_is_not_judged() -> None:
    problems = Problems()
    shared.judge(OFFERED, {}, problems)
    assert list(problems) == []


def connection(program: Path, **options: str) -> Any:
    known = {"host": "lb1.example.com", "ssh_executable": str(program), **options}
    return SimpleNamespace(transport="ssh", get_option=known.get)


def test_the_client_is_asked_with_the_arguments_of_ansible(tmp_path: Path) -> None:
    client = tmp_path / "ssh"
    client.write_text('#!/bin/sh\necho "ciphers $*"\n')
    client.chmod(0o755)
    asked = _client.printed(connection(client, ssh_common_args="-o 'ProxyJump=jump host'", ssh_args="-C"))
    assert asked == "ciphers -C -o ProxyJump=jump host -G lb1.example.com\n"
    assert list(shared.settings(asked)) == ["ciphers"]


def test_another_way_in_is_not_asked(tmp_path: Path) -> None:
    assert _client.printed(SimpleNamespace(transport="docker")) == ""
    assert _client.printed(connection(tmp_path / "none")) == ""
