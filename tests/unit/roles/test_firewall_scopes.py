# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role opens around a change of HAProxy, by the variables that the playbooks hand to it."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from .played import played
from .test_firewall import FILTER, ROLE

OLD = {
    "workers4": "10.0.0.1 . 80, 10.0.0.2 . 80",
    "workers6": "",
    "others": [{"protocol": "udp", "ports": "514", "networks": "192.0.2.14/32"}],
}
NEW = {
    "workers4": "10.0.0.2 . 80, 10.0.0.3 . 80",
    "workers6": "",
    "others": [{"protocol": "tcp", "ports": "6514", "networks": "192.0.2.14/32"}],
}
BEFORE = {"workers4": "10.0.0.9 . 80", "workers6": "", "others": []}
LISTENS = {"protocol": "tcp", "address": "0.0.0.0", "port": 80, "process": "haproxy", "pid": 1}
NODE = {"ssh_ports": [22], "listeners": [LISTENS], "restricted": [], "reach": OLD}
PLAN = {
    "management_networks": [],
    "ports": {"tcp": ["443"], "udp": [], "restricted": []},
    "reach": NEW,
    "node": NODE,
    "aside": {
        "names": ["ufw", "table ip filter"],
        "tables": ["ip filter", "ip6 filter"],
        "legacy": [],
        "units": ["firewalld"],
        "files": [{"path": "/etc/ufw/ufw.conf", "content": "ENABLED=no\n", "mode": "0644"}],
    },
    "firewall": {**FILTER, "output": "drop", "allowed": [{"protocol": "tcp", "ports": "873", "networks": "::/0"}]},
}
BACK = {"__firewall_ports": {"tcp": ["81"], "udp": [], "restricted": []}, "__firewall_reach": BEFORE}
UNKNOWN = {"balancer_plan": {**PLAN, "node": {**NODE, "reach": None}}}
MOVING = {"balancer_plan": {**PLAN, "ssh": {"ports": [22, 2222]}}}
# As the playbooks do it: who is called, with which variables, in a block with which others.
CALLS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "served": ({}, {}),
    "widened": ({"__firewall_scope": "widened"}, {}),
    "kept": ({"__firewall_scope": "settled", "__firewall_held": "{{ true and not false }}"}, {}),
    "undone": ({"__firewall_scope": "settled"}, {"after": NODE}),
    "back": ({"__firewall_scope": "widened"}, BACK),
    "no run of ssh": ({}, MOVING),
    "ssh failed": ({}, {**MOVING, "__ssh_confirmed": {"failed": True}}),
    "ssh moved": ({}, {**MOVING, "__ssh_confirmed": {"changed": True}}),
    "unknown": ({"__firewall_scope": "widened"}, UNKNOWN),
    "unknown afterwards": ({"__firewall_scope": "settled"}, {"after": {**NODE, "reach": None}}),
    "unknown before": ({"__firewall_scope": "widened"}, {**BACK, "__firewall_reach": "{{ none }}"}),
}
AFTER = {**NODE, "listeners": [{**LISTENS, "port": 443}], "reach": NEW}


@functools.cache
def rendered() -> dict[str, str]:
    """The rules of every call. The variables and the template are the role's, the task only prints them."""
    with tempfile.TemporaryDirectory() as scratch:
        role, printed = Path(scratch, "roles/firewall"), Path(scratch, "printed")
        role.joinpath("tasks").mkdir(parents=True)
        printed.mkdir()
        shutil.copytree(ROLE / "vars", role / "vars")
        shutil.copytree(ROLE / "files", role / "files")
        content = "{{ lookup('ansible.builtin.template', '%s') }}"
        template = ROLE / "templates/etc/hardened-balancer/firewall.nft.j2"
        task = {"content": content % template, "dest": f"{printed}/{{{{ call }}}}", "mode": "0600"}
        remember = {"ansible.builtin.set_fact": {"__firewall_now": {"node": "{{ after | default(later) }}"}}}
        spoken = {"content": "{{ __firewall_functions }}", "dest": f"{printed}/functions.sh", "mode": "0600"}
        listed = {
            "content": "{{ (__firewall_files + balancer_plan.aside.files) | map(attribute='path') | join(' ') }}",
            "dest": f"{printed}/files",
            "mode": "0600",
        }
        shutil.copytree(ROLE / "templates", role / "templates")
        once = [{"ansible.builtin.copy": one, "when": "call == 'served'"} for one in (spoken, listed)]
        tasks = [remember, {"ansible.builtin.copy": task}, *once]
        role.joinpath("tasks/main.yml").write_text(yaml.safe_dump(tasks))
        blocks = [
            {"vars": around, "block": [{"include_role": {"name": "firewall"}, "vars": {**given, "call": call}}]}
            for call, (given, around) in CALLS.items()
        ]
        # What an inventory says under these names opens nothing.
        said = {"balancer_plan": PLAN, "later": AFTER, "__firewall_ports": {"tcp": ["1-65535"]}, "__firewall_reach": ""}
        played(Path(scratch), blocks, said)
        return {path.name: path.read_text() for path in printed.iterdir()}


