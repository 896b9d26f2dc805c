# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks of the proof, each on a node that passes and on one that is broken in one way."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.hardened.balancer.plugins.module_utils import (
    _haproxy_process,
    _listeners,
    _nft,
    _node,
    _proof,
    _proof_baseline,
    _proof_process,
    _proof_seen,
    _proof_ssh,
    _proof_traffic,
    _sandbox,
)
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_process import Live, Places
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_socket import parse_stat
from ansible_collections.hardened.balancer.plugins.module_utils._programs import Answer

SAMPLES = Path(__file__).parents[1] / "module_utils/samples"
RULESET = (SAMPLES / "ruleset.json").read_text()
STAT = (SAMPLES / "show_stat_2.6.csv").read_text()
SSH = {"permitrootlogin": "no", "passwordauthentication": "no"}
OFFERED = {"kex": "one,two", "host_keys": "ssh-ed25519,rsa-sha2-512", "ciphers": "c", "macs": "m"}
ON_THE_WIRE = {"kex": ["one", "two"], "host_keys": ["ssh-ed25519"], "ciphers": ["c"], "macs": ["m"]}
NETWORKS = ["192.0.2.7", "198.51.100.0/24", "2001:db8::/32"]
NETWORKS_AS_NFT = ["192.0.2.7/32", "198.51.100.0/24", "2001:db8::/32"]
BASELINE: dict[str, Any] = {"sysctl": "", "updates": True, "time": "chrony.service", "fail2ban": True}
LOCKDOWN: dict[str, Any] = {
    "administrators": ["ops"],
    "admin_group": "balancer-admins",
    "ssh": SSH,
    "ssh_offered": OFFERED,
    "ssh_ports": {"listens": [], "closes": []},
    "management_networks": NETWORKS,
    "ports": {"tcp": ["80", "443", "8000-8010"], "udp": ["443"]},
    "baseline": BASELINE,
}
WEB = {"frontend": "web", "mode": "http", "address": "0.0.0.0", "low": 80, "high": 80, "protocol": "tcp", "plain": True}
SERVICE: dict[str, Any] = {
    "binds": [WEB],
    "ports": LOCKDOWN["ports"],
    "firewall": {
        "syn_rate": {"rate": 300, "burst": 600},
        "bypass": True,
        "output": "accept",
        "reach": {
            "workers4": "10.0.0.101 . 80, 10.0.0.102 . 80",
            "workers6": "2001:db8:1::1 . 80",
            "others": [],
        },
    },
    "backends": [{"name": "back", "mode": "http", "servers": "one two", "checked": True}],
    "require_healthy": True,
    "nofile": 8300,
    "sandbox": {
        "capabilities": ["CAP_CHOWN", "CAP_KILL"],
        "properties": {"ProtectHome": "yes", "NoNewPrivileges": "yes"},
    },
}
UNIT = {"CapabilityBoundingSet": "cap_chown cap_kill", "ProtectHome": "yes", "NoNewPrivileges": "yes"}
STATUS = {1: {"CapBnd": "ff"}, 10: {"CapBnd": "21", "NoNewPrivs": "1", "Seccomp": "2"}}
STATUS[11] = STATUS[10]
RAW = frozenset({"sandbox=1", "CapabilityBoundingSet=CAP_SETUID"})
WORKERS = "10.0.0.101 port 80, 10.0.0.102 port 80, 2001:db8:1::1 port 80"
UNTRACKED = f"80/tcp, 443/tcp, 8000-8010/tcp, 443/udp, {WORKERS}"
UNITS = """\
Id=hardened-balancer-firewall.service
ActiveState=active
UnitFileState=enabled

Id=haproxy.service
ActiveState=active
UnitFileState=enabled

Id=ssh.service
ActiveState=active
UnitFileState=enabled
Restart=always
StartLimitIntervalUSec=0

Id=apt-daily-upgrade.timer
ActiveState=active
UnitFileState=enabled

Id=chrony.service
ActiveState=active
UnitFileState=enabled
"""


BESIDE = _listeners.BESIDE.format(pid=99)


def listener(process: str | None, address: str, port: int, protocol: str = "tcp") -> dict[str, Any]:
    return {"protocol": protocol, "address": address, "port": port, "process": process, "pid": 1}


