# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The load client, from the side of a line: started, stopped, counted."""

from __future__ import annotations

import json
import subprocess
import time
import typing as t

Row = dict[str, t.Any]
# How many of each kind; see load.py for what they do.
DEFAULT: Row = {
    "keepalive": 8,
    "closing": 4,
    "tls": 4,
    "h2": 2,
    "long": 4,
    "websocket": 200,
    "tcp": 20,
}
SESSIONS = ("websocket", "tcp")
SHOWN = 20


def inside(container: str, *words: str) -> list[str]:
    """Python with something of ours, in a container."""
    return ["docker", "exec", "-i", "-w", "/proof", container, "python3", *words]


class Load:
    """Kinds of clients by their number, and the pause in seconds between two requests of one of them (`pause`).

    With a number of its own for one kind, `lab.load(balancer, keepalive=4)`, the kinds that are not named are left out.
    """

    def __init__(self, container: str, how: Row) -> None:
        named = any(kind in how for kind in DEFAULT)
        self.how: Row = {**({} if named else DEFAULT), **how}
        self.container = container
        self.result: Row = {}
        self.began = self.ended = 0.0

    def __enter__(self) -> Load:
        command = inside(self.container, "-m", "tests.proof.inside.load", json.dumps(self.how))
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        ready = self._process.stdout.readline() if self._process.stdout else ""
        if ready.strip() != "ready":
            raise RuntimeError(f"the load client did not come up: {ready}{self._process.communicate()[0]}")
        self.began = time.monotonic()
        return self

    def __exit__(self, *_exception: object) -> None:
        """It notices the end of its input, lets what is under way end, and prints what it counted."""
        self.ended = time.monotonic()
        try:
            output = self._process.communicate(timeout=60)[0]
        except subprocess.TimeoutExpired:
            self._process.kill()
            output = self._process.communicate()[0]
        if not output.strip():
            raise RuntimeError("the load client printed nothing")
        self.result = json.loads(output)
        # Where nothing was asked nothing can fail.
        if silent := [kind for kind, row in self.result["kinds"].items() if not row["requests"]]:
            raise RuntimeError(f"the load client asked nothing: {', '.join(silent)}")

    def of(self, kind: str) -> Row:
        """Of one kind: requests, failed, seconds (median, 99th, longest), workers (name: answers)."""
        found: Row = self.result["kinds"][kind]
        return found

    @property
    def requests(self) -> int:
        return sum(row["requests"] for row in self.result["kinds"].values())

    @property
    def longest(self) -> float:
        """Seconds of the longest answer to a request; those that are slow on purpose are left out."""
        return max(
            (
                row["seconds"]["longest"]
                for kind, row in self.result["kinds"].items()
                if kind not in ("long", *SESSIONS)
            ),
            default=0.0,
        )

    def failures(self) -> list[Row]:
        """Every request without the answer that it should have got: kind, at, why, fresh (first of its connection)."""
        return list(self.result["failures"])

    def cuts(self) -> list[Row]:
        """Every session that ended without having been asked to: kind, opened, at, why."""
        return list(self.result["cuts"])

    def early_cuts(self, reloads: t.Sequence[float], bound: float) -> list[Row]:
        """Cuts that a bound of so many seconds does not explain.

        A session may be cut that long after the first reload that it saw; `reloads`: `time.monotonic()` of each.
        """
        early = []
        for cut in self.cuts():
            seen = [moment for moment in reloads if moment > cut["opened"] - 1.0]
            if not seen or cut["at"] < seen[0] + bound - 0.5:
                early.append(cut)
        return early

    def table(self) -> str:
        """All kinds, and the first of what failed."""
        head = f"{'kind':<11}{'clients':>8}{'requests':>10}{'failed':>8}{'cut':>6}"
        head += f"{'median ms':>11}{'99 %':>8}{'longest':>9}"
        lines = [f"{self.ended - self.began:.1f} s under load", head]
        for kind, row in self.result["kinds"].items():
            of, cut = row["seconds"], sum(1 for one in self.cuts() if one["kind"] == kind)
            figures = "".join(
                f"{of[key] * 1000:>{width}.1f}" for key, width in (("median", 11), ("p99", 8), ("longest", 9))
            )
            lines.append(f"{kind:<11}{row['clients']:>8}{row['requests']:>10}{row['failed']:>8}{cut:>6}{figures}")
        for one in self.failures()[:SHOWN]:
            lines.append(f"failed: {one['kind']} {one['at'] - self.began:.2f} s after the start: {one['why']}")
        if len(self.failures()) > SHOWN:
            lines.append(f"and {len(self.failures()) - SHOWN} more")
        return "\n".join(lines)
