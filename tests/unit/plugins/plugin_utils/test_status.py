# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardened.balancer.plugins.plugin_utils._status import duration, status


def server(name: str, **differs: t.Any) -> dict[str, t.Any]:
    same = {"backend": "web", "name": name, "status": "UP", "admin": "ready", "weight": 1, "sessions": 0}
    return {**same, "check_status": "L7OK", **differs}


def answer(*servers: dict[str, t.Any], **differs: t.Any) -> dict[str, t.Any]:
    haproxy: dict[str, t.Any] = {
        "version": "2.6.12",
        "uptime": 93784,
        "digest": "0123456789abcdef",
        "processes": [{"pid": 1, "kind": "master"}, {"pid": 2, "kind": "worker"}],
        "limits": {"connections": 12, "maxconn": 1000},
        "frontends": [{"name": "http_front", "status": "OPEN", "sessions": 7, "limit": 1000}],
        "servers": list(servers),
    }
    return {"changed": False, "haproxy": {**haproxy, **differs}}


def test_a_screen() -> None:
    lines = status(
        {
            "lb1": answer(server("worker1", sessions=3), server("worker2")),
            "lb2": answer(
                server("worker1", status="DRAIN", admin="drain", sessions=1),
                server("worker2", status="DOWN", check_status="L4CON"),
                version="3.0.11",
                processes=[{"kind": "master"}, {"kind": "worker"}, {"kind": "old"}, {"kind": "old"}],
            ),
            "lb3": {"unreachable": True, "msg": "Failed to connect to the host via ssh\nand more"},
        }
    )
    assert lines == [
        "3 balancers, 1 backend, 2 workers; 1 balancer does not answer; nobody serves web on lb2; "
        "2 workers do not serve everywhere",
        "BALANCER  HAPROXY  FOR      RUNS              CONNECTIONS  OLD PROCESSES",
        "lb1       2.6.12   1 d 2 h  0123456789abcdef  12 of 1000   -",
        "lb2       3.0.11   1 d 2 h  0123456789abcdef  12 of 1000   2",
        "lb3 does not answer: Failed to connect to the host via ssh",
        "FRONTEND    STATE  SESSIONS  OF",
        "http_front  OPEN   14        2000",
        "BACKEND  WORKER   STATE                         SESSIONS  WEIGHT",
        "web      worker1  UP on lb1; DRAIN on lb2       4         1",
        "web      worker2  UP on lb1; DOWN L4CON on lb2  0         1",
    ]


def test_a_backend_that_nobody_serves_is_told_first() -> None:
    nothing = answer(server("worker1", weight=0), server("mail", backend="mail"))
    assert (
        status({"lb1": nothing})[0]
        == "1 balancer, 2 backends, 2 workers; nobody serves web; 1 worker does not serve everywhere"
    )
    lost = answer(server("mail", backend="mail"))
    both = status({"lb1": answer(server("worker1"), server("mail", backend="mail")), "lb2": lost})
    assert "; nobody serves web on lb2; " in both[0]


def test_all_is_well_in_a_word() -> None:
    assert status({"lb1": answer(server("worker1"))})[0] == "1 balancer, 1 backend, 1 worker; all serve"


def test_balancers_with_other_workers_are_told() -> None:
    lines = status({"lb1": answer(server("worker1")), "lb2": answer(server("worker1"), server("worker2"))})
    assert lines[0].endswith("; the balancers have different workers")
    assert any("unknown on lb1; UP on lb2" in line for line in lines)


@pytest.mark.parametrize(
    ("differs", "told"),
    [
        ({"status": "no check"}, "no check"),
        ({"status": "DOWN", "admin": "drain", "check_status": "L7STS"}, "DOWN L7STS (drain)"),
        ({"status": "MAINT", "admin": "maint", "check_status": "", "since": 61}, "MAINT for 1 min 1 s"),
        ({"status": "UP 1/3", "check_status": "L4TOUT"}, "UP 1/3"),
    ],
)
def test_the_words_of_haproxy_and_what_they_leave_out(differs: dict[str, t.Any], told: str) -> None:
    lines = status({"lb1": answer(server("worker1", **differs))})
    assert f"worker1  {told}  " in lines[-1]


def test_balancers_that_agree_are_told_in_one_word_with_the_longest_time() -> None:
    away = [server("worker1", status="DRAIN", admin="drain", since=seconds) for seconds in (11, 12, 3700)]
    lines = status({name: answer(one) for name, one in zip(("lb1", "lb2", "lb3"), away)})
    assert lines[-1].startswith("web      worker1  DRAIN for 1 h 1 min  ")


def test_of_thousands_those_that_do_not_serve() -> None:
    servers = [server(f"worker{i}", status="DOWN" if i in (7, 900) else "UP") for i in range(5000)]
    lines = status({"lb1": answer(*servers)})
    assert len(lines) < 20
    assert [line.split()[:2] for line in lines if "DOWN" in line] == [["web", "worker7"], ["web", "worker900"]]
    assert lines[-1] == "4998 more workers, all of them serve; -e every_worker=true names each"
    assert len(status({"lb1": answer(*servers)}, every_worker=True)) > 5000


def test_of_thousands_that_are_down_a_screen() -> None:
    lines = status({"lb1": answer(*(server(f"worker{i}", status="DOWN") for i in range(5000)))})
    assert len(lines) < 50
    assert lines[-1].startswith("4970 more workers, 4970 of them do not serve")


def test_nobody_answers() -> None:
    lines = status({"lb1": {"failed": True, "msg": ""}, "lb2": {"haproxy": {}, "msg": "HAProxy does not run"}})
    assert lines == [
        "2 balancers, 0 backends, 0 workers; 2 balancers do not answer",
        "lb1 does not answer: it did not say why",
        "lb2 does not answer: HAProxy does not run",
    ]


@pytest.mark.parametrize(
    ("seconds", "told"), [(0, "0 s"), (59, "59 s"), (3600, "1 h"), (90061, "1 d 1 h"), (None, "?"), ("x", "?")]
)
def test_durations(seconds: t.Any, told: str) -> None:
    assert duration(seconds) == told
