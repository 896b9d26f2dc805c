# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts a tree in force as a transaction: what ran before comes back if the new one does not prove itself.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import time
import typing as t
from dataclasses import dataclass, replace
from pathlib import Path

from ansible_collections.hardened.balancer.plugins.module_utils import (
    _haproxy_process,
    _health,
    _in_memory,
    _listeners,
    _preflight,
    _programs,
    _rehearsal,
    _sandbox,
    _transaction,
    _tree,
    _tree_files,
    _unit,
    _verdict,
)
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_journal import cursor_of, journal
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_process import UNIT, Live, Places
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_socket import (
    SocketError,
    ask,
    digest_of,
    parse_info,
)
from ansible_collections.hardened.balancer.plugins.module_utils._verdict import PROCESS_CHANGES, Verdict

PREVIOUS = "previous"


class ApplyError(Exception):
    """Says what does not run, what HAProxy said about it, and what the state is now."""

    def __init__(self, message: str, rolled_back: bool = False) -> None:
        super().__init__(message)
        self.rolled_back = rolled_back


@dataclass(frozen=True)
class Order:
    """What is to be in force; times in seconds."""

    digest: str | None = None
    method: str = "reload"
    timeout: float = 30
    settle: float = 10
    dry: bool = False
    planned: bool = False
    # What the unit will have that a dry run does not write.
    nofile: int | None = None
    sandbox: str | None = None


class FailedError(Exception):
    """The change did not take effect; the reason."""


def apply(order: Order, places: Places, run: _programs.Run = _programs.run) -> dict[str, t.Any]:
    if order.dry:
        return _foreseen(order, places, run)
    with _transaction.alone(places):
        return _apply(order, places, run)


def _foreseen(order: Order, places: Places, run: _programs.Run) -> dict[str, t.Any]:
    live = _haproxy_process.observe(places, run)
    live = replace(
        live,
        unit_nofile=order.nofile or live.unit_nofile,
        unit_sandbox=_sandbox.parse(order.sandbox) or live.unit_sandbox,
    )
    if order.planned and order.digest and not _files(order.digest, places):
        found = _verdict.of_process(live, order.digest, live.unit_nofile, None)
        return _outcome(found, order.digest, live.worker, places)
    wanted = _wanted(order, places)
    return _outcome(_decide(order, live, wanted, places), wanted, live.worker, places)


def _apply(order: Order, places: Places, run: _programs.Run) -> dict[str, t.Any]:
    wanted = _wanted(order, places)
    live = _haproxy_process.observe(places, run)
    decided = _decide(order, live, wanted, places)
    if live.stale_unit:
        run(["systemctl", "daemon-reload"])
        live = _haproxy_process.observe(places, run)
        # The limits that the unit gives are known only now.
        again = _decide(order, live, wanted, places)
        decided = decided if again.pending == "none" else again
    if decided.pending == "none":
        _unit.keep(places)
        return _outcome(decided, wanted, live.worker, places)
    before = _health.rows(places.admin_socket)
    if decided.pending in PROCESS_CHANGES:
        _rehearse(wanted, before, order, places, run)
    cursor = cursor_of(run)
    try:
        _transaction.begin(places, wanted)
        did = _change(decided, order, wanted, live, places, run)
        if order.settle:
            _settle(before, order.settle, places)
    except (FailedError, OSError) as exc:
        raise _undone(exc, decided, wanted, live, order, places, run, cursor) from exc
    _transaction.keep(places, wanted)
    _unit.keep(places)
    worker = _haproxy_process.observe(places, run).worker
    return _outcome(did, wanted, worker, places)


def _rehearse(wanted: str, before: list[dict[str, str]], order: Order, places: Places, run: _programs.Run) -> None:
    """Before anybody is told to leave: what can be known to fail is refused while nothing has changed."""
    found = _preflight.problems(wanted, places, run)
    if not found and order.settle:
        found = _rehearsal.failures(_files(wanted, places)[_transaction.MAIN], before, order.settle, places)
    if found:
        unit = _unit.go_back(places, run)
        said = f"The configuration {wanted} would not serve. Nothing was changed, what runs goes on."
        raise ApplyError("\n".join([said, *found, *filter(None, [unit])]), True)


def _wanted(order: Order, places: Places) -> str:
    linked = _haproxy_process.linked_digest(places)
    named = _transaction.previous(places, linked) if order.digest == PREVIOUS else order.digest or linked
    if named and Path(places.trees, named, _transaction.MAIN).is_file():
        return named
    kept = [f"{name} (in force)" if name == linked else name for name in _haproxy_process.trees(places)]
    meant = "before the one in force" if order.digest == PREVIOUS else named or "in force"
    raise ApplyError(
        f"{places.trees} has no tree {meant}. Nothing was changed. Kept, the newest first: {', '.join(kept) or 'none'}",
        True,
    )


def _decide(order: Order, live: Live, digest: str, places: Places) -> Verdict:
    found = _verdict.needed(live, digest, _files(digest, places), live.unit_nofile, places)
    if order.method == "restart" and found.pending in ("runtime", "reload"):
        return Verdict("restart", [*found.reasons, "haproxy_apply asks for restarts"])
    return found


