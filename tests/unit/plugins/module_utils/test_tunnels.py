# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import socket
import struct
from pathlib import Path

import pytest

from ansible_collections.hardened.balancer.plugins.module_utils import _tunnels

TYPES = {"eth0": "1", "wg0": "65534", "tailscale0": "65534"}
ROUTES = (
    ("eth0", "0.0.0.0", "0.0.0.0"),
    ("eth0", "198.51.100.0", "255.255.255.0"),
    ("wg0", "10.8.0.0", "255.255.255.0"),
    ("tailscale0", "100.64.0.0", "255.192.0.0"),
)
ROUTES6 = (("eth0", "::", 0), ("wg0", "fd00:8::", 64), ("lo", "fd00:8::1", 128))


def word(address: str) -> str:
    return f"{struct.unpack('=I', socket.inet_aton(address))[0]:08X}"


def line6(name: str, to: str, length: int) -> str:
    return " ".join([socket.inet_pton(socket.AF_INET6, to).hex(), f"{length:02x}", *["0"] * 7, name])


@pytest.mark.parametrize(
    ("address", "name"),
    [
        (None, None),
        ("203.0.113.1", None),
        ("198.51.100.1", None),
        ("10.8.0.2", "wg0"),
        ("100.64.0.7", None),
        ("2001:db8::1", None),
        ("fd00:8::2", "wg0"),
        ("fe80::1%eth0", None),
    ],
)
def test_a_tunnel_that_ends_on_the_node(tmp_path: Path, address: str | None, name: str | None) -> None:
    net = tmp_path / "proc" / "self" / "net"
    net.mkdir(parents=True)
    lines = [f"{one}\t{word(to)}\t00000000\t0001\t0\t0\t0\t{word(mask)}\t0\t0\t0" for one, to, mask in ROUTES]
    (net / "route").write_text("\n".join(["Iface\tDestination", *lines]))
    (net / "ipv6_route").write_text("\n".join(line6(*one) for one in ROUTES6))
    for one, kind in TYPES.items():
        (tmp_path / "class" / "net" / one).mkdir(parents=True)
        (tmp_path / "class" / "net" / one / "type").write_text(f"{kind}\n")
    assert _tunnels.tunnel(str(tmp_path / "proc"), address, str(tmp_path)) == name


def test_nothing_is_known_where_nothing_can_be_read(tmp_path: Path) -> None:
    assert _tunnels.tunnel(str(tmp_path), "10.8.0.2", str(tmp_path)) is None
