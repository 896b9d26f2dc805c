# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What HAProxy and systemd said about the unit since a moment.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import re

from ansible_collections.hardened.balancer.plugins.module_utils import _programs
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_process import UNIT

CURSOR = re.compile(r"^-- cursor: (\S+)$", re.MULTILINE)
LAST_LINES = 30


def cursor_of(run: _programs.Run) -> str | None:
    """Where the journal ends now: no clock is needed to tell what came after."""
    found = CURSOR.search(run(["journalctl", "--quiet", "--lines=1", "--show-cursor", "--output=cat"]).out)
    return found[1] if found else None


def journal(run: _programs.Run, cursor: str | None) -> list[str]:
    """The log of requests is left out."""
    since = [f"--after-cursor={cursor}"] if cursor else [f"--lines={LAST_LINES}"]
    answer = run(["journalctl", "--quiet", "--no-pager", "--output=short-unix", f"--unit={UNIT}", *since])
    lines = [line.split(" ", 2)[-1] for line in answer.out.splitlines()]
    ours = [line for line in lines if line.startswith("systemd[") or re.match(r"haproxy\[\d+\]: \[[A-Z]+\]", line)]
    return ours[-LAST_LINES:]
