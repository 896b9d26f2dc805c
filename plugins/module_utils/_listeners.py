# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who listens on which port, read from /proc: no program is needed for it.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import ipaddress
import os
import re
import socket
import struct
import typing as t
from pathlib import Path

from ansible_collections.hardened.balancer.plugins.module_utils import _files

TABLES = {"tcp": ("tcp", "0A"), "tcp6": ("tcp", "0A"), "udp": ("udp", "07"), "udp6": ("udp", "07")}
BESIDE = "a haproxy ({pid}) beside haproxy.service"
SOCKET = re.compile(r"socket:\[(\d+)\]")


class Socket(t.NamedTuple):
    protocol: str
    address: str
    port: int
    uid: int
    inode: str


class Process(t.NamedTuple):
    pid: int
    name: str
    parent: int
    uid: int


class Owners(t.NamedTuple):
    """Processes by the sockets that they hold, and the processes that did not let us look."""

    by_inode: dict[str, list[Process]]
    closed: list[Process]
    processes: dict[int, Process]


def listeners(proc: str = "/proc") -> list[dict[str, t.Any]]:
    """Listening TCP and bound UDP sockets, each with a process that holds it; None where nobody can be told."""
    sockets = [one for table in TABLES for one in read_table(proc, table)]
    owners = read_owners(proc, {one.inode for one in sockets})
    found = []
    for one in sockets:
        holders = owners.by_inode.get(one.inode) or by_elimination(one, owners)
        owner = min(holders, key=lambda p: p.pid) if holders else None
        found.append(
            {
                "protocol": one.protocol,
                "address": one.address,
                "port": one.port,
                "process": owner.name if owner else None,
                "pid": owner.pid if owner else None,
            }
        )
    unique = {(f["protocol"], f["port"], f["address"], f["pid"]): f for f in found}
    return [unique[key] for key in sorted(unique, key=str)]


def told_apart(found: list[dict[str, t.Any]], master: int | None, proc: str = "/proc") -> list[dict[str, t.Any]]:
    """A HAProxy that is none of haproxy.service's under another name: it may share a port, and answer its clients.

    `master` is the main process of the unit, 0 where it does not run, and None where nobody can be told.
    """
    if master is None or (master and read_process(proc, master) is None):
        return found
    beside = [one["process"] == "haproxy" and not _descends(one["pid"], master, proc) for one in found]
    return [{**one, "process": BESIDE.format(**one)} if other else one for one, other in zip(found, beside)]


def _descends(pid: int, master: int, proc: str) -> bool:
    """One that is gone by now is nobody's."""
    while pid not in (0, master):
        process = read_process(proc, pid)
        if process is None:
            return True
        pid = process.parent
    return pid != 0


def protocols(proc: str = "/proc") -> list[int]:
    """Of IP, beside TCP and UDP: those that some process takes part in, as a router's daemon does."""
    found = set()
    for table in ("raw", "raw6"):
        for fields in (line.split() for line in _files.read(f"{proc}/self/net/{table}").splitlines()[1:]):
            found.add(int(fields[1].rpartition(":")[2], 16))
    return sorted(found)


def is_loopback(address: str) -> bool:
    found = ipaddress.ip_address(address)
    return (getattr(found, "ipv4_mapped", None) or found).is_loopback


def read_table(proc: str, table: str) -> list[Socket]:
    protocol, state = TABLES[table]
    # Of a process, not /proc/net, which is a link to the reader's own in any case.
    try:
        lines = Path(proc, "self/net", table).read_text().splitlines()[1:]
    except OSError:
        return []
    return [one for line in lines for one in parse_line(line, protocol, state)]


def parse_line(line: str, protocol: str, state: str) -> list[Socket]:
    fields = line.split()
    if len(fields) < 10 or fields[3] != state:
        return []
    address, port = parse_address(fields[1])
    return [Socket(protocol, address, port, int(fields[7]), fields[9])]


def parse_address(text: str) -> tuple[str, int]:
    """Words of 32 bits in the order of this machine, then the port."""
    packed, _colon, port = text.partition(":")
    words = struct.unpack(f">{len(packed) // 8}I", bytes.fromhex(packed))
    raw = struct.pack(f"={len(words)}I", *words)
    return socket.inet_ntop(socket.AF_INET if len(raw) == 4 else socket.AF_INET6, raw), int(port, 16)


def read_owners(proc: str, inodes: set[str]) -> Owners:
    owners = Owners({}, [], {})
    for pid in pids(proc):
        process = read_process(proc, pid)
        if process is None:
            continue
        owners.processes[pid] = process
        try:
            held = held_inodes(proc, pid)
        except PermissionError:
            owners.closed.append(process)
            continue
        except OSError:
            continue
        for inode in held & inodes:
            owners.by_inode.setdefault(inode, []).append(process)
    return owners


def pids(proc: str) -> list[int]:
    return [int(path.name) for path in Path(proc).iterdir() if path.name.isdecimal()]


def read_process(proc: str, pid: int) -> Process | None:
    """None for a process that is gone."""
    try:
        status = Path(proc, str(pid), "status").read_text(errors="replace")
    except OSError:
        return None
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    if "PPid" not in fields or "Uid" not in fields:
        return None
    return Process(pid, fields.get("Name", "").strip(), int(fields["PPid"]), int(fields["Uid"].split()[1]))


def held_inodes(proc: str, pid: int) -> set[str]:
    found = set()
    with os.scandir(Path(proc, str(pid), "fd")) as entries:
        for entry in entries:
            try:
                match = SOCKET.match(os.readlink(entry.path))  # noqa: PTH115 - of thousands of descriptors
            except FileNotFoundError:
                continue
            if match:
                found.add(match[1])
    return found


def by_elimination(one: Socket, owners: Owners) -> list[Process]:
    """Root in a container may not look into the processes of others: a socket that root opened and no readable process
    holds belongs to one that dropped its privileges, the child of a namesake; any other, to one of its own user."""
    candidates = [p for p in owners.closed if (_dropped(p, owners.processes) if one.uid == 0 else p.uid == one.uid)]
    return candidates if len({p.name for p in candidates}) == 1 else []


def _dropped(process: Process, processes: t.Mapping[int, Process]) -> bool:
    """A session of sshd has dropped them too, but what it listens on belongs to its user."""
    parent = processes.get(process.parent)
    if parent is None or process.name.startswith("sshd"):
        return False
    return process.uid != 0 and parent.uid == 0 and parent.name == process.name
