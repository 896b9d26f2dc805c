# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports that are open to all and to some, against an answer for each single port."""

from __future__ import annotations

import random

import pytest

from ansible_collections.hardened.balancer.plugins.module_utils import _spans

NETS = [f"198.51.100.{n}/32" for n in (1, 3, 5)]


@pytest.mark.parametrize("seed", range(40))
def test_every_port_has_its_sources(seed: int) -> None:
    chance = random.Random(seed)

    def span() -> _spans.Span:
        low = chance.randint(1, 30)
        return low, low + chance.randint(0, 8)

    wide = [span() for _unused in range(chance.randint(0, 3))]
    narrow = [(span(), chance.sample(NETS, chance.randint(1, 3))) for _unused in range(chance.randint(0, 5))]
    found = _spans.restrictions(wide, narrow)
    for port in range(50):
        open_to_all = any(low <= port <= high for low, high in wide)
        named = {one for (low, high), sources in narrow if low <= port <= high for one in sources}
        wanted = set() if open_to_all else named
        assert {one for of, spans in found for low, high in spans if low <= port <= high for one in of} == wanted


def test_a_port_for_nobody_is_closed_to_all() -> None:
    assert _spans.restrictions([], [((10, 10), ())]) == [((), [(10, 10)])]


@pytest.mark.parametrize(
    ("spans", "others", "expected"),
    [
        ([(1, 10)], [(3, 4), (8, 20)], [(1, 2), (5, 7)]),
        ([(1, 10)], [(1, 10)], []),
        ([(1, 2), (3, 4)], [], [(1, 4)]),
        ([], [(1, 2)], []),
        ([(5, 5)], [(1, 3), (7, 9)], [(5, 5)]),
    ],
)
def test_minus(spans: list[_spans.Span], others: list[_spans.Span], expected: list[_spans.Span]) -> None:
    assert _spans.minus(spans, others) == expected


def test_networks() -> None:
    assert _spans.networks(["198.51.101.0-198.51.102.255", "2001:db8::1-2001:db8::1"]) == [
        "198.51.101.0/24",
        "198.51.102.0/24",
        "2001:db8::1/128",
    ]
    assert _spans.contains(["198.51.100.0/24"], ["198.51.100.7"])
    assert not _spans.contains(["198.51.100.0/25"], ["198.51.100.0/24"])
    assert _spans.contains([], [])


def test_written_and_read() -> None:
    written = _spans.as_written("tcp", _spans.restrictions([], [((80, 81), NETS), ((90, 90), NETS)]))
    assert written == [{"protocol": "tcp", "ports": ["80-81", "90"], "sources": NETS}]
    assert _spans.narrow_of(written, "tcp") == [((80, 81), tuple(NETS)), ((90, 90), tuple(NETS))]
    assert _spans.narrow_of(written, "udp") == []
