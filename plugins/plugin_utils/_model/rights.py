# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What HAProxy needs a right of root's for after its start: it becomes another user then, and keeps what setcap names.

`haproxy -c` accepts all of it. Without the right it does not start ("require full privileges", tried on 2.6), or fails
at each connection (namespace).
"""

from __future__ import annotations

import re
import typing as t

from .problems import Problems
from .sandbox import NEEDS, SETCAP
from .section import Section

BECOMES = re.compile(r"(?:user\s+(?!root\b)|uid\s+(?!0\b))")
USES = tuple(need for need in NEEDS if need.keeps)


def check(sections: t.Sequence[Section], problems: Problems) -> None:
    """Each use at its key; of thousands of servers that say the same at the first one's."""
    process = [line.text for section in sections if section.kind == "global" for line in section.lines]
    if not any(BECOMES.match(line) for line in process):
        return
    kept = {name for line in process if (one := SETCAP.match(line)) for name in re.findall(r"cap_\w+", one[1])}
    lines = [line for section in sections for line in section.lines]
    for use in USES:
        used = next((line for line in lines if re.match(use.line, line.text)), None)
        if used and not kept & set(use.keeps):
            problems.add(
                used.path,
                f"{use.feature} needs a right that HAProxy gives up at its start; "
                f"keep it: haproxy_global: {{setcap: {use.keeps[0]}}}, which HAProxy 3.0 knows and 2.6 does not",
            )
