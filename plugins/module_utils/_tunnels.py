# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the session comes in by a tunnel that ends on the node: its outer packets have to pass the firewall too.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import ipaddress
import socket
import struct
import typing as t

from ansible_collections.hardened.balancer.plugins.module_utils import _files

# ARPHRD_*: WireGuard and tun; IP in IP, in IPv6, IPv6 in IP, GRE, GRE in IPv6.
KINDS = ("65534", "768", "769", "776", "778", "823")
# It opens its ways itself.
FROM_INSIDE = ("tailscale",)

Route = tuple[t.Union[ipaddress.IPv4Network, ipaddress.IPv6Network], str]


def tunnel(proc: str, address: str | None, sys: str = "/sys") -> str | None:
    """The interface by which answers go to this address, where it is one end of a tunnel."""
    if not address:
        return None
    there = ipaddress.ip_address(address)
    known = _routes(_files.read(f"{proc}/self/net/route")), _routes6(_files.read(f"{proc}/self/net/ipv6_route"))
    ways = [(network.prefixlen, name) for table in known for network, name in table if there in network]
    name = max(ways, default=(0, ""))[1]
    kind = _files.read(f"{sys}/class/net/{name}/type").strip() if name else ""
    return name if kind in KINDS and not name.startswith(FROM_INSIDE) else None


def _routes(text: str) -> t.Iterator[Route]:
    """Words of 32 bits in the order of this machine."""
    for fields in (line.split() for line in text.splitlines()[1:]):
        if len(fields) > 7:
            to, mask = (socket.inet_ntoa(struct.pack("=I", int(fields[i], 16))) for i in (1, 7))
            yield ipaddress.IPv4Network(f"{to}/{mask}", strict=False), fields[0]


def _routes6(text: str) -> t.Iterator[Route]:
    for fields in (line.split() for line in text.splitlines()):
        if len(fields) == 10 and fields[9] != "lo":
            to = socket.inet_ntop(socket.AF_INET6, bytes.fromhex(fields[0]))
            yield ipaddress.IPv6Network(f"{to}/{int(fields[1], 16)}", strict=False), fields[9]
