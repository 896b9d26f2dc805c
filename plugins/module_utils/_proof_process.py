# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HAProxy's process: what it runs, in which sandbox, and whether its log arrives.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import stat
import typing as t
from pathlib import Path

from ansible_collections.hardened.balancer.plugins.module_utils import _haproxy_process, _sandbox
from ansible_collections.hardened.balancer.plugins.module_utils._proof_seen import Expect, Finding, Seen, listed

LOG_SECONDS = 5.0


def configuration_in_force(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    linked = _haproxy_process.linked_digest(seen.places)
    running = seen.live.digest
    yield Finding(
        "configuration in force",
        linked or "a tree of ours",
        running or "none of ours",
        linked is not None and running == linked,
    )


def open_files(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    wanted, found = expect["nofile"], seen.live.nofile
    yield Finding(
        "open files of HAProxy", f"at least {wanted}", str(found or "no process"), bool(found and found >= wanted)
    )


def sandbox_of_the_unit(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    """What a start would give, by all drop-ins of the unit together."""
    if "sandbox" not in expect:
        return
    wanted, unit = expect["sandbox"]["properties"], seen.unit
    held = {name.upper() for name in unit.get("CapabilityBoundingSet", "").split()}
    yield Finding(
        "capabilities of haproxy.service",
        listed(expect["sandbox"]["capabilities"]),
        listed(sorted(held)),
        held == set(expect["sandbox"]["capabilities"]),
    )
    wrong = {name: unit.get(name) for name, value in wanted.items() if unit.get(name, value) != value}
    found = listed(f"{name}={value}" for name, value in wrong.items())
    also = f" (drop-ins: {unit.get('DropInPaths', 'none')})" if wrong else ""
    yield Finding("sandbox of haproxy.service", "as planned", f"{found}{also}" if wrong else "it is", not wrong)


def sandbox_of_the_process(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    """What the kernel says of the master and of the worker."""
    if "sandbox" not in expect:
        return
    left = _sandbox.leftover(seen.live.sandbox, seen.live.unit_sandbox)
    kept = {one.partition("=")[2] for one in left if one.startswith("CapabilityBoundingSet=")}
    of_init = _sandbox.capabilities(_sandbox.read_status(seen.places.proc, 1))
    allowed = {*expect["sandbox"]["capabilities"], *kept} & of_init
    gains = expect["sandbox"]["properties"].get("NoNewPrivileges") == "no" or "NoNewPrivileges=no" in left
    for name, pid in (("master", seen.live.master), ("worker", seen.live.worker)):
        status = _sandbox.read_status(seen.places.proc, pid) if pid else {}
        found = _sandbox.capabilities(status)
        yield Finding(
            f"capabilities of HAProxy's {name}",
            listed(sorted(allowed)),
            listed(sorted(found)) if status else "no process",
            bool(status) and found == allowed,
        )
        locked = status.get("Seccomp") == "2" and (gains or status.get("NoNewPrivs") == "1")
        said = f"NoNewPrivs {status.get('NoNewPrivs')}, Seccomp {status.get('Seccomp')}"
        yield Finding(f"HAProxy's {name} is confined", "NoNewPrivs 1, Seccomp 2", said, locked)


def starts_at_boot(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    enabled = seen.enabled("haproxy")
    yield Finding("HAProxy at boot", "enabled", "enabled" if enabled else "not enabled", enabled)


def logs_arrive(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    """The requests of this proof are in the journal; where there is none that is logged, the way to it is open."""
    if not expect.get("journal", True):
        return
    worker = seen.live.worker
    if worker is None:
        yield Finding("log of HAProxy", "lines in the journal", "no process", False)
        return
    query = ["journalctl", "--quiet", "--boot", "--lines=1", "--output=cat", "_TRANSPORT=syslog", f"_PID={worker}"]
    asked = any(b["mode"] == "http" and b["plain"] and not b.get("quiet") for b in expect["binds"])
    arrived = _haproxy_process.wait_until(lambda: bool(seen.run(query).out.strip()), LOG_SECONDS if asked else 0)
    if not arrived and not asked:
        arrived = _sees_log(seen.places.proc, worker)
    found = "they arrive" if arrived else f"no line of process {worker}"
    yield Finding("log of HAProxy", "lines in the journal", found, arrived)


def _sees_log(proc: str, worker: int) -> bool:
    """From inside the chroot of the process."""
    try:
        return stat.S_ISSOCK(Path(proc, str(worker), "root/dev/log").stat().st_mode)
    except OSError:
        return False
