# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What commands answered, recorded from 2.6 and 3.0, and what a broken HAProxy could answer."""

from __future__ import annotations

import contextlib
import json
import random
import typing as t
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_socket import Session
from ansible_collections.hardened.balancer.plugins.module_utils._runtime import (
    Entry,
    Map,
    RefusalError,
    commands,
    expected,
    look,
    map_lines,
    maps,
    replace_map,
    servers,
)
from ansible_collections.hardened.balancer.plugins.module_utils._runtime_info import (
    certificate,
    certificates,
    processes,
    tables,
)

SAMPLES = Path(__file__).parent / "samples"
RELEASES = ["2.6", "3.0"]


def recorded(release: str) -> list[dict[str, t.Any]]:
    found: list[dict[str, t.Any]] = json.loads((SAMPLES / f"runtime_{release}.json").read_text())
    return found


class Replay(Session):
    """Answers as it was recorded, or as it is told."""

    def __init__(self, release: str = "2.6", **answers: str) -> None:
        super().__init__("/nonexistent")
        self.known = {one["command"]: one["answer"].strip("\n") for one in recorded(release)[::-1]}
        self.known.update({name.replace("_", " "): text for name, text in answers.items()})
        self.asked: list[str] = []

    def send(self, commands: Sequence[str], timeout: float | None = None) -> list[str]:
        self.asked += commands
        return [self.known.get(one, "") for one in commands]


CASES = [(release, one) for release in RELEASES for one in recorded(release)]


@pytest.mark.parametrize(("release", "one"), CASES, ids=[f"{release} {one['command']}" for release, one in CASES])
def test_what_worked_and_what_did_not(release: str, one: dict[str, t.Any]) -> None:
    matched = expected(one["command"]).fullmatch(one["answer"].strip("\n"))
    assert bool(matched) is one["works"]


@pytest.mark.parametrize("text", ["quit", "show errors", "set server a/b fqdn x", "operator"])
def test_a_command_without_a_known_answer_is_not_sent(text: str) -> None:
    session = Replay()
    with pytest.raises(ValueError, match="no entry in EXPECTED"):
        commands(session, [text])
    assert session.asked == []


def test_all_refusals_are_told_with_the_way_out() -> None:
    texts = ["set server web/none weight 1", "show version", "set server hashed/one weight 5", "del server other/one"]
    with pytest.raises(RefusalError) as refused:
        commands(Replay(), texts)
    assert [one.command for one in refused.value.refused] == [texts[0], *texts[2:]]
    lines = str(refused.value).splitlines()
    assert lines[0] == "'set server web/none weight 1': HAProxy answers 'No such server.'"
    assert lines[1].endswith("hashes with `hash-type consistent`)")
    assert lines[2].endswith("set its state to maint first")


@pytest.mark.parametrize("answer", ["New server registered. But", "no: New server registered.", "\0", "New server", ""])
def test_nearly_the_right_answer_is_none(answer: str) -> None:
    text = "add server web/new 198.51.100.1:80"
    with pytest.raises(RefusalError):
        commands(Replay(**{text: answer}), [text])


@pytest.mark.parametrize("release", RELEASES)
def test_servers(release: str) -> None:
    seen = look(Replay(release))
    by_name = {f"{one.backend}/{one.name}": one for one in seen.servers}
    one, two, follower = (by_name[f"web/{name}"] for name in ("one", "two", "follower"))
    assert (one.id, one.address, one.port, one.weight, one.configured_weight) == (1, "127.0.0.1", 8080, 10, 10)
    assert (one.admin, one.status, one.check, one.up, one.algorithm) == ("ready", "UP", True, True, "roundrobin")
    assert (two.admin, two.forced, two.up, two.check) == ("maint", "maint", False, False)
    assert (follower.admin, follower.weight, follower.check) == ("ready", 0, False)
    assert seen.algorithms == {
        "web": "roundrobin",
        "other": "leastconn",
        "fixed": "static-rr",
        "hashed": "source",
        "consistent": "source",
        "table": "roundrobin",
    }