class Node(_proof_seen.Seen):
    """A node that is as it should be, until something is replaced."""

    def __init__(self, **replaced: Any) -> None:
        super().__init__(Places(admin_socket="/nonexistent"), self.say)
        ours = [item for item in _nft.parse(RULESET) if next(iter(item.values())).get("table") != "other"]
        good: dict[str, Any] = {
            "sshd": {**SSH, "port": "22"},
            "units": _node.parse_units(UNITS),
            "listeners": [
                listener("sshd", "0.0.0.0", 22),
                listener("haproxy", "0.0.0.0", 80),
                listener("haproxy", "127.0.0.1", 9),
            ],
            "table": ours,
            "ruleset": ours,
            "bans": ours,
            "live": Live(active=True, nofile=8300, master=10, worker=11, digest="0123456789abcdef"),
            "unit": UNIT,
        }
        self.rows = parse_stat(STAT)
        self.__dict__.update({**good, **replaced})

    def say(self, command: Sequence[str]) -> Answer:
        return Answer(0, "1\n" if command[0] == "apt-config" else "a line\n")

    def stats(self) -> list[dict[str, str]]:
        return self.rows


@pytest.fixture(autouse=True)
def _node_of_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "journal/0123").mkdir(parents=True)
    (tmp_path / "journal/0123/system.journal").touch()
    monkeypatch.setattr(_proof_baseline, "JOURNAL", str(tmp_path / "journal"))
    monkeypatch.setattr(_node, "members", lambda name: ["ops"])
    monkeypatch.setattr(_haproxy_process, "linked_digest", lambda places: "0123456789abcdef")
    monkeypatch.setattr(_proof_ssh, "_offered", lambda door: ON_THE_WIRE)
    monkeypatch.setattr(_sandbox, "read_status", lambda proc, pid: STATUS.get(pid, {}))
    monkeypatch.setattr(_proof_traffic, "_request", lambda bind, seen: ("200", True))
    monkeypatch.setattr(_proof_traffic, "HEALTH_SECONDS", 0.3)
    monkeypatch.setattr(_proof_process, "LOG_SECONDS", 0.3)


def failed(scope: str, node: _proof_seen.Seen, **expect: Any) -> dict[str, str]:
    wanted = {**(LOCKDOWN if scope == "lockdown" else SERVICE), **expect}
    return {one.name: one.found for one in _proof.prove(_proof.SCOPES[scope], wanted, node) if not one.ok}


def test_what_the_kernel_runs_with_is_looked_at_and_not_the_file(tmp_path: Path) -> None:
    node = Node()
    node.places = Places(proc=str(tmp_path))
    for name, text in (("ip_forward", "1"), ("tcp_syncookies", "1")):
        path = tmp_path / "sys/net/ipv4" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")
    wanted = "net.ipv4.ip_forward = 0\nnet.ipv4.tcp_syncookies = 1\nnet.not.here = 1"
    assert failed("lockdown", node, baseline={**BASELINE, "sysctl": wanted}) == {
        "settings of the kernel": "net.ipv4.ip_forward is 1, not 0"
    }
    right = "net.ipv4.tcp_syncookies = 1\nnet.not.here = 1"
    assert failed("lockdown", node, baseline={**BASELINE, "sysctl": right}) == {}


@pytest.mark.parametrize(
    ("said", "unit", "expected"),
    [
        ("0", "", {"apt, APT::Periodic::Unattended-Upgrade": "0"}),
        ("1", "apt-daily-upgrade.timer", {"timer of updates": "disabled, inactive"}),
        ("1", "chrony.service", {"time by chrony.service": "not enabled"}),
    ],
)
def test_a_node_that_nobody_keeps_is_named(said: str, unit: str, expected: dict[str, str]) -> None:
    node = Node()
    node.run = lambda command, **_more: Answer(0, said)
    node.units = {**node.units, **({unit: {"UnitFileState": "disabled"}} if unit else {})}
    assert failed("lockdown", node) == expected


def test_a_jail_that_does_not_run_is_named() -> None:
    node = Node()
    node.run = lambda command, **_more: Answer(255, "", "no such jail") if "sshd" in command else node.say(command)
    assert failed("lockdown", node) == {"fail2ban watches sshd": "no such jail"}
    assert failed("lockdown", node, baseline={**BASELINE, "fail2ban": False}) == {}


def test_a_journal_that_is_gone_with_a_boot_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_proof_baseline, "JOURNAL", "/nonexistent")
    assert failed("lockdown", Node()) == {"the journal is kept over a boot": "none in /nonexistent"}
    # Without updates of ours nothing is asked of them.
    node = Node(units={})
    assert not {"timer of updates"} & set(failed("lockdown", node, baseline={**BASELINE, "updates": False}))


