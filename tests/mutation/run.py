# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All mutations of all examples, spread over the processors."""

from __future__ import annotations

import collections
import concurrent.futures
import functools
import os
import typing as t

from tests.mutation.corpus import Example, every_example
from tests.mutation.judge import Fault, Judge

PART = 60


class Result(t.NamedTuple):
    nodes: int
    counts: collections.Counter[str]
    faults: list[Fault]


@functools.cache
def examples() -> list[Example]:
    return every_example()


def _part(job: tuple[int, int, int]) -> tuple[int, Result]:
    number, part, parts = job
    judge = Judge(examples()[number], part, parts)
    judge.run()
    return number, Result(len(judge.nodes), judge.counts, judge.faults)


@functools.cache
def everything() -> dict[str, Result]:
    """By the name of an example."""
    sizes = [len(Judge(example).nodes) for example in examples()]
    jobs = [(i, part, size // PART + 1) for i, size in enumerate(sizes) for part in range(size // PART + 1)]
    # Those of large examples first, so that no processor waits for another at the end.
    jobs.sort(key=lambda job: -sizes[job[0]])
    found = {example.name: Result(0, collections.Counter(), []) for example in examples()}
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
        for number, result in pool.map(_part, jobs, chunksize=4):
            name = examples()[number].name
            before = found[name]
            faults = list(dict.fromkeys([*before.faults, *result.faults]))
            found[name] = Result(before.nodes + result.nodes, before.counts + result.counts, faults)
    return found
