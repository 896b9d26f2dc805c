# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs of the node, run with a bounded time and an answer in any case.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import subprocess
import typing as t
from dataclasses import dataclass

ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
NOT_FOUND = 127
TIMED_OUT = 124


@dataclass(frozen=True)
class Answer:
    rc: int
    out: str
    err: str = ""

    @property
    def said(self) -> str:
        """Both outputs, for messages."""
        return "\n".join(part.strip() for part in (self.out, self.err) if part.strip())


Run = t.Callable[[t.Sequence[str]], Answer]


def run(command: t.Sequence[str], timeout: float = 30) -> Answer:
    return run_all({"": command}, timeout)[""]


def run_all(commands: t.Mapping[str, t.Sequence[str]], timeout: float = 30) -> dict[str, Answer]:
    """All of them side by side: most of the time of a small program is its start."""
    started = {name: _start(command) for name, command in commands.items()}
    return {name: one if isinstance(one, Answer) else _collect(one, timeout) for name, one in started.items()}


def _start(command: t.Sequence[str]) -> subprocess.Popen[bytes] | Answer:
    try:
        return subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=ENVIRONMENT,
        )
    except OSError as exc:
        return Answer(NOT_FOUND, "", f"{command[0]}: {exc.strerror}")


def _collect(process: subprocess.Popen[bytes], timeout: float) -> Answer:
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return Answer(TIMED_OUT, "", f"gave no answer within {timeout:g} s")
    return Answer(process.returncode, out.decode(errors="replace"), err.decode(errors="replace"))
