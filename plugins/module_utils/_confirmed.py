# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are kept only if somebody who connects anew says so: compare, stage, put in force, confirm, undo.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.hardened.balancer.plugins.module_utils import _confirmed_undo as way_back
from ansible_collections.hardened.balancer.plugins.module_utils import _session
from ansible_collections.hardened.balancer.plugins.module_utils._confirmed_commands import run_shell, said
from ansible_collections.hardened.balancer.plugins.module_utils._confirmed_files import (
    ConfirmedError,
    File,
    Place,
    clear_staged,
    difference,
    present_file,
    put_files,
    staged,
    write_own,
)
from ansible_collections.hardened.balancer.plugins.module_utils._files import read, synced

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Change:
    name: str
    files: tuple[File, ...]
    check: str
    apply: str
    in_force: str = ""
    timeout: int = 60


# --- who asks


def sshd_session(root: str = "/", pid: int | None = None) -> int | None:
    """When the sshd that serves us was started, in the kernel's ticks since boot; None where we came in another way."""
    process = os.getpid() if pid is None else pid
    for _attempt in range(64):
        try:
            text = Path(root, "proc", str(process), "stat").read_text()
        except OSError:
            return None
        name, fields = text[text.index("(") + 1 : text.rindex(")")], text[text.rindex(")") + 2 :].split()
        if name in ("sshd", "sshd-session"):
            return int(fields[19])
        process = int(fields[1])
        if process <= 1:
            return None
    return None


def ticks() -> int:
    """Now, on the clock that the start of a process is told in; nobody can set it."""
    return int(time.clock_gettime(time.CLOCK_BOOTTIME) * os.sysconf("SC_CLK_TCK"))


def whoever(root: str) -> str:
    proc = str(Path(root, "proc"))
    line = _session.ancestors(proc, os.getpid())
    name, client = _session.user(line, os.environ.get("SUDO_USER")), _session.client(proc, line)
    return f"{name} from {client['address']}" if client else f"{name} on the node itself"


def holder(place: Place, timeout: int) -> str:
    return json.dumps({"by": whoever(place.root), "until": time.monotonic() + timeout})


# --- the steps


@contextlib.contextmanager
def locked(place: Place) -> Iterator[None]:
    with way_back.nothing_changed(place, "the lock of the change"):
        place.lock.parent.mkdir(parents=True, exist_ok=True)
        for directory in (place.state, place.lock.parent):
            directory.chmod(0o700)
        handle = place.lock.open("w")
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def held(place: Place) -> dict[str, Any] | None:
    """Whose change is in force and may still be confirmed: that one is not ours to undo."""
    known_by = place.kept / "holder"
    if not place.token.exists() or not known_by.exists() or not way_back.armed(place):
        return None
    known = json.loads(known_by.read_text())
    return {"by": known["by"], "seconds": max(0, round(known["until"] - time.monotonic()))}


def carry_out_pending(place: Place) -> str:
    """The undo that a dead run left behind; its reason, or nothing. To be called without the lock."""
    if not place.due:
        return ""
    last = way_back.undo_now(place, "the run that made the change ended before it confirmed it")
    if place.due:
        raise ConfirmedError(
            f"{place.name}: an earlier run ended before it confirmed its change, and undoing that failed: "
            f"{last.output if last else 'the script left no message'}. "
            f"Look at {place.kept}, put back what is in it, delete it and run again."
        )
    return last.reason if last else "undone by its timer"


def clear_rubbish(place: Place) -> None:
    """Of a run that was killed before its change began or after it was final."""
    clear_staged(place)
    if not place.due and any(os.path.lexists(path) for path in (place.kept, *way_back.guard_files(place))):
        way_back.drop(place)


def compare(place: Place, change: Change) -> list[tuple[File, File]]:
    """(as it is, as it is wanted) for each file that differs."""
    pairs = [(present_file(place, file.path), file) for file in change.files]
    return [(before, after) for before, after in pairs if before != after]


def refuse_unless_valid(change: Change, directory: str) -> None:
    checked = run_shell(change.check, directory)
    if not checked.ok:
        raise ConfirmedError(f"{change.name}: the check refused the new files; nothing was changed. {said(checked)}")


def fail_undone(place: Place, change: Change, what: str) -> None:
    last = way_back.undo_now(place, what)
    if last and last.complete:
        raise ConfirmedError(f"{change.name}: {what}. It was undone at once: the node is back on what it had before.")
    found = last.output if last else "the undo left no message"
    raise ConfirmedError(
        f"{change.name}: {what}. The undo could not do all: {found}. Look at the node: journalctl -t hardened-balancer."
    )


