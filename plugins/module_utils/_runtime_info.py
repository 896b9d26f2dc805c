# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a running HAProxy says of itself, with types.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import datetime
import re
import typing as t

from ansible_collections.hardened.balancer.plugins.module_utils import _programs
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_socket import (
    Session,
    SocketError,
    ask,
    digest_of,
    parse_info,
    word,
)
from ansible_collections.hardened.balancer.plugins.module_utils._node import build
from ansible_collections.hardened.balancer.plugins.module_utils._runtime import (
    RefusalError,
    Refused,
    Seen,
    command,
    look,
    maps,
)

SUBSETS = ("processes", "frontends", "backends", "servers", "tables", "maps", "certificates", "limits")
FRONTEND, BACKEND = "0", "1"

# Our names, and the columns of `show stat`.
TRAFFIC = {
    "sessions": "scur",
    "sessions_max": "smax",
    "sessions_total": "stot",
    "sessions_per_second": "rate",
    "bytes_in": "bin",
    "bytes_out": "bout",
    "responses_2xx": "hrsp_2xx",
    "responses_4xx": "hrsp_4xx",
    "responses_5xx": "hrsp_5xx",
}
FAILURES = {"connect_errors": "econ", "response_errors": "eresp", "retries": "wretr", "redispatches": "wredis"}
OF_FRONTENDS = {**TRAFFIC, "limit": "slim", "denied": "dreq", "request_errors": "ereq"}
OF_BACKENDS = {
    **TRAFFIC,
    **FAILURES,
    "queued": "qcur",
    "active": "act",
    "backup": "bck",
    "weight": "weight",
    "since": "lastchg",
    "downtime": "downtime",
}
OF_SERVERS = {
    **TRAFFIC,
    **FAILURES,
    "checks_failed": "chkfail",
    "went_down": "chkdown",
    "since": "lastchg",
    "downtime": "downtime",
}
# Our names, and those of `show info` in lower case.
OF_LIMITS = {
    "maxconn": "maxconn",
    "hard_maxconn": "hard_maxconn",
    "connections": "currconns",
    "connections_total": "cumconns",
    "tls_connections": "currsslconns",
    "tls_maxconn": "maxsslconns",
    "open_files": "ulimit-n",
    "sockets": "maxsock",
    "memory_mib": "memmax_mb",
    "memory_used_bytes": "poolused_bytes",
    "threads": "nbthread",
    "connections_per_second": "connrate",
    "connections_per_second_limit": "connratelimit",
    "sessions_per_second_limit": "sessratelimit",
    "tls_per_second_limit": "sslratelimit",
    "idle_percent": "idle_pct",
    "listeners": "listeners",
    "peers": "connectedpeers",
}
TABLE = re.compile(
    r"# table: (?P<name>\S+), type: (?P<type>\w+), size:(?P<size>[0-9]{1,19}), used:(?P<used>[0-9]{1,19})"
)
PROCESS = re.compile(
    r"([0-9]{1,10})\s+(master|worker)\s+([0-9]{1,10})(?:\s+\[failed:\s*[0-9]+\])?"
    r"\s+([0-9]{1,10})d([0-9]{1,2})h([0-9]{1,2})m([0-9]{1,2})s\s+(\S+)"
)
DATE = "%b %d %H:%M:%S %Y GMT"
# What a `show ssl cert` calls it, and we.
OF_CERTIFICATES = {
    "status": "status",
    "subject": "subject",
    "issuer": "issuer",
    "serial": "serial",
    "algorithm": "algorithm",
    "sha1_fingerprint": "sha1 fingerprint",
}


def gather(path: str, master_socket: str, subsets: t.Collection[str], run: _programs.Run) -> dict[str, t.Any]:
    with Session(path) as session:
        info = parse_info(command(session, "show info"))
        found: dict[str, t.Any] = {
            "version": info.get("version", ""),
            "release_date": info.get("release_date", ""),
            "build": build(run([f"/proc/{info.get('pid')}/exe", "-vv"]).out),
            "node": info.get("node", ""),
            "pid": number(info.get("pid")),
            "uptime": number(info.get("uptime_sec")),
            "stopping": info.get("stopping") == "1",
            "digest": digest_of(info),
        }
        seen = look(session) if {"frontends", "backends", "servers"} & set(subsets) else None
        if seen:
            found.update({name: value for name, value in _of_stat(seen).items() if name in subsets})
        if "tables" in subsets:
            found["tables"] = tables(command(session, "show table"))
        if "maps" in subsets:
            found["maps"] = [one._asdict() for one in maps(session)]
        if "certificates" in subsets:
            found["certificates"] = certificates(session)
    if "limits" in subsets:
        found["limits"] = _numbers(info, OF_LIMITS)
    if "processes" in subsets:
        found["processes"] = _processes(master_socket, found)
    return found


