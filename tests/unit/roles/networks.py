# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node between clients and workers, as network namespaces: sockets of one process, packets through the kernel."""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

LIBC = ctypes.CDLL(None, use_errno=True)
NEW_NETWORK = 0x40000000
NODE, NODE6 = "198.51.100.10", "2001:db8:2::10"
CLIENT, OTHER, CLIENT6 = "198.51.100.2", "203.0.113.2", "2001:db8:2::2"
WORKER, SECOND, INSIDE = "198.18.0.101", "198.18.0.102", "198.18.0.10"
# Less than it takes until a SYN is sent again.
SECONDS = 0.8


def run(*words: str) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


class Networks:
    """`node` has the rules; `world` has two clients and two workers."""

    def __init__(self, name: str) -> None:
        self.node, self.world = f"{name}-node", f"{name}-world"
        self.listening: list[socket.socket] = []

    def make(self) -> None:
        for one in (self.node, self.world):
            run("ip", "netns", "add", one)
            run("ip", "-n", one, "link", "set", "lo", "up")
        for link, at_node, at_world in (
            ("outside", [f"{NODE}/24", f"{NODE6}/64"], [f"{CLIENT}/24", f"{CLIENT6}/64"]),
            ("inside", [f"{INSIDE}/24"], [f"{WORKER}/24", f"{SECOND}/24"]),
        ):
            peer = ("type", "veth", "peer", "name", link, "netns", self.world)
            run("ip", "-n", self.node, "link", "add", link, *peer)
            for side, addresses in ((self.node, at_node), (self.world, at_world)):
                for address in addresses:
                    run(
                        "ip", "-n", side, "address", "add", address, "dev", link, *(["nodad"] if ":" in address else [])
                    )
                run("ip", "-n", side, "link", "set", link, "up")
        run("ip", "-n", self.world, "address", "add", f"{OTHER}/32", "dev", "outside")
        run("ip", "-n", self.node, "route", "add", f"{OTHER}/32", "dev", "outside")

    def remove(self) -> None:
        for one in self.listening:
            one.close()
        for name in (self.node, self.world):
            run("ip", "netns", "delete", name)

    def load(self, text: str, path: Path) -> None:
        path.write_text(text)
        self.nft("-f", str(path))

    def nft(self, *words: str) -> str:
        return run("ip", "netns", "exec", self.node, "nft", *words)

    def tracked(self) -> int:
        with inside(self.node):
            return int(Path("/proc/sys/net/netfilter/nf_conntrack_count").read_text())

    def listen(self, where: str, address: str, port: int) -> socket.socket:
        with inside(where):
            made = socket.create_server((address, port), family=_family(address), backlog=256)
        made.settimeout(SECONDS)
        self.listening.append(made)
        return made

    def connect(self, where: str, source: str, target: str, port: int, own_port: int = 0) -> socket.socket:
        with inside(where):
            made = socket.socket(_family(target))
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.settimeout(SECONDS)
            made.bind((source, own_port))
        try:
            made.connect((target, port))
        except OSError:
            made.close()
            raise
        return made

    def reaches(self, source: str, target: str, port: int) -> bool:
        """A new connection from outside."""
        try:
            self.connect(self.world, source, target, port).close()
        except OSError:
            return False
        return True


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


@contextlib.contextmanager
def inside(name: str) -> Iterator[None]:
    """A socket belongs to the network that its thread was in when it was made."""
    before, there = (os.open(path, os.O_RDONLY) for path in ("/proc/thread-self/ns/net", f"/run/netns/{name}"))
    try:
        _enter(there)
        yield
    finally:
        _enter(before)
        os.close(before)
        os.close(there)


def _enter(network: int) -> None:
    if LIBC.setns(network, NEW_NETWORK):
        raise OSError(ctypes.get_errno(), "setns")
