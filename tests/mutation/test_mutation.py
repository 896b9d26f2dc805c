# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every key and element of every example misspelt, of a wrong type, and dropped."""

from __future__ import annotations

import copy
import unittest.mock

import pytest

from tests.mutation import judge
from tests.mutation.corpus import Example, outcome
from tests.mutation.derived import DERIVED
from tests.mutation.run import Result, everything, examples

ENOUGH = 15_000


@pytest.fixture(scope="module")
def results() -> dict[str, Result]:
    return everything()


@pytest.mark.parametrize("name", [example.name for example in examples()])
def test_mutations(results: dict[str, Result], name: str) -> None:
    assert results[name].nodes > 0
    assert [str(fault) for fault in results[name].faults] == []


def test_there_are_enough_of_each_kind(results: dict[str, Result]) -> None:
    total = {kind: sum(result.counts[kind] for result in results.values()) for kind in ("misspelt", "wrong type")}
    assert sum(sum(result.counts.values()) for result in results.values()) > ENOUGH
    assert min(total.values()) > ENOUGH / 10


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.name)
def test_the_model_leaves_what_it_is_given_alone(example: Example) -> None:
    before = copy.deepcopy((example.variables, example.inventory))
    outcome(example.variables, example.inventory)
    assert (example.variables, example.inventory) == before


def test_every_exception_has_its_reason() -> None:
    assert all(reason for _keys, _lines, reason in DERIVED)


def test_the_judge_would_notice() -> None:
    """A model that takes everything, and one that changes a line that nobody has touched."""
    example = next(one for one in examples() if one.name == "example")
    real = outcome(example.variables, example.inventory)
    with unittest.mock.patch.object(judge, "outcome", return_value=real):
        credulous = judge.Judge(example)
        credulous.run()
    kinds = {fault.mutation.partition(":")[0] for fault in credulous.faults}
    assert kinds >= {"misspelt", "wrong type", "required dropped"}
    first, *others = real.drawn.sections
    moved = first._replace(lines=[*first.lines[1:], first.lines[0]])
    for lines, text in ((first.lines[1:], "changes other lines: - "), (moved.lines, "changes the order")):
        changed = real._replace(drawn=real.drawn._replace(sections=[first._replace(lines=lines), *others]))
        strict = judge.Judge(example)
        with unittest.mock.patch.object(judge, "outcome", return_value=changed):
            strict.run()
        faults = [fault for fault in strict.faults if fault.mutation == "optional dropped"]
        assert any(fault.came.startswith(text) for fault in faults)
