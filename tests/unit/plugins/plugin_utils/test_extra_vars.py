# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.hardened.balancer.plugins.plugin_utils._extra_vars import TYPES, problems

PLAYBOOKS = Path(__file__).parents[4] / "playbooks"
KNOWN = {"tree": "text", "worker": "names", "drain_timeout": "seconds", "allow_empty": "boolean"}


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("drain_timeout", "1m", "holds '1m'; must be a whole number of seconds, 0 or more, without a unit"),
        ("drain_timeout", "-3", "holds '-3'; must be a whole number of seconds, 0 or more, without a unit"),
        ("drain_timeout", True, "holds true; must be a whole number of seconds, 0 or more, without a unit"),
        ("drain_timeout", "1.5", "holds '1.5'; must be a whole number of seconds, 0 or more, without a unit"),
        ("allow_empty", "maybe", "holds 'maybe'; must be true or false"),
        ("tree", "", "holds ''; must be text"),
        ("worker", [], "holds a list; must be a name, or several with commas between them"),
    ],
)
def test_wrong_values(name: str, value: t.Any, what: str) -> None:
    assert problems(KNOWN, {name: value}, [name]) == [f"{name}: {what}"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("drain_timeout", "0"),
        ("drain_timeout", 60),
        ("allow_empty", "Yes"),
        ("allow_empty", False),
        ("worker", ["a", "b"]),
    ],
)
def test_right_values(name: str, value: t.Any) -> None:
    assert problems(KNOWN, {name: value}, [name]) == []


def test_names_that_are_a_letter_off() -> None:
    found = problems(KNOWN, {}, ["drain_timout", "release", "trees", "balancer_hosts"])
    assert found == [
        "drain_timout: is no variable of this playbook; did you mean drain_timeout?",
        "trees: is no variable of this playbook; did you mean tree?",
    ]


@pytest.mark.parametrize("name", ["drain", "ready", "rolling", "rollback", "upgrade", "status"])
def test_each_playbook_knows_what_its_first_line_says(name: str) -> None:
    text = (PLAYBOOKS / f"{name}.yml").read_text()
    plays = yaml.safe_load(text)
    first = plays[1]["tasks"][0]
    known = first["hardened.balancer.extra_vars"]["known"]
    head = [line for line in text.splitlines()[:5] if line.startswith("# -e ")]
    told = {word.partition("=")[0] for word in " ".join(head).split() if "=" in word}
    assert set(known) == {*told, "balancer_hosts"}
    assert set(known.values()) <= set(TYPES)
    assert first["run_once"]
