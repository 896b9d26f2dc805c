# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a new process could not have: it must be found before anybody is told to leave.

What fails in a new worker ends the master too, and with it the service: memory or processes that the unit may not have.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import re
import resource
import typing as t
from pathlib import Path

from ansible_collections.hardened.balancer.plugins.module_utils import _addresses, _confined, _listeners, _programs
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_process import (
    UNIT,
    Places,
    number,
    parse_properties,
)

LIMITS = (
    "LoadState",
    "ExecStart",
    "Environment",
    "DropInPaths",
    "FragmentPath",
    "MemoryMax",
    "MemoryCurrent",
    "TasksMax",
    "TasksCurrent",
    "BindPaths",
    "BindReadOnlyPaths",
)
MIB = 1 << 20
CACHE = re.compile(r"^\s+total-max-size\s+(\d+)", re.MULTILINE)
SESSIONS = re.compile(r"^\s+tune\.ssl\.cachesize\s+(\d+)", re.MULTILINE)
SESSION_BYTES = 200
STARTED = re.compile(r"\s-f\s+(\S+)")
CONFIG = re.compile(r"\b(CONFIG)=([^\s\"]+)")
CHROOT = re.compile(r"^global$(?:\n[ \t].*)*?\n[ \t]+chroot[ \t]+(\S+)", re.MULTILINE)
LOG_SOCKET = re.compile(r"^[ \t]+log[ \t]+(/\S+)", re.MULTILINE)
# The new master and its worker, and a thread for each of its processors at most.
TASKS = 2


def problems(digest: str, places: Places, run: _programs.Run) -> list[str]:
    main = Path(places.trees, digest, "haproxy.cfg")
    answer = run([places.program, "-c", "-f", str(main)])
    needed = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    if answer.rc != 0:
        return [f"HAProxy does not take the tree any more as it lies there:\n{answer.said}"]
    unit = parse_properties(run(["systemctl", "show", UNIT, f"--property={','.join(LIMITS)}"]).out)
    text = main.read_text(errors="replace")
    held = {(one["protocol"], one["address"], one["port"]) for one in _ours(places)}
    found = [
        *_confined.problems(main, places, run),
        *_of_file(unit, places),
        *_of_unit(unit, needed + caches(text)),
        *_of_logs(text, unit),
    ]
    return [*found, *_addresses.refused(text, held)]


def _ours(places: Places) -> list[dict[str, t.Any]]:
    return [one for one in _listeners.listeners(places.proc) if one["process"] == "haproxy"]


def caches(text: str) -> int:
    """Bytes that a process takes at once, and that reading the configuration does not."""
    of_answers = sum(int(size) for size in CACHE.findall(text)) * MIB
    return of_answers + sum(int(number) for number in SESSIONS.findall(text)) * SESSION_BYTES


def _of_file(unit: t.Mapping[str, str], places: Places) -> t.Iterator[str]:
    """A unit that was made to start another file would do that again."""
    started = STARTED.search(unit.get("ExecStart", ""))
    environment = dict(CONFIG.findall(f"CONFIG={places.link} {unit.get('Environment', '')}"))
    said = environment["CONFIG"] if started and started[1] in ("$CONFIG", "${CONFIG}") else started and started[1]
    if said and said != places.link:
        where = unit.get("DropInPaths") or unit.get("FragmentPath") or "its files"
        yield f"{UNIT} starts {said} and not {places.link}: mend that in {where}, then run systemctl daemon-reload"


def _of_logs(text: str, unit: t.Mapping[str, str]) -> t.Iterator[str]:
    """HAProxy opens a log's socket after it has locked itself in, and says nothing where there is none."""
    chroot = CHROOT.search(text)
    if not chroot:
        return
    bound = f"{unit.get('BindReadOnlyPaths', '')} {unit.get('BindPaths', '')}".split()
    bound_to = {entry.split(":")[1] for entry in bound if ":" in entry}
    for path in sorted(set(LOG_SOCKET.findall(text))):
        inside = f"{chroot[1].rstrip('/')}{path}"
        if inside not in bound_to and not Path(inside).is_socket():
            yield (
                f"it would log nothing: {path} is looked for below the chroot, and {inside} is no socket. "
                f"Have a drop-in of {UNIT} with BindReadOnlyPaths={path}:{inside}, or leave chroot as it is by default"
            )


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
