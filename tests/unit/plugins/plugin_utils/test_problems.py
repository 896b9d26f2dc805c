# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.hardened.balancer.plugins.plugin_utils._model.problems import Problems, nearest, suggest
from tests.unit.effort import instructions


@pytest.mark.parametrize(
    ("name", "known", "meant"),
    [
        ("wegiht", ("weight", "address", "port"), "weight"),
        ("prot", ("port", "proto", "name"), "proto or port"),
        ("htp", ("http", "tcp"), "http"),
        ("zzz", ("http", "tcp"), None),
        ("a", (), None),
    ],
)
def test_what_was_meant(name: str, known: tuple[str, ...], meant: str | None) -> None:
    assert nearest(name, known) == meant


def test_what_was_meant_of_thousands_is_found() -> None:
    known = {f"backend-{i}": "" for i in range(20_000)}
    for wrong in ("backend-1500x", "backnd-1500", "bcakend-1500", "backend_1500"):
        assert nearest(wrong, known) == "backend-1500"
    assert nearest("nobody-7", known) is None


def test_thousands_are_not_looked_at_one_by_one() -> None:
    few, many = ({f"backend-{i}": "" for i in range(size)} for size in (2_000, 20_000))
    assert instructions(lambda: nearest("nobody-7", many)) == instructions(lambda: nearest("nobody-7", few))


def test_few_names_are_listed_and_many_are_not() -> None:
    assert suggest("c", ["b", "a"], "names") == "; names: a, b"
    assert suggest("c", [], "names") == "; names: none"
    assert suggest("c", [f"name{i}" for i in range(13)], "names") == ""


def test_nothing_is_told_twice() -> None:
    problems = Problems()
    problems.add("a", "is missing")
    problems.add("a", "is missing")
    assert [str(problem) for problem in problems] == ["a: is missing"]