@pytest.mark.parametrize("scope", ["lockdown", "service"])
def test_a_good_node_passes(scope: str) -> None:
    assert failed(scope, Node()) == {}


ACCEPT_ALL = {"rule": {"family": "inet", "table": "hardened_balancer", "chain": "input", "expr": [{"accept": None}]}}
OPEN = Node().table


@pytest.mark.parametrize(
    ("replaced", "expected"),
    [
        ({"sshd": {**SSH, "permitrootlogin": "yes", "port": "22"}}, {"sshd permitrootlogin": "yes"}),
        ({"listeners": []}, {"sshd listens": "silent: 22"}),
        (
            {"ruleset": _nft.parse(RULESET)},
            {"filters that are not ours": "table inet other (chain in, hook input, policy accept, 5 rules)"},
        ),
        (
            {"table": [*OPEN, ACCEPT_ALL]},
            {
                "SSH on port 22 is open to": "anywhere",
                "firewall, open tcp ports": "0-65535",
                "firewall, open udp ports": "0-65535",
            },
        ),
        (
            {"table": []},
            {
                "firewall policy": "no chain at the input hook of table inet hardened_balancer",
                "SSH on port 22 is open to": "nowhere",
            },
        ),
    ],
)
def test_a_broken_lockdown_is_named(replaced: dict[str, Any], expected: dict[str, str]) -> None:
    assert failed("lockdown", Node(**replaced)) == expected


def test_ports_of_ssh_that_are_missing_or_left() -> None:
    def found(listens: list[int], closes: list[int], *ports: int) -> str | None:
        held = [listener("sshd", "0.0.0.0", port) for port in ports]
        node = Node(listeners=held, sshd={**SSH, "port": "22"})
        return failed("lockdown", node, ssh_ports={"listens": listens, "closes": closes}).get("sshd has the ports")

    assert found([22], [2222], 22) is None
    # Of another server, say.
    assert found([22], [], 22, 2222) is None
    assert found([22, 2222], [], 22) == "22"
    assert found([22], [2222], 22, 2222) == "22, 2222"
    assert found([22], []) == "none"


@pytest.mark.parametrize(
    ("offered", "expected"),
    [
        ({"kex": ["two", "one"]}, {"sshd offers kex": "two,one"}),
        ({"macs": ["m", "hmac-md5"]}, {"sshd offers macs": "m,hmac-md5"}),
        ({"host_keys": ["ssh-ed25519", "ssh-dss"]}, {"sshd offers host keys": "ssh-ed25519,ssh-dss"}),
        ({"host_keys": []}, {"sshd offers host keys": "none"}),
    ],
)
def test_a_server_that_was_not_reloaded_is_named(
    offered: dict[str, Any], expected: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_proof_ssh, "_offered", lambda door: {**ON_THE_WIRE, **offered})
    assert failed("lockdown", Node()) == expected


def test_a_setting_that_adds_up_is_seen_whole() -> None:
    node = Node()
    del node.__dict__["sshd"]
    asked = node.run
    said = Answer(0, "allowgroups balancer-admins\nallowgroups staff\nport 22\n")
    node.run = lambda command: said if command[0] == "sshd" else asked(command)
    assert failed("lockdown", node, ssh={"allowgroups": "balancer-admins"}) == {
        "sshd allowgroups": "balancer-admins, staff"
    }


def test_who_listens_for_ssh() -> None:
    by_socket = UNITS.replace("Id=ssh.service\nActiveState=active", "Id=ssh.service\nActiveState=inactive")
    assert failed("lockdown", Node(units=_node.parse_units(by_socket))) == {
        "sshd runs": "neither ssh.service nor ssh.socket is active"
    }
    by_socket += "\nId=ssh.socket\nActiveState=active\nListen=0.0.0.0:22 (Stream)\n"
    assert failed("lockdown", Node(units=_node.parse_units(by_socket))) == {}
    assert failed("lockdown", Node(listeners=[listener("x", "0.0.0.0", 22, "udp")])) == {"sshd listens": "silent: 22"}


def test_the_server_is_asked_at_its_own_door(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str, int]] = []

    def offered(door: dict[str, Any]) -> dict[str, list[str]]:
        asked.append((door["protocol"], door["address"], door["port"]))
        return ON_THE_WIRE

    monkeypatch.setattr(_proof_ssh, "_offered", offered)
    others = [listener("haproxy", "0.0.0.0", 80), listener("x", "0.0.0.0", 22, "udp"), listener("sshd", "::", 22)]
    assert failed("lockdown", Node(listeners=[*others, listener("sshd", "198.51.100.10", 22)])) == {}
    assert asked == [("tcp", "198.51.100.10", 22)]


