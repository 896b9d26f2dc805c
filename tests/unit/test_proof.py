# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runner of the long evidence keeps what was shown, and its load client misses nothing."""

from __future__ import annotations

import contextlib
import json
import pathlib
import socket
import subprocess
import sys
import time
import typing as t
from collections import Counter

import pytest

from tests.proof import client, lab, proof, stage
from tests.proof.breaking import access, lockout
from tests.proof.line_4_4 import on_disk

ROOT = pathlib.Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Application:
    """The application of the proof, here."""

    def __init__(self, place: pathlib.Path) -> None:
        self.place, self.port, self.echo = place, free_port(), free_port()
        self.start()

    def start(self) -> None:
        words = [
            "--address",
            "127.0.0.1",
            "--port",
            self.port,
            "--echo",
            self.echo,
            "--name",
            "one",
            "--place",
            self.place,
        ]
        command = [sys.executable, "-m", "tests.proof.inside.worker", *map(str, words)]
        self.process = subprocess.Popen(command, cwd=ROOT)
        for _attempt in range(600):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.echo)):
                return
            time.sleep(0.05)
        pytest.fail("the application did not start")

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def application(tmp_path: pathlib.Path) -> t.Iterator[Application]:
    made = Application(tmp_path)
    yield made
    made.end()


@pytest.fixture
def load(application: Application, monkeypatch: pytest.MonkeyPatch) -> client.Load:
    monkeypatch.setattr(
        client, "inside", lambda _container, *words: ["env", f"PYTHONPATH={ROOT}", sys.executable, *words]
    )
    how = {
        "keepalive": 2,
        "closing": 2,
        "websocket": 3,
        "tcp": 2,
        "port": application.port,
        "tcp_port": application.echo,
    }
    return client.Load("none", {"address": "127.0.0.1", **how})


def test_clients_that_are_served_count_no_failure(load: client.Load) -> None:
    with load:
        time.sleep(1)
    assert load.failures() == []
    assert load.cuts() == []
    assert load.of("keepalive")["workers"] == {"one": load.of("keepalive")["requests"]}
    assert load.of("websocket")["requests"] == 3


def test_every_error_and_every_cut_is_counted(application: Application, load: client.Load) -> None:
    with load:
        (application.place / f"{application.port}.mode").write_text("500")
        time.sleep(0.5)
        (application.place / f"{application.port}.mode").write_text("reset")
        time.sleep(0.5)
        ended = time.monotonic()
        application.end()
        time.sleep(0.5)
    whys = " ".join(one["why"] for one in load.failures() if one["kind"] in ("keepalive", "closing"))
    assert "status 500" in whys
    assert "IncompleteReadError" in whys or "ConnectionResetError" in whys
    assert "ConnectionRefusedError" in whys
    # One that comes back before the dying process has closed its port is cut once more.
    kinds = Counter(cut["kind"] for cut in load.cuts())
    assert kinds["tcp"] >= 2, load.cuts()
    assert kinds["websocket"] >= 3, load.cuts()
    assert all(0 <= cut["at"] - ended < 3 for cut in load.cuts())


def test_a_cut_is_early_unless_a_reload_explains_it() -> None:
    load = client.Load("none", {})
    cuts = [{"opened": 10.0, "at": at} for at in (20.0, 44.0, 46.0)]
    load.result = {"cuts": cuts}
    assert load.early_cuts([5.0, 15.0, 30.0], 30.0) == cuts[:2]
    assert load.early_cuts([], 30.0) == cuts


def test_a_line_with_a_virtual_machine_needs_no_container() -> None:
    assert [line for line in proof.lines() if not proof.in_the_lab(line)] == ["5.4", "5.7"]


@pytest.fixture
def runner(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> t.Callable[..., list[str]]:
    """Runs it with some lines, of which one fails, and without a lab: the lines that were run."""
    monkeypatch.setattr(proof, "CACHE", tmp_path)
    monkeypatch.setattr(proof, "files_now", lambda: ("tree1", "abc"))
    monkeypatch.setattr(proof, "lines", lambda: ["4.1", "4.4", "4.6"])
    monkeypatch.setattr(proof, "ROOT", tmp_path)
    monkeypatch.setattr(stage, "started", lambda machines: contextlib.nullcontext())

    def run(*words: str, failing: str = "") -> list[str]:
        shown: list[str] = []

        def show(line: str, place: pathlib.Path, tree: str) -> dict[str, t.Any]:
            shown.append(line)
            outcome = "FAILED" if line == failing else "shown"
            result = {
                "line": line,
                "about": "",
                "tree": tree,
                "outcome": outcome,
                "seconds": 1.0,
                "when": "now",
                "shorter": "",
            }
            (place / f"{line}.json").write_text(json.dumps(result))
            return result

        monkeypatch.setattr(proof, "show", show)
        monkeypatch.setattr(sys, "argv", ["proof", *words])
        proof.main()
        return shown

    return run


def test_what_was_shown_is_not_run_again(
    runner: t.Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="1"):
        runner(failing="4.4")
    assert runner() == ["4.4"]
    assert runner() == []
    assert "all of them were shown" in capsys.readouterr().out
    assert runner("4.1") == ["4.1"]
    monkeypatch.setattr(proof, "files_now", lambda: ("tree2", "def"))
    assert runner() == ["4.1", "4.4", "4.6"]


def test_a_line_that_is_none_is_named_with_those_that_are(runner: t.Callable[..., list[str]]) -> None:
    with pytest.raises(SystemExit, match=r"no such line: 9\.9; there are 4\.1, 4\.4, 4\.6"):
        runner("9.9")


def test_each_line_says_what_it_shows() -> None:
    for line in proof.lines():
        assert proof.about(line), line
        assert callable(proof.module(line).main)


def test_servers_are_read_from_a_configuration() -> None:
    many = "\nbackend many\n    mode http\n    server a 198.51.100.1:80 id 7 weight 10\n"
    assert on_disk(f"{many}\nbackend other\n    server b 198.51.100.2:80\n") == {"a": ("198.51.100.1:80", "10", "7")}


def test_another_lab_shares_neither_names_nor_addresses_nor_keys() -> None:
    text = lab.moved(lab.GIVEN.read_text(), "7")
    assert "hardened-balancer-proof" not in text
    assert "198.19.1." not in text
    assert "inventory_dir" not in text
    for wrong in ("1", "255", "b", ""):
        with pytest.raises(lab.LabError, match="from 2 to 254"):
            lab.moved("", wrong)


REFUSED = "x\nTASK [y] ***\n[ERROR]: Task failed: Module failed: ssh: the check refused it. One is\n out.\nOrigin: z\n"
UNDONE = "x\nTASK [y] ***\nfatal: [lb1]: FAILED! =>\n    msg: 'ssh: no.\n      The node undid it (its timer).'\n"


@pytest.mark.parametrize(
    ("code", "output", "ended"),
    [
        (0, UNDONE, "kept"),
        (2, UNDONE, "undone"),
        (2, UNDONE.replace("The node undid it (its timer)", "It was undone at once"), "undone"),
        (2, REFUSED, "refused"),
        (2, f"The node undid it{REFUSED}", "refused"),
        (4, UNDONE, "code 4"),
    ],
)
def test_how_a_run_ended_is_read_from_it(code: int, output: str, ended: str) -> None:
    assert lockout.ended(lab.Run(code, output, 1.0)) == ended


def test_what_a_run_said_is_one_line_of_its_own() -> None:
    assert access.said(REFUSED, "One is out") == "ssh: the check refused it. One is out."
    assert access.said(UNDONE, "undid it") == "'ssh: no. The node undid it (its timer).'"
