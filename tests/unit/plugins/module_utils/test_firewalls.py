# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who else filters, and whether he can be kept aside."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.hardened.balancer.plugins.module_utils import _firewalls, _nft, _packages, _programs
from ansible_collections.hardened.balancer.plugins.module_utils._programs import Answer

NONE = _packages.Packages({}, {})
UFW = "# /etc/ufw/ufw.conf\n\n# Set to yes to start on boot.\nENABLED=yes\n\nLOGLEVEL=low\n"
FILTERING = "*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n-A INPUT -p tcp -j ACCEPT\n"
OF_DOCKER = (
    "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:DOCKER-USER - [0:0]\n-A FORWARD -j DOCKER-USER\nCOMMIT\n"
)
TRANSLATING = "*nat\n:PREROUTING ACCEPT [0:0]\n-A POSTROUTING -j MASQUERADE\n"


class Node:
    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.asked: list[str] = []
        self.says: dict[str, str] = {}
        self.units: dict[str, dict[str, str]] = {}
        self.packages = NONE
        for name in ("UFW_CONF", "NFTABLES_CONF", "DROPIN"):
            monkeypatch.setattr(_firewalls, name, f"{root}{getattr(_firewalls, name)}")
        monkeypatch.setattr(_firewalls, "SAVED", [f"{root}{path}" for path in _firewalls.SAVED])
        monkeypatch.setattr(_programs, "run", self.run)

    def run(self, command: Sequence[str]) -> Answer:
        self.asked.append(" ".join(command))
        return Answer(0, self.says.get(" ".join(command), ""))

    def write(self, path: str, text: str) -> None:
        place = Path(f"{self.root}{path}")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)

    def found(self, ruleset: Sequence[_nft.Item] = (), answered: bool = True) -> list[dict[str, Any]]:
        return _firewalls.firewalls(self.units, self.packages, list(ruleset), answered, f"{self.root}/proc")

    def names(self, ruleset: Sequence[_nft.Item] = (), answered: bool = True) -> dict[str, str]:
        return {one["name"]: one["detail"] for one in self.found(ruleset, answered)}


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Node:
    return Node(tmp_path, monkeypatch)


def test_nothing_is_found_where_nothing_is(node: Node) -> None:
    assert (node.found(), node.asked) == ([], [])


def test_ufw_is_what_its_file_says(node: Node) -> None:
    node.write("/etc/ufw/ufw.conf", UFW)
    assert node.found() == []
    node.packages = _packages.Packages({"ufw": "0.36.2-1"}, {})
    (found,) = node.found()
    path = f"{node.root}/etc/ufw/ufw.conf"
    assert (found["name"], found["detail"]) == ("ufw", f"enabled in {path}")
    wanted = UFW.replace("ENABLED=yes", "ENABLED=no")
    assert found["files"] == ({"path": path, "content": wanted, "mode": "0644"},)
    node.write("/etc/ufw/ufw.conf", wanted)
    assert node.found() == []


@pytest.mark.parametrize(
    ("state", "at_boot", "held_back", "detail"),
    [
        ("active", "enabled", False, "active"),
        ("active", "disabled", True, "active"),
        ("inactive", "enabled", False, "enabled"),
        # As we left it.
        ("inactive", "enabled", True, None),
        ("inactive", "disabled", False, None),
    ],
)
def test_firewalld_that_runs_or_will(node: Node, state: str, at_boot: str, held_back: bool, detail: str | None) -> None:
    node.units = {"firewalld.service": {"ActiveState": state, "UnitFileState": at_boot}}
    if held_back:
        node.write("/etc/systemd/system/firewalld.service.d/hardened-balancer.conf", _firewalls.HELD_BACK)
    assert node.names() == ({"firewalld": detail} if detail else {})
    assert [one["units"] for one in node.found()] == ([("firewalld",)] if detail else [])


def test_docker_has_its_rules_from_firewalld(node: Node) -> None:
    node.units = {"firewalld.service": {"ActiveState": "active"}}
    for name, obstacle in (("DOCKER", "Docker has its rules made by it"), ("DOCKER_OUTPUT", "")):
        chain = {"chain": {"family": "ip", "table": "nat", "name": name}}
        assert [one["obstacle"] for one in node.found([chain])] == [obstacle]


def test_what_netfilter_persistent_would_load(node: Node) -> None:
    node.units = {"netfilter-persistent.service": {"ActiveState": "active", "UnitFileState": "enabled"}}
    node.write("/etc/iptables/rules.v6", "*nat\n-A INPUT -j ACCEPT\nCOMMIT\n*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n")
    assert node.names() == {}
    node.write("/etc/iptables/rules.v4", f"{FILTERING}COMMIT\n*nat\n-A INPUT -j ACCEPT\nCOMMIT\n")
    detail = f"loads at boot {node.root}/etc/iptables/rules.v4, table filter, 1 rules"
    assert node.names() == {"netfilter-persistent": detail}
    # Only firewalld makes rules for Docker.
    docker = {"chain": {"family": "ip", "table": "nat", "name": "DOCKER"}}
    assert [one["obstacle"] for one in node.found([docker])] == [""]
    node.write("/etc/systemd/system/netfilter-persistent.service.d/hardened-balancer.conf", _firewalls.HELD_BACK)
    assert node.names() == {}