@pytest.mark.parametrize(
    ("flags", "admin", "forced"),
    [
        (0, "ready", "ready"),
        (0x01, "maint", "maint"),
        (0x02, "maint", "ready"),
        (0x04, "ready", "ready"),
        (0x05, "maint", "maint"),
        (0x08, "drain", "drain"),
        (0x10, "drain", "ready"),
        (0x20, "maint", "ready"),
        (0x40, "ready", "ready"),
        (0x4C, "drain", "drain"),
    ],
)
def test_administrative_state(flags: int, admin: str, forced: str) -> None:
    lines = Replay().known["show servers state"].splitlines()[:3]
    words = lines[2].split()
    words[6] = str(flags)
    (server,) = servers(Replay(show_servers_state="\n".join([*lines[:2], " ".join(words)])))
    assert (server.admin, server.forced) == (admin, forced)


@pytest.mark.parametrize("release", RELEASES)
def test_maps(release: str) -> None:
    session = Replay(release)
    assert [(one.name, one.entries) for one in maps(session)] == [("/tmp/hb/limits.map", 2), ("/tmp/hb/routes.map", 1)]
    assert maps(session)[0] == Map(0, "/tmp/hb/limits.map", 2)
    session.known["show map #0"] = "0x1 /login 5\n0x2 /search 50 a day\nmore\n0x3 /none"
    assert map_lines(session, 0) == [
        Entry("0x1", "/login", "5"),
        Entry("0x2", "/search", "50 a day\nmore"),
        Entry("0x3", "/none", ""),
    ]


def test_a_replacement_that_is_refused_is_cleared_away() -> None:
    session = Replay(**{"prepare map #0": "New version created: 7", "add map @7 #0 b c\\ d": "no"})
    with pytest.raises(RefusalError, match="'no'"):
        replace_map(session, 0, [("a", "1"), ("b", "c d")])
    assert session.asked == ["prepare map #0", "add map @7 #0 a 1", "add map @7 #0 b c\\ d", "clear map @7 #0"]


def test_processes() -> None:
    found = processes((SAMPLES / "show_proc_3.0.txt").read_text())
    assert [(one["kind"], one["pid"], one["uptime"]) for one in found] == [
        ("master", 29331, 5),
        ("worker", 29466, 2),
        ("old", 29335, 5),
    ]
    failed = processes((SAMPLES / "show_proc_2.6_failed.txt").read_text())
    assert [(one["kind"], one["version"][:3]) for one in failed] == [("master", "2.6"), ("worker", "2.6")]


def broken(text: str, rng: random.Random) -> str:
    """Cut off, with pieces lost, doubled or overwritten, or something else altogether."""
    start, end = sorted(rng.randrange(len(text) + 1) for _end in range(2))
    noise = rng.choice(
        ["\0", "\x1b[2J", "9" * 5000, "-1", "\n\n", " ", "é\ufffd", '"', ",,,,", "# be_id", "0x", "x" * 70000]
    )
    ways = [
        text[:end],
        text[:start] + text[end:],
        text[:start] + noise + text[end:],
        text[:end] + text[start:],
        noise,
        "Permission denied",
        "",
    ]
    return rng.choice(ways)


READERS: list[tuple[str, Callable[[Session], object]]] = [
    ("show servers state", look),
    ("show stat", look),
    ("show map", maps),
    ("show map #0", lambda session: map_lines(session, 0)),
    ("show table", lambda session: tables(commands(session, ["show table"])[0])),
    ("show ssl cert", certificates),
]


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize(("command", "read"), READERS, ids=[one[0] for one in READERS])
def test_a_broken_answer_is_read_or_refused(release: str, command: str, read: Callable[[Session], object]) -> None:
    rng = random.Random(f"{release} {command}")
    whole = Replay(release).known[command] or "# filename\n/tmp/hb/a.pem\n/tmp/hb/b.pem"
    for _turn in range(300):
        session = Replay(release)
        session.known[command] = broken(whole, rng)
        with contextlib.suppress(RefusalError):
            read(session)


def test_broken_processes_and_certificates_are_no_accident() -> None:
    rng = random.Random(4)
    text = (SAMPLES / "show_proc_3.0.txt").read_text()
    details = "Filename: a\nnotAfter: Dec 22 15:12:25 2026 GMT\nSubject Alternative Name: DNS:a.example, DNS:b.example"
    assert certificate(details)["not_after"] == "2026-12-22T15:12:25Z"
    assert certificate(details)["names"] == ["a.example", "b.example"]
    for _turn in range(300):
        processes(broken(text, rng))
        certificate(broken(details, rng))
