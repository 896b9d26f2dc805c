# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What HAProxy answers, recorded from 2.6 and 3.0, and what a broken one could."""

from __future__ import annotations

import contextlib
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ansible_collections.hardened.balancer.plugins.module_utils import _haproxy_socket
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_socket import (
    CHUNK,
    Processes,
    Session,
    SocketError,
    ask,
    check_command,
    digest_of,
    parse_info,
    parse_proc,
    parse_servers,
    parse_stat,
    word,
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


Serve = Callable[[Callable[[socket.socket], None]], str]
HELLO = b"\n> \n> "


@pytest.fixture
def serve(listener: tuple[socket.socket, str]) -> Iterator[Serve]:
    """What it is given talks to the only visitor."""
    one, path = listener
    threads = []

    def start(talk: Callable[[socket.socket], None]) -> str:
        def answer() -> None:
            connection, _address = one.accept()
            with connection:
                try:
                    talk(connection)
                except OSError:
                    return

        threads.append(threading.Thread(target=answer, daemon=True))
        threads[-1].start()
        return path

    yield start
    for thread in threads:
        thread.join(10)


def saying(*parts: bytes, pause: float = 0) -> Callable[[socket.socket], None]:
    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(HELLO)
        connection.recv(65536)
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)

    return talk


def hanging(*parts: bytes) -> Callable[[socket.socket], None]:
    def talk(connection: socket.socket) -> None:
        saying(*parts)(connection)
        connection.recv(1)

    return talk


def asked(path: str, *commands: str, timeout: float = 5) -> list[str]:
    with Session(path, timeout) as session:
        return session.send(commands)


ANSWERS = b"one\ntwo\n\n> \n> Server deleted.\n> \xff\0\n\n> "
EXPECTED = ["one\ntwo", "", "Server deleted.", "\\xff\0"]
COMMANDS = ("show info", "set server a/b weight 1", "del server a/b", "show map")


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_a_session_reads_answers_in_pieces_of_any_size(serve: Serve, size: int) -> None:
    parts = [ANSWERS[start : start + size] for start in range(0, len(ANSWERS), size)]
    assert asked(serve(hanging(*parts)), *COMMANDS) == EXPECTED


@pytest.mark.parametrize("length", range(0, len(ANSWERS), 3))
def test_a_session_that_is_cut_off(serve: Serve, length: int) -> None:
    with pytest.raises(SocketError, match="closed the connection after"):
        asked(serve(saying(ANSWERS[:length])), *COMMANDS)


def test_the_command_that_was_not_answered_is_named_and_the_session_is_over(serve: Serve) -> None:
    with Session(serve(saying(b"one\n\n> Serv"))) as session:
        with pytest.raises(SocketError, match="does not answer 'del server a/b': it closed the connection after Serv"):
            session.send(["show info", "del server a/b"])
        with pytest.raises(SocketError, match="'show info': the connection is closed"):
            session.send(["show info"])


@pytest.mark.parametrize("parts", [(), (b"half an answ",), (b"one\n\n> ", b"tw")])
def test_a_session_that_hangs(serve: Serve, parts: tuple[bytes, ...]) -> None:
    with pytest.raises(SocketError, match="timed out"):
        asked(serve(hanging(*parts)), "show info", "show stat", timeout=0.2)


def test_a_session_that_trickles_is_bounded_too(serve: Serve) -> None:
    # If each piece had a timeout of its own, it would be told that the connection was closed.
    with pytest.raises(SocketError, match="timed out"):
        asked(serve(saying(*[b"x"] * 100, pause=0.05)), "show info", timeout=0.3)


def test_an_answer_without_an_end(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_haproxy_socket, "MAX_ANSWER", 1 << 20)
    with pytest.raises(SocketError, match="more than 1 MiB and no end"):
        asked(serve(saying(*[b"x" * 65536] * 100)), "show info")


def test_a_huge_answer(serve: Serve) -> None:
    assert len(asked(serve(hanging(b"0123456789\n" * (1 << 20), b"\n> ")), "show stat")[0]) == 11 * (1 << 20) - 1


def test_more_answers_than_questions_are_not_taken_for_the_next_ones(serve: Serve) -> None:
    with pytest.raises(SocketError, match="says more than it was asked: two"):
        asked(serve(hanging(b"one\n> two\n> ")), "show info")


def test_one_that_does_not_speak_the_protocol(serve: Serve) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 400 Bad request\r\n\r\n")

    with pytest.raises(SocketError, match=r"HTTP/1\.1 400"), Session(serve(talk)):
        pass


def test_random_bytes_are_answers_or_an_error(serve: Serve) -> None:
    rng = random.Random(4)
    for _turn in range(50):
        noise = bytes(rng.choice(b"\n\n\n>>  \0\xffab;") for _byte in range(rng.randrange(200)))
        with contextlib.suppress(SocketError):
            assert len(asked(serve(saying(noise)), *COMMANDS)) == len(COMMANDS)


def test_many_commands_go_in_chunks(serve: Serve) -> None:
    seen = []

    def talk(connection: socket.socket) -> None:
        for expected in (2, CHUNK, CHUNK, 3):
            lines = b""
            while lines.count(b"\n") < expected:
                lines += connection.recv(65536)
            seen.append(lines.count(b"\n"))
            connection.sendall(b"\n> " * expected)

    assert asked(serve(talk), *["show info"] * (2 * CHUNK + 3)) == [""] * (2 * CHUNK + 3)
    assert seen == [2, CHUNK, CHUNK, 3]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("", "an empty command"),
        (" \t", "an empty command"),
        ("show info\nshow stat", "a line end or a NUL"),
        ("show\0info", "a line end or a NUL"),
        ("show info; show stat", "two commands"),
        ("show info \\\\; show stat", "two commands"),
        ("add map #0 a b\\", "ends in a backslash"),
        ("add map #0 <<", "announces more lines"),
        ("add server a/b 198.51.100.1 " + "weight 1 " * 31, "has 66 words, HAProxy reads 64"),
    ],
)
def test_what_is_more_or_less_than_one_command(command: str, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        check_command(command)


@pytest.mark.parametrize("text", ["a", "a b", "a;b", "a\\", "\\", "\\;", "a\tb", "<<", " a  ", "\"a'", "é\xff"])
def test_any_text_is_one_word(text: str) -> None:
    check_command(f"add map #0 key {word(text)}")
    assert word(text).replace("\\\\", "\0").replace("\\", "").replace("\0", "\\") == text


def test_a_session_with_nobody(tmp_path: Path) -> None:
    with pytest.raises(SocketError, match="missing does not answer: No such file or directory; does HAProxy run"):
        asked(str(tmp_path / "missing"), "show info")
    with pytest.raises(SocketError, match="path too long"):
        asked("/" + "x" * 200, "show info")
