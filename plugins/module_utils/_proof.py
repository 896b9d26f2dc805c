# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The live system against what it should be: what is asked, in two tables.

A check is a function that is given what is expected and what can be seen, and yields findings; one that fails does not
stop the others. The checks are in _proof_ssh, _proof_firewall, _proof_baseline, _proof_process and _proof_traffic.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import typing as t

from ansible_collections.hardened.balancer.plugins.module_utils import (
    _firewalls,
    _health,
    _listeners,
    _proof_baseline,
    _proof_firewall,
    _proof_process,
    _proof_ssh,
    _proof_traffic,
    _sandbox,
    _spans,
)
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_socket import SocketError
from ansible_collections.hardened.balancer.plugins.module_utils._proof_firewall import covers
from ansible_collections.hardened.balancer.plugins.module_utils._proof_seen import Expect, Finding, Seen

NAMED = 10

Check = t.Callable[[Expect, Seen], t.Iterator[Finding]]


def prove(checks: t.Iterable[Check], expect: Expect, seen: Seen) -> list[Finding]:
    found: list[Finding] = []
    for check in checks:
        try:
            found += check(expect, seen)
        except Exception as exc:  # whatever a broken node makes a check stumble over, the others go on
            name = check.__name__.replace("_", " ")
            found.append(Finding(name, "an answer", f"{type(exc).__name__}: {exc}", False))
    return found


def report(found: list[Finding]) -> str:
    failed = [one for one in found if not one.ok]
    lines = [f"  {one.name}: expected {one.expected}, found {one.found}" for one in failed]
    return "\n".join([f"{len(failed)} of {len(found)} checks of the live node failed:", *lines])


def summary(seen: Seen) -> dict[str, t.Any]:
    try:
        rows = seen.stats()
    except SocketError:
        rows = []
    served = (
        (one["protocol"], one["address"], one["port"], one["process"])
        for one in seen.listeners
        if not _listeners.is_loopback(one["address"])
        and any(covers(accept, one["protocol"], one["port"]) for accept in seen.accepts)
    )
    servers = _health.by_backend(rows)
    return {
        "kept_aside": _firewalls.kept_aside(),
        "ssh_ports": _proof_ssh.listening(seen),
        "until_restart": _sandbox.leftover(seen.live.sandbox, seen.live.unit_sandbox),
        "frontends": [{"name": row["pxname"], "status": row["status"]} for row in rows if row["type"] == "0"],
        "backends": [_workers(row["pxname"], servers.get(row["pxname"], [])) for row in rows if row["type"] == "1"],
        "open": [
            {
                "protocol": protocol,
                "address": address,
                "port": port,
                "process": process,
                "sources": _from(seen, protocol, port),
            }
            for protocol, address, port, process in served
        ],
    }


def _workers(backend: str, rows: list[_health.Row]) -> dict[str, t.Any]:
    """Some by name, all by number: a backend may have thousands."""
    serving = [row["svname"] for row in rows if _health.serves(row)]
    away = [
        f"{row['svname']} {row['status']} {_health.check_of(row)}".rstrip() for row in rows if not _health.serves(row)
    ]
    return {
        "name": backend,
        "workers": len(rows),
        "serving": len(serving),
        "named": serving[:NAMED],
        "away": away[:NAMED],
    }


def _from(seen: Seen, protocol: str, port: int) -> list[str] | None:
    """Who alone may come; None for everybody."""
    found = [one.sources for one in seen.accepts if covers(one, protocol, port)]
    if None in found:
        return None
    return _spans.networks(source for sources in found for source in sources or ())


LOCKDOWN: tuple[Check, ...] = (
    _proof_ssh.ssh_settings,
    _proof_ssh.ssh_serves,
    _proof_ssh.ssh_ports,
    _proof_ssh.ssh_offers,
    _proof_ssh.ssh_comes_back,
    _proof_firewall.firewall_drops,
    _proof_firewall.firewall_lets_administrators_in,
    _proof_firewall.firewall_opens_no_more,
    _proof_firewall.no_other_firewall,
    _proof_firewall.firewall_bans,
    _proof_firewall.firewall_at_boot,
    _proof_ssh.administrators,
    _proof_baseline.kernel_settings,
    _proof_baseline.updates,
    _proof_baseline.time_is_kept,
    _proof_baseline.log_is_kept,
    _proof_baseline.bans,
)
SERVICE: tuple[Check, ...] = (
    _proof_process.configuration_in_force,
    _proof_process.open_files,
    _proof_process.sandbox_of_the_unit,
    _proof_process.sandbox_of_the_process,
    _proof_traffic.binds,
    _proof_traffic.listens_nowhere_else,
    _proof_firewall.firewall_opens_exactly,
    _proof_firewall.firewall_rates,
    _proof_firewall.firewall_bypasses,
    _proof_firewall.firewall_output,
    _proof_traffic.front_doors,
    _proof_traffic.backends,
    _proof_process.starts_at_boot,
    _proof_process.logs_arrive,
)
SCOPES = {"lockdown": LOCKDOWN, "service": SERVICE}
