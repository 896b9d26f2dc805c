# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The counts by kind, below the dots."""

from __future__ import annotations

import collections
import typing as t

from tests.mutation.run import everything


def pytest_terminal_summary(terminalreporter: t.Any) -> None:
    if not everything.cache_info().currsize:
        return
    results = everything().values()
    total: collections.Counter[str] = sum((result.counts for result in results), collections.Counter())
    nodes = sum(result.nodes for result in results)
    terminalreporter.write_line(f"{nodes} keys and elements of {len(results)} examples")
    for kind, count in sorted(total.items()):
        terminalreporter.write_line(f"{count:>7} {kind}")
