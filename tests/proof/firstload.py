# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is under way while a run goes on: wrk from the client, and a session over SSH from here."""

from __future__ import annotations

import contextlib
import re
import select
import subprocess
import threading
import time

from tests.proof.lab import Lab, LabError, Machine

PID = "/proof/wrk.pid"
# Last to be served by the processors: it shall be the balancer that is looked at.
COMMAND = f"echo $$ >{PID}; exec nice -n 19 wrk -t1 -c8 -d3600s http://{{address}}/"
ERRORS = re.compile(r"(?:Socket errors|Non-2xx).*")
PAUSE = 0.1
LONG = 20.0


class Wrk:
    """It makes requests as fast as it can, over connections that it keeps."""

    def __init__(self, lab: Lab, machine: Machine) -> None:
        self.lab, self.output = lab, ""
        command = COMMAND.format(address=machine.address)
        self.command = ["docker", "exec", "-i", lab.client.container, "sh", "-c", command]

    def __enter__(self) -> Wrk:
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        return self

    def __exit__(self, *_exception: object) -> None:
        self.lab.client.run(f"kill -INT $(cat {PID})", code=None)
        self.output = self.process.communicate(timeout=60)[0]
        if not self.requests:
            raise LabError(f"wrk did nothing:\n{self.output}")

    @property
    def requests(self) -> int:
        found = re.search(r"(\d+) requests in", self.output)
        return int(found[1]) if found else 0

    @property
    def errors(self) -> str:
        return "; ".join(ERRORS.findall(self.output))


class Session:
    """A word goes there and comes back, again and again, over one connection."""

    def __init__(self, lab: Lab, machine: Machine) -> None:
        self.command = [*lab.ssh(machine), "cat"]
        self.over = threading.Event()
        self.words, self.longest, self.lives = 0, 0.0, False

    def __enter__(self) -> Session:
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if not self.answered():
            raise LabError("the SSH session did not begin")
        self.longest = 0.0
        self.thread = threading.Thread(target=self.talk)
        self.thread.start()
        return self

    def answered(self) -> bool:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        began = time.monotonic()
        word = b"word %d\n" % self.words
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(word)
            self.process.stdin.flush()
        self.lives = False
        if select.select([self.process.stdout], [], [], LONG)[0]:
            self.lives = self.process.stdout.readline() == word
        self.longest = max(self.longest, time.monotonic() - began)
        self.words += self.lives
        return self.lives

    def talk(self) -> None:
        while self.answered() and not self.over.wait(PAUSE):
            pass

    def __exit__(self, *_exception: object) -> None:
        self.over.set()
        self.thread.join()
        self.process.kill()
        self.process.communicate()

    def told(self) -> str:
        ended = "" if self.lives else ", and then nothing more"
        return f"{self.words} words came back, the slowest after {self.longest:.2f} s{ended}"
