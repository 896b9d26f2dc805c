# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts a tree in force as a transaction: what ran before comes back if the new one does not prove itself.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.hardened.balancer.plugins.module_utils import (
    _haproxy_process,
    _haproxy_service,
    _health,
    _in_memory,
    _preflight,
    _programs,
    _rehearsal,
    _transaction,
    _tree,
    _tree_files,
    _unit,
    _verdict,
)
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_journal import cursor_of, journal
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_process import Live, Places
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_service import FailedError
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
    # What a dry run found to be needed that wrote neither the tree nor the unit.
    planned: Verdict | None = None


class Wanted(t.NamedTuple):
    """The tree that is to be in force, read once; a dry run may not have it on disk."""

    digest: str
    files: _tree.Files


def apply(order: Order, places: Places, run: _programs.Run = _programs.run) -> dict[str, t.Any]:
    if order.dry:
        return _foreseen(order, places, run)
    with _transaction.alone(places):
        return _apply(order, places, run)


def _foreseen(order: Order, places: Places, run: _programs.Run) -> dict[str, t.Any]:
    live = _haproxy_process.observe(places, run)
    if order.planned and order.digest:
        return _outcome(_as_asked(order, order.planned), order.digest, live.worker, places)
    wanted = _wanted(order, places)
    return _outcome(_decide(order, live, wanted, places), wanted.digest, live.worker, places)


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
        # Of a run that was killed when all but this was done.
        places.mark.unlink(missing_ok=True)
        _unit.keep(places)
        return _outcome(decided, wanted.digest, live.worker, places)
    before = _health.rows(places.admin_socket)
    if decided.pending in PROCESS_CHANGES and (found := _would_fail(wanted, before, order, places, run)):
        told = f"The configuration {wanted.digest} would not serve. Nothing was changed, what runs goes on."
        raise ApplyError("\n".join([told, *found, *filter(None, [_unit.go_back(places, run)])]), True)
    cursor = cursor_of(run)
    try:
        _transaction.begin(places, wanted.digest)
        did = _change(decided, order, wanted, live, before, places, run)
        if order.settle:
            _haproxy_service.settle(before, order.settle, places)
    except (FailedError, OSError) as exc:
        raise _undone(exc, decided, wanted, live, order, places, run, cursor) from exc
    _transaction.keep(places, wanted.digest)
    _unit.keep(places)
    worker = _haproxy_process.observe(places, run).worker
    return _outcome(did, wanted.digest, worker, places)


def _would_fail(
    wanted: Wanted, before: list[dict[str, str]], order: Order, places: Places, run: _programs.Run
) -> list[str]:
    """What can be known to fail, before anybody is told to leave."""
    found = _preflight.problems(wanted.digest, places, run)
    if not found and order.settle:
        found = _rehearsal.failures(wanted.files[_transaction.MAIN], before, order.settle, places)
    return found


def _wanted(order: Order, places: Places) -> Wanted:
    linked = _haproxy_process.linked_digest(places)
    named = _transaction.previous(places, linked) if order.digest == PREVIOUS else order.digest or linked
    files = _files(named, places) if named else {}
    if named and _transaction.MAIN in files:
        return Wanted(named, files)
    ran = _transaction.proven(places)
    kept = [
        f"{name} (in force)" if name == linked else name if name in ran else f"{name} (was never in force)"
        for name in _haproxy_process.trees(places)
    ]
    meant = "before the one in force" if order.digest == PREVIOUS else named or "in force"
    raise ApplyError(
        f"{places.trees} has no tree {meant}. Nothing was changed. Kept, the newest first: {', '.join(kept) or 'none'}",
        True,
    )


def _files(digest: str, places: Places) -> _tree.Files:
    found = _tree_files.read(Path(places.trees, digest))
    return found.files if found else {}


def _decide(order: Order, live: Live, wanted: Wanted, places: Places) -> Verdict:
    return _as_asked(order, _verdict.needed(live, wanted.digest, wanted.files, live.unit_nofile, places))


