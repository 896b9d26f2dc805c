# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service is told to start, reload or restart, and watched until it does what it was told for.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import time
import typing as t

from ansible_collections.hardened.balancer.plugins.module_utils import (
    _haproxy_process,
    _health,
    _programs,
    _served,
)
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_process import UNIT, Live, Places
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_socket import (
    Processes,
    SocketError,
    ask,
    digest_of,
    parse_info,
)

# A signal that reaches the master while it starts itself anew, as where somebody else reloads too, is lost (2.6).
LOST_AFTER = 3.0


class FailedError(Exception):
    """The change did not take effect; the reason."""


def act(action: str, digest: str | None, before: Live, timeout: float, places: Places, run: _programs.Run) -> None:
    """Without a digest the configuration is not ours, and does not say whether it is in force."""
    if action != "reload":
        # A unit that failed too often in a row is not started again before that is forgotten.
        run(["systemctl", "reset-failed", UNIT])
    _tell(action, run)
    if digest is not None:
        _await(action, digest, before, timeout, places, run)


def _tell(action: str, run: _programs.Run) -> None:
    answer = run(["systemctl", action, UNIT])
    if answer.rc != 0:
        raise FailedError(answer.said)


def _await(action: str, digest: str, before: Live, timeout: float, places: Places, run: _programs.Run) -> None:
    told = time.monotonic()
    deadline = told + timeout
    while True:
        processes, info = _haproxy_process.show_proc(places), _haproxy_process.show_info(places)
        if _in_force(digest, before, places, processes, info):
            return
        failed = action == "reload" and processes.failed > before.failed_reloads
        found = digest_of(info)
        lost = action == "reload" and processes.workers and found != digest and time.monotonic() >= told + LOST_AFTER
        if failed or time.monotonic() >= deadline:
            reason = "the new process failed" if failed else f"it did not come up within {timeout:g} s"
            raise FailedError(f"{reason}; what runs is {found or 'nothing of ours'}")
        if lost:
            _tell(action, run)
            told = time.monotonic()
        time.sleep(0.1)


def _in_force(digest: str, before: Live, places: Places, processes: Processes, info: t.Mapping[str, str]) -> bool:
    """A new process answers with the digest, and none of the others takes connections any more."""
    if any(_accepts(places, pid) for pid in processes.old):
        return False
    worker = _haproxy_process.number(info.get("pid"))
    return digest_of(info) == digest and worker != before.worker and worker in (processes.workers or (worker,))


def _accepts(places: Places, pid: int) -> bool:
    try:
        return parse_info(ask(places.master_socket, f"@!{pid} show info")).get("stopping") == "0"
    except SocketError:
        return False


def settle(before: list[dict[str, str]], seconds: float, places: Places) -> None:
    """Until each backend that had a healthy server has one again; one that is not sure yet is waited for."""
    deadline = time.monotonic() + seconds
    while True:
        rows = _health.rows(places.admin_socket)
        down, unsure = _health.lost(before, rows)
        if rows and not down and not unsure:
            return
        if time.monotonic() >= deadline:
            break
        time.sleep(0.2)
    if not rows:
        raise FailedError("the new process does not answer at its runtime socket")
    if down:
        raise FailedError(_health.told(down, rows, seconds))


def served(places: Places) -> list[str]:
    return [
        f"{one['protocol']} {one['address']}:{one['port']}" for one in _served.listeners(places) if _served.serves(one)
    ]
