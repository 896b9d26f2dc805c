# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = Path(sys.executable).parent

INVENTORY = """\
---
all:
  children:
    balancers:
      hosts:
        lb1: {ansible_host: 198.51.100.10}
    web_workers:
      hosts:
        worker1: {ansible_host: 10.0.0.101}
        worker2: {ansible_host: 10.0.0.102}
"""


class Run(t.Protocol):
    def __call__(self, *command: str | Path, cwd: Path, **environment: str) -> str: ...


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run a command with the tools beside this interpreter, a HOME of its own and nothing of the caller's Ansible."""
    home = tmp_path_factory.mktemp("home")

    def run_command(*command: str | Path, cwd: Path, **environment: str) -> str:
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "MOLECULE_"))
        }
        own = {"HOME": str(home), "PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}", "ANSIBLE_NOCOLOR": "true"}
        __tracebackhide__ = True
        finished = subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            env=inherited | own | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert finished.returncode == 0, f"{command} in {cwd} exited {finished.returncode}:\n{finished.stdout}"
        return finished.stdout

    return run_command


@pytest.fixture(scope="session")
def tarball(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("build")
    run("ansible-galaxy", "collection", "build", ROOT, "--output-path", target, cwd=target)
    (built,) = target.glob("hardened-balancer-*.tar.gz")
    return built


@pytest.fixture(scope="session")
def inventory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("inventory") / "hosts.yml"
    file.write_text(INVENTORY, encoding="utf-8")
    return file
