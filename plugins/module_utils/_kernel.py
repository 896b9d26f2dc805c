# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the kernel: where they lie, what runs, and which this machine lets us set.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import os
import re
import typing as t
from pathlib import Path

RTF_ADDRCONF = 0x00040000
IFA_F_PERMANENT = 0x80
SWAPPED = str.maketrans("./", "/.")


class Kernel(t.NamedTuple):
    """Of each key that there is its value, several values where interfaces differ; `fixed` cannot be set here."""

    values: dict[str, str]
    fixed: list[str]


def relative(key: str) -> str:
    """As sysctl.d(5) has it: where the first separator is a dot, a slash stands for a dot in a name."""
    first = re.search(r"[./]", key)
    return key.translate(SWAPPED) if first and first[0] == "." else key


def paths(key: str, keys: t.Iterable[str], proc: str) -> list[Path]:
    """Of a pattern all but those that have a line of their own."""
    root = Path(proc, "sys")
    if "*" not in key:
        return [path for path in [root / relative(key)] if path.is_file()]
    own = {root / relative(other) for other in keys if "*" not in other}
    return sorted(path for path in root.glob(relative(key)) if path not in own and path.is_file())


def read(keys: t.Sequence[str], proc: str) -> Kernel:
    values, fixed = {}, []
    for key in keys:
        found = paths(key, keys, proc)
        texts = sorted({text for path in found if (text := _text(path)) is not None})
        if texts:
            values[key] = " | ".join(texts)
        if not found or not all(os.access(path, os.W_OK) for path in found):
            fixed.append(key)
    return Kernel(values, fixed)


def _text(path: Path) -> str | None:
    try:
        return " ".join(path.read_text(errors="replace").split())
    except OSError:
        return None


def parse(lines: str) -> dict[str, str]:
    """The lines of the plan, which are those of the file."""
    pairs = (line.partition("=") for line in lines.splitlines() if "=" in line)
    return {key.strip(): value.strip() for key, _equals, value in pairs}


def lives_by_ra(ipv6_route: str, if_inet6: str) -> bool:
    """Whether the kernel took a default route, or an address that runs out, from what a router announced."""
    for line in ipv6_route.splitlines():
        fields = line.split()
        if len(fields) == 10 and fields[1] == "00" and int(fields[8], 16) & RTF_ADDRCONF:
            return True
    addresses = (line.split() for line in if_inet6.splitlines())
    return any(len(a) == 6 and a[3] == "00" and not int(a[4], 16) & IFA_F_PERMANENT for a in addresses)
