# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Leases one address again and again, `dhcp.py ADDRESS SERVER ROUTER SECONDS`; says so for each request.

It ends with its input.
"""

from __future__ import annotations

import ipaddress
import select
import socket
import struct
import sys

COOKIE = b"\x63\x82\x53\x63"
BOOTP = 236
DISCOVER, OFFER, REQUEST, ACK = 1, 2, 3, 5
ANSWERS = {DISCOVER: OFFER, REQUEST: ACK}
MASK = "255.255.255.0"


def packed(*addresses: str) -> bytes:
    return b"".join(ipaddress.IPv4Address(one).packed for one in addresses)


def kind_of(packet: bytes) -> int:
    """The type of a message, which is option 53."""
    options = packet[BOOTP + len(COOKIE) :]
    while options and options[0] != 255:
        if options[0] == 0:
            options = options[1:]
            continue
        if options[0] == 53:
            return options[2]
        options = options[2 + options[1] :]
    return 0


def answer(packet: bytes, address: str, server: str, router: str, seconds: int) -> bytes:
    """As a reply: the same transaction, flags and hardware address."""
    head = b"\x02" + packet[1:4] + packet[4:8] + b"\0\0" + packet[10:12] + packet[12:16]
    head += packed(address, server) + packet[24:44] + bytes(192)
    options: list[tuple[int, bytes]] = [
        (53, bytes([ANSWERS[kind_of(packet)]])),
        (54, packed(server)),
        (51, struct.pack("!I", seconds)),
        (1, packed(MASK)),
        (3, packed(router)),
    ]
    return head + COOKIE + b"".join(bytes([code, len(value)]) + value for code, value in options) + b"\xff"


def main(address: str, server: str, router: str, seconds: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        door.bind(("", 67))
        print("ready", flush=True)
        while sys.stdin not in select.select([door, sys.stdin], [], [])[0]:
            packet, _source = door.recvfrom(2048)
            if kind_of(packet) not in ANSWERS:
                continue
            # Who renews a lease has the address, and is answered there.
            renews = packet[12:16] != bytes(4)
            there = address if renews else "255.255.255.255"
            door.sendto(answer(packet, address, server, router, int(seconds)), (there, 68))
            if kind_of(packet) == REQUEST:
                print("renewed" if renews else "leased", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
