# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first message of an SSH server, as bytes and over a socket."""

from __future__ import annotations

import socket
import threading

import pytest

from ansible_collections.hardened.balancer.plugins.module_utils import _ssh_wire

LISTS = (
    "kex-one,ext-info-s,kex-strict-s-v00@openssh.com",
    "ssh-ed25519",
    "x",
    "c1,c2",
    "x",
    "m",
    "none",
    "none",
    "",
    "",
)


def message(lists: tuple[str, ...] = LISTS) -> bytes:
    body = b"".join(len(one).to_bytes(4, "big") + one.encode() for one in lists)
    return bytes([_ssh_wire.KEXINIT]) + bytes(16) + body + bytes(5)


def packet(payload: bytes) -> bytes:
    return (len(payload) + 5).to_bytes(4, "big") + bytes([4]) + payload + bytes(4)


def serve(said: bytes) -> int:
    """The port of a server that says this to the first who comes, and closes."""
    listener = socket.create_server(("127.0.0.1", 0))

    def once() -> None:
        with listener, listener.accept()[0] as connection:
            connection.sendall(said)
            connection.recv(100)

    threading.Thread(target=once, daemon=True).start()
    return int(listener.getsockname()[1])


def test_what_a_server_offers() -> None:
    port = serve(b"a word of welcome\r\nSSH-2.0-OpenSSH_9.2\r\n" + packet(message()))
    assert _ssh_wire.offered("127.0.0.1", port, 5) == {
        "kex": ["kex-one"],
        "host_keys": ["ssh-ed25519"],
        "ciphers": ["c1", "c2"],
        "macs": ["m"],
    }


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n", "no SSH server answers"),
        (b"SSH-2.0-x\r\n", "closed the connection"),
        (b"SSH-2.0-x\r\n" + packet(message())[:40], "closed the connection"),
        (b"SSH-2.0-x\r\n\xff\xff\xff\xff", "a packet of 4294967295 bytes"),
        (b"SSH-2.0-x\r\n" + packet(b"\x01" + bytes(20)), "the first message is not what it offers"),
    ],
)
def test_what_is_no_such_message_is_told(said: bytes, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        _ssh_wire.offered("127.0.0.1", serve(said), 5)
