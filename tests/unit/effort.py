# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much work something is, counted in instructions: that is the same on every machine, busy or not."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from typing import Any

FEW, MANY = 100, 400
# Four times as much is four times the work; sixteen times, where each is compared with each.
LINEAR = 6


def instructions(work: Callable[[], Any]) -> int:
    count = 0

    def trace(frame: types.FrameType, event: str, _arg: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def is_linear(work: Callable[[int], Callable[[], Any]]) -> bool:
    """`work` makes that of a size; making it is not counted."""
    return instructions(work(MANY)) < LINEAR * instructions(work(FEW))
