# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Maps of a real HAProxy, changed by the module."""

from __future__ import annotations

import threading
import typing as t

import pytest

from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_socket import Session
from ansible_collections.hardened.balancer.plugins.module_utils._runtime import (
    RefusalError,
    map_entries,
    maps,
    replace_map,
)

if t.TYPE_CHECKING:
    from tests.unit.plugins.modules.conftest import Daemon

OLD = [("/login", "5"), ("/search", "50")]
ODD = 'two  words; \\\\ "quoted" \\ << <x'


def entries(daemon: Daemon, name: str = "limits.map") -> list[tuple[str, str]]:
    identifier = next(one.id for one in maps(daemon.socket) if one.name.endswith(name))
    return map_entries(daemon.socket, identifier)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"entries": {"/login": 6}}, [("/login", "6"), ("/search", "50")]),
        ({"entries": {"/new": "1", "/login": "5"}}, [*OLD, ("/new", "1")]),
        ({"entries": {"#ref": "1", "/odd": ODD}}, [*OLD, ("#ref", "1"), ("/odd", ODD)]),
        ({"entries": {"/login": None, "/none": None}, "state": "absent"}, OLD[1:]),
        ({"entries": {"/b": "1", "/a": ODD}, "replace": True}, [("/b", "1"), ("/a", ODD)]),
        ({"entries": dict(reversed(OLD)), "replace": True}, OLD[::-1]),
        ({"entries": {}, "replace": True}, []),
    ],
)
def test_each_change_is_announced_made_and_not_made_again(
    daemon: Daemon, options: dict[str, t.Any], expected: list[tuple[str, str]]
) -> None:
    dry = daemon.module("haproxy_map", check=True, map="limits.map", **options)
    assert entries(daemon) == OLD
    done = daemon.module("haproxy_map", map="limits.map", **options)
    assert entries(daemon) == expected
    assert {**dry, "invocation": None} == {**done, "invocation": None}
    assert done["changed"] is True
    assert done["map"]["entries"] == len(expected)
    again = daemon.module("haproxy_map", map="limits.map", **options)
    assert (again["changed"], again["diff"]) == (False, {"before": "", "after": ""})


def test_keys_that_look_like_references_are_set_and_removed(daemon: Daemon) -> None:
    for value in ("1", "2"):
        daemon.module("haproxy_map", map="limits.map", entries={"#ref": value})
        assert entries(daemon)[-1] == ("#ref", value)
    done = daemon.module("haproxy_map", map="limits.map", entries={"#ref": ""}, state="absent")
    assert (done["removed"], entries(daemon)) == (["#ref"], OLD)


def test_a_key_that_stands_there_twice(daemon: Daemon) -> None:
    identifier = next(one.id for one in maps(daemon.socket) if one.name.endswith("limits.map"))
    daemon.tell(f"add map #{identifier} /login 7")
    done = daemon.module("haproxy_map", map="limits.map", entries={"/login": "5"})
    assert done["updated"] == ["/login"]
    assert [value for key, value in entries(daemon) if key == "/login"] == ["5", "5"]
    assert daemon.module("haproxy_map", map="limits.map", entries={"/login": "5"})["changed"] is False


@pytest.mark.parametrize(
    "name", ["limits.map", "#{id}", "{directory}/limits.map"], ids=["end of the path", "number", "path"]
)
def test_names_of_a_map(daemon: Daemon, name: str) -> None:
    found = next(one for one in maps(daemon.socket) if one.name.endswith("limits.map"))
    done = daemon.module("haproxy_map", map=name.format(id=found.id, directory=daemon.directory), entries={"/x": "1"})
    assert done["map"] == {"id": found.id, "name": found.name, "entries": 3}


def test_every_problem_is_named(daemon: Daemon) -> None:
    wrong = {"a b": "1", "": "1", "/yes": True, "/empty": "", "/lines": "a\nb"}
    failed = daemon.module("haproxy_map", map="limit.map", entries=wrong)
    assert failed["failed"] is True
    lines = failed["msg"].splitlines()
    assert lines[0] == "nothing was changed:"
    assert lines[1].startswith("  map: HAProxy has no map 'limit.map'; ")
    assert "  entries./yes: True is no text; quote it" in lines
    assert len(lines) == 7
    assert "replace" in daemon.module("haproxy_map", map="limits.map", entries={}, replace=True, state="absent")["msg"]


def test_requests_see_all_of_a_map_or_the_other(daemon: Daemon) -> None:
    wrong: list[bytes] = []
    done = threading.Event()

    def visit() -> None:
        while not done.is_set():
            with daemon.request("/here") as connection:
                answer = connection.recv(1000)
                if b" 200 " not in answer:
                    wrong.append(answer)

    many = [(f"/{number}", "web") for number in range(2000)]
    visitor = threading.Thread(target=visit)
    with Session(daemon.socket) as session:
        identifier = next(one.id for one in maps(session) if one.name.endswith("routes.map"))
        replace_map(session, identifier, [("/here", "other")])
        visitor.start()
        for _turn in range(5):
            replace_map(session, identifier, [*many, ("/here", "other")])
            assert len(map_entries(session, identifier)) == 2001
    done.set()
    visitor.join()
    assert wrong == []
    assert daemon.seen().rows["other", "BACKEND"]["stot"] != "0"
    assert daemon.seen().rows["web", "BACKEND"]["stot"] == "0"


def test_a_refused_replacement_leaves_the_map_alone(daemon: Daemon) -> None:
    with Session(daemon.socket) as session:
        identifier = next(one.id for one in maps(session) if one.name.endswith("limits.map"))
        with pytest.raises(RefusalError, match="expects three parameters"):
            replace_map(session, identifier, [("/x", "1"), ("/y", "")])
        with pytest.raises(RefusalError, match="Unknown map identifier"):
            replace_map(session, 99, [("/x", "1")])
    assert entries(daemon) == OLD