def test_a_server_that_a_start_limit_would_stop() -> None:
    node = Node(units=_node.parse_units(UNITS.replace("Restart=always", "Restart=on-failure")))
    assert failed("lockdown", node) == {
        "ssh.service is always started again": "Restart=on-failure, StartLimitIntervalUSec=0"
    }


def without(items: list[dict[str, Any]], word: str) -> list[dict[str, Any]]:
    """The rules that do not do this."""
    return [item for item in items if word not in str(item.get("rule", {}).get("expr"))]


def instead(items: list[dict[str, Any]], word: str, old: str, new: str) -> list[dict[str, Any]]:
    """The same rules, of which those with the word do something else."""
    return [json.loads(json.dumps(item).replace(old, new)) if word in json.dumps(item) else item for item in items]


def test_a_firewall_that_is_left() -> None:
    node = Node(ruleset=_nft.parse(RULESET))
    assert failed("lockdown", node, existing_firewall="leave") == {}
    for other in ("refuse", "keep_aside"):
        assert list(failed("lockdown", node, existing_firewall=other)) == ["filters that are not ours"]


def test_what_may_go_out() -> None:
    dropped = {**SERVICE["firewall"], "output": "drop"}
    assert failed("service", Node(), firewall=dropped) == {"firewall policy, outgoing": "accept"}


def test_bans_that_drop_nothing() -> None:
    node = Node(bans=without(OPEN, "@ban6"))
    assert failed("lockdown", node) == {"firewall, bans": "ban4"}
    assert failed("lockdown", Node(bans=[])) == {"firewall, bans": "none"}
    assert failed("lockdown", Node(bans=instead(OPEN, "@ban4", '"drop"', '"accept"'))) == {"firewall, bans": "ban6"}


def test_what_is_tracked_and_should_not_be() -> None:
    assert failed("service", Node(table=without(OPEN, "notrack"))) == {
        "firewall, not tracked at prerouting": "none",
        "firewall, not tracked at output": "none",
    }
    assert failed("service", Node(table=instead(OPEN, "notrack", '"notrack"', '"accept"'))) == {
        "firewall, not tracked at prerouting": "none",
        "firewall, not tracked at output": "none",
    }
    # Of all ports but those, and of those for some alone.
    assert (
        "80/tcp"
        not in failed("service", Node(table=instead(OPEN, "notrack", '"=="', '"!="')))[
            "firewall, not tracked at output"
        ]
    )
    narrow = '"expr": [{"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "eth1"}}, '
    assert set(failed("service", Node(table=instead(OPEN, "notrack", '"expr": [', narrow)))) == {
        "firewall, not tracked at prerouting",
        "firewall, not tracked at output",
    }
    half = [item for item in OPEN if item.get("rule", {}).get("chain") != "untracked_out"]
    assert failed("service", Node(table=half)) == {"firewall, not tracked at output": "none"}
    tracked = {**SERVICE["firewall"], "bypass": False}
    assert failed("service", Node(), firewall=tracked) == {
        "firewall, not tracked at prerouting": UNTRACKED,
        "firewall, not tracked at output": UNTRACKED,
    }


def test_a_source_without_a_rate() -> None:
    name = "firewall, new connections of one source"
    assert failed("service", Node(table=without(OPEN, "@syn_rate6"))) == {name: "syn_rate4 300/s, 600 at once"}
    # Of what is within the rate, of another time, and what is only counted.
    for old, new in (('"inv": true', '"inv": false'), ('"per": "second"', '"per": "minute"'), ('"drop"', '"accept"')):
        changed = instead(OPEN, "@syn_rate6", old, new)
        assert changed != OPEN
        assert failed("service", Node(table=changed)) == {name: "syn_rate4 300/s, 600 at once"}
    other = {**SERVICE["firewall"], "syn_rate": None}
    both = "syn_rate4 300/s, 600 at once, syn_rate6 300/s, 600 at once"
    assert failed("service", Node(), firewall=other) == {name: both}


def test_units_that_do_not_come_back() -> None:
    node = Node(units=_node.parse_units(UNITS.replace("enabled", "disabled").replace("=active", "=failed")))
    assert failed("lockdown", node) == {
        "sshd runs": "neither ssh.service nor ssh.socket is active",
        "hardened-balancer-firewall at boot": "not enabled",
        "timer of updates": "disabled, failed",
        "time by chrony.service": "not enabled",
    }
    assert failed("service", node) == {"HAProxy at boot": "not enabled"}


