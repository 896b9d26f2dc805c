# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SSH session that a module runs in: who logged in, from where, with which key.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import os
import pwd
import re
import typing as t
from pathlib import Path

from ansible_collections.hardened.balancer.plugins.module_utils import _listeners, _logins
from ansible_collections.hardened.balancer.plugins.module_utils._listeners import Process

ESTABLISHED = "01"
CLIENT = re.compile(rb"(?:^|\0)SSH_CONNECTION=(\S+) (\d+) \S+ (\d+)")
KEY = re.compile(r"(?P<type>(?:ssh|ecdsa|sk)-[a-z0-9@.-]+)\s+(?P<data>AAAA[A-Za-z0-9+/=]+)")
NO_LOGIN = ("nologin", "false", "sync")

Client = dict[str, t.Any]


def ancestors(proc: str, pid: int) -> list[Process]:
    """From a process up to the first one."""
    found: list[Process] = []
    process = _listeners.read_process(proc, pid)
    while process is not None and len(found) < 64:
        found.append(process)
        process = _listeners.read_process(proc, process.parent) if process.parent else None
    return found


def sessions(line: t.Iterable[Process]) -> list[Process]:
    """The processes of sshd, the nearest first; sshd-session since OpenSSH 9.8."""
    return [process for process in line if process.name.startswith("sshd")]


def user(line: list[Process], sudo_user: str | None) -> str:
    """The nearest process of sshd runs as who logged in. Without one it is a local run."""
    nearest = sessions(line)[:1]
    if not nearest and sudo_user:
        return sudo_user
    return _name_of(nearest[0].uid if nearest else os.geteuid())


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _client(address: str, port: int, server_port: int) -> Client:
    return {"address": address.removeprefix("::ffff:"), "port": port, "server_port": server_port}


def client(proc: str, line: list[Process]) -> Client | None:
    """Where the session comes from, and to which port: by its environment, else by sshd's connection."""
    if not sessions(line):
        return None
    for process in line:
        try:
            environment = Path(proc, str(process.pid), "environ").read_bytes()
        except OSError:
            continue
        if match := CLIENT.search(environment):
            return _client(match[1].decode(), int(match[2]), int(match[3]))
    return _client_by_socket(proc, line)


def _client_by_socket(proc: str, line: list[Process]) -> Client | None:
    ends = {inode: both for table in ("tcp", "tcp6") for inode, both in _ends(proc, table)}
    for process in sessions(line):
        try:
            held = _listeners.held_inodes(proc, process.pid)
        except OSError:
            continue
        for inode in held & set(ends):
            (_own_address, server_port), (address, port) = ends[inode]
            return _client(address, port, server_port)
    return None


def _ends(proc: str, table: str) -> list[tuple[str, tuple[tuple[str, int], tuple[str, int]]]]:
    """Of each connection: its inode, our end, the other one."""
    try:
        lines = Path(proc, "self/net", table).read_text().splitlines()[1:]
    except OSError:
        return []
    fields = [line.split() for line in lines]
    parse = _listeners.parse_address
    return [(f[9], (parse(f[1]), parse(f[2]))) for f in fields if len(f) > 9 and f[3] == ESTABLISHED]


def journal_query(line: list[Process]) -> list[str]:
    """By process: of the journal's fields that are indexed, the one that names this session alone."""
    pids = [f"_PID={process.pid}" for process in sessions(line)]
    return ["journalctl", "--quiet", "--no-pager", "--boot", "--output=cat", "--lines=200", *pids]


def key_fingerprint(journal: str, name: str, client_of: Client | None) -> str | None:
    if client_of is None:
        return None
    accepted = re.compile(
        rf"Accepted publickey for {re.escape(name)} from {re.escape(client_of['address'])} "
        rf"port {client_of['port']} ssh2: \S+ (SHA256:\S+)"
    )
    found = accepted.findall(journal)
    return found[-1] if found else None


def keys_of(home: str) -> list[str]:
    """Type and data of every key that opens the account; options and comments are left out."""
    found = []
    for name in ("authorized_keys", "authorized_keys2"):
        try:
            lines = Path(home, ".ssh", name).read_text(errors="replace").splitlines()
        except OSError:
            continue
        for line in lines:
            if not line.lstrip().startswith("#") and (match := KEY.search(line)):
                found.append(f"{match['type']} {match['data']}")
    return found


def accounts(shadow: str) -> dict[str, dict[str, t.Any]]:
    """Every account that can log in."""
    return {
        entry.pw_name: {
            "uid": entry.pw_uid,
            "home": entry.pw_dir,
            "keys": keys_of(entry.pw_dir),
            "login": _logins.login(entry, shadow),
        }
        for entry in pwd.getpwall()
        if _opens(entry)
    }


def services() -> dict[str, str]:
    """The shells of the accounts that nobody logs in to."""
    return {entry.pw_name: entry.pw_shell for entry in pwd.getpwall() if not _opens(entry)}


def _opens(entry: pwd.struct_passwd) -> bool:
    return Path(entry.pw_shell or "/bin/sh").name not in NO_LOGIN
