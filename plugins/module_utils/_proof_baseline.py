# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel, updates, the time and the log, as they are in force.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.hardened.balancer.plugins.module_utils import _kernel, _upkeep
from ansible_collections.hardened.balancer.plugins.module_utils._proof_seen import Expect, Finding, Seen, listed

JOURNAL = "/var/log/journal"


def kernel_settings(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    """As they run, whatever the files say; what cannot be set here is not ours."""
    wanted = _kernel.parse(expect["baseline"]["sysctl"])
    values, fixed = _kernel.read(list(wanted), seen.places.proc)
    ours = [key for key in wanted if key not in fixed]
    wrong = [
        f"{key} is {values.get(key, 'unreadable')}, not {wanted[key]}" for key in ours if values.get(key) != wanted[key]
    ]
    yield Finding("settings of the kernel", f"{len(ours)} as planned", listed(wrong, "all of them"), not wrong)


def updates(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    if not expect["baseline"]["updates"]:
        return
    timer = seen.units.get(_upkeep.TIMER, {})
    state = f"{timer.get('UnitFileState') or 'missing'}, {timer.get('ActiveState') or 'inactive'}"
    yield Finding("timer of updates", "enabled, active", state, state == "enabled, active")
    name = "APT::Periodic::Unattended-Upgrade"
    said = seen.run(["apt-config", "dump", "--format=%v", name]).out.strip()
    yield Finding(f"apt, {name}", "1", said or "not set", said == "1")


def time_is_kept(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    """Whether it is right depends on others; that somebody sets it does not."""
    unit = expect["baseline"]["time"]
    if unit:
        enabled = _upkeep.enabled(seen.units, unit)
        yield Finding(f"time by {unit}", "enabled", "enabled" if enabled else "not enabled", enabled)


def bans(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    if expect["baseline"]["fail2ban"]:
        answer = seen.run(["fail2ban-client", "status", "sshd"])
        yield Finding("fail2ban watches sshd", "it does", answer.said or f"exit code {answer.rc}", answer.rc == 0)


def log_is_kept(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    kept = bool(list(Path(JOURNAL).glob("*/system.journal")))
    yield Finding("the journal is kept over a boot", "it is", "it is" if kept else f"none in {JOURNAL}", kept)