def test_ports_beyond_what_is_served_and_planned() -> None:
    ports = {"tcp": ["80"], "udp": []}
    assert failed("lockdown", Node(), ports=ports) == {
        "firewall, open tcp ports": "22, 80, 443, 8000-8010",
        "firewall, open udp ports": "443",
    }
    served = [listener("haproxy", "0.0.0.0", port) for port in (443, *range(8000, 8011))]
    served += [listener("haproxy", "0.0.0.0", 443, "udp"), listener("sshd", "::", 22)]
    assert failed("lockdown", Node(listeners=served), ports=ports) == {}


def test_a_socket_that_only_sends_serves_nobody() -> None:
    """The log over UDP: its port belongs neither into the firewall nor into a finding."""
    sends = {**listener("haproxy", "0.0.0.0", 58725, "udp"), "picked": True}
    assert failed("service", Node(listeners=[*Node().listeners, sends])) == {}
    opened = [*OPEN, accept([58725], ["0.0.0.0/0"], protocol="udp")]
    ports = {"tcp": ["80", "443", "8000-8010"], "udp": ["443"]}
    node = Node(table=opened, listeners=[*Node().listeners, sends])
    assert failed("lockdown", node, ports=ports) == {"firewall, open udp ports": "443, 58725 (from 0.0.0.0/0)"}


def accept(ports: list[int], sources: list[str], family: str = "ip", protocol: str = "tcp") -> dict[str, Any]:
    prefixes = [{"prefix": {"addr": one.split("/")[0], "len": int(one.split("/")[1])}} for one in sources]
    expressions: list[dict[str, Any]] = [
        {
            "match": {
                "op": "==",
                "left": {"payload": {"protocol": family, "field": "saddr"}},
                "right": {"set": prefixes},
            }
        },
        {"match": {"op": "==", "left": {"payload": {"protocol": protocol, "field": "dport"}}, "right": {"set": ports}}},
        {"accept": None},
    ]
    return {
        "rule": {
            "family": "inet",
            "table": "hardened_balancer",
            "chain": "input",
            "expr": expressions[not sources :],
        }
    }


def test_ssh_is_open_to_all_or_to_some() -> None:
    name = "SSH on port 22 is open to"
    assert failed("lockdown", Node(), management_networks=[]) == {name: ", ".join(sorted(NETWORKS_AS_NFT))}
    chain = next(item for item in OPEN if item.get("chain", {}).get("hook") == "input")
    wide = Node(table=[chain, accept([22], [])])
    assert name not in failed("lockdown", wide, management_networks=[])
    assert failed("lockdown", wide)[name] == "anywhere"


def test_a_port_of_one_protocol_is_none_of_the_other() -> None:
    node = Node(table=[*OPEN, accept([22], [], protocol="udp")])
    assert failed("lockdown", node) == {"firewall, open udp ports": "22, 443"}
    assert failed("service", node) == {"firewall, served udp ports": "22, 443"}
    for serves in (listener("haproxy", "0.0.0.0", 8404, "udp"), listener("haproxy", "127.0.0.1", 8404)):
        node = Node(table=[*OPEN, accept([8404], [])], listeners=[*Node().listeners, serves])
        assert failed("lockdown", node) == {"firewall, open tcp ports": "22, 80, 443, 8000-8010, 8404"}


OFFICE, LAB = "203.0.113.0/25", "203.0.113.128/25"
V6 = "2001:db8:2::/48"
MONITORED = {**LOCKDOWN["ports"], "restricted": [{"protocol": "tcp", "ports": ["8404-8405"], "sources": [OFFICE, V6]}]}
AS_PLANNED = [accept([8404, 8405], [OFFICE]), accept([8404, 8405], [V6], "ip6")]
WANTED = f"8404-8405 (from {OFFICE}, {V6})"


