# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A running process made equal to another tree by the runtime API, where that is possible, and the record of it.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

from ansible_collections.hardened.balancer.plugins.module_utils import (
    _delta,
    _drift,
    _live_change,
    _runtime,
    _tree_files,
)
from ansible_collections.hardened.balancer.plugins.module_utils._files import write
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_process import (
    Live,
    Places,
    effective_words,
    show_info,
)
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_socket import Session, SocketError
from ansible_collections.hardened.balancer.plugins.module_utils._tree import Files

# New servers are waited for so long, and the sessions of those that go; then a reload lets these end in peace.
SECONDS = 5.0
# Stands in the record while the process is being changed.
UNFINISHED = "unfinished"


class ImpossibleError(Exception):
    """Only a reload can do it; says why."""


def obstacle(live: Live, files: Files, places: Places) -> str:
    """Why the process cannot be made equal to this tree while it runs; empty if it can."""
    return _operations(live, files, places)[1]


def _operations(live: Live, files: Files, places: Places) -> tuple[list[_delta.Op], str]:
    runs = _tree_files.read(Path(places.trees, live.digest)) if live.digest and live.worker else None
    if runs is None:
        return [], "of what runs there is no tree on disk to compare with"
    return _delta.between(runs.files, files, _version(places))


def _version(places: Places) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", show_info(places).get("version", ""))[:2])


def change(live: Live, digest: str, files: Files, places: Places) -> None:
    operations, why = _operations(live, files, places)
    if why:
        raise ImpossibleError(why)
    record = f"{live.worker} {live.started_with}"
    places.effective.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    write(places.effective, f"{record} {digest} {UNFINISHED}\n")
    _told(operations, places)
    if left := drift(files, places):
        raise ImpossibleError(f"after the change at run time: {'; '.join(one.text for one in left[:5])}")
    write(places.effective, f"{record} {digest}\n")


def undone(live: Live, digest: str, files: Files, places: Places) -> bool:
    """Whether a worker that was made equal to this tree, or to a part of it, is again as `live` says that it was.

    No process is started for it: the one that was refused may have been refused for want of memory.
    """
    runs = _tree_files.read(Path(places.trees, live.digest)) if live.digest else None
    if runs is None:
        return False
    operations, why = _delta.between(files, runs.files, _version(places))
    if why:
        return False
    record = f"{live.worker} {live.started_with}"
    try:
        write(places.effective, f"{record} {digest} {UNFINISHED}\n")
        _told(_outstanding(operations, places), places)
        mend(runs.files, places)
        if drift(runs.files, places):
            return False
        write(places.effective, f"{record} {live.digest}\n")
    except (ImpossibleError, SocketError, _runtime.RefusalError, ValueError, OSError):
        return False
    return True


def _outstanding(operations: list[_delta.Op], places: Places) -> list[_delta.Op]:
    """Without those to add that are there, and those to remove that are not."""
    with Session(places.admin_socket, _live_change.PATIENCE) as session:
        there = {(one.backend, one.name) for one in _runtime.servers(session)}
    kept = {"add": False, "remove": True}
    return [op for op in operations if kept.get(op.kind) in (None, (op.backend, op.name) in there)]


def release(live: Live, places: Places) -> None:
    """What a change that was cut off has closed for itself is nobody's wish: the next process shall not keep it."""
    words = effective_words(places)
    if words[3:] != [UNFINISHED] or words[:1] != [str(live.worker)]:
        return
    runs, wanted = (_tree_files.read(Path(places.trees, name)) for name in words[1:3])
    if runs and wanted:
        operations, _why = _delta.between(runs.files, wanted.files, _version(places))
        with contextlib.suppress(_live_change.LiveChangeError):
            _live_change.release(operations, places.admin_socket)


def drift(files: Files, places: Places) -> list[_drift.Drift]:
    """Servers and maps that are not as in the tree; nothing where nobody can be asked."""
    try:
        return _drift.found(files, places.admin_socket)
    except (SocketError, _runtime.RefusalError, ValueError):
        return []


def mend(files: Files, places: Places) -> None:
    """What somebody changed at run time follows the inventory again."""
    _told([op for one in drift(files, places) for op in one.ops], places)


def _told(operations: list[_delta.Op], places: Places) -> None:
    try:
        _live_change.apply(operations, places.admin_socket, SECONDS)
    except _live_change.LiveChangeError as exc:
        raise ImpossibleError(str(exc)) from exc
