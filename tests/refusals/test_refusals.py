# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wrong inputs through the whole site.yml: every message in full, and no host so much as connected to."""

from __future__ import annotations

import collections.abc
import json
import os
import pathlib
import socket
import subprocess
import sys
import threading
import typing as t

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
CASES = [
    case
    for path in sorted((pathlib.Path(__file__).parent / "cases").glob("*.yml"))
    for case in yaml.safe_load(path.read_text())
]
ADDRESSES = {"worker1": "198.51.100.101", "worker2": "198.51.100.102"}
# The play whose first task makes the plans, and with them all messages.
PLAYS = {"site": "Plan", "render": "Render every balancer, without contact"}
Groups = dict[str, dict[str, t.Any]]


def ansible(cwd: pathlib.Path, tool: str, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A tool of this interpreter's Ansible, with the checkout's configuration and a home of its own."""
    ours = {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_HOME": str(cwd / "home"), "ANSIBLE_SSH_RETRIES": "0"}
    return subprocess.run(
        [str(pathlib.Path(sys.executable).parent / tool), *words],
        env={**os.environ, **ours, **environment},
        cwd=cwd,
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )


class Recorder(threading.Thread):
    """A listener that closes what it accepts, and counts."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.connections = 0

    def run(self) -> None:
        while True:
            connection, _peer = self.socket.accept()
            self.connections += 1
            connection.close()


@pytest.fixture(scope="module")
def recorder() -> Recorder:
    recorder = Recorder()
    recorder.start()
    return recorder


Run = collections.abc.Callable[..., "dict[str, str]"]


@pytest.fixture(scope="module")
def site(recorder: Recorder, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs a playbook with a balancer for each set of variables; gives the messages, and all output as ''."""
    home = tmp_path_factory.mktemp("site")

    def run(
        balancers: dict[str, t.Any], groups: Groups | None = None, verbosity: str = "", playbook: str = "site"
    ) -> dict[str, str]:
        here = {"ansible_host": "127.0.0.1", "ansible_port": recorder.port, "ansible_user": "nobody"}
        hosts = {name: {**here, **(variables or {})} for name, variables in balancers.items()}
        workers = {name: {"ansible_host": address} for name, address in ADDRESSES.items()}
        children = {
            "balancers": {"hosts": hosts},
            "web_workers": {"hosts": workers},
            "nobody": {},
            **{group: {"hosts": members} for group, members in (groups or {}).items()},
        }
        (home / "hosts.json").write_text(json.dumps({"all": {"children": children}}))
        words = ["-i", "hosts.json", str(ROOT / f"playbooks/{playbook}.yml"), *([verbosity] if verbosity else [])]
        done = ansible(home, "ansible-playbook", *words, ANSIBLE_STDOUT_CALLBACK="ansible.posix.json")
        report = json.loads(done.stdout[done.stdout.index("{\n") :])
        plan = next(play for play in report["plays"] if play["play"]["name"] == PLAYS[playbook])
        results = plan["tasks"][0]["hosts"]
        return {
            "": done.stdout + done.stderr,
            **{name: result["msg"] for name, result in results.items() if result.get("failed")},
        }

    return run


def message(name: str, problems: list[str]) -> str:
    head = f"{len(problems)} problem{'s' if len(problems) > 1 else ''} in the plan of {name}; nothing was changed:"
    return "\n".join([head, *(f"  - {problem}" for problem in problems)])


def host_of(case: dict[str, t.Any]) -> str:
    return "lb-" + "".join(c if c.isalnum() else "-" for c in case["name"])


@pytest.fixture(scope="module")
def messages(site: Run) -> dict[str, str]:
    """Of all cases: one run of each playbook."""
    found = {"": ""}
    for playbook in PLAYS:
        cases = [case for case in CASES if case.get("playbook", "site") == playbook]
        groups = {group: members for case in cases for group, members in case.get("groups", {}).items()}
        balancers = {host_of(case): case["variables"] for case in cases}
        said = site(balancers, groups, verbosity="-vvv", playbook=playbook)
        found = {**found, **said, "": found[""] + said[""]}
    return found


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 110
    assert len({host_of(case) for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["name"])
def test_refusal(messages: dict[str, str], case: dict[str, t.Any]) -> None:
    name = host_of(case)
    assert messages.get(name) == message(name, case["problems"])


def test_no_secret_in_any_output(messages: dict[str, str]) -> None:
    assert "s3cr3t" not in messages[""]


def test_a_value_of_a_secret_is_masked_wherever_it_turns_up(site: Run) -> None:
    variables = {"haproxy_secrets": {"token": "s3cr3t-twice"}, "haproxy_apply": "s3cr3t-twice"}
    output = site({"lb": variables}, verbosity="-vvv")
    assert "haproxy_apply: holds '********', which is not one of its choices" in output["lb"]
    assert "s3cr3t" not in output[""]


def test_nobody_was_contacted(recorder: Recorder, messages: dict[str, str]) -> None:
    assert recorder.connections == 0


def test_one_wrong_balancer_keeps_the_others_untouched(recorder: Recorder, site: Run) -> None:
    before = recorder.connections
    messages = site({"good": {}, "bad": {"haproxy_frontend": []}})
    assert list(messages) == ["", "bad"]
    assert recorder.connections == before


def test_the_recorder_would_notice(recorder: Recorder, site: Run) -> None:
    before = recorder.connections
    site({"good": {}})
    assert recorder.connections > before


@pytest.mark.parametrize("playbook", ["site", "render"])
def test_an_inventory_without_a_balancer_is_refused(tmp_path: pathlib.Path, playbook: str) -> None:
    (tmp_path / "hosts.yml").write_text("all: {children: {balancer: {hosts: {lb1: }}}}")
    done = ansible(tmp_path, "ansible-playbook", "-i", "hosts.yml", str(ROOT / f"playbooks/{playbook}.yml"))
    assert done.returncode == 2
    assert "No host of the inventory matches balancers." in done.stdout


def test_a_vaulted_variable_stays_a_secret_through_templates(tmp_path: pathlib.Path) -> None:
    (tmp_path / "password").write_text("test only")
    vault = ("--vault-password-file", "password")
    vaulted = ansible(tmp_path, "ansible-vault", "encrypt_string", *vault, "s3cr3t-vault", "-n", "token").stdout
    (tmp_path / "vars.yml").write_text(
        vaulted + "haproxy_frontends:\n"
        '  - {name: web, binds: [{port: "{{ port }}"}], default_backend: web_workers, '
        'http_request: ["set-header X {{ token }}"]}\n'
    )
    (tmp_path / "hosts.yml").write_text("all: {children: {balancers: {hosts: {lb1: }}, web_workers: {hosts: {w1: }}}}")
    (tmp_path / "whole.yml").write_text("balancer_confirm_timeout: 91\n")
    ansible(tmp_path, "ansible-vault", "encrypt", *vault, "whole.yml")
    given = ("-i", "hosts.yml", "-e", "@vars.yml", "-e", "@whole.yml", *vault)
    words = (*given, "-vvv", "--diff", str(ROOT / "playbooks/render.yml"), "-e")
    right = ansible(tmp_path, "ansible-playbook", *words, "port=80")
    wrong = ansible(tmp_path, "ansible-playbook", *words, "port={{ token }}")
    misplaced = ansible(tmp_path, "ansible-playbook", *words, "port=80 ssh_port={{ token }}")
    assert (right.returncode, wrong.returncode, misplaced.returncode) == (0, 2, 2)
    assert "http-request set-header X @secret:vault.token@" in (tmp_path / "rendered/lb1/haproxy.cfg").read_text()
    assert "haproxy_frontends[0].binds[0].port: holds '@secret:vault.token@'" in wrong.stdout
    assert "ssh_port: holds a secret, vaulted or of haproxy_secrets, which only" in misplaced.stdout
    assert "s3cr3t" not in "".join(one.stdout + one.stderr for one in (right, wrong, misplaced))