@pytest.mark.parametrize(
    ("scope", "rules", "expected"),
    [
        ("service", AS_PLANNED, None),
        ("lockdown", AS_PLANNED, None),
        ("lockdown", [], None),
        ("lockdown", [accept([8404], ["203.0.113.0/26"])], None),
        ("service", [], "80, 443, 8000-8010"),
        ("service", AS_PLANNED[:1], f"80, 443, 8000-8010, 8404-8405 (from {OFFICE})"),
        ("service", [accept([8404, 8405], [])], "80, 443, 8000-8010, 8404-8405"),
        (
            "service",
            [*AS_PLANNED, accept([8405], [LAB])],
            f"80, 443, 8000-8010, 8404 (from {OFFICE}, {V6}), 8405 (from 203.0.113.0/24, {V6})",
        ),
        ("service", [*AS_PLANNED, accept([8405], [])], f"80, 443, 8000-8010, 8405, 8404 (from {OFFICE}, {V6})"),
        ("lockdown", [accept([8404], [])], "22, 80, 443, 8000-8010, 8404"),
        ("lockdown", [accept([8404, 8406], [OFFICE])], f"22, 80, 443, 8000-8010, 8404, 8406 (from {OFFICE})"),
        ("lockdown", [accept([8404], [LAB])], f"22, 80, 443, 8000-8010, 8404 (from {LAB})"),
    ],
)
def test_ports_that_are_open_to_some(scope: str, rules: list[dict[str, Any]], expected: str | None) -> None:
    name = "firewall, served tcp ports" if scope == "service" else "firewall, open tcp ports"
    assert failed(scope, Node(table=[*OPEN, *rules]), ports=MONITORED) == ({name: expected} if expected else {})


def test_what_is_served_may_be_open_while_it_changes() -> None:
    served = [listener("sshd", "0.0.0.0", 22), listener("haproxy", "0.0.0.0", 8404)]
    for rule in (accept([8404], []), accept([8404], [LAB])):
        node = Node(table=[*OPEN, rule], listeners=served)
        assert failed("lockdown", node, ports=MONITORED) == {}


def test_networks_that_touch_are_a_range_to_nft() -> None:
    touching = ["198.51.101.0/24", "198.51.102.0/24"]
    rule = accept([22], [])
    ends = {"range": ["198.51.101.0", "198.51.102.255"]}
    source = {"payload": {"protocol": "ip", "field": "saddr"}}
    rule["rule"]["expr"].insert(0, {"match": {"op": "==", "left": source, "right": {"set": [ends]}}})
    chain = next(item for item in OPEN if item.get("chain", {}).get("hook") == "input")
    found = failed("lockdown", Node(table=[chain, rule]), management_networks=touching)
    assert "SSH on port 22 is open to" not in found


def test_administrators(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_node, "members", lambda name: None)
    node = Node()
    node.run = lambda command: Answer(1, "", "sudo: a password is required")
    found = failed("lockdown", node)
    assert found["members of balancer-admins"] == "no such group"
    assert found["sudo for ops"] == "sudo: a password is required"


@pytest.mark.parametrize(
    ("replaced", "expect", "expected"),
    [
        (
            {"live": Live(active=True, nofile=8300, master=10, worker=11)},
            {},
            {"configuration in force": "none of ours"},
        ),
        (
            {"live": Live(active=True, nofile=100, master=10, worker=11, digest="0123456789abcdef")},
            {},
            {"open files of HAProxy": "100"},
        ),
        (
            {"listeners": [listener("nginx", "0.0.0.0", 80)]},
            {},
            {"frontend web listens on tcp 0.0.0.0:80": "not on 80, nginx does"},
        ),
        (
            {"listeners": [listener("haproxy", "0.0.0.0", 80), listener(BESIDE, "0.0.0.0", 80)]},
            {},
            {"frontend web listens on tcp 0.0.0.0:80": f"{BESIDE} does"},
        ),
        (
            {"listeners": [listener("haproxy", "0.0.0.0", 80), listener("haproxy", "::", 8404)]},
            {},
            {"HAProxy listens elsewhere": "tcp :::8404"},
        ),
        *(
            (
                {"listeners": [listener("haproxy", "0.0.0.0", 80), listener("haproxy", *more)]},
                {},
                {"HAProxy listens elsewhere": said},
            )
            for more, said in (
                (("::", 80), "tcp :::80"),
                (("0.0.0.0", 81), "tcp 0.0.0.0:81"),
                (("0.0.0.0", 80, "udp"), "udp 0.0.0.0:80"),
            )
        ),
        (
            {},
            {"ports": {"tcp": ["80"], "udp": ["443"]}},
            {
                "firewall, served tcp ports": "80, 443, 8000-8010",
                "firewall, not tracked at prerouting": UNTRACKED,
                "firewall, not tracked at output": UNTRACKED,
            },
        ),
        (
            {},
            {"backends": [{"name": "back", "servers": "one gone"}, {"name": "fresh", "servers": "three"}]},
            {"backend back, servers": "missing: gone", "backend fresh, health": "three UP 1/3 (INI)"},
        ),
        ({}, {"backends": [{"name": "empty", "servers": ""}]}, {}),
        ({"rows": []}, {}, {"backend back, servers": "missing: one, two", "backend back, health": "none"}),
    ],
)
def test_a_broken_service_is_named(replaced: dict[str, Any], expect: dict[str, Any], expected: dict[str, str]) -> None:
    assert failed("service", Node(**replaced), **expect) == expected


