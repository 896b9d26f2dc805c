# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs in every Python of a balancer: counts the steps of the modules that change HAProxy, and stops at one of them.

A step is what the interpreter is about to do to the world outside: a file written, renamed, removed, a program
started, a socket asked. While /run/lab-steps/at holds a number, the process that comes to that step stops (SIGSTOP) or
is killed, as /run/lab-steps/how says; /run/lab-steps/steps lists those before. /run/lab-steps/of names a module, where
it is another than those that change HAProxy. With /run/lab-steps/look, /run/lab-steps/marks says of each step which
process came to it, and what lay on the disk then. The collection knows nothing of it.
"""

from __future__ import annotations

import os
import signal
import sys
import typing as t
import zlib

PLACE = "/run/lab-steps"
MODULES = ("/modules/haproxy_tree.py", "/modules/haproxy_apply.py")
SCRIPTS = ("server_state.py", "recover.py")
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
# Asked again and again while something is waited for: counted anew only when a file has changed since.
REPEATED = ("socket.connect", "subprocess.Popen")
FILES = (
    *("os.rename", "os.link", "os.symlink", "os.remove", "os.mkdir", "os.rmdir"),
    *("os.chmod", "os.chown", "os.truncate", "os.utime", "os.kill"),
)
# What Ansible does around a module of its own.
ELSEWHERE = ("/tmp/", "/proc/", "/dev/", "/home/", "ansible_", PLACE)
# What outlives the power, of all that a change touches.
LASTING = ("/etc", "/var/lib/hardened-balancer", "/var/lib/systemd")


def lying(places: t.Iterable[str]) -> int:
    """A number for the files as they lie there: another one once any was written, renamed, removed, given away."""
    number = 0
    for place in places:
        for directory, names, files in os.walk(place):
            names.sort()
            for name in sorted([*names, *files]):
                path = f"{directory}/{name}"
                try:
                    of = os.lstat(path)
                except FileNotFoundError:
                    continue
                seen = (path, of.st_ino, of.st_mode, of.st_uid, of.st_gid, of.st_size, of.st_mtime_ns)
                number = zlib.crc32(repr(seen).encode(), number)
    return number


class Steps:
    def __init__(
        self,
        at: int,
        how: str,
        name: str,
        place: str = PLACE,
        elsewhere: tuple[str, ...] = ELSEWHERE,
        modules: tuple[str, ...] = MODULES,
    ) -> None:
        self.at, self.how, self.name, self.place, self.elsewhere = at, how, name, place, elsewhere
        self.modules = modules
        self.busy = False
        self.asked: set[str] = set()

    def __call__(self, event: str, arguments: tuple[t.Any, ...]) -> None:
        if self.busy:
            return
        self.busy = True
        try:
            if not self.name:
                self.begin(event, arguments)
            elif step := self.step(event, arguments):
                self.count(step)
        finally:
            self.busy = False

    def begin(self, event: str, arguments: tuple[t.Any, ...]) -> None:
        file = getattr(arguments[0], "co_filename", "") if event == "exec" else ""
        if file.endswith(self.modules):
            self.name = file.rsplit("/", 1)[1].removesuffix(".py")

    def step(self, event: str, arguments: tuple[t.Any, ...]) -> str:
        if event == "open":
            path, _mode, flags = arguments
            if not isinstance(path, str) or not flags & WRITES:
                return ""
            words = ["write", path]
        elif event in FILES:
            words = [event.removeprefix("os."), *(str(one) for one in arguments if isinstance(one, (str, bytes)))]
        elif event == "socket.connect":
            words = ["ask", str(arguments[1])]
        elif event == "subprocess.Popen":
            words = ["run", " ".join(map(str, arguments[1]))]
        else:
            return ""
        if any(word.startswith(self.elsewhere) for word in words[1:]):
            return ""
        text = " ".join(words)
        if event in REPEATED:
            if text in self.asked:
                return ""
            self.asked.add(text)
        else:
            self.asked.clear()
        return text

    def count(self, step: str) -> None:
        # A script has many lines, and is one step.
        step = " ".join(step.split())
        path = f"{self.place}/steps"
        with open(path, "a") as steps:  # noqa: PTH123 - in every Python of the balancer: nothing more is imported
            steps.write(f"{self.name}: {step}\n")
        with open(path) as steps:  # noqa: PTH123
            number = sum(1 for _line in steps)
        if os.path.exists(f"{self.place}/look"):  # noqa: PTH110
            with open(f"{self.place}/marks", "a") as marks:  # noqa: PTH123
                marks.write(f"{os.getpid()} {lying(LASTING)}\n")
        if number != self.at:
            return
        with open(f"{self.place}/pid", "w") as pid:  # noqa: PTH123
            pid.write(str(os.getpid()))
        # Whole as soon as it is there: who reads it in between would take the run for one that was not cut off.
        with open(f"{self.place}/coming", "w") as reached:  # noqa: PTH123
            reached.write(step)
        os.rename(f"{self.place}/coming", f"{self.place}/reached")  # noqa: PTH104
        os.kill(os.getpid(), signal.SIGKILL if self.how == "kill" else signal.SIGSTOP)


def install() -> None:
    try:
        with open(f"{PLACE}/at") as at, open(f"{PLACE}/how") as how:  # noqa: PTH123
            number, manner = int(at.read()), how.read().strip()
    except (OSError, ValueError):
        return
    try:
        with open(f"{PLACE}/of") as of:  # noqa: PTH123
            sys.addaudithook(Steps(number, manner, "", modules=(f"/modules/{of.read().strip()}.py",)))
    except OSError:
        scripts = [word for word in getattr(sys, "orig_argv", []) if word.endswith(SCRIPTS)]
        sys.addaudithook(Steps(number, manner, scripts[0].rsplit("/", 1)[-1] if scripts else ""))


install()
