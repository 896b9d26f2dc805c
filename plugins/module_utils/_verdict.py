# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The least that has to happen so that a tree is in force: nothing, a mend, a change at run time, or a process.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import typing as t

from ansible_collections.hardened.balancer.plugins.module_utils import _in_memory, _sandbox, _transaction
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_process import (
    Live,
    Places,
    linked_digest,
    rewritten_under,
)
from ansible_collections.hardened.balancer.plugins.module_utils._tree import Files

# What is a matter of the process; all others leave it as it is.
PROCESS_CHANGES = ("start", "reload", "restart")
PENDING = ("none", "mend", "runtime", "reload", "restart", "start")


class Verdict(t.NamedTuple):
    pending: str  # one of PENDING
    reasons: list[str]


def needed(live: Live, digest: str, files: Files, nofile: int | None, places: Places, edited: bool = False) -> Verdict:
    """`files` is the tree `digest`, which a dry run does not have on disk; `edited` if its files were just mended."""
    rewritten = live.worker if edited else rewritten_under(places)
    found = of_process(live, digest, nofile, rewritten)
    if found.pending == "reload" and live.digest != digest and len(found.reasons) == 1:
        obstacle = _in_memory.obstacle(live, files, places)
        return Verdict("reload", [*found.reasons, obstacle]) if obstacle else Verdict("runtime", found.reasons)
    if found.pending != "none":
        return found
    drifted = _in_memory.drift(files, places)
    if lasting := [one.text for one in drifted if not one.ops]:
        return Verdict("reload", lasting)
    reasons = [one.text for one in drifted]
    if live.stale_unit:
        reasons.append("the unit was changed on disk, systemd has not read it")
    if _transaction.is_open(places):
        reasons.append("the last change was cut off before it had proven itself")
    # A process that somebody started with this tree runs it already.
    if linked_digest(places) != digest:
        reasons.append(f"{places.link} does not lead to {digest}, which runs")
    return Verdict("mend" if reasons else "none", reasons)


def of_process(live: Live, digest: str, nofile: int | None, rewritten: int | None) -> Verdict:
    """By what systemd, the kernel and the process say of themselves."""
    if not live.active:
        return Verdict("start", ["HAProxy does not run"])
    if must_restart := restart_reasons(live, nofile):
        return Verdict("restart", must_restart)
    reasons = []
    if live.digest != digest:
        reasons.append(f"what runs is {live.digest or 'not ours'}, what it should be is {digest}")
    elif rewritten is not None and rewritten == live.worker:
        reasons.append("files were edited by hand and mended, what the process read is unknown")
    if live.replaced:
        reasons.append("the program was replaced on disk, what runs is the old one")
    return Verdict("reload" if reasons else "none", reasons)


def restart_reasons(live: Live, nofile: int | None) -> list[str]:
    """A reload keeps the limits, mounts and sandbox that the unit was started with, and the sockets listened on."""
    reasons = list(_sandbox.lacking(live.sandbox, live.unit_sandbox))
    if nofile is not None and live.nofile is not None and live.nofile < nofile:
        reasons.append(f"the process may open {live.nofile} files and needs {nofile}, a reload cannot raise that")
    if live.log_unreachable:
        reasons.append("the process does not reach the journal's socket in its chroot, a reload cannot mount it")
    if live.foreign_socket:
        reasons.append("another configuration made the runtime socket, a reload would hand it on with its owner")
    if live.socket_gone:
        reasons.append("somebody removed the runtime socket, a reload would hand it on without its name")
    return reasons
