# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the balancer serves: its listeners, a request through each front door, and the workers behind.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import http.client
import socket
import typing as t

from ansible_collections.hardened.balancer.plugins.module_utils import (
    _haproxy_process,
    _health,
    _listeners,
    _nft,
    _served,
)
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_socket import SocketError
from ansible_collections.hardened.balancer.plugins.module_utils._proof_seen import Expect, Finding, Row, Seen, listed

ANSWER_SECONDS = 5.0
HEALTH_SECONDS = 15.0
WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def binds(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    held: dict[tuple[str, str, int], set[str]] = {}
    for one in seen.listeners:
        if one["process"]:
            held.setdefault((one["protocol"], one["address"], one["port"]), set()).add(one["process"])
    for bind in expect["binds"]:
        of_ports = {port: held.get((bind["protocol"], bind["address"], port), set()) for port in _ports(bind)}
        silent = [port for port, processes in of_ports.items() if "haproxy" not in processes]
        # A port may be shared, and whoever shares it answers a part of the clients.
        others = {process for processes in of_ports.values() for process in processes} - {"haproxy"}
        found = [f"not on {listed(_nft.ports_text((port, port) for port in silent))}"] if silent else []
        found += [f"{one} does" for one in sorted(others)]
        yield Finding(f"{_named(bind)} listens on {_where(bind)}", "it does", ", ".join(found) or "it does", not found)


def _ports(bind: t.Mapping[str, t.Any]) -> range:
    return range(bind["low"], bind["high"] + 1)


def _named(bind: t.Mapping[str, t.Any]) -> str:
    return f"{bind.get('kind', 'frontend')} {bind['frontend']}"


def _where(bind: t.Mapping[str, t.Any]) -> str:
    address = f"[{bind['address']}]" if ":" in bind["address"] else bind["address"]
    span = str(bind["low"]) if bind["low"] == bind["high"] else f"{bind['low']}-{bind['high']}"
    return f"{bind['protocol']} {address}:{span}"


def listens_nowhere_else(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    more = [
        f"{one['protocol']} {one['address']}:{one['port']}"
        for one in seen.listeners
        if _served.serves(one)
        and not _listeners.is_loopback(one["address"])
        and not any(_is_at(bind, one) for bind in expect["binds"])
    ]
    yield Finding("HAProxy listens elsewhere", "nowhere", listed(more, "nowhere"), not more)


def _is_at(bind: t.Mapping[str, t.Any], one: t.Mapping[str, t.Any]) -> bool:
    same = (bind["protocol"], bind["address"]) == (one["protocol"], one["address"])
    return same and bool(bind["low"] <= one["port"] <= bind["high"])


def front_doors(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    for bind in expect["binds"]:
        if bind["protocol"] != "tcp" or bind.get("elsewhere"):
            continue
        name = f"{_named(bind)} at {_where(bind)}"
        if bind["mode"] == "http" and bind["plain"]:
            yield Finding(name, "an answer", *_request(bind, seen))
        else:
            yield Finding(name, "a connection", *_connect(bind))


def _target(bind: t.Mapping[str, t.Any]) -> tuple[str, int]:
    return WILDCARDS.get(bind["address"], bind["address"]), bind["low"]


def _request(bind: t.Mapping[str, t.Any], seen: Seen) -> tuple[str, bool]:
    address, port = _target(bind)
    host = f"[{address}]" if ":" in address else address
    before = _server_errors(seen)
    connection = http.client.HTTPConnection(address, port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/", headers={"Host": host, "User-Agent": "hardened.balancer proof"})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as exc:
        return f"{type(exc).__name__}: {exc}", False
    finally:
        connection.close()
    if status != 503 or not lacks_servers(before, _server_errors(seen)):
        return str(status), True
    return "503, no server is available", False


def lacks_servers(before: dict[str, int], after: dict[str, int]) -> bool:
    """Whether a 503 came from HAProxy for want of a server: a backend counted it, and none of its servers did."""
    grown = {kind: after[kind] > before[kind] for kind in after}
    return grown["backends"] and not grown["servers"]


def _server_errors(seen: Seen) -> dict[str, int]:
    try:
        rows = seen.stats()
    except SocketError:
        rows = []
    kinds = {"backends": "1", "servers": "2"}
    return {
        kind: sum(int(row["hrsp_5xx"]) for row in rows if row["type"] == number and row["hrsp_5xx"].isdecimal())
        for kind, number in kinds.items()
    }


def _connect(bind: t.Mapping[str, t.Any]) -> tuple[str, bool]:
    try:
        with socket.create_connection(_target(bind), timeout=ANSWER_SECONDS):
            return "a connection", True
    except OSError as exc:
        return str(exc), False


def backends(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    rows: list[Row] = []

    def settled() -> bool:
        rows[:] = seen.stats()
        return all(
            any(_health.is_healthy(row) for row in of) or not any(_health.is_new(row) for row in of)
            for of in grouped(rows)
        )

    def grouped(found: list[Row]) -> list[list[_health.Row]]:
        return [_health.servers_of(found, backend["name"]) for backend in expect["backends"] if backend["servers"]]

    _haproxy_process.wait_until(settled, HEALTH_SECONDS, pause=0.2)
    for backend in expect["backends"]:
        yield from _backend(backend, _health.servers_of(rows, backend["name"]), expect.get("require_healthy", True))


def _backend(backend: t.Mapping[str, t.Any], rows: list[_health.Row], required: bool) -> t.Iterator[Finding]:
    name = f"backend {backend['name']}"
    servers = backend["servers"].split()
    missing = sorted(set(servers) - {row["svname"] for row in rows})
    yield Finding(f"{name}, servers", listed(servers), f"missing: {listed(missing)}", not missing)
    if servers:
        states = listed(f"{row['svname']} {_health.state_of(row)}" for row in rows)
        healthy = any(_health.is_healthy(row) for row in rows)
        yield Finding(f"{name}, health", "at least one healthy server", states, healthy or not required)
