# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machines of the bench, and what is done on them."""

from __future__ import annotations

import os
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).parent
STATE = ROOT / ".cache/bench"
LAB = "hardened-balancer-bench"
ROUNDS = int(os.environ.get("ROUNDS", "5"))
SECONDS = 5
ENVIRONMENT = {
    **os.environ,
    "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
    "ANSIBLE_HOME": str(STATE / "ansible"),
    "ANSIBLE_SSH_CONTROL_PATH_DIR": str(ROOT / ".cache/cp"),
    "ANSIBLE_NOCOLOR": "1",
    "LC_ALL": "C.UTF-8",
}
INSTALL = "export DEBIAN_FRONTEND=noninteractive; apt-get -qq update; apt-get -qq install -y --no-install-recommends"
Row = dict[str, float]


def say(text: str) -> None:
    print(f"bench: {text}", flush=True)


def run(*command: str | pathlib.Path, stdin: str | None = None) -> str:
    done = subprocess.run(
        [str(word) for word in command],
        check=False,
        cwd=ROOT,
        env=ENVIRONMENT,
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        sys.exit(f"bench: {' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def playbook(name: str | pathlib.Path, *options: str | pathlib.Path) -> str:
    return run("ansible-playbook", "-i", HERE / "inventory", name, *options)


def inside(machine: str, command: str, stdin: str | None = None) -> str:
    return run("docker", "exec", "-i", f"{LAB}-{machine}", "sh", "-ec", command, stdin=stdin)


def row(values: list[float]) -> Row:
    return {"median": statistics.median(values), "least": min(values), "most": max(values), "rounds": len(values)}


def table(title: str, rows: dict[str, Row], base: str, digits: int) -> None:
    print(f"\n{title:<36}{'median':>10}{'least':>10}{'most':>10}{'ratio':>8}   (ratio to: {base})")
    for name, values in rows.items():
        ratio = values["median"] / rows[base]["median"]
        figures = "".join(f"{values[key]:>10.{digits}f}" for key in ("median", "least", "most"))
        print(f"{name:<36}{figures}{ratio:>8.2f}")
