# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All modules of the runtime API before a HAProxy that says anything: an answer or a message, never a traceback."""

from __future__ import annotations

import json
import random
import socket
import threading
import typing as t
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parents[1] / "module_utils" / "samples"
Run = Callable[..., dict[str, t.Any]]
SERVERS = [
    {"backend": "web", "server": "one", "state": "drain", "weight": "5"},
    {"backend": "web", "server": "new", "state": "present", "address": "198.51.100.9", "port": 80},
    {"backend": "web", "server": "two", "state": "absent"},
]
MODULES: list[tuple[str, dict[str, t.Any]]] = [
    ("haproxy_info", {"master_socket": "/nonexistent"}),
    ("haproxy_server", {"servers": SERVERS}),
    ("haproxy_map", {"map": "limits.map", "entries": {"/login": "6", "/new": "1"}}),
    ("haproxy_map", {"map": "#0", "entries": {"/login": "6"}, "replace": True}),
]
NOISE = [b"\0\xff\xfe", b"\n> ", b"9" * 5000, b"-1", b" ", b"\x1b[2J", b"1\n# be_id\n", b"Permission denied\n"]


class Impostor:
    """Speaks the protocol, and spoils some answers."""

    def __init__(self, path: str, release: str) -> None:
        recorded = json.loads((SAMPLES / f"runtime_{release}.json").read_text())
        self.known = {one["command"].encode(): one["answer"].encode() for one in recorded[::-1]}
        self.rng = random.Random(4)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            try:
                connection, _address = self.listener.accept()
            except OSError:
                return
            with connection:
                try:
                    self.talk(connection)
                except OSError:
                    continue

    def talk(self, connection: socket.socket) -> None:
        pending = b""
        while block := connection.recv(65536):
            *lines, pending = (pending + block).split(b"\n")
            for line in lines:
                answer = self.known.get(line, b"")
                if self.rng.random() < 0.2 and not line.startswith((b"prompt", b"set timeout")):
                    answer = self.spoiled(answer)
                connection.sendall(answer + b"\n> ")
                if self.rng.random() < 0.02:
                    return

    def spoiled(self, answer: bytes) -> bytes:
        start, end = sorted(self.rng.randrange(len(answer) + 1) for _end in range(2))
        noise = self.rng.choice(NOISE)
        return self.rng.choice(
            [answer[:end], answer[:start] + noise + answer[end:], answer[:start] + answer[end:], noise]
        )


@pytest.fixture(params=["2.6", "3.0"])
def impostor(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    path = str(tmp_path / "s")
    one = Impostor(path, request.param)
    yield path
    one.listener.close()


@pytest.mark.parametrize(("name", "options"), MODULES, ids=["info", "server", "map", "replaced map"])
def test_an_answer_or_a_message(
    impostor: str, run_module: Run, tmp_path: Path, name: str, options: dict[str, t.Any]
) -> None:
    outcomes, reached = set(), set()
    for _turn in range(40):
        answer = run_module(name, tmp_path, {"socket": impostor, **options})
        outcomes.add(bool(answer.get("failed")))
        reached.add(bool(answer.get("changed")))
        assert not answer.get("failed") or len(answer["msg"]) < 20000
        assert "Traceback" not in str(answer)
    assert True in outcomes
    # Not all of them stumble before they change anything.
    assert reached == ({False} if name == "haproxy_info" else {False, True})
