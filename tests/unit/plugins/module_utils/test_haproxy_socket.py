# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What HAProxy answers, recorded from 2.6 and 3.0, and what a broken one could."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_socket import (
    Processes,
    SocketError,
    ask,
    digest_of,
    parse_info,
    parse_proc,
    parse_servers,
    parse_stat,
)

SAMPLES = Path(__file__).parent / "samples"
GARBAGE = [
    "",
    "\0\1\2",
    "Unknown command: 'show'\n",
    "# pxname,svname,",
    "\ufffd" * 50 + "\n#",
    '# pxname,svname,x\n"a',
]


def sample(name: str) -> str:
    return (SAMPLES / name).read_text()


@pytest.mark.parametrize("name", ["show_info_2.6.txt", "show_info_3.0.txt"])
def test_digest(name: str) -> None:
    assert digest_of(parse_info(sample(name))) == "0123456789abcdef"


@pytest.mark.parametrize(
    "description", ["", "somebody's", "hardened.balancer 0123", "hardened.balancer 0123456789ABCDEF"]
)
def test_a_description_that_is_not_ours(description: str) -> None:
    assert digest_of(parse_info(f"Name: HAProxy\ndescription: {description}\n")) is None


@pytest.mark.parametrize("name", ["show_stat_2.6.csv", "show_stat_3.0.csv"])
def test_stat(name: str) -> None:
    rows = {(row["pxname"], row["svname"]): row for row in parse_stat(sample(name))}
    assert rows["back", "two"]["status"] == "no check"
    assert rows["fresh", "three"]["check_status"].lstrip("* ") == "INI"
    assert rows["front", "FRONTEND"]["type"] == "0"
    assert rows["back", "one"]["type"] == "2"


def test_a_truncated_stat_loses_its_last_line_only() -> None:
    whole = sample("show_stat_2.6.csv").rstrip()
    assert len(parse_stat(whole[:-200])) == len(parse_stat(whole)) - 1


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("show_proc_3.0.txt", Processes(29331, 0, (29466,), (29335,))),
        ("show_proc_2.6_failed.txt", Processes(31271, 1, (31274,), ())),
    ],
)
def test_proc(name: str, expected: Processes) -> None:
    assert parse_proc(sample(name)) == expected


def test_servers() -> None:
    weights = {
        s["srv_name"]: (s["srv_uweight"], s["srv_iweight"]) for s in parse_servers(sample("show_servers_state_2.6.txt"))
    }
    assert weights == {"one": ("1", "1"), "two": ("5", "10"), "three": ("1", "1")}


@pytest.mark.parametrize("text", GARBAGE)
def test_garbage_is_nothing(text: str) -> None:
    assert digest_of(parse_info(text)) is None
    assert parse_stat(text) == []
    assert parse_servers(text) == []
    assert parse_proc(text) == Processes()


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(path))
        one.listen()
        yield one, str(path)


def test_an_answer_in_pieces(listener: tuple[socket.socket, str]) -> None:
    one, path = listener

    def answer() -> None:
        connection, _address = one.accept()
        with connection:
            question = connection.makefile().read()
            connection.sendall(b"you said ")
            connection.sendall(question.encode() + b"\xff")

    thread = threading.Thread(target=answer)
    thread.start()
    assert ask(path, "show info") == "you said show info\n\ufffd"
    thread.join()


def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(SocketError, match=r"missing does not answer 'show info': No such file"):
        ask(str(tmp_path / "missing"), "show info")


def test_one_that_hangs(listener: tuple[socket.socket, str]) -> None:
    with pytest.raises(SocketError, match="timed out"):
        ask(listener[1], "show info", timeout=0.2)