def number(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"-?[0-9]{1,20}", text) else None


def _numbers(row: t.Mapping[str, str], names: t.Mapping[str, str]) -> dict[str, int | None]:
    return {name: number(row.get(column)) for name, column in names.items()}


def _of_stat(seen: Seen) -> dict[str, list[dict[str, t.Any]]]:
    rows = [*seen.rows.values()]
    return {
        "frontends": [
            {"name": row["pxname"], "status": row["status"], "mode": row.get("mode", ""), **_numbers(row, OF_FRONTENDS)}
            for row in rows
            if row["type"] == FRONTEND
        ],
        "backends": [
            {
                "name": row["pxname"],
                "status": row["status"],
                "mode": row.get("mode", ""),
                "algorithm": row.get("algo", ""),
                **_numbers(row, OF_BACKENDS),
            }
            for row in rows
            if row["type"] == BACKEND
        ],
        "servers": [_server(one._asdict(), seen.rows.get((one.backend, one.name), {})) for one in seen.servers],
    }


def _server(server: dict[str, t.Any], row: t.Mapping[str, str]) -> dict[str, t.Any]:
    checked = {"check_status": row.get("check_status", "").lstrip("* "), "check_answer": row.get("last_chk", "")}
    return {**_numbers(row, OF_SERVERS), **server, **checked}


def tables(text: str) -> list[dict[str, t.Any]]:
    found = [(line, TABLE.match(line)) for line in text.splitlines() if line]
    if unread := [Refused("show table", line) for line, match in found if not match]:
        raise RefusalError(unread)
    return [
        {"name": one["name"], "type": one["type"], "size": int(one["size"]), "used": int(one["used"])}
        for _line, one in found
        if one
    ]


def certificates(session: Session) -> list[dict[str, t.Any]]:
    """Those in use or ready to be; a line with a star is a change that somebody has begun."""
    listed = [line for line in command(session, "show ssl cert").splitlines() if line and line[0] not in "#*"]
    # A bundle has no details of its own.
    details = session.send([f"show ssl cert {word(name)}" for name in listed])
    return [{"file": name, **certificate(text)} for name, text in zip(listed, details)]


def certificate(text: str) -> dict[str, t.Any]:
    values = parse_info(text)
    names = [one.strip().partition(":")[2] for one in values.get("subject alternative name", "").split(",") if one]
    return {
        **{name: values.get(label, "") for name, label in OF_CERTIFICATES.items()},
        "names": [one for one in names if one],
        "not_before": _date(values.get("notbefore", "")),
        "not_after": _date(values.get("notafter", "")),
    }


def _date(text: str) -> str | None:
    try:
        return datetime.datetime.strptime(text, DATE).strftime("%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        return None


def _processes(master_socket: str, worker: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
    """Without a master there is the one that answers."""
    try:
        found = processes(ask(master_socket, "show proc"))
    except SocketError:
        found = []
    if found:
        return found
    one = {"kind": "worker", "pid": worker["pid"], "uptime": worker["uptime"], "version": worker["version"]}
    return [{**one, "reloads": None}]


def processes(text: str) -> list[dict[str, t.Any]]:
    found = []
    old = False
    for line in text.splitlines():
        old = line.startswith("# old workers") if line.startswith("# ") else old
        if match := PROCESS.match(line):
            pid, kind, reloads, days, hours, minutes, seconds = match.groups()[:7]
            found.append(
                {
                    "kind": "old" if old else kind,
                    "pid": int(pid),
                    "reloads": int(reloads),
                    "uptime": ((int(days) * 24 + int(hours)) * 60 + int(minutes)) * 60 + int(seconds),
                    "version": match[8],
                }
            )
    return found
