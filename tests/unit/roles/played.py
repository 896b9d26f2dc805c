# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One play on this machine, run by the ansible-playbook of the tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]


def played(scratch: Path, tasks: list[dict[str, Any]], variables: dict[str, Any] | None = None) -> str:
    """What it prints; roles are looked for below `scratch`."""
    said = {"ansible_python_interpreter": sys.executable, **(variables or {})}
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "vars": said, "tasks": tasks}
    (scratch / "play.yml").write_text(json.dumps([play]))
    done = subprocess.run(
        [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "localhost,", "play.yml"],
        cwd=scratch,
        env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_HOME": f"{scratch}/home"},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
