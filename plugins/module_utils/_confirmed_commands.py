# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands of a change, each with an end: output and children of a shell included.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
OUTPUT_LIMIT = 4000
CHECK_SECONDS = 60


@dataclass(frozen=True)
class Output:
    code: int
    text: str

    @property
    def ok(self) -> bool:
        return self.code == 0


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    path = os.environ.get("PATH", "")
    return {**os.environ, "LC_ALL": "C", "PATH": f"{path}:{SYSTEM_PATH}" if path else SYSTEM_PATH, **extra}


def run(command: Sequence[str], seconds: int = CHECK_SECONDS, **extra: str) -> Output:
    with tempfile.TemporaryFile() as printed:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                env=environment(extra),
                start_new_session=True,
            )
        except OSError as problem:
            return Output(127, f"{command[0]}: {problem.strerror}")
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            code = 124
        printed.seek(0)
        text = printed.read().decode(errors="replace").strip()
    return Output(code, f"{text}\n(ended after {seconds} s)".strip() if code == 124 else text)


def run_shell(command: str, staged: str = "", seconds: int = CHECK_SECONDS) -> Output:
    return run(["sh", "-c", command], seconds, STAGED=staged)


def tail(text: str) -> str:
    return text if len(text) <= OUTPUT_LIMIT else "..." + text[-OUTPUT_LIMIT:]


def said(output: Output) -> str:
    return tail(output.text) or f"nothing, exit code {output.code}"