def workers(text: str) -> set[str]:
    """In each of the rules about them the same: tracking, what is answered, what is begun."""
    found = re.findall(r"ip [sd]addr \. tcp [sd]port \{ (.*?) \} (?:notrack|tcp flags|accept)", text)
    assert len(found) == 4
    assert len(set(found)) == 1
    return {one.removesuffix(" . 80") for one in found[0].split(", ")}


@pytest.mark.parametrize(
    ("call", "ports", "reached"),
    [
        ("served", "80", {"10.0.0.1", "10.0.0.2"}),
        ("widened", "80, 443", {"10.0.0.1", "10.0.0.2", "10.0.0.3"}),
        ("kept", "443", {"10.0.0.2", "10.0.0.3"}),
        ("undone", "80", {"10.0.0.1", "10.0.0.2"}),
        ("back", "80-81", {"10.0.0.1", "10.0.0.2", "10.0.0.9"}),
    ],
)
def test_what_runs_and_what_will_run_is_served(call: str, ports: str, reached: set[str]) -> None:
    text = rendered()[call]
    assert f"        tcp dport {{ {ports} }} accept\n" in text
    assert workers(text) == reached
    assert "type filter hook output priority filter; policy drop;" in text
    # What the inventory itself allows is in force at once.
    assert "ip6 daddr { ::/0 } tcp dport { 873 } accept" in text
    wanted = {"served": (True, False), "undone": (True, False), "kept": (False, True), "widened": (True, True)}
    old, new = (f"192.0.2.14/32 }} {port} }} accept" in text for port in ("udp dport { 514", "tcp dport { 6514"))
    assert (old, new) == wanted.get(call, (True, False))


@pytest.mark.parametrize(("call", "ports"), [("no run of ssh", "22"), ("ssh failed", "22"), ("ssh moved", "22, 2222")])
def test_ssh_is_open_where_the_server_listens(call: str, ports: str) -> None:
    assert f"        tcp dport {{ {ports} }} accept\n" in rendered()[call]


def test_an_undone_change_leaves_the_firewall_as_it_was() -> None:
    assert rendered()["undone"] == rendered()["served"]


@pytest.mark.parametrize("call", ["unknown", "unknown before", "unknown afterwards"])
def test_what_does_not_say_where_it_connects_to_is_kept_from_nothing(call: str) -> None:
    text = rendered()[call]
    assert "type filter hook output priority filter; policy accept;" in text
    assert "reject" not in text
    # What is known is served as before: a run that is refused later leaves the rules as they were.
    assert " . tcp sport { " in text


def test_what_is_to_be_kept_aside_reaches_the_shell() -> None:
    names = ("names", "tables", "legacy", "units", "files")
    told = "; ".join(f'printf "%s|" "$aside_{name}"' for name in names)
    script = f'{rendered()["functions.sh"]}\n{told}; printf %s "$restore_script" | cmp - {ROLE}/files/restore.sh'
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.split("|") == [
        "ufw\ntable ip filter",
        "ip filter\nip6 filter",
        "",
        "firewalld",
        "/etc/ufw/ufw.conf",
        "",
    ]
    assert rendered()["files"].split()[-2:] == [
        "/etc/systemd/system/hardened-balancer-firewall.service",
        "/etc/ufw/ufw.conf",
    ]
    # But for the newline at its end.
    assert "EOF" in done.stderr
    assert done.returncode == 1
