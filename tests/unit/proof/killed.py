# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change in a process of its own, which is killed before one of its steps."""

from __future__ import annotations

import os
import sys
import typing as t
from pathlib import Path

from tests.proof.breaking.steps import Steps


def killed(change: t.Callable[[], object], number: int, place: Path) -> str:
    """The step before which the change was killed; empty if it ended before."""
    place.mkdir()
    child = os.fork()
    if not child:
        try:
            sys.addaudithook(Steps(number, "kill", "change", str(place), ("/proc", "/dev", str(place))))
            change()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    reached = place / "reached"
    return reached.read_text() if reached.exists() else ""
