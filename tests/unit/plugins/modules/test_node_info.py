# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The readers of node_info, on what Debian's programs and kernel print."""

from __future__ import annotations

import hashlib
import pwd
from pathlib import Path

import pytest
import yaml

from ansible_collections.hardened.balancer.plugins.module_utils import (
    _node,
    _packages,
    _session,
    _ssh_server,
)
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_process import Places
from ansible_collections.hardened.balancer.plugins.module_utils._listeners import Process
from ansible_collections.hardened.balancer.plugins.module_utils._programs import Answer
from ansible_collections.hardened.balancer.plugins.modules import node_info

STATUS = "Name:\tx\nCapBnd:\t{}\n"
LIMITS = "Max open files            1024                 20000                files     \n"
FIB = """\
           |-- 127.0.0.1
              /32 host LOCAL
           |-- 198.51.100.0
              /24 link UNICAST
           |-- 198.51.100.10
              /32 host LOCAL
           |-- 198.51.100.255
              /32 link BROADCAST
"""
INET6 = """\
20010db8000000000000000000000010 02 40 00 80     eth0
fe800000000000000000000000000001 02 40 20 80     eth0
00000000000000000000000000000001 01 80 10 80       lo
"""
DPKG = """\
haproxy\tinstalled\t2.6.12-1+deb12u4
 /etc/haproxy/haproxy.cfg {md5}
 /etc/haproxy/errors/400.http 00000000000000000000000000000000
nftables\tconfig-files\t1.0.6-2
sudo\tinstalled\t1.9.13p3-1
"""
UNITS = """\
Id=haproxy.service
ActiveState=active
UnitFileState=enabled

Id=ssh.socket
ActiveState=active
UnitFileState=enabled
Listen=0.0.0.0:2222 (Stream)
Listen=[::]:2222 (Stream)
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('ID=debian\nVERSION_ID="12"\n', {"distribution": "debian", "release": "12"}),
        ('NAME="Ubuntu"\nVERSION_ID="24.04"\nID=ubuntu\n', {"distribution": "ubuntu", "release": "24.04"}),
        ("", {"distribution": "", "release": ""}),
    ],
)
def test_release(text: str, expected: dict[str, str]) -> None:
    assert _node.os_release(text) == expected


@pytest.mark.parametrize(
    ("meminfo", "limit", "expected"),
    [
        ("MemTotal:       24683520 kB\n", "", 24105),
        ("MemTotal:       24683520 kB\n", "max\n", 24105),
        ("MemTotal:       24683520 kB\n", "1073741824\n", 1024),
        ("", "", 0),
    ],
)
def test_memory(meminfo: str, limit: str, expected: int) -> None:
    assert _node.memory_mib(meminfo, limit) == expected


@pytest.mark.parametrize(
    ("capabilities", "nr_open", "expected"),
    [
        ("000001ffffffffff", "1048576", 1048576),
        ("000001fffeffffff", "1048576", 20000),
        ("000001fffeffffff", "10000", 10000),
        ("", "", 20000),
    ],
)
def test_open_files(capabilities: str, nr_open: str, expected: int) -> None:
    assert _node.nofile_max(LIMITS, STATUS.format(capabilities), nr_open) == expected


def test_addresses() -> None:
    assert _node.addresses(FIB, INET6) == ["198.51.100.10", "2001:db8::10"]
    assert _node.addresses("", "garbage\n") == []


def test_packages() -> None:
    found = _packages.parse(DPKG.format(md5="0" * 32))
    assert found.versions == {"haproxy": "2.6.12-1+deb12u4", "sudo": "1.9.13p3-1"}
    assert found.conffiles["/etc/haproxy/haproxy.cfg"] == "0" * 32
    assert _packages.parse("") == _packages.Packages({}, {})


@pytest.mark.parametrize(
    ("version", "expected"),
    [("2.6.12-1+deb12u4", "2.6.12"), ("1:3.0.11-1", "3.0.11"), ("3.0.11", "3.0.11"), (None, None)],
)
def test_upstream_version(version: str | None, expected: str | None) -> None:
    assert _packages.upstream(version) == expected


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("haproxy:\n  Installed: (none)\n  Candidate: 2.6.12-1+deb12u4\n", "2.6.12-1+deb12u4"),
        ("haproxy:\n  Installed: (none)\n  Candidate: (none)\n", None),
        ("", None),
    ],
)
def test_candidate(policy: str, expected: str | None) -> None:
    assert _packages.candidate(policy) == expected


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda link: None, "absent"),
        (lambda link: link.write_text("stock"), "package"),
        (lambda link: link.write_text("edited"), "foreign"),
        (lambda link: link.symlink_to("trees/0123456789abcdef/haproxy.cfg"), "ours"),
        (lambda link: link.symlink_to("/srv/haproxy.cfg"), "foreign"),
    ],
)
def test_configuration(tmp_path: Path, make: object, expected: str) -> None:
    link = tmp_path / "haproxy.cfg"
    make(link)  # type: ignore[operator]
    conffiles = {str(link): hashlib.md5(b"stock", usedforsecurity=False).hexdigest()}
    assert _packages.configuration(str(link), str(tmp_path / "trees"), conffiles) == expected


SERVICES = "Available services : prometheus-exporter\nAvailable filters :\n\t[CACHE] cache\n"


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("Built with x\nFeature list : -51DEGREES +ACCEPT4 -QUIC +OPENSSL\n", ["ACCEPT4", "OPENSSL"]),
        (f"Feature list : +LUA\n{SERVICES}", ["LUA", "PROMEX"]),
        (f"Feature list : +PROMEX -QUIC\n{SERVICES}", ["PROMEX"]),
        ("Feature list : +LUA\nAvailable services : none\n", ["LUA"]),
        ("", []),
    ],
)
def test_build(printed: str, expected: list[str]) -> None:
    assert _node.build(printed) == expected


PRIV, CHILD, SHELL = Process(20, "sshd", 2, 0), Process(21, "sshd", 20, 0), Process(22, "sh", 21, 0)


def test_the_session(tmp_path: Path) -> None:
    proc = tmp_path
    for process in (PRIV, CHILD, SHELL):
        directory = proc / str(process.pid)
        directory.mkdir()
        lines = f"Name:\t{process.name}\nPPid:\t{process.parent}\nUid:\t{process.uid}\t{process.uid}\t0\t0\n"
        directory.joinpath("status").write_text(lines)
    line = _session.ancestors(str(proc), 22)
    assert line == [SHELL, CHILD, PRIV]
    assert _session.user(line, "ops") == "root"
    assert _session.user([SHELL], "ops") == "ops"
    assert _session.client(str(proc), line) is None

    proc.joinpath("22/environ").write_bytes(b"A=1\0SSH_CONNECTION=198.51.100.1 40022 198.51.100.10 22\0B=2\0")
    client = _session.client(str(proc), line)
    assert client == {"address": "198.51.100.1", "port": 40022, "server_port": 22}
    assert _session.client(str(proc), [SHELL]) is None


def test_the_session_where_its_environment_cannot_be_read(tmp_path: Path) -> None:
    for name in ("self/net", "20/fd"):
        tmp_path.joinpath(name).mkdir(parents=True)
    tmp_path.joinpath("20/fd/4").symlink_to("socket:[777]")
    row = "0: 0A6433C6:08AE 016433C6:9C56 01 0:0 0:0 0 0 0 777 1 x\n"
    tmp_path.joinpath("self/net/tcp").write_text(f"  sl  local_address\n{row}")
    assert _session.client(str(tmp_path), [SHELL, PRIV]) == {
        "address": "198.51.100.1",
        "port": 40022,
        "server_port": 2222,
    }


JOURNAL = """\
Connection from 198.51.100.1 port 40022 on 198.51.100.10 port 22 rdomain ""
Accepted publickey for ops from 198.51.100.1 port 40022 ssh2: ED25519 SHA256:abc/def+ghi
"""


@pytest.mark.parametrize(
    ("name", "port", "expected"),
    [("ops", 40022, "SHA256:abc/def+ghi"), ("ops", 40023, None), ("root", 40022, None)],
)
def test_the_key_of_the_session(name: str, port: int, expected: str | None) -> None:
    client = {"address": "198.51.100.1", "port": port}
    assert _session.key_fingerprint(JOURNAL, name, client) == expected
    assert _session.key_fingerprint(JOURNAL, name, None) is None


def test_keys(tmp_path: Path) -> None:
    assert _session.keys_of(str(tmp_path)) == []
    tmp_path.joinpath(".ssh").mkdir()
    tmp_path.joinpath(".ssh/authorized_keys").write_text(
        "# ssh-ed25519 AAAAcomment\n"
        "ssh-ed25519 AAAAone ops@example.com\n"
        'from="198.51.100.0/24",command="echo ssh" ssh-rsa AAAAtwo== x\n'
        "sk-ssh-ed25519@openssh.com AAAAthree\n"
        "\xff garbage\n"
    )
    assert _session.keys_of(str(tmp_path)) == [
        "ssh-ed25519 AAAAone",
        "ssh-rsa AAAAtwo==",
        "sk-ssh-ed25519@openssh.com AAAAthree",
    ]


def test_this_machine_answers_everything() -> None:
    answer = _node.collect(Places(program="/nonexistent/haproxy"), 1, None)
    documented = yaml.safe_load(node_info.RETURN)["node"]["contains"]
    assert set(answer) == set(documented)
    assert answer["memory_mib"] > 0
    assert answer["nofile_max"] > 0


USUAL = {
    path: (3072 if "rsa" in path else 256, kind) for path, kind in zip(_ssh_server.KEYS, ("ED25519", "RSA", "ECDSA"))
}
THERE = {**USUAL, "/etc/keys/rsa": (4096, "RSA")}


def key_prints(commands: dict[str, list[str]]) -> dict[str, Answer]:
    """ssh-keygen -l, on a node with the keys of THERE."""
    return {
        path: Answer(0, "{} SHA256:abc root@host (a) ({})\n".format(*THERE[path])) if path in THERE else Answer(255, "")
        for path in commands
    }


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("", list(USUAL)),
        # Our own lines name fewer than there are.
        (f"hostkey {_ssh_server.KEYS[0]}\n", list(USUAL)),
        ("port 22\nhostkey /etc/keys/rsa\nhostkey /etc/keys/none\n", ["/etc/keys/rsa"]),
        (f"hostkey {_ssh_server.KEYS[1]}\nhostkey /etc/keys/rsa\n", [_ssh_server.KEYS[1], "/etc/keys/rsa"]),
    ],
)
def test_host_keys(settings: str, expected: list[str]) -> None:
    found = _ssh_server.host_keys(settings, key_prints)
    assert [(key["path"], key["bits"], key["type"]) for key in found] == [(path, *THERE[path]) for path in expected]


def test_what_the_ssh_server_knows() -> None:
    said = {question: Answer(0, "one\ntwo\n") for question in _ssh_server.QUESTIONS}
    said["sshd"] = Answer(0, "hostkey /nonexistent/key\n")
    found = _ssh_server.describe("1:9.2p1-2+deb12u10", said)
    assert found == {"version": "9.2", "known": dict.fromkeys(_ssh_server.KINDS, "one two"), "host_keys": []}
    assert _ssh_server.describe(None, said)["version"] is None


def test_accounts_are_told_by_whether_somebody_can_log_in(monkeypatch: pytest.MonkeyPatch) -> None:
    shells = {"ops": "/bin/bash", "old": "", "haproxy": "/usr/sbin/nologin", "git": "/bin/false", "sync": "/bin/sync"}
    entries = [
        pwd.struct_passwd((name, "x", 1000 + i, 1000, "", "/nonexistent", shell))
        for i, (name, shell) in enumerate(shells.items())
    ]
    monkeypatch.setattr(pwd, "getpwall", lambda: entries)
    assert list(_session.accounts("")) == ["ops", "old"]
    assert _session.services() == {name: shells[name] for name in ("haproxy", "git", "sync")}
