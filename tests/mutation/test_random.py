# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several keys at once become what nobody expects there: whatever comes of it, the model says so by itself."""

from __future__ import annotations

import contextlib
import random
import typing as t

from tests.mutation.corpus import outcome
from tests.mutation.judge import replaced, without
from tests.mutation.nodes import every_node
from tests.mutation.run import examples

TRIES = 2000
ODD: list[t.Any] = [
    *(None, True, False, 0, -1, 65536, 1.5, float("inf"), "", "x", "a b", "\n", "é", "99999999999"),
    *("{", "}", "({[", "%[", "'", '"', "#", "*", "*.", "::1", "[::1]", "1s", "-f /etc/passwd", "if", "unless x"),
    *([], {}, [None], [[]], [{}], ["", "x"], {"name": None}, {"a": {"b": [1]}}, {1: 2}, {"name": "x", 3: None}),
]


def test_nothing_makes_the_model_stumble() -> None:
    chance = random.Random(20261122)
    refused = 0
    for _unused in range(TRIES):
        example = chance.choice(examples())
        variables = example.variables
        nodes = list(every_node(variables))
        for node in chance.choices(nodes, k=chance.randint(1, 4)):
            # What one change took away the next one cannot find.
            with contextlib.suppress(KeyError, IndexError, TypeError, ValueError):
                if chance.random() < 0.2:
                    variables = without(variables, node.keys)
                else:
                    value = chance.choice([*ODD, chance.choice(nodes).value])
                    variables = replaced(variables, node.keys, value)
        refused += bool(outcome(variables, example.inventory).problems)
    assert refused > TRIES / 2
