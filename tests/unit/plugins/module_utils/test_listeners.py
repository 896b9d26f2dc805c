# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sockets and their owners, from a /proc of our own and from the real one."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from ansible_collections.hardened.balancer.plugins.module_utils._listeners import (
    Owners,
    Process,
    Socket,
    by_elimination,
    is_loopback,
    listeners,
    parse_address,
    parse_line,
    protocols,
    told_apart,
)

LINE = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1 0000 100"
MASTER, WORKER = Process(10, "haproxy", 1, 0), Process(11, "haproxy", 10, 99)
SSHD, SESSION = Process(20, "sshd", 1, 0), Process(21, "sshd", 20, 1000)
BUS = Process(30, "dbus-daemon", 1, 101)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("00000000:0050", ("0.0.0.0", 80)),
        ("0100007F:1F90", ("127.0.0.1", 8080)),
        ("00000000000000000000000000000000:0016", ("::", 22)),
        ("B80D0120000000000000000001000000:01BB", ("2001:db8::1", 443)),
        ("0000000000000000FFFF00000100007F:01BB", ("::ffff:127.0.0.1", 443)),
    ],
)
def test_addresses(text: str, expected: tuple[str, int]) -> None:
    assert parse_address(text) == expected


@pytest.mark.parametrize(
    ("line", "state", "expected"),
    [
        (LINE, "0A", [Socket("tcp", "127.0.0.1", 8080, 0, "4242")]),
        (LINE, "07", []),
        ("", "0A", []),
        ("   0: 0100007F:1F90 000", "0A", []),
    ],
)
def test_lines(line: str, state: str, expected: list[Socket]) -> None:
    assert parse_line(line, "tcp", state) == expected


@pytest.mark.parametrize(
    ("uid", "closed", "expected"),
    [
        (0, [WORKER, SESSION, BUS], [WORKER]),
        (0, [WORKER, Process(12, "haproxy", 10, 99)], [WORKER, Process(12, "haproxy", 10, 99)]),
        (0, [SESSION, BUS], []),
        (101, [WORKER, BUS], [BUS]),
        (0, [WORKER, Process(41, "nginx", 40, 33)], []),
    ],
)
def test_who_is_left(uid: int, closed: list[Process], expected: list[Process]) -> None:
    known = [MASTER, SSHD, Process(1, "systemd", 0, 0), Process(40, "nginx", 1, 0), *closed]
    owners = Owners({}, closed, {process.pid: process for process in known})
    assert by_elimination(Socket("tcp", "0.0.0.0", 80, uid, "1"), owners) == expected


def test_a_haproxy_that_is_none_of_the_unit(tmp_path: Path) -> None:
    processes = {1: ("systemd", 0), 10: ("haproxy", 1), 11: ("haproxy", 10), 50: ("haproxy", 1), 60: ("nginx", 1)}
    for pid, (name, parent) in processes.items():
        (tmp_path / str(pid)).mkdir()
        (tmp_path / str(pid) / "status").write_text(f"Name:\t{name}\nPPid:\t{parent}\nUid:\t0\t0\t0\t0\n")
    found = [{"port": 80, "process": name, "pid": pid} for pid, (name, _parent) in processes.items() if pid > 1]
    gone = [{"port": 80, "process": "haproxy", "pid": 99}]

    def beside(master: int | None) -> list[int]:
        told = told_apart(found + gone, master, str(tmp_path))
        return [one["pid"] for one in told if one["process"] == f"a haproxy ({one['pid']}) beside haproxy.service"]

    assert beside(10) == [50]
    # Where the unit does not run, none is its own; where nobody can be told, or it ended meanwhile, nothing is said.
    assert beside(0) == [10, 11, 50]
    assert beside(None) == beside(98) == []


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_loopback(address: str) -> None:
    assert is_loopback(address)
    assert not is_loopback("0.0.0.0")


def test_our_own_socket() -> None:
    with socket.socket() as one, socket.socket(type=socket.SOCK_DGRAM) as other:
        one.bind(("127.0.0.1", 0))
        one.listen()
        other.bind(("127.0.0.1", 0))
        found = listeners()
        for protocol, listening in (("tcp", one), ("udp", other)):
            mine = [f for f in found if (f["protocol"], f["port"]) == (protocol, listening.getsockname()[1])]
            assert [(f["address"], f["pid"]) for f in mine] == [("127.0.0.1", os.getpid())]


def test_a_proc_without_networks(tmp_path: Path) -> None:
    assert listeners(str(tmp_path)) == []


def test_protocols_beside_tcp_and_udp(tmp_path: Path) -> None:
    assert protocols(str(tmp_path)) == []
    (tmp_path / "self" / "net").mkdir(parents=True)
    title = "  sl  local_address rem_address   st tx_queue rx_queue\n"
    (tmp_path / "self/net/raw").write_text(f"{title} 112: 00000000:0070 00000000:0000 07 00000000:00000000\n")
    (tmp_path / "self/net/raw6").write_text(f"{title}  89: {'0' * 32}:0059 {'0' * 32}:0000 07 00000000:00000000\n")
    assert protocols(str(tmp_path)) == [89, 112]
