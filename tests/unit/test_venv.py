# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The script that makes the environments, with a Python that only notes what it is asked for."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / ".ci/venv"
# `-m venv --clear DIRECTORY`, and then it is that directory's own Python, which has pip.
PYTHON = """#!/bin/sh
[ "$1" = -c ] && exit 0
echo "$2" >>"$LOG"
[ "$2" = venv ] && mkdir -p "$4/bin" && cp "$0" "$4/bin/python"
sleep 0.3
"""


def test_two_at_a_time_make_one_environment_once(tmp_path: Path) -> None:
    python, log, requirements = tmp_path / "python", tmp_path / "log", tmp_path / "requirements.txt"
    python.write_text(PYTHON)
    python.chmod(0o755)
    requirements.write_text("one==1\n")
    environment = {**os.environ, "PYTHON": str(python), "LOG": str(log)}
    command = [str(SCRIPT), str(tmp_path / "venv"), str(requirements)]
    both = [subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) for _make in range(2)]
    assert [one.wait(20) for one in both] == [0, 0]
    assert log.read_text().split() == ["venv", "pip"]
    # Alone it does what it is asked for: somebody wants it anew.
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    assert log.read_text().split() == ["venv", "pip"] * 2
