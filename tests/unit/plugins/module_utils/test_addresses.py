# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a configuration binds, and whether it could."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from ansible_collections.hardened.balancer.plugins.module_utils import _addresses


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("bind *:80", [("0.0.0.0", 80, False, False)]),
        ("bind :80 name x", [("0.0.0.0", 80, False, False)]),
        ("bind [::]:443 v6only ssl crt x", [("::", 443, True, False)]),
        ("bind ipv6@:443", [("::", 443, False, False)]),
        ("bind quic4@198.51.100.7:443 ssl", [("198.51.100.7", 443, False, True)]),
        ("bind 127.0.0.1:8000-8002", [("127.0.0.1", port, False, False) for port in (8000, 8001, 8002)]),
        ("bind 127.0.0.1:80,[2001:db8::1]:81", [("127.0.0.1", 80, False, False), ("2001:db8::1", 81, False, False)]),
        ("bind www.example.com:80", []),
        ("bind /run/x.sock", []),
        ("bind unix@x.sock mode 600", []),
        ("bind abns@x:1", []),
        ("bind ${ADDRESS}:80", []),
        ("bind *:80 transparent", []),
        ("# bind *:80", []),
        ("bind", []),
    ],
)
def test_what_is_bound(line: str, expected: list[tuple[str, int, bool, bool]]) -> None:
    assert [one[1:] for one in _addresses.of(f"frontend f\n    {line}\n")] == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["bind /srv/x.sock mode 600"], ["/srv/x.sock"]),
        (["stats socket unix@/srv/x.sock level admin", "bind *:80,unix@/srv/y.sock"], ["/srv/x.sock", "/srv/y.sock"]),
        (["unix-bind mode 600 prefix /srv/a", "bind /x.sock"], ["/srv/a/x.sock"]),
        (["bind abns@x", "bind *:80", "server x /srv/x.sock", "stats timeout 30s", "bind ${ADDRESS}"], []),
    ],
)
def test_which_sockets_are_made(lines: list[str], expected: list[str]) -> None:
    assert _addresses.sockets("global\n" + "".join(f"    {line}\n" for line in lines)) == expected


def test_a_socket_without_a_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: str | Path) -> list[str]:
        return _addresses.refused(f"global\n    noreuseport\n    stats socket {path}\n", ())

    assert refused(tmp_path / "x.sock") == []
    # Below /run its unit may make it.
    assert refused("/run/nonexistent/x.sock") == refused("/var/run/nonexistent/x.sock") == []
    missing = tmp_path / "none"
    assert refused(missing / "x.sock") == [
        f"{missing}/x.sock: this socket cannot be made: there is no directory {missing}"
    ]
    monkeypatch.setattr("os.access", lambda path, mode: path != tmp_path)
    assert refused(tmp_path / "x.sock") == [
        f"{tmp_path}/x.sock: this socket cannot be made: nobody can write to {tmp_path}"
    ]


def test_what_somebody_else_has_and_what_is_not_here() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        main = f"frontend f\n    bind 127.0.0.1:{port}\n    bind 198.51.100.77:80\n"
        assert _addresses.refused(main, ()) == [
            f"bind 127.0.0.1:{port}: 127.0.0.1:{port} cannot be had: Address already in use",
            "bind 198.51.100.77:80: 198.51.100.77:80 cannot be had: Cannot assign requested address",
        ]
        assert len(_addresses.refused(main, {("tcp", "127.0.0.1", port)})) == 1
        (said,) = _addresses.refused("frontend f\n    bind *:80 interface no0\n", ())
        assert said.startswith("bind ... interface no0: there is no such interface; there are: ")
        assert _addresses.refused(f"global\n    noreuseport\n{main}", ()) == []
    assert _addresses.refused(f"frontend f\n    bind 127.0.0.1:{port}\n", ()) == []


def refused_beside(line: str, kind: int, reuse: bool = False) -> list[str]:
    """With somebody else at that port of 127.0.0.1."""
    with socket.socket(socket.AF_INET, kind) as other:
        if reuse:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            other.listen()
        port = other.getsockname()[1]
        return [one.replace(str(port), "PORT") for one in _addresses.refused(f"frontend f\n    {line % port}\n", ())]


def test_each_protocol_has_ports_of_its_own() -> None:
    of_quic = ["bind quic4@127.0.0.1:PORT: 127.0.0.1:PORT cannot be had: Address already in use"]
    assert refused_beside("bind quic4@127.0.0.1:%d ssl", socket.SOCK_DGRAM) == of_quic
    assert refused_beside("bind quic4@127.0.0.1:%d ssl", socket.SOCK_STREAM) == []
    assert refused_beside("bind 127.0.0.1:%d", socket.SOCK_DGRAM) == []


def test_who_shares_its_port_is_not_in_the_way() -> None:
    """As the old process of a reload does."""
    assert refused_beside("bind 127.0.0.1:%d", socket.SOCK_STREAM, reuse=True) == []


@pytest.mark.skipif(not Path("/proc/net/if_inet6").exists(), reason="needs IPv6")
def test_both_families_at_one_socket_or_one_of_them() -> None:
    both = ["bind [::]:PORT: [::]:PORT cannot be had: Address already in use"]
    assert refused_beside("bind [::]:%d", socket.SOCK_STREAM) == both
    assert refused_beside("bind [::]:%d v6only", socket.SOCK_STREAM) == []
