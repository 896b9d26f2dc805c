# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks of the second day, and clients that do not stop while they run."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

WORKERS = ("app1", "app2", "app3")
STOP = "/tmp/load.stop"


@dataclass
class Load:
    """What clients got, known when they have stopped."""

    answers: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def of(self, balancer: Any) -> dict[str, int]:
        """How often each worker's release answered by way of one balancer."""
        return {key.split(" ", 1)[1]: n for key, n in self.answers.items() if key.startswith(f"{balancer.address} ")}


@dataclass(frozen=True)
class Operations:
    lab: Any

    def play(self, name: str, *arguments: str, code: int = 0, inventory: str | None = None, **environment: str) -> Any:
        """One run of a playbook of the collection."""
        site = self.lab.site_command(*arguments, variables=None, inventory=inventory)
        return self.lab.played([*site[:-1], f"hardened.balancer.{name}"], code, **environment)

    @contextlib.contextmanager
    def load(self) -> Iterator[Load]:
        """Clients of both balancers; what they got is there when it ends."""
        client, load = self.lab["client"], Load()
        client.run(f"rm -f {STOP}")
        program = (self.lab.scenario / "load.py").read_text()
        command = self.lab.on_client("python3", "-c", program, STOP, *(self.lab[b].address for b in self.lab.balancers))
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as asking:
            try:
                yield load
            finally:
                client.run(f"touch {STOP}")
                said, errors = asking.communicate(timeout=60)
        assert said, errors
        found = json.loads(said)
        load.answers.update(found["answers"])
        load.failures += found["failures"]
        # Where nothing was asked nothing can fail.
        assert load.failures or all(load.of(self.lab[name]) for name in self.lab.balancers), said

    def requests(self, worker: str) -> int:
        """How many requests the application has got since it was started."""
        return int(self.lab.ask(f"http://{self.lab[worker].address}:8080/requests").body)

    def releases(self, balancer: Any) -> set[str]:
        """Who answers, with which release."""
        return {self.lab.ask(f"http://{balancer.address}/").body for _ in range(9)}

    def states(self, worker: str) -> dict[str, str]:
        """What each balancer says of a worker."""
        column = {}
        for name in self.lab.balancers:
            rows = [line.split(",") for line in self.lab[name].haproxy("show stat").splitlines()]
            column[name] = next(row[17] for row in rows if row[1:2] == [worker])
        return column


@pytest.fixture(scope="session")
def operations(lab: Any) -> Operations:
    return Operations(lab)
