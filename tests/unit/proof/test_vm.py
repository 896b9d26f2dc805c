# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lines about a virtual machine conclude from what they have seen."""

from __future__ import annotations

import contextlib
import pathlib
import socket
import subprocess
import sys
import time
import typing as t

import pytest

from tests.proof import line_5_7
from tests.proof.inside import idle
from tests.proof.vm import node

ROOT = pathlib.Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        ({"a": {"b": 1}}, {"a": {"b": 1}}, []),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 3, "c": 2}}, ["/a/b: 1 -> 3"]),
        ({"gone": [1]}, {"new": "x"}, ["/gone: [1] -> None", "/new: None -> 'x'"]),
        ({"rules": "one\ntwo\n"}, {"rules": "one\nthree\n"}, ["/rules: - two", "/rules: + three"]),
        ({"rules": "one\n"}, {"rules": ""}, ["/rules: - one"]),
        ({"rules": "one\n"}, {"rules": "one"}, ["/rules: another end"]),
    ],
)
def test_a_state_that_differs_is_named_with_what_it_was(before: t.Any, after: t.Any, wanted: list[str]) -> None:
    assert node.differences(before, after) == wanted


def test_what_a_boot_silenced_is_told_from_what_came_after() -> None:
    assert node.after_silence([1.0, 2.0, 3.0, 60.0, 61.0]) == [60.0, 61.0]
    assert node.after_silence([1.0]) == []


def test_of_a_connection_half_of_the_kernels_memory_is_the_balancers() -> None:
    before = {"total": 1000, "left": 900, "haproxy": 100, "ours": 50}
    after = {"total": 1000, "left": 300, "haproxy": 200, "ours": 150}
    found = {"before": before, "after": after, "count": 10, "seconds": 2.0}
    assert line_5_7.weighed(found) == {"haproxy": 10, "sockets": 20, "balancer": 30, "machine": 60}
    assert "tcp" in line_5_7.row("tcp", found)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def served() -> t.Iterator[tuple[int, int]]:
    ports = (free_port(), free_port())
    words = [sys.executable, "-m", "tests.proof.inside.idle", "serve", *map(str, ports)]
    with subprocess.Popen(words, cwd=ROOT) as process:
        try:
            for port in ports:
                wait_for(port)
            yield ports
        finally:
            process.kill()


def wait_for(port: int) -> None:
    for _attempt in range(200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)


def test_a_batch_is_open_and_its_sample_answers(served: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idle, "SAMPLE", idle.BATCH)
    for port in served:
        opener = idle.Opener("tcp", port)
        opener.batch()
        assert (opener.count, len(opener.sample)) == (idle.BATCH, 1)
        idle.talk(opener.sample)


def test_it_ends_when_memory_does_and_says_so(served: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    left = iter([500 << 20, 50 << 20, 500 << 20])
    monkeypatch.setattr(idle, "of_machine", lambda: {"total": 1000 << 20, "left": next(left)})
    opener = idle.Opener("tcp", served[0])
    opener.batch = lambda: setattr(opener, "count", opener.count + 1000)  # type: ignore[method-assign]
    assert (opener.until_full(), opener.count) == ("memory", 1000)
    assert "Refused" in idle.Opener("tcp", free_port()).until_full()