def _files(digest: str, places: Places) -> _tree.Files:
    found = _tree_files.read(Path(places.trees, digest))
    return found.files if found else {}


def _outcome(decided: Verdict, digest: str, worker: int | None, places: Places) -> dict[str, t.Any]:
    return {
        "changed": decided.pending != "none",
        "did": decided.pending,
        "why": decided.reasons,
        "digest": digest,
        "ports": _tree_files.read_ports(Path(places.trees, digest)),
        "pid": worker,
        "listeners": served(places) if decided.pending in PROCESS_CHANGES else [],
    }


def _change(decided: Verdict, order: Order, wanted: str, live: Live, places: Places, run: _programs.Run) -> Verdict:
    """What was done in the end: where the runtime API cannot do it after all, a reload does."""
    files = _files(wanted, places)
    if decided.pending == "runtime":
        try:
            _in_memory.change(live, wanted, files, places)
        except _in_memory.ImpossibleError as exc:
            decided = Verdict("reload", [*decided.reasons, str(exc)])
    if decided.pending in PROCESS_CHANGES:
        _in_memory.release(live, places)
        _act(decided.pending, wanted, live, order.timeout, places, run)
        places.rewritten.unlink(missing_ok=True)
        after = _haproxy_process.observe(places, run)
        still = _verdict.of_process(after, wanted, after.unit_nofile, _haproxy_process.rewritten_under(places))
        if still.pending in PROCESS_CHANGES:
            raise FailedError("; ".join(still.reasons))
    try:
        _in_memory.mend(files, places)
    except _in_memory.ImpossibleError as exc:
        raise FailedError(str(exc)) from exc
    return decided


def _act(action: str, digest: str, before: Live, timeout: float, places: Places, run: _programs.Run) -> None:
    if action == "start":
        # A unit that failed too often in a row is not started again before that is forgotten.
        run(["systemctl", "reset-failed", UNIT])
    answer = run(["systemctl", action, UNIT])
    if answer.rc != 0:
        raise FailedError(answer.said)
    deadline = time.monotonic() + timeout
    while not in_force(digest, before, places):
        failed = _haproxy_process.show_proc(places).failed > before.failed_reloads if action == "reload" else False
        if failed or time.monotonic() >= deadline:
            found = digest_of(_haproxy_process.show_info(places))
            reason = "the new process failed" if failed else f"it did not come up within {timeout:g} s"
            raise FailedError(f"{reason}; what runs is {found or 'nothing of ours'}")
        time.sleep(0.1)


def in_force(digest: str | None, before: Live, places: Places) -> bool:
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


def _settle(before: list[dict[str, str]], seconds: float, places: Places) -> None:
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


def _undone(
    cause: Exception,
    decided: Verdict,
    wanted: str,
    before: Live,
    order: Order,
    places: Places,
    run: _programs.Run,
    cursor: str | None,
) -> ApplyError:
    """What ran before runs again, on disk and in memory; the message says whether that is so."""
    said = journal(run, cursor)
    _transaction.go_back(places)
    unit = _unit.go_back(places, run)
    state, restored = _restore(before, order.timeout, places, run)
    action = "change at run time" if decided.pending in ("runtime", "mend") else decided.pending
    lines = [
        f"HAProxy does not run the configuration {wanted} after its {action}: {cause}",
        "HAProxy said:" if said else "HAProxy said nothing in the journal.",
        *(f"  {line}" for line in said),
        state,
        *filter(None, [unit]),
    ]
    return ApplyError("\n".join(lines), restored)


def _restore(before: Live, timeout: float, places: Places, run: _programs.Run) -> tuple[str, bool]:
    now = _haproxy_process.observe(places, run)
    old = _haproxy_process.linked_digest(places)
    name = f"the tree {old}" if old else "the configuration that was there before"
    if not before.active and not now.active:
        return f"On disk is {name} again. HAProxy did not run before, and does not run now.", True
    if now.active and now.worker == before.worker and now.digest == before.digest:
        return f"What ran before never stopped: {name} is in force, on disk and in memory.", True
    action = "reload" if now.active and now.worker is not None else "start"
    if action == "start":
        run(["systemctl", "reset-failed", UNIT])
        action = "restart" if now.active else "start"
    try:
        _act(action, old or "", now, timeout, places, run) if old else _act_blindly(action, run)
    except FailedError as exc:
        return f"On disk is {name} again, but HAProxy does not run it: {exc}. Look at systemctl status haproxy.", False
    places.effective.unlink(missing_ok=True)
    return f"What ran before is in force again, by a {action}: {name}, on disk and in memory.", True


def _act_blindly(action: str, run: _programs.Run) -> None:
    """A configuration that is not ours does not say what it is."""
    answer = run(["systemctl", action, UNIT])
    if answer.rc != 0:
        raise FailedError(answer.said)


def served(places: Places) -> list[str]:
    return [
        f"{one['protocol']} {one['address']}:{one['port']}"
        for one in _listeners.listeners(places.proc)
        if one["process"] == "haproxy"
    ]
