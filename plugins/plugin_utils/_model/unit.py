# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `haproxy_unit` may not say: what systemd passes over or refuses, and what is said in another place."""

from __future__ import annotations

import re
import typing as t

from . import sandbox
from .problems import Problems, show

SETTING = re.compile(r"(?P<name>[A-Z][A-Za-z]+)=")
# By name: whose it is.
ELSEWHERE = (
    (r"Exec\w+|Type|NotifyAccess|PIDFile|GuessMainPID", "how HAProxy is started, reloaded and stopped is the role's"),
    (r"User|Group|DynamicUser", "HAProxy starts as root and becomes who haproxy_global: {user: ..., group: ...} says"),
    (r"LimitNOFILE", "it is computed from haproxy_global: {maxconn: ..., ulimit_n: ...}"),
    (r"LimitCORE", "haproxy_global: {set_dumpable: true} brings it"),
    (r"UnsetEnvironment", "the process carries in its environment what it was started with"),
)
THERE = {"CapabilityBoundingSet": sandbox.CAPABILITIES, "RestrictAddressFamilies": sandbox.FAMILIES}


def check(given: dict[str, t.Any], problems: Problems) -> None:
    for key, there in THERE.items():
        for i, one in enumerate(given.get(key) or []):
            if one in there:
                problems.add(f"haproxy_unit.{key}[{i}]", f"holds {show(one)}, which is there already; leave it out")
    for i, line in enumerate(given.get("raw") or []):
        if line and (why := _wrong(line)):
            problems.add(f"haproxy_unit.raw[{i}]", why)


def _wrong(line: str) -> str:
    found = SETTING.match(line)
    if not found:
        return "must be a setting of systemd's, as in Nice=-5"
    if line.endswith("\\"):
        return "ends with a backslash, and systemd would read our next line as its continuation"
    name = found["name"]
    why = next((why for names, why in ELSEWHERE if re.fullmatch(names, name)), "")
    return f"sets {name}, which is not taken here: {why}" if why else ""
