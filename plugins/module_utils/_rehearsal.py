# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tree, started for a moment as a process of its own that no client reaches, before anything is told to leave.

Its listeners are unix sockets in a private directory, it logs to nobody and tells no peers; its checks ask the real
servers. So it is known what the start of a worker would die of, and which backends would have no server: clients would
notice the first as an outage, and the second as errors until the change has gone back.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import typing as t
from pathlib import Path

from ansible_collections.hardened.balancer.plugins.module_utils import _health
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_process import Places

# Left out: what others would notice, what belongs to one process only, and limits that are the unit's.
LEFT_OUT = (
    *("log", "stats", "server-state-file", "load-server-state-from-file", "email-alert", "pidfile", "daemon"),
    *("master-worker", "mworker-max-reloads", "ulimit-n", "set-dumpable", "localpeer", "unix-bind"),
)
OF_GLOBAL = ("maxconn",)
# A program of the master's is started by a master only.
NOT_REHEARSED = re.compile(r"^program\s", re.MULTILINE)
# Memory that HAProxy touches when it starts.
SMALL = {"total-max-size": 1, "tune.ssl.cachesize": 1000}
INTERVAL = re.compile(r"\b(inter|fastinter|downinter) \S+")
# Checks of so many servers in a second are no load for anybody.
CHECKS_PER_SECOND = 5000
START_SECONDS = 20.0
PAUSE = 0.05
PREFIX = "rehearsal-"


def failures(main: str, before: t.Iterable[_health.Row], seconds: float, places: Places) -> list[str]:
    """Why the tree whose haproxy.cfg this is would not serve; empty where it would, or where nobody can tell."""
    if NOT_REHEARSED.search(main):
        return []
    stage = Path(places.run)
    stage.mkdir(mode=0o755, parents=True, exist_ok=True)
    for left in stage.glob(f"{PREFIX}*"):
        shutil.rmtree(left, ignore_errors=True)
    here = Path(tempfile.mkdtemp(prefix=PREFIX, dir=stage))
    try:
        here.joinpath("haproxy.cfg").write_text(rehearsed(main, str(here)), errors="surrogateescape")
        with here.joinpath("said").open("wb") as said:
            # It ends by itself too, where this module is killed.
            bound = ["timeout", "--signal=KILL", str(int(START_SECONDS + seconds) + 5)]
            command = [*bound, places.program, "-db", "-f", str(here / "haproxy.cfg")]
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True
            )
        try:
            return _watched(process, list(before), seconds, here)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    finally:
        shutil.rmtree(here, ignore_errors=True)


def rehearsed(main: str, here: str) -> str:
    """The configuration, as it can run beside the one that serves."""
    servers = len(re.findall(r"^\s+server(?:-template)?\s", main, re.MULTILINE))
    interval = max(200, servers * 1000 // CHECKS_PER_SECOND)
    found, section, number = [], "", 0
    for line in main.splitlines():
        words = line.split()
        if line[:1].strip() and words:
            section = words[0]
            found.append(line)
            if section == "global":
                found += [f"    stats socket {here}/s level admin", "    localpeer rehearsal"]
            continue
        first = words[0] if words else ""
        if first in ("bind", "dgram-bind"):
            number += 1
            found.append(f"    {first} unix@{here}/{number}")
        elif first in SMALL:
            found.append(f"    {first} {SMALL[first]}")
        elif first not in LEFT_OUT and not (section == "global" and first in OF_GLOBAL):
            found.append(INTERVAL.sub(rf"\1 {interval}ms", line) if "server" in first else line)
    return "\n".join(found) + "\n"


def _watched(process: subprocess.Popen[bytes], before: list[_health.Row], seconds: float, here: Path) -> list[str]:
    deadline = time.monotonic() + START_SECONDS
    while not (rows := _health.rows(f"{here}/s")):
        if process.poll() is not None or time.monotonic() >= deadline:
            said = here.joinpath("said").read_text(errors="replace").replace(f"{here}/", "").strip()
            return [f"a process that is started with it, beside the one that serves, does not come up:\n{said}"]
        time.sleep(PAUSE)
    deadline = time.monotonic() + seconds
    while True:
        down, unsure = _health.lost(before, rows)
        if not down and not unsure:
            return []
        if time.monotonic() >= deadline:
            return [_health.told(down, rows, seconds)] if down else []
        time.sleep(PAUSE)
        rows = _health.rows(f"{here}/s") or rows
