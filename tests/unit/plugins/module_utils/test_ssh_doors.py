# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the SSH server listens, by what it is told, by whom, and by what its files say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.hardened.balancer.plugins.module_utils import _node, _ssh_doors

SOCKET = "Id=ssh.socket\nActiveState=active\nListen=0.0.0.0:2222 (Stream)\nListen=[::]:2222 (Stream)\n"
STOPPED = SOCKET.replace("=active", "=inactive")
BOTH = (
    "port 22\nport 2200\nlistenaddress [::]:22\nlistenaddress 0.0.0.0:22\nlistenaddress 198.51.100.1:2200 rdomain a\n"
)


@pytest.mark.parametrize(
    ("settings", "units", "listeners", "expected", "told"),
    [
        ("port 22\nlistenaddress [::]:22\nlistenaddress 0.0.0.0:22\n", "", [], [22], [22]),
        ("port 22\nlistenaddress 198.51.100.1:2200\n", "", [], [2200], [2200]),
        (BOTH, STOPPED, [], [22, 2200], [22, 2200]),
        ("port 22\n", SOCKET, [], [22, 2222], [2222]),
        ("", "", [("sshd", "0.0.0.0", 22022), ("sshd", "127.0.0.1", 6010), ("x", "::", 9)], [22022], []),
        ("", "", [], [22], []),
    ],
)
def test_ports(
    settings: str, units: str, listeners: list[tuple[str, str, int]], expected: list[int], told: list[int]
) -> None:
    held = [{"process": process, "address": address, "port": port} for process, address, port in listeners]
    parsed = _node.parse_units(units)
    assert _ssh_doors.ports(settings, parsed, held) == expected
    assert _ssh_doors.told(settings, parsed) == told
    assert _ssh_doors.by_socket(parsed) == (units == SOCKET)


def said(path: Path, text: str) -> list[tuple[str, int, int, bool]]:
    path.write_text(text)
    found: list[dict[str, Any]] = _ssh_doors.said(str(path))
    assert all(one["text"] == one["text"].strip() for one in found)
    return [(Path(one["file"]).name, one["line"], one["port"], one["address"]) for one in found]


@pytest.mark.parametrize(
    ("line", "port", "address"),
    [
        ("Port 2200", 2200, False),
        ("  port=2200 # ours", 2200, False),
        ('Port "2200"', 2200, False),
        ("Port ssh", 0, False),
        ("ListenAddress 198.51.100.1:2200", 2200, True),
        ("ListenAddress [2001:db8::1]:2200 rdomain a", 2200, True),
        ("listenaddress=lb1.example.com:2200", 2200, True),
    ],
)
def test_lines_that_name_a_port(tmp_path: Path, line: str, port: int, address: bool) -> None:
    assert said(tmp_path / "sshd_config", f"\n{line}\n") == [("sshd_config", 2, port, address)]


@pytest.mark.parametrize(
    "line",
    ["#Port 2200", "Port", "GatewayPorts no", "ListenAddress 198.51.100.1", "ListenAddress 2001:db8::1", "Include /no"],
)
def test_lines_that_name_none(tmp_path: Path, line: str) -> None:
    assert said(tmp_path / "sshd_config", f"{line}\n") == []


def test_files_that_are_included_are_read_in_their_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "sshd_config"
    monkeypatch.setattr(_ssh_doors, "CONFIG", str(config))
    (tmp_path / "d").mkdir()
    (tmp_path / "d/b.conf").write_text("Port 3\n")
    (tmp_path / "d/a.conf").write_text(f"Port 2\nInclude {config}\n")
    (tmp_path / "one").write_text("Port 4\n")
    found = said(config, 'Port 1\nInclude d/*.conf "one"\nPort 5\n')
    # A file that includes itself is read no deeper than sshd reads it.
    assert [port for _file, _line, port, _address in found][:4] == [1, 2, 1, 2]
    (tmp_path / "d/a.conf").write_text("Port 2\n")
    assert said(config, 'Port 1\nInclude d/*.conf "one"\nPort 5\n') == [
        ("sshd_config", 1, 1, False),
        ("a.conf", 1, 2, False),
        ("b.conf", 1, 3, False),
        ("one", 1, 4, False),
        ("sshd_config", 3, 5, False),
    ]
    assert _ssh_doors.said(str(tmp_path / "none")) == []