def _as_asked(order: Order, found: Verdict) -> Verdict:
    if order.method == "restart" and found.pending in ("runtime", "reload"):
        return Verdict("restart", [*found.reasons, "haproxy_apply asks for restarts"])
    return found


def _outcome(decided: Verdict, digest: str, worker: int | None, places: Places) -> dict[str, t.Any]:
    return {
        "changed": decided.pending != "none",
        "did": decided.pending,
        "why": decided.reasons,
        "digest": digest,
        "ports": _tree_files.read_planned(Path(places.trees, digest), _tree_files.PORTS),
        "reach": _tree_files.read_planned(Path(places.trees, digest), _tree_files.REACH),
        "pid": worker,
        "listeners": _haproxy_service.served(places) if decided.pending in PROCESS_CHANGES else [],
    }


def _change(
    decided: Verdict,
    order: Order,
    wanted: Wanted,
    live: Live,
    before: list[dict[str, str]],
    places: Places,
    run: _programs.Run,
) -> Verdict:
    """What was done in the end: where the runtime API cannot do it after all, a reload does."""
    if decided.pending == "runtime":
        try:
            _in_memory.change(live, wanted.digest, wanted.files, places)
        except _in_memory.ImpossibleError as exc:
            decided = Verdict("reload", [*decided.reasons, str(exc)])
            if found := _would_fail(wanted, before, order, places, run):
                raise FailedError("\n".join([f"{exc}\nA reload instead would not serve either:", *found])) from exc
    if decided.pending in PROCESS_CHANGES:
        _in_memory.release(live, places)
        _haproxy_service.act(decided.pending, wanted.digest, live, order.timeout, places, run)
        places.rewritten.unlink(missing_ok=True)
        after = _haproxy_process.observe(places, run)
        still = _verdict.of_process(after, wanted.digest, after.unit_nofile, _haproxy_process.rewritten_under(places))
        if still.pending in PROCESS_CHANGES:
            raise FailedError("; ".join(still.reasons))
    try:
        _in_memory.mend(wanted.files, places)
    except _in_memory.ImpossibleError as exc:
        raise FailedError(str(exc)) from exc
    return decided


def _undone(
    cause: Exception,
    decided: Verdict,
    wanted: Wanted,
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
    state, restored = _restore(wanted, before, order.timeout, places, run)
    action = "change at run time" if decided.pending in ("runtime", "mend") else decided.pending
    lines = [
        f"HAProxy does not run the configuration {wanted.digest} after its {action}: {cause}",
        "HAProxy said:" if said else "HAProxy said nothing in the journal.",
        *(f"  {line}" for line in said),
        state,
        *filter(None, [unit]),
    ]
    return ApplyError("\n".join(lines), restored)


def _restore(wanted: Wanted, before: Live, timeout: float, places: Places, run: _programs.Run) -> tuple[str, bool]:
    now = _haproxy_process.observe(places, run)
    old = _haproxy_process.linked_digest(places)
    name = f"the tree {old}" if old else "the configuration that was there before"
    if not before.active and not now.active:
        return f"On disk is {name} again. HAProxy did not run before, and does not run now.", True
    if now.active and now.worker == before.worker:
        if now.digest == before.digest or _in_memory.undone(before, wanted.digest, wanted.files, places):
            return f"What ran before never stopped: {name} is in force, on disk and in memory.", True
        _in_memory.release(before, places)
    action = "start" if not now.active else "restart" if now.worker is None else "reload"
    try:
        _haproxy_service.act(action, old, now, timeout, places, run)
    except FailedError as exc:
        return f"On disk is {name} again, but HAProxy does not run it: {exc}. Look at systemctl status haproxy.", False
    places.effective.unlink(missing_ok=True)
    return f"What ran before is in force again, by a {action}: {name}, on disk and in memory.", True
