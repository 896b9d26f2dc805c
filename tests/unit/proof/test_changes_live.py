# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of a HAProxy that runs, killed at each step or refused: it serves all along, and the next run ends well."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest

from ansible_collections.hardened.balancer.plugins.module_utils import _haproxy_apply, _transaction
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_process import linked_digest
from ansible_collections.hardened.balancer.plugins.module_utils._programs import Answer
from tests.unit.plugins.modules.test_haproxy_live import PROGRAM, Machine, visited
from tests.unit.proof.killed import killed

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="needs Debian's haproxy")
MOST = 300


class Node(Machine):
    """The unit's process is no child of the process that is killed."""

    def run(self, command: Sequence[str]) -> Answer:
        if command[:2] == ["systemctl", "reload"] and self.process:
            os.kill(self.process.pid, 12)
            return Answer(0, "")
        return super().run(command)

    def source(self, text: str = "first", port: int | None = None) -> dict[str, str]:
        """With an answer for everybody: clients that ask often notice a gap."""
        found = super().source(text, port)
        answer = "    http-request return status 200 if { path / }\n    default_backend"
        return {**found, "haproxy.cfg": found["haproxy.cfg"].replace("    default_backend", answer)}

    def change(self, text: str) -> None:
        self.write(self.source(text))
        self.apply()


@pytest.fixture
def machine() -> Iterator[Node]:
    short = Path("/tmp") / f"hb-steps-{os.getpid()}"
    short.mkdir(mode=0o700)
    node = Node(short)
    try:
        yield node
    finally:
        node.stop()
        shutil.rmtree(short)


def test_a_change_that_is_killed_anywhere_drops_nothing_and_is_finished_by_the_next(
    machine: Node, tmp_path: Path
) -> None:
    machine.change("one")
    machine.change("two")
    steps, wrong = [], []
    with visited(machine) as answers:
        for number in range(1, MOST):
            # The way back is a tree that is kept, the way there another one each time.
            text = "two" if number % 2 == 0 else f"text{number}"
            step = killed(partial(machine.change, text), number, tmp_path / f"steps-{number}")
            if not step:
                break
            steps.append(step)
            machine.change(text)
            found = machine.write(machine.source(text))
            left = [path.name for path in Path(machine.places.trees).rglob(".*") if "staging" in path.name]
            left += [path.name for path in Path(machine.places.link).parent.iterdir() if "staging" in path.name]
            left += [path.name for path in Path(machine.places.run).iterdir() if path.name != "effective"]
            if not (found["changed"] is False and machine.running == found["digest"] == linked_digest(machine.places)):
                wrong.append(f"{step}: {found['reasons']}")
            if left or _transaction.is_open(machine.places):
                wrong.append(f"{step}: left over: {left}")
    assert wrong == []
    assert set(answers) == {"HTTP/1.1 200"}
    assert len(answers) > 500
    assert 20 < len(steps) < MOST - 1


BAD = {
    "a port that is taken": ("bind 127.0.0.1:{held}", "Address already in use"),
    "a port that is taken on one address": ("bind *:{held}", "Address already in use"),
    "an address that is not here": ("bind 198.51.100.77:8099", "Cannot assign requested address"),
    "an interface that is not here": ("bind 127.0.0.1:{held} interface nosuch0", "nosuch0"),
    "a unix socket that cannot be made": ("bind unix@/srv/none/door.sock", "/srv/none/door.sock"),
    "a chroot that does not exist": ("chroot /srv/none", "/srv/none"),
    "a runtime socket that cannot be made": ("stats socket /srv/none/more.sock", "/srv/none/more.sock"),
    "more descriptors than there are": ("ulimit-n 5000000", "FD limit"),
}


@pytest.mark.parametrize("case", sorted(BAD))
def test_what_the_live_system_refuses_is_noticed_by_no_client(machine: Node, case: str) -> None:
    machine.change("one")
    first = machine.running
    line, says = BAD[case]
    with socket.socket() as other, visited(machine) as answers:
        other.bind(("127.0.0.1", 0))
        other.listen()
        source = machine.source("two")
        before = "    http-request" if line.startswith("bind") else "    maxconn"
        added = f"    {line.format(held=other.getsockname()[1])}\n{before}"
        source["haproxy.cfg"] = source["haproxy.cfg"].replace(before, added, 1)
        machine.write(source)
        with pytest.raises(_haproxy_apply.ApplyError, match=says) as refused:
            machine.apply()
        assert refused.value.rolled_back
        assert machine.running == first == linked_digest(machine.places)
        machine.change("three")
    assert machine.running not in (first, None)
    assert set(answers) == {"HTTP/1.1 200"}