def test_a_configuration_of_nftables(node: Node) -> None:
    node.write("/etc/nftables.conf", "flush ruleset\n")
    path = f"{node.root}/etc/nftables.conf"
    (found,) = node.found()
    assert found["files"] == ({"path": path, "content": _firewalls.EMPTY_CONF, "mode": "0755"},)
    digest = hashlib.md5(b"flush ruleset\n", usedforsecurity=False).hexdigest()
    node.packages = _packages.Packages({}, {path: digest})
    assert node.found() == []
    node.write("/etc/nftables.conf", _firewalls.EMPTY_CONF)
    assert node.found() == []
    node.write("/etc/nftables.conf", f"{_firewalls.EMPTY_CONF}table ip more\n")
    assert [one["name"] for one in node.found()] == [path]


@pytest.mark.parametrize(
    ("saved", "found"),
    [
        (FILTERING, "table filter, 1 rules"),
        ("*filter\n:INPUT ACCEPT [0:0]\n-A OUTPUT -j more\n", "table filter, 1 rules"),
        ("*filter\n:INPUT ACCEPT [0:0]\n[3:180] -A FORWARD -j DROP\n", "table filter, 1 rules"),
        ("*filter\n:INPUT DROP [0:0]\nCOMMIT\n", "table filter, 0 rules"),
        (OF_DOCKER, ""),
        ("", ""),
    ],
)
def test_a_firewall_of_iptables_where_nft_is_not_there_yet(node: Node, saved: str, found: str) -> None:
    node.says = {"iptables-save -t filter": saved}
    assert node.names(answered=False) == ({"iptables": found} if found else {})
    assert [one["tables"] for one in node.found(answered=False)] == ([("ip filter",)] if found else [])
    assert node.names() == {}


def test_tables_from_before_nftables(node: Node) -> None:
    node.write("/proc/self/net/ip_tables_names", "filter\n")
    node.write("/proc/self/net/ip6_tables_names", "nat\n")
    node.says = {"iptables-legacy-save -t filter": FILTERING, "ip6tables-legacy-save -t filter": FILTERING}
    (found,) = node.found()
    assert (found["name"], found["legacy"]) == ("iptables (legacy)", ("iptables",))
    node.says["iptables-legacy-save -t filter"] = OF_DOCKER
    assert node.found() == []


def test_where_nft_gives_no_answer_iptables_is_asked(node: Node) -> None:
    node.says = {"iptables-save -t nat": "-A PREROUTING -j more\n"}
    proc = f"{node.root}/proc"
    assert (_firewalls.translations([], True, proc), node.asked) == ([], [])
    assert _firewalls.translations([], False, proc) == ["prerouting"]
    assert node.asked == ["iptables-save -t nat", "ip6tables-save -t nat"]
    node.write("/proc/self/net/ip_tables_names", "nat\n")
    _firewalls.translations([], True, proc)
    assert node.asked[2:] == ["iptables-legacy-save -t nat"]


@pytest.mark.parametrize(
    ("saved", "speaks_against"),
    [(TRANSLATING, True), (TRANSLATING.replace("\n-A", "\n:DOCKER - [0:0]\n-A"), False), ("", False)],
)
def test_what_loads_filters_may_load_translations(node: Node, saved: str, speaks_against: bool) -> None:
    node.write("/etc/nftables.conf", "theirs\n")
    node.says = {"iptables-save -t nat": saved}
    (found,) = node.found(answered=False)
    assert found["obstacle"] == (
        "what it loads may translate addresses, as iptables-save -t nat does; ours translates none"
        if speaks_against
        else ""
    )


def in_a_network(*commands: str) -> list[_nft.Item]:
    """What a kernel says of real tables, in a network of its own."""
    script = " && ".join([*commands, " ".join(_nft.LIST)])
    done = subprocess.run(["unshare", "--net", "sh", "-c", script], capture_output=True, text=True, check=True)
    return _nft.parse(done.stdout)


def filtering(table: str, hook: str = "input") -> list[str]:
    name = hook if table.startswith("inet") else hook.upper()
    return [
        f"nft add table {table}",
        f"nft 'add chain {table} {name} {{ type filter hook {hook} priority 0; }}'",
        f"nft add rule {table} {name} tcp dport 99 drop",
    ]


MASQUERADE = [
    "nft 'add chain {} post {{ type nat hook postrouting priority 100; }}'",
    "nft add rule {} post ip daddr 192.0.2.1 masquerade",
]
COMMENT = "iptables-nft -A INPUT -m comment --comment theirs -j DROP"
NAT = ["nft add table ip nat", *(line.format("ip nat") for line in MASQUERADE)]


