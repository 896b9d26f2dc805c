# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runtime API has neither a password nor TLS: nobody but the node itself may reach it."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardened.balancer.plugins.plugin_utils._model import plan

from .test_model import INVENTORY, problems_of

OPEN = [
    "ipv4@0.0.0.0:9999",
    ":9999",
    "*:9999",
    '"*:9999"',
    "0:9999",
    "localhost:9999",
    "ipv6@:::9999",
    "tcp@198.51.100.10:9999-10000",
    "127.0.0.1:9998,0.0.0.0:9999",
    "${PLACE}:9999",
]
LOCAL = [("127.0.0.1:9999", "127.0.0.1"), ("ipv4@127.0.0.2:9999", "127.0.0.2"), ("ipv6@::1:9999", "::1")]
NO_PORT = ["/run/haproxy/more.sock", "unix@/run/more.sock", "abns@more", "/run/more.sock,127.0.0.1:9999"]


def draft(variables: dict[str, t.Any]) -> tuple[dict[str, t.Any], list[str]]:
    drafted, problems = plan.draft(variables, INVENTORY)
    return drafted, [str(problem) for problem in problems]


def written(place: str) -> list[tuple[dict[str, t.Any], str]]:
    """In each way that a line of the global section has, and the path of its key."""
    return [
        ({"haproxy_global": {"stats_socket": f"{place} level admin"}}, "haproxy_global.stats_socket"),
        ({"haproxy_global": {"raw": [f"stats  socket {place} level admin"]}}, "haproxy_global.raw[0]"),
        (
            {"haproxy_raw_sections": [{"title": "global", "lines": [f"stats socket {place}"]}]},
            "haproxy_raw_sections[0].lines[0]",
        ),
    ]


@pytest.mark.parametrize("place", OPEN)
def test_a_runtime_socket_that_others_reach_is_refused(place: str) -> None:
    for variables, path in written(place):
        [problem] = draft(variables)[1]
        assert problem.startswith(f"{path}: has the stats socket '")
        assert problem.endswith("; allowed are the path of a socket and ports of 127.0.0.1 or ::1")


@pytest.mark.parametrize(("place", "address"), LOCAL)
def test_one_on_loopback_is_in_the_way_and_opens_nothing(place: str, address: str) -> None:
    for variables, path in written(place):
        drafted, problems = draft(variables)
        assert problems == []
        assert drafted["ports"] == {"tcp": ["80"], "udp": [], "restricted": []}
        [one] = [one for one in drafted["listeners"] if one["kind"] == "global"]
        assert (one["address"], one["low"], one["high"], one["path"]) == (address, 9999, 9999, path)
        [problem] = draft({**variables, "ssh_port": 9999})[1]
        assert problem == f"ssh_port: holds 9999, where {path} has HAProxy listen; SSH needs a port of its own"


def test_one_on_loopback_in_the_way_of_others() -> None:
    socket = {"haproxy_global": {"stats_socket": ["/run/a.sock", "127.0.0.1:80"]}}
    [problem] = draft(socket)[1]
    assert problem.startswith("haproxy_global.stats_socket[1]: listens on 127.0.0.1:80, which overlaps *:80")
    held = [{"protocol": "tcp", "address": "127.0.0.1", "port": 9999, "process": "nginx", "pid": 7}]
    [problem] = problems_of({"listeners": held}, {"haproxy_global": {"stats_socket": "127.0.0.1:9999"}})
    assert problem.startswith("haproxy_global.stats_socket: holds 9999, where nginx of the node listens already")


@pytest.mark.parametrize("place", NO_PORT)
def test_a_path_is_what_it_was(place: str) -> None:
    for variables, _path in written(place):
        assert draft(variables)[1] == []
