# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a balancer looks like while a block lasts: its processes, or the states of its servers."""

from __future__ import annotations

import json
import statistics
import subprocess
import tempfile
import time
import typing as t

from tests.proof.client import inside
from tests.proof.lab import Machine

Look = tuple[float, t.Any]
Self = t.TypeVar("Self", bound="Watch")


class Watch:
    """`looks` are (seconds, what was found); of servers only those looks that saw something new."""

    def __init__(self, machine: Machine, what: str, pause: float) -> None:
        self.command = inside(machine.container, "-m", "tests.proof.inside.watch", what, str(pause))
        self.looks: list[Look] = []

    def __enter__(self: Self) -> Self:
        # A pipe that nobody reads would be full soon.
        self._output = tempfile.TemporaryFile("w+")
        self._process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=self._output, text=True)
        time.sleep(1)
        return self

    def __exit__(self, *_exception: object) -> None:
        self._process.communicate(timeout=30)
        self._output.seek(0)
        self.looks = [tuple(json.loads(line)) for line in self._output]
        self._output.close()


class Total(t.NamedTuple):
    """All processes at one moment."""

    at: float
    processes: int
    mib: float
    files: int
    master_mib: float
    master_files: int


def master_of(rows: list[list[int]]) -> list[int]:
    """The one that was there first: it stays the same process over all reloads."""
    return min(rows, key=lambda row: (row[1], row[0]))


class Processes(Watch):
    """Once a second."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine, "processes", 1.0)

    def starts(self) -> list[float]:
        """When each worker that is not there from the beginning was started: a reload begins before that.

        What is no child of the master only tries a configuration, and takes no connection.
        """
        before = {row[0] for row in self.looks[0][1]}
        workers = [row for _at, rows in self.looks for row in rows if row[4] == master_of(rows)[0]]
        return sorted({row[1] / 1000 for row in workers if row[0] not in before})

    def totals(self) -> list[Total]:
        found = []
        for at, rows in self.looks:
            if rows:
                master = master_of(rows)
                kib, files = sum(row[2] for row in rows), sum(row[3] for row in rows)
                found.append(Total(at, len(rows), kib / 1024, files, master[2] / 1024, master[3]))
        return found


class Servers(Watch):
    """Twenty times a second."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine, "servers", 0.05)

    def first(self, server: str, up: bool, since: float) -> float | None:
        """Seconds from then until a server was seen to get traffic (or none); nothing if it never came to that."""
        for at, found in self.looks:
            status = str(found.get(server, "")) if isinstance(found, dict) else ""
            if at >= since and status and (status.startswith("UP") or status == "no check") is up:
                return at - since
        return None


def peak(totals: t.Sequence[Total], field: str) -> float:
    return max((float(getattr(total, field)) for total in totals), default=0.0)


def usual(totals: t.Sequence[Total], field: str) -> float:
    return statistics.median(float(getattr(total, field)) for total in totals) if totals else 0.0
