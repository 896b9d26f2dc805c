# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of the site that are cut off: at a task on the controller, or at a step on the balancer."""

from __future__ import annotations

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import threading
import time
import typing as t

from tests.proof.breaking import node
from tests.proof.lab import ROOT, Lab, LabError, Machine, execute

BEGINS = re.compile(r"^(?:TASK|RUNNING HANDLER) \[(.+?)\]")
LONG = 180.0
# In the environment of a run and of all that it starts.
MARK = "BALANCER_LAB_RUN"
# A module that has stopped goes on to its end.
GOES_ON = (
    "pid=$(cat /run/lab-steps/pid); kill -CONT $pid; "
    "timeout 60 sh -c 'while kill -0 $0; do sleep 0.1; done 2>/dev/null' $pid"
)
# What ends: the balancer, as by a loss of its power; the module; or the controller with all its connections.
HOWS = ("stop", "kill", "leave")


class Cut(t.NamedTuple):
    """Where a run was cut off; no name where it ended before."""

    name: str
    output: str


class Mark(t.NamedTuple):
    """Of a step: the process that came to it, and a number for what lay on the disk then."""

    process: str
    disk: str


def tasks(output: str) -> list[str]:
    """The tasks of a run in their order, handlers among them."""
    return [found[1] for line in output.splitlines() if (found := BEGINS.match(line))]


def _start(lab: Lab, machine: Machine, options: list[str]) -> subprocess.Popen[str]:
    command = lab.command("site.yml", *options, limit=f"{machine},localhost")
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env={**lab.environment, "PYTHONUNBUFFERED": "1", MARK: str(node.number())},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )


def _end(run: subprocess.Popen[str]) -> None:
    """With all that it started: Ansible's forks have sessions of their own, and would finish their task."""
    mark = _environment(run.pid).get(MARK)
    while mark and (left := [pid for pid in _processes() if _environment(pid).get(MARK) == mark]):
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _processes() -> list[int]:
    return [int(path.name) for path in pathlib.Path("/proc").iterdir() if path.name.isdecimal()]


def _environment(pid: int) -> dict[str, str]:
    """What a process was started with; nothing of one that has ended."""
    try:
        words = pathlib.Path(f"/proc/{pid}/environ").read_text(errors="replace").split("\0")
    except OSError:
        return {}
    return {name: value for name, equals, value in (word.partition("=") for word in words) if equals}


def controller(lab: Lab, machine: Machine, options: list[str], number: int, later: float) -> Cut:
    """The controller and all that it started are killed `later` seconds after the task of this number began."""
    seen: list[str] = []
    with _start(lab, machine, options) as run:
        assert run.stdout is not None
        name = ""
        for line in run.stdout:
            seen.append(line)
            if not name and len(tasks("".join(seen))) == number:
                name = tasks("".join(seen))[-1]
                threading.Timer(later, _end, [run]).start()
    return Cut(name, "".join(seen))


def arm(machine: Machine, number: int, how: str, of: str = "") -> None:
    """`of`: one module in place of those that change HAProxy."""
    only = f"echo {of} >of; " if of else ""
    machine.run(
        f"rm -rf /run/lab-steps; mkdir /run/lab-steps; cd /run/lab-steps; {only}echo {how} >how; echo {number} >at"
    )


def disarm(machine: Machine) -> list[str]:
    """The steps that were counted."""
    return machine.run("cat /run/lab-steps/steps 2>/dev/null || true; rm -rf /run/lab-steps").splitlines()


def inside(machine: Machine) -> pathlib.Path:
    """The balancer's files, as this machine sees them: much faster than to ask the engine."""
    pid = execute(["docker", "inspect", "--format", "{{.State.Pid}}", machine.container]).output.strip()
    return pathlib.Path(f"/proc/{pid}/root")


def at_step(lab: Lab, machine: Machine, options: list[str], number: int, how: str, of: str = "") -> Cut:
    """Before the step of this number, of a module: see HOWS."""
    reached = inside(machine) / "run/lab-steps/reached"
    arm(machine, number, how, of)
    output: list[str] = []
    with _start(lab, machine, options) as run:
        assert run.stdout is not None
        reader = threading.Thread(target=lambda: output.extend(t.cast("t.IO[str]", run.stdout)))
        reader.start()
        end = time.monotonic() + LONG
        while run.poll() is None and time.monotonic() < end:
            if how != "kill" and exists(reached):
                name = reached.read_text()
                if how == "stop":
                    node.kill(machine)
                _end(run)
                if how == "leave":
                    # It has lost whom it worked for.
                    machine.run(GOES_ON)
                reader.join()
                return Cut(name, "".join(output))
            time.sleep(0.005)
        _end(run)
        reader.join()
    if exists(reached):
        return Cut(reached.read_text(), "".join(output))
    if counted(machine) >= number:
        raise LabError(f"{machine}: a run came past step {number} and was not cut off")
    return Cut("", "".join(output))


def marks(lab: Lab, machine: Machine, options: list[str], of: str = "") -> list[Mark]:
    """Of all steps of a run that is not cut off."""
    arm(machine, node.NEVER, "leave", of)
    machine.run("touch /run/lab-steps/look")
    node.site(lab, machine, *options, code=0)
    lines = machine.run("cat /run/lab-steps/marks").splitlines()
    disarm(machine)
    return [Mark(*line.split()) for line in lines]


def differing(marks: t.Sequence[Mark], how: str) -> list[int]:
    """The steps before which a cut leaves something else than before the one ahead of it.

    Without power, what lay on the disk. Without a controller a module goes on to its end, wherever it was: its first
    step and its last one, after which nothing follows.
    """
    seen = [mark.disk if how == "stop" else mark.process for mark in marks]
    pairs = enumerate(zip(["", *seen], seen, [*seen[1:], ""]), 1)
    return [number for number, (ahead, here, after) in pairs if here != ahead or (how != "stop" and here != after)]


def counted(machine: Machine) -> int:
    return int(machine.run("cat /run/lab-steps/steps 2>/dev/null | wc -l"))


def exists(path: pathlib.Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False