def test_nothing_of_ours_is_nothing_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither on disk nor in memory: that the two are the same is no proof."""
    monkeypatch.setattr(_haproxy_process, "linked_digest", lambda places: None)
    node = Node(live=Live(active=True, nofile=8300, master=10, worker=11))
    assert failed("service", node) == {"configuration in force": "none of ours"}
    assert _proof.report(_proof.prove([_proof_process.configuration_in_force], SERVICE, node)).endswith(
        "configuration in force: expected a tree of ours, found none of ours"
    )


def test_health_is_only_reported_where_it_is_not_required() -> None:
    backends = [{"name": "fresh", "servers": "three"}]
    assert failed("service", Node(), backends=backends, require_healthy=False) == {}


def test_no_line_in_the_journal() -> None:
    node = Node()
    node.run = lambda command: Answer(0, "")
    assert failed("service", node) == {"log of HAProxy": "no line of process 11"}
    assert failed("service", node, journal=False) == {}


def test_a_frontend_that_logs_nothing_normal_is_not_asked_for_a_line(tmp_path: Path) -> None:
    node = Node()
    node.run = lambda command: Answer(0, "")
    node.places = Places(admin_socket="/nonexistent", proc=str(tmp_path))
    assert failed("service", node, binds=[{**WEB, "quiet": True}]) == {"log of HAProxy": "no line of process 11"}
    with socket.socket(socket.AF_UNIX) as one:
        tmp_path.joinpath("11/root/dev").mkdir(parents=True)
        one.bind(str(tmp_path / "11/root/dev/log"))
        assert failed("service", node, binds=[{**WEB, "quiet": True}]) == {}


def test_a_check_that_breaks_is_one_that_failed() -> None:
    node = Node()
    node.rows = [{"pxname": "back"}]
    found = failed("service", node)
    assert "KeyError" in found["backends"]


def test_nothing_installed_is_a_list_of_failures_and_no_traceback(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "none")
    places = Places(nowhere, nowhere, nowhere, nowhere, nowhere, str(tmp_path))
    bare = _proof_seen.Seen(places, lambda command: Answer(127, "", "not found"))
    assert len(failed("lockdown", bare)) >= 6
    assert len(failed("service", bare)) >= 6
    keys = ("ssh_ports", "kept_aside", "until_restart", "frontends", "backends", "open")
    assert _proof.summary(bare) == {key: [] for key in keys}


def test_report() -> None:
    found = [
        _proof_seen.Finding("a", "x", "y", False),
        _proof_seen.Finding("b", "x", "x", True),
        _proof_seen.Finding("c", "1", "2", False),
    ]
    assert _proof.report(found) == (
        "2 of 3 checks of the live node failed:\n  a: expected x, found y\n  c: expected 1, found 2"
    )


def test_summary() -> None:
    found = _proof.summary(Node())
    assert found["frontends"] == [{"name": "front", "status": "OPEN"}]
    assert {"name": "back", "workers": 2, "serving": 1, "named": ["two"], "away": ["one DOWN L4CON"]} in found[
        "backends"
    ]
    assert [(one["port"], one["process"]) for one in found["open"]] == [(22, "sshd"), (80, "haproxy")]
    assert [one["sources"] for one in found["open"]] == [NETWORKS_AS_NFT, None]
    unseen = [listener("haproxy", "127.0.0.1", 443), listener("x", "0.0.0.0", 9999)]
    assert _proof.summary(Node(listeners=[*Node().listeners, *unseen]))["open"] == found["open"]


@pytest.mark.parametrize(("backends", "servers", "expected"), [(1, 0, True), (1, 1, False), (0, 0, False)])
def test_whose_503_it_is(backends: int, servers: int, expected: bool) -> None:
    assert (
        _proof_traffic.lacks_servers({"backends": 5, "servers": 5}, {"backends": 5 + backends, "servers": 5 + servers})
        is expected
    )


REQUEST = _proof_traffic.__dict__["_request"]


@pytest.fixture
def server() -> Iterator[Callable[[bytes], int]]:
    """Answers one connection with the given bytes."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()

        def serve(answer: bytes) -> None:
            connection, _address = one.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(answer)

        def start(answer: bytes) -> int:
            threading.Thread(target=serve, args=(answer,), daemon=True).start()
            return int(one.getsockname()[1])

        yield start


