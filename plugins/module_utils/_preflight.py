# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a new process could not have: it must be found before anybody is told to leave.

What fails in a new worker ends the master too, and with it the service: memory or processes that the unit may not have.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import resource
import typing as t
from pathlib import Path

from ansible_collections.hardened.balancer.plugins.module_utils import _addresses, _listeners, _programs
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_process import (
    UNIT,
    Places,
    number,
    parse_properties,
)

LIMITS = ("LoadState", "MemoryMax", "MemoryCurrent", "TasksMax", "TasksCurrent")
MIB = 1 << 20
# The new master and its worker, and a thread for each of its processors at most.
TASKS = 2


def problems(digest: str, places: Places, run: _programs.Run) -> list[str]:
    main = Path(places.trees, digest, "haproxy.cfg")
    answer = run([places.program, "-c", "-f", str(main)])
    needed = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    if answer.rc != 0:
        return [f"HAProxy does not take the tree any more as it lies there:\n{answer.said}"]
    unit = parse_properties(run(["systemctl", "show", UNIT, f"--property={','.join(LIMITS)}"]).out)
    held = {(one["protocol"], one["address"], one["port"]) for one in _ours(places)}
    return [*_of_unit(unit, needed), *_addresses.refused(main.read_text(errors="replace"), held)]


def _ours(places: Places) -> list[dict[str, t.Any]]:
    return [one for one in _listeners.listeners(places.proc) if one["process"] == "haproxy"]


def _of_unit(unit: t.Mapping[str, str], needed: int) -> t.Iterator[str]:
    if unit.get("LoadState") not in ("loaded", None):
        yield f"{UNIT} is {unit['LoadState']}: systemctl unmask haproxy, or mend the unit (systemctl status haproxy)"
    memory, used = number(unit.get("MemoryMax")), number(unit.get("MemoryCurrent"))
    if memory is not None and used is not None and used < memory < used + needed:
        yield (
            f"{UNIT} may use {memory // MIB} MiB of memory (MemoryMax) and uses {used // MIB}; "
            f"the new process needs {needed // MIB} more beside the old one, and would be killed"
        )
    tasks, running = number(unit.get("TasksMax")), number(unit.get("TasksCurrent"))
    if tasks is not None and running is not None and tasks < running + TASKS:
        yield f"{UNIT} may have {tasks} processes and threads (TasksMax) and has {running}; the new ones need more"