@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("nft") or not shutil.which("iptables-nft"),
    reason="loads rules in a network namespace: needs root, nft and iptables",
)
@pytest.mark.parametrize(
    ("commands", "table", "obstacle"),
    [
        (filtering("inet theirs"), "inet theirs", ""),
        (filtering("ip filter"), "ip filter", ""),
        ([COMMENT], "ip filter", ""),
        ([*filtering("inet theirs"), *NAT], "inet theirs", ""),
        (
            [*filtering("inet theirs"), *(line.format("inet theirs") for line in MASQUERADE)],
            "inet theirs",
            "it translates addresses as well (postrouting)",
        ),
        ([*filtering("ip filter"), "nft add chain ip filter DOCKER"], "ip filter", "it holds chains of Docker"),
        ([*filtering("ip filter"), "nft add chain ip filter f2b-sshd"], "ip filter", "it holds chains of fail2ban"),
    ],
)
def test_what_a_kernel_says_of_tables(node: Node, commands: list[str], table: str, obstacle: str) -> None:
    (found,) = node.found(in_a_network(*commands))
    assert (found["name"], found["tables"]) == (f"table {table}", (table,))
    assert found["obstacle"].startswith(obstacle)
    assert bool(found["obstacle"]) == bool(obstacle)
    # Whoever may have loaded it at boot.
    node.write("/etc/nftables.conf", "theirs\n")
    translated = [one["obstacle"] for one in node.found(in_a_network(*commands, *NAT))]
    tables = "table inet theirs, table ip nat" if "translates" in obstacle else "table ip nat"
    assert translated[0] == f"what it loads may translate addresses, as {tables} does; ours translates none"


def table_of(flags: Any, *rules: Any) -> list[_nft.Item]:
    place = {"family": "inet", "table": "theirs", "chain": "input"}
    return [
        {"table": {"family": "inet", "name": "theirs", "flags": flags}},
        {"chain": {**place, "name": "input", "type": "filter", "hook": "input", "policy": "drop"}},
        *({"rule": {**place, "expr": [rule]}} for rule in rules),
    ]


def renamed(items: list[_nft.Item], family: str, name: str) -> list[_nft.Item]:
    return [
        {kind: {**one, "family": family, "name" if kind == "table" else "table": name}}
        for item in items
        for kind, one in item.items()
    ]


@pytest.mark.parametrize("flags", ["owner", ["owner", "persist"]])
def test_what_belongs_to_a_process_is_not_ours_to_take(node: Node, flags: Any) -> None:
    (found,) = node.found(table_of(flags))
    assert found["obstacle"] == "it belongs to a program that runs, and goes with that alone"
    firewalld = renamed(table_of(flags), "inet", "firewalld")
    node.units = {"firewalld.service": {"ActiveState": "active"}}
    assert {one["name"]: one["obstacle"] for one in node.found(firewalld)} == {
        "firewalld": "",
        "table inet firewalld": "",
    }
    # It brings back its own alone, and only where it runs or will.
    obstacles = {one["name"]: bool(one["obstacle"]) for one in node.found([*firewalld, *table_of(flags)])}
    assert obstacles == {"firewalld": False, "table inet firewalld": False, "table inet theirs": True}
    node.units = {}
    assert [bool(one["obstacle"]) for one in node.found(firewalld)] == [True]


def test_the_names_of_docker_s_containers_are_no_translation(node: Node) -> None:
    """An engine writes its own rules, and in a container its name server has some: nobody loads those at boot."""
    node.write("/etc/nftables.conf", "theirs\n")
    place = {"family": "ip", "table": "nat"}
    hook = {"chain": {**place, "name": "out", "type": "nat", "hook": "output"}}
    server = {"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "daddr"}}, "right": "127.0.0.11"}}
    table = {"table": {"family": "ip", "name": "nat"}}

    def speaks_against(*items: _nft.Item) -> bool:
        (found,) = node.found([table, hook, *items])
        return bool(found["obstacle"])

    dnat = {"rule": {**place, "chain": "out", "expr": [{"dnat": {}}]}}
    assert speaks_against(dnat)
    assert not speaks_against({"rule": {**place, "chain": "out", "expr": [server, {"dnat": {}}]}})
    assert not speaks_against(dnat, {"chain": {**place, "name": "DOCKER"}})


def test_rules_of_iptables_need_iptables(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(name: str, path: str) -> None:
        assert (name, path) == ("iptables-nft-save", _programs.ENVIRONMENT["PATH"])

    monkeypatch.setattr(shutil, "which", nowhere)
    (found,) = node.found(renamed(table_of([], {"xt": None}), "ip", "filter"))
    assert found["obstacle"] == "it has rules of iptables, which is not installed"
    (found,) = node.found(renamed(table_of([], {"xt": None}), "bridge", "filter"))
    assert found["obstacle"] == "it has rules of iptables in a table that iptables cannot write down"
    for items in (renamed(table_of([], {"drop": None}), "ip", "filter"), table_of([], {"drop": None})):
        assert [one["obstacle"] for one in node.found(items)] == [""]
