# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A port that greets whoever gets through to it, and with --knock the one who tries: prints who greeted, by port.

    listener.py 7777
    listener.py --knock ADDRESS 22 80 7777

The first is started on the node before its network is up.
"""

from __future__ import annotations

import json
import socket
import sys

PATIENCE = 5.0
# A web server speaks only when it is spoken to; the others do not mind.
SAY = b"GET / HTTP/1.0\r\nhost: proof\r\n\r\n"


def listen(port: int) -> None:
    with socket.create_server(("0.0.0.0", port), backlog=64) as server:
        while True:
            client, _address = server.accept()
            with client:
                client.sendall(b"you should not be here\n")


def greets(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), PATIENCE) as client:
            client.sendall(SAY)
            return bool(client.recv(1))
    except OSError:
        return False


def main() -> None:
    if sys.argv[1] == "--knock":
        address, *ports = sys.argv[2:]
        print(json.dumps({port: greets(address, int(port)) for port in ports}))
    else:
        listen(int(sys.argv[1]))


if __name__ == "__main__":
    main()
