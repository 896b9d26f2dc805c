# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps what is known of the servers for the next process: run by the unit before each reload and each stop.

Drain, maintenance and health are kept, as an operator and the checks left them. Weight, address and port follow the
configuration that comes, and what was known of another address is forgotten. That a check was made is forgotten too:
whoever asks the new process shall see what it has checked itself.
"""

from __future__ import annotations

import os
import re
import socket
import sys
from pathlib import Path

LINK = Path("/etc/haproxy/haproxy.cfg")
SOCKET = "/run/haproxy/admin.sock"
STATE = Path("/var/lib/hardened-balancer/haproxy.state")
SECONDS = 5
SERVER = re.compile(r"\s+server\s+(\S+)\s+(\S+)")
SECTION = re.compile(r"(backend|listen)\s+(\S+)")
TEMPLATE = re.compile(r"\s+server-template\s+(\S+)\s+(\S+)")
COLUMNS = "# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight"
# HAProxy's numbers for a check that was not made yet, and for no result of one.
NOT_CHECKED, NO_RESULT = "1", "0"


Row = dict[str, str]
Configured = dict[str, tuple[dict[str, str], list[str]]]


def ask(path: str, command: str) -> str:
    answer = bytearray()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(SECONDS)
        connection.connect(path)
        connection.sendall(command.encode() + b"\n")
        connection.shutdown(socket.SHUT_WR)
        while block := connection.recv(65536):
            answer += block
    return answer.decode(errors="replace")


def configured(text: str) -> Configured:
    """By backend: the address of each server by its name, and the beginnings of the names that DNS brings."""
    found: Configured = {}
    here: tuple[dict[str, str], list[str]] | None = None
    for line in text.splitlines():
        if not line[:1].isspace():
            section = SECTION.match(line)
            here = found.setdefault(section[2], ({}, [])) if section else None
        elif here is not None and (server := SERVER.match(line)):
            here[0][server[1]] = server[2]
        elif here is not None and (template := TEMPLATE.match(line)):
            here[1].append(template[1])
    return found


def parts(address: str) -> tuple[str, str]:
    """Host and port of `192.0.2.1:80`, `[2001:db8::1]:80` or `ipv4@name:80`; no port where none is said."""
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal():
        host, port = address, ""
    return host.rpartition("@")[2].strip("[]"), port


def kept(said: str, known: Configured) -> str:
    """The lines of `show servers state` that the next process may be told; ValueError for an answer that is none."""
    if COLUMNS not in said:
        raise ValueError("HAProxy does not say it")
    names: list[str] = []
    found = []
    for line in said.splitlines():
        words = line.split()
        if line.startswith("# be_id"):
            names = words[1:]
            found.append(line)
        elif not names or len(words) < len(names):
            if words == ["1"]:
                found.append(line)
        else:
            row = carried(dict(zip(names, words)), known)
            if row:
                row["srv_uweight"] = row["srv_iweight"]
                row["srv_check_status"], row["srv_check_result"] = NOT_CHECKED, NO_RESULT
                found.append(" ".join(row[name] for name in names))
    return "\n".join(found) + "\n"


def carried(row: Row, known: Configured) -> Row | None:
    servers, templates = known.get(row["be_name"], ({}, []))
    if row["srv_name"] in servers:
        return follows(row, *parts(servers[row["srv_name"]]))
    return row if row["srv_name"].rstrip("0123456789") in templates else None


def follows(row: Row, host: str, port: str) -> Row | None:
    by_name = row.get("srv_fqdn", "-") != "-"
    same = by_name or not port or (row["srv_addr"], row["srv_port"]) == (host, port)
    return {**row, "srv_port": port or row["srv_port"]} if same else operational(row, host, port)


def operational(row: Row, host: str, port: str) -> Row | None:
    """Of another address only what an operator decided about the server is kept."""
    if row["srv_admin_state"] == "0":
        return None
    return {**row, "srv_addr": host, "srv_port": port, "srv_op_state": "2", "srv_check_health": "1"}


def write(path: Path, text: str) -> None:
    temporary = path.with_name(f"{path.name}.new")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(handle, "w") as file:  # noqa: PTH123 - a descriptor
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def main() -> None:
    try:
        write(STATE, kept(ask(SOCKET, "show servers state"), configured(LINK.read_text())))
    except (OSError, KeyError, ValueError) as exc:
        sys.exit(f"the state of the servers was not kept: {exc}")


if __name__ == "__main__":
    main()