@pytest.mark.parametrize(
    ("answer", "ok"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", True),
        (b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", True),
        (b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n", True),
        (b"\x15\x03\x01\x00\x02\x02", False),
        (b"", False),
    ],
)
def test_the_front_door(server: Callable[[bytes], int], answer: bytes, ok: bool) -> None:
    port = server(answer)
    assert REQUEST({**WEB, "low": port}, Node())[1] is ok


def test_a_closed_door() -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        bind = {**WEB, "low": one.getsockname()[1]}
    assert REQUEST(bind, Node())[1] is False
    assert _proof_traffic._connect(bind)[1] is False


def test_nobody_asks_at_an_address_that_another_node_may_hold() -> None:
    elsewhere = {**WEB, "address": "198.51.100.99", "elsewhere": True}
    assert list(_proof_traffic.front_doors({"binds": [elsewhere]}, Node())) == []


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        (
            {"ProtectHome": "no", "DropInPaths": "/run/x.conf"},
            {"sandbox of haproxy.service": "ProtectHome=no (drop-ins: /run/x.conf)"},
        ),
        ({"CapabilityBoundingSet": "cap_chown"}, {"capabilities of haproxy.service": "CAP_CHOWN"}),
        ({"CapabilityBoundingSet": ""}, {"capabilities of haproxy.service": "none"}),
    ],
)
def test_a_unit_that_is_not_the_plan(unit: dict[str, str], expected: dict[str, str]) -> None:
    assert failed("service", Node(unit={**UNIT, **unit})) == expected


@pytest.mark.parametrize(
    ("pid", "status", "expected"),
    [
        (10, {"CapBnd": "1ffffffffff"}, "capabilities of HAProxy's master"),
        (11, {"CapBnd": "61"}, "capabilities of HAProxy's worker"),
        (11, {"CapBnd": "1"}, "capabilities of HAProxy's worker"),
        (10, {"NoNewPrivs": "0"}, "HAProxy's master is confined"),
        (11, {"Seccomp": "0"}, "HAProxy's worker is confined"),
    ],
)
def test_a_process_that_is_not_the_plan(
    monkeypatch: pytest.MonkeyPatch, pid: int, status: dict[str, str], expected: str
) -> None:
    monkeypatch.setitem(STATUS, pid, {**STATUS[pid], **status})
    assert list(failed("service", Node())) == [expected]


def test_a_process_that_is_not_there() -> None:
    live = Live(active=True, nofile=8300, master=10, digest="0123456789abcdef")
    found = failed("service", Node(live=live))
    assert found == {
        "capabilities of HAProxy's worker": "no process",
        "HAProxy's worker is confined": "NoNewPrivs None, Seccomp None",
        "log of HAProxy": "no process",
    }


def test_who_may_gain_rights_where_that_is_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    for pid in (10, 11):
        monkeypatch.setitem(STATUS, pid, {**STATUS[pid], "NoNewPrivs": "0"})
    assert len(failed("service", Node())) == 2
    planned = {**SERVICE["sandbox"], "properties": {"NoNewPrivileges": "no"}}
    assert failed("service", Node(unit={**UNIT, "NoNewPrivileges": "no"}), sandbox=planned) == {}
    monkeypatch.setitem(STATUS, 11, {**STATUS[11], "Seccomp": "0"})
    assert len(failed("service", Node(unit={**UNIT, "NoNewPrivileges": "no"}), sandbox=planned)) == 1


def test_what_is_left_over_until_a_restart_is_told_and_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    for pid in (10, 11):
        monkeypatch.setitem(STATUS, pid, {**STATUS[pid], "CapBnd": "a1"})
    assert len(failed("service", Node())) == 2
    live = Live(
        active=True,
        nofile=8300,
        master=10,
        worker=11,
        digest="0123456789abcdef",
        sandbox=RAW,
        unit_sandbox=frozenset({"sandbox=1"}),
    )
    assert failed("service", Node(live=live)) == {}
    assert _proof.summary(Node(live=live))["until_restart"] == ["CapabilityBoundingSet=CAP_SETUID"]
