# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to happen, and how HAProxy's process is looked at."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.hardened.balancer.plugins.module_utils import (
    _haproxy_journal,
    _haproxy_process,
    _programs,
    _verdict,
)
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_process import Live, Places
from ansible_collections.hardened.balancer.plugins.module_utils._programs import Answer

WANTED = "0123456789abcdef"
RUNS = Live(known=True, active=True, enabled=True, unit_nofile=8300, master=10, nofile=8300, worker=11, digest=WANTED)


@pytest.mark.parametrize(
    ("live", "nofile", "rewritten", "pending"),
    [
        (RUNS, 8300, None, "none"),
        (RUNS, None, None, "none"),
        (Live(), 8300, None, "start"),
        (replace(RUNS, active=False), 8300, None, "start"),
        (replace(RUNS, digest=None), 8300, None, "reload"),
        (replace(RUNS, digest="f" * 16), 8300, None, "reload"),
        (RUNS, 8300, 11, "reload"),
        (RUNS, 8300, 9, "none"),
        (replace(RUNS, replaced=True), 8300, None, "reload"),
        (replace(RUNS, nofile=4096), 8300, None, "restart"),
        (replace(RUNS, nofile=4096, digest=None), 8300, None, "restart"),
        (replace(RUNS, nofile=524288), 8300, None, "none"),
        (replace(RUNS, nofile=None), 8300, None, "none"),
        (replace(RUNS, log_unreachable=True), 8300, None, "restart"),
        (replace(RUNS, socket_gone=True), 8300, None, "restart"),
        (replace(RUNS, foreign_socket=True), 8300, None, "restart"),
        (replace(RUNS, foreign_socket=True, digest=None), 8300, None, "restart"),
    ],
)
def test_the_least_that_is_needed(live: Live, nofile: int | None, rewritten: int | None, pending: str) -> None:
    found = _verdict.of_process(live, WANTED, nofile, rewritten)
    assert found.pending == pending
    assert bool(found.reasons) == (pending != "none")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("LoadState=not-found\nActiveState=inactive\nMainPID=0\n", Live()),
        (
            "LoadState=loaded\nActiveState=active\nUnitFileState=enabled\nMainPID=10\nNeedDaemonReload=yes\nLimitNOFILE=infinity\n",
            Live(
                known=True, active=True, enabled=True, stale_unit=True, unit_nofile=_haproxy_process.NO_LIMIT, master=10
            ),
        ),
        ("", Live()),
        ("MainPID=garbage\n=\n", Live()),
    ],
)
def test_the_unit(said: str, expected: Live) -> None:
    assert _haproxy_process.of_unit(_haproxy_process.parse_properties(said), Places()) == expected


def test_a_drop_in_that_systemd_does_not_know_is_not_read(tmp_path: Path) -> None:
    drop_in = tmp_path / "ours.conf"
    others = {"NeedDaemonReload": "no", "DropInPaths": "/run/other.conf"}
    both = {**others, "DropInPaths": f"/run/other.conf {drop_in}"}

    def stale(unit: dict[str, str]) -> bool:
        return _haproxy_process.of_unit(unit, Places(drop_in=str(drop_in))).stale_unit

    assert not stale(others), "there is none"
    drop_in.touch()
    assert stale(others)
    assert stale({**others, "DropInPaths": ""})
    assert not stale(both)
    assert stale({**both, "NeedDaemonReload": "yes"})


@contextlib.contextmanager
def listening(path: str) -> Iterator[None]:
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as journal:
        journal.bind(path)
        yield


def test_the_kernel(tmp_path: Path) -> None:
    process = tmp_path / "10"
    process.mkdir()
    process.joinpath("limits").write_text(
        "Limit Soft Hard Units\nMax open files            1024                 8300                 files\n"
    )
    process.joinpath("exe").symlink_to("/usr/sbin/haproxy (deleted)")
    inside = tmp_path / "10/root/var/lib/haproxy/dev"
    inside.mkdir(parents=True)
    places = Places(proc=str(tmp_path), log_socket=str(tmp_path / "log"))
    unit = {"BindReadOnlyPaths": f"-{places.log_socket}:/var/lib/haproxy/dev/log:rbind"}
    found = {"nofile": 8300, "sandbox": None, "replaced": True, "log_unreachable": False}
    assert _haproxy_process.of_kernel(places, 10, unit) == found, "where the node has no journal none is missed"
    with listening(places.log_socket):
        assert _haproxy_process.of_kernel(places, 10, unit) == {**found, "log_unreachable": True}
        with listening(str(inside / "log")):
            assert _haproxy_process.of_kernel(places, 10, unit) == found
        assert inside.joinpath("log").is_socket()
        assert _haproxy_process.of_kernel(places, 10, unit) == {**found, "log_unreachable": True}
    nothing = {"nofile": None, "sandbox": None, "replaced": False, "log_unreachable": False}
    assert _haproxy_process.of_kernel(places, 99, {}) == nothing


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (f"trees/{WANTED}/haproxy.cfg", WANTED),
        (f"{{here}}/trees/{WANTED}/haproxy.cfg", WANTED),
        ("elsewhere/haproxy.cfg", None),
        (None, None),
    ],
)
def test_the_link(tmp_path: Path, target: str | None, expected: str | None) -> None:
    places = Places(link=str(tmp_path / "haproxy.cfg"), trees=str(tmp_path / "trees"))
    if target:
        Path(places.link).symlink_to(target.format(here=tmp_path))
    assert _haproxy_process.linked_digest(places) == expected


def test_the_journal_without_the_log_of_requests() -> None:
    said = """\
1795.1 node systemd[1]: Reloading haproxy.service - HAProxy Load Balancer...
1795.2 node haproxy[10]: [ALERT]    (10) : Binding [/etc/haproxy/haproxy.cfg:9]: cannot bind socket
1795.3 node haproxy[11]: 198.51.100.1:40000 [22/Nov/2026] front back/one 0/0/0/1/1 200 1 "GET /?token=x HTTP/1.1"
"""
    assert _haproxy_journal.journal(lambda command: Answer(0, said), None) == [
        "systemd[1]: Reloading haproxy.service - HAProxy Load Balancer...",
        "haproxy[10]: [ALERT]    (10) : Binding [/etc/haproxy/haproxy.cfg:9]: cannot bind socket",
    ]


def test_programs() -> None:
    answers = _programs.run_all(
        {"one": ["printf", "x"], "none": ["/nonexistent/program"], "bytes": ["printf", r"\377"], "bad": ["false"]}
    )
    assert (answers["one"].out, answers["one"].rc) == ("x", 0)
    assert (answers["none"].rc, answers["none"].err) == (127, "/nonexistent/program: No such file or directory")
    assert answers["bytes"].out == "\ufffd"
    assert answers["bad"].rc == 1


def test_a_program_that_hangs() -> None:
    assert _programs.run(["sleep", "60"], timeout=0.1).rc == _programs.TIMED_OUT