def put_in_force(place: Place, change: Change, directory: str) -> str:
    """What went wrong, or nothing. A command that hangs is ended: the undo waits for our lock."""
    seconds = max(5, change.timeout // 2)
    applied = run_shell(change.apply, directory, seconds)
    if not applied.ok:
        return f"the new files could not be put in force: {said(applied)}"
    if change.in_force:
        found = run_shell(change.in_force, directory, seconds)
        if not found.ok:
            return f"the new files were applied, but the live system does not match them: {said(found)}"
    return ""


def begin(change: Change, place: Place, token: str, check_mode: bool = False) -> dict[str, Any]:
    """Up to a change in force whose undo is armed; where nothing is to do, no second step is needed."""
    if check_mode:
        due = "would be undone first: its run ended before it confirmed" if place.due and not held(place) else ""
        result, _problem = carry_out(change, place, token, check_mode=True)
        return {**result, "changed": bool(result["changed"] or due), "undone_before": due, "held": held(place)}
    undone_before = ""
    while True:
        with locked(place):
            if holds(place, token):
                return asked_again()
            other = held(place)
            if other:
                return {"changed": False, "applied": False, "held": other}
            if not place.due:
                clear_rubbish(place)
                result, problem = made(change, place, token, undone_before)
                break
        undone_before = carry_out_pending(place)
    if problem:
        fail_undone(place, change, problem)
    changed = bool(result["changed"] or undone_before)
    return {**result, "changed": changed, "undone_before": undone_before, "held": None}


def asked_again() -> dict[str, Any]:
    """With `retries`, Ansible runs a module once more whose answer was lost: the change of this token is in force."""
    told: dict[str, Any] = {"changed": True, "files": [], "diff": [], "applied": True, "mended": False, "found": ""}
    return {**told, "undone_before": "", "held": None}


def made(change: Change, place: Place, token: str, undone_before: str) -> tuple[dict[str, Any], str]:
    try:
        return carry_out(change, place, token, check_mode=False)
    except ConfirmedError as error:
        also = " The change of an earlier run, never confirmed, was undone before that." if undone_before else ""
        raise ConfirmedError(f"{error}{also}") from None


def carry_out(change: Change, place: Place, token: str, check_mode: bool) -> tuple[dict[str, Any], str]:
    """The result, and what went wrong after the undo was armed."""
    differing = compare(place, change)
    result: dict[str, Any] = {
        "changed": bool(differing),
        "files": [after.path for _before, after in differing],
        "diff": [difference(before, after) for before, after in differing],
        "applied": False,
        "mended": False,
        "found": "",
    }
    if not differing and not change.in_force:
        return result, ""
    with contextlib.ExitStack() as stack:
        with way_back.nothing_changed(place, "the new files"):
            directory = stack.enter_context(staged(place, change.files, check_mode))
        if not differing:
            found = run_shell(change.in_force, directory)
            if found.ok:
                return result, ""
            result.update(changed=True, mended=True, found=said(found))
        if check_mode:
            return result, ""
        refuse_unless_valid(change, directory)
        prepare(change, place, token)
        result["applied"] = True
        try:
            put_files(place, [after for _before, after in differing])
            problem = put_in_force(place, change, directory)
            # Whoever logged in before this has not tried what is in force now.
            write_own(applied(place), str(ticks()))
        except OSError as error:
            return result, f"a file could not be written ({error})"
        return result, problem


def prepare(change: Change, place: Place, token: str) -> None:
    """All that the undo needs is on the disk, and its timer runs, before the first file is touched."""
    try:
        with way_back.nothing_changed(place, "what the undo needs"):
            way_back.keep_before(place, change.files, change.apply, change.timeout, holder(place, change.timeout))
            way_back.arm(place, change.timeout)
            write_own(place.token, token)
    except ConfirmedError:
        with contextlib.suppress(OSError):
            way_back.drop(place)
        raise


def confirm(place: Place, token: str) -> dict[str, Any]:
    """Keep the change, if it is still whole and whoever asks has logged in after it."""
    with locked(place):
        # Whoever makes or undoes a change holds the lock meanwhile: what is half of it now was cut off.
        cut_off = place.undoing.exists() or (holds(place, token) and not applied(place).exists())
        if not cut_off:
            return confirm_whole(place, token)
    way_back.undo_now(place, "it was cut off before it was whole")
    return gone(place)


def confirm_whole(place: Place, token: str) -> dict[str, Any]:
    if not holds(place, token):
        before = {"confirmed": True, "pending": False, "why": ""}
        return before if read(place.confirmed) == token else gone(place)
    session = sshd_session(place.root)
    if session is not None and session < int(applied(place).read_text()):
        return {"confirmed": False, "pending": True, "why": "the SSH connection is older than the change"}
    place.token.replace(place.confirmed)
    synced(place.confirmed.parent)
    synced(place.kept)
    way_back.drop(place)
    return {"confirmed": True, "pending": False, "why": ""}


def applied(place: Place) -> Path:
    """Holds since when the change is in force."""
    return place.kept / "applied"


def undo(place: Place, token: str) -> dict[str, Any]:
    """For a controller that lost the answer to its first step, which may go on here: it holds the lock meanwhile."""
    with locked(place):
        pass
    if holds(place, token) or place.undoing.exists():
        way_back.undo_now(place, "the connection was lost while the change was put in force")
    return gone(place)


def holds(place: Place, token: str) -> bool:
    try:
        return place.token.read_text() == token
    except FileNotFoundError:
        return False


def gone(place: Place) -> dict[str, Any]:
    last = way_back.read_last(place)
    return {
        "confirmed": False,
        "pending": False,
        "undone": last is not None,
        "complete": bool(last and last.complete),
        "why": last.reason if last else "",
        "output": last.output if last else "",
    }
