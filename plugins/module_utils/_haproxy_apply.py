# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts what lies on disk in force, and looks whether it is.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import re
import time
import typing as t

from ansible_collections.hardened.balancer.plugins.module_utils import _haproxy_process, _listeners, _programs
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_process import UNIT, Live, Places, Verdict
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_socket import (
    SocketError,
    ask,
    digest_of,
    parse_info,
)

CURSOR = re.compile(r"^-- cursor: (\S+)$", re.MULTILINE)
LAST_LINES = 30
PROCESS_CHANGES = ("start", "reload", "restart")


class ApplyError(Exception):
    """Says what does not run, what runs instead and what HAProxy said about it."""


def apply(
    method: str, digest: str | None, timeout: int, dry: bool, places: Places, run: _programs.Run = _programs.run
) -> dict[str, t.Any]:
    live = _haproxy_process.observe(places, run)
    wanted = digest or _haproxy_process.linked_digest(places)
    if dry:
        return _outcome(_decide(method, live, wanted, places), wanted, live.worker, [])
    linked = _haproxy_process.linked_digest(places)
    if linked is None or linked != wanted:
        raise ApplyError(
            f"{places.link} leads to {linked or 'no tree of ours'} and not to {wanted or 'one'}. "
            "Nothing was changed. Run again, so that the tree is written first"
        )
    decided = _decide(method, live, wanted, places)
    if live.stale_unit:
        run(["systemctl", "daemon-reload"])
        live = _haproxy_process.observe(places, run)
        # The limits that the unit gives are known only now.
        again = _decide(method, live, wanted, places)
        decided = decided if again.pending == "none" else again
    if decided.pending in PROCESS_CHANGES:
        cursor = _cursor(run)
        _act(decided.pending, wanted, live, timeout, places, run, cursor)
        places.rewritten.unlink(missing_ok=True)
        after = _haproxy_process.observe(places, run)
        still = _decide("reload", after, wanted, places)
        if still.pending in PROCESS_CHANGES:
            raise ApplyError(_failure(decided.pending, wanted, "; ".join(still.reasons), run, cursor))
        live = after
    _restore_weights(live, places)
    return _outcome(decided, wanted, live.worker, served(places) if decided.pending in PROCESS_CHANGES else [])


def _decide(method: str, live: Live, digest: str | None, places: Places) -> Verdict:
    rewritten = _haproxy_process.rewritten_under(places)
    found = _haproxy_process.verdict(live, digest, live.unit_nofile, rewritten)
    if method == "restart" and found.pending == "reload":
        return Verdict("restart", [*found.reasons, "haproxy_apply asks for restarts"])
    return found


def _outcome(decided: Verdict, digest: str | None, worker: int | None, listeners: list[str]) -> dict[str, t.Any]:
    return {
        "changed": decided.pending != "none",
        "did": decided.pending,
        "why": decided.reasons,
        "digest": digest,
        "pid": worker,
        "listeners": listeners,
    }


def _act(
    action: str, digest: str, before: Live, timeout: int, places: Places, run: _programs.Run, cursor: str | None
) -> None:
    if action == "start":
        # A unit that failed too often in a row is not started again before that is forgotten.
        run(["systemctl", "reset-failed", UNIT])
    answer = run(["systemctl", action, UNIT])
    if answer.rc != 0:
        raise ApplyError(_failure(action, digest, answer.said, run, cursor))
    deadline = time.monotonic() + timeout
    while not in_force(digest, before, places):
        failed = _haproxy_process.show_proc(places).failed > before.failed_reloads if action == "reload" else False
        if failed or time.monotonic() >= deadline:
            found = digest_of(_haproxy_process.show_info(places))
            reason = "the new process failed" if failed else f"it did not come up within {timeout} s"
            raise ApplyError(
                _failure(action, digest, f"{reason}; what runs is {found or 'nothing of ours'}", run, cursor)
            )
        time.sleep(0.1)


def in_force(digest: str, before: Live, places: Places) -> bool:
    """A new process answers with the digest, and none of the others takes connections any more."""
    processes = _haproxy_process.show_proc(places)
    if any(_accepts(places, pid) for pid in processes.old):
        return False
    info = _haproxy_process.show_info(places)
    worker = _haproxy_process.number(info.get("pid"))
    return digest_of(info) == digest and worker != before.worker and worker in (processes.workers or (worker,))


def _accepts(places: Places, pid: int) -> bool:
    try:
        return parse_info(ask(places.master_socket, f"@!{pid} show info")).get("stopping") == "0"
    except SocketError:
        return False


def _failure(action: str, digest: str, found: str, run: _programs.Run, cursor: str | None) -> str:
    lines = journal(run, cursor)
    return "\n".join(
        [
            f"HAProxy does not run the configuration {digest} after its {action}: {found}",
            "HAProxy said:" if lines else "HAProxy said nothing in the journal.",
            *(f"  {line}" for line in lines),
            "Mend what it names, then run again: the tree is on disk and the next run puts it in force.",
        ]
    )


def _cursor(run: _programs.Run) -> str | None:
    """Where the journal ends now: no clock is needed to tell what came after."""
    found = CURSOR.search(run(["journalctl", "--quiet", "--lines=1", "--show-cursor", "--output=cat"]).out)
    return found[1] if found else None


def journal(run: _programs.Run, cursor: str | None) -> list[str]:
    """What HAProxy and systemd said about the unit; the log of requests is left out."""
    since = [f"--after-cursor={cursor}"] if cursor else [f"--lines={LAST_LINES}"]
    answer = run(["journalctl", "--quiet", "--no-pager", "--output=short-unix", f"--unit={UNIT}", *since])
    lines = [line.split(" ", 2)[-1] for line in answer.out.splitlines()]
    ours = [line for line in lines if line.startswith("systemd[") or re.match(r"haproxy\[\d+\]: \[[A-Z]+\]", line)]
    return ours[-LAST_LINES:]


def _restore_weights(live: Live, places: Places) -> None:
    for server in live.drifted:
        try:
            said = ask(places.admin_socket, f"set weight {server} 100%").strip()
        except SocketError as exc:
            raise ApplyError(f"the weight of {server} cannot be set back: {exc}; run again") from exc
        if said:
            raise ApplyError(f"the weight of {server} cannot be set back, HAProxy says: {said}")


def served(places: Places) -> list[str]:
    return [
        f"{one['protocol']} {one['address']}:{one['port']}"
        for one in _listeners.listeners(places.proc)
        if one["process"] == "haproxy"
    ]
