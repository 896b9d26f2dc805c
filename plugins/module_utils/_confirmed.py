# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are kept only if somebody who connects anew says so: compare, stage, put in force, confirm, undo.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import contextlib
import fcntl
import grp
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from ansible_collections.hardened.balancer.plugins.module_utils._files import synced

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

STATE_DIRECTORY = "/var/lib/hardened-balancer"
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
OUTPUT_LIMIT = 4000
CHECK_SECONDS = 60


class ConfirmedError(Exception):
    """Says what is wrong, what was found and what to do; never repeats the content of a file."""


@dataclass(frozen=True)
class File:
    """A file as it is wanted (content None: absent) or as it is (kind says what stands there)."""

    path: str
    content: bytes | None = None
    mode: int = 0o600
    uid: int = 0
    gid: int = 0
    kind: str = "file"


@dataclass(frozen=True)
class Change:
    name: str
    files: tuple[File, ...]
    check: str
    apply: str
    in_force: str = ""
    timeout: int = 60


@dataclass(frozen=True)
class Place:
    """Where a change keeps what the undo needs; root is a prefix for every path, for tests."""

    name: str
    root: str = "/"

    def real(self, path: str) -> Path:
        return Path(self.root, path.lstrip("/"))

    @property
    def state(self) -> Path:
        return self.real(STATE_DIRECTORY)

    @property
    def kept(self) -> Path:
        return self.state / "undo" / self.name

    @property
    def token(self) -> Path:
        return self.kept / "token"

    @property
    def script(self) -> Path:
        return self.kept / "undo.sh"

    @property
    def lock(self) -> Path:
        return self.state / "undo" / f"{self.name}.lock"

    @property
    def last(self) -> Path:
        return self.state / "undo" / f"{self.name}.last"

    @property
    def unit(self) -> str:
        return f"hardened-balancer-undo-{self.name}"


@dataclass(frozen=True)
class Output:
    code: int
    text: str

    @property
    def ok(self) -> bool:
        return self.code == 0


@dataclass(frozen=True)
class Undone:
    """What the undo script wrote when it last ran."""

    complete: bool
    reason: str
    output: str


# --- commands


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    path = os.environ.get("PATH", "")
    return {**os.environ, "LC_ALL": "C", "PATH": f"{path}:{SYSTEM_PATH}" if path else SYSTEM_PATH, **extra}


def run(command: Sequence[str], seconds: int = CHECK_SECONDS, **extra: str) -> Output:
    with tempfile.TemporaryFile() as printed:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                env=environment(extra),
                start_new_session=True,
            )
        except OSError as problem:
            return Output(127, f"{command[0]}: {problem.strerror}")
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            code = 124
        printed.seek(0)
        text = printed.read().decode(errors="replace").strip()
    return Output(code, f"{text}\n(ended after {seconds} s)".strip() if code == 124 else text)


def run_shell(command: str, staged: str = "", seconds: int = CHECK_SECONDS) -> Output:
    return run(["sh", "-c", command], seconds, STAGED=staged)


def tail(text: str) -> str:
    return text if len(text) <= OUTPUT_LIMIT else "..." + text[-OUTPUT_LIMIT:]


def said(output: Output) -> str:
    return tail(output.text) or f"nothing, exit code {output.code}"


# --- files


def owner_id(name: str) -> int:
    try:
        return int(name) if name.isdigit() else pwd.getpwnam(name).pw_uid
    except KeyError:
        raise ConfirmedError(f"owner: no account {name!r} on this node; make it first or name another owner") from None


def group_id(name: str) -> int:
    try:
        return int(name) if name.isdigit() else grp.getgrnam(name).gr_gid
    except KeyError:
        raise ConfirmedError(f"group: no group {name!r} on this node; make it first or name another group") from None


def wanted_file(option: Mapping[str, Any]) -> File:
    path = option["path"]
    if not path.startswith("/") or path.endswith("/") or os.path.normpath(path) != path:
        raise ConfirmedError(f"files: {path!r} is not a plain absolute path of a file; write it from / without . or ..")
    if option["state"] == "absent":
        return File(path, kind="absent")
    try:
        mode = int(option["mode"], 8)
    except ValueError:
        raise ConfirmedError(f"files: mode {option['mode']!r} of {path} is not octal; write it like '0600'") from None
    return File(path, option["content"].encode(), mode, owner_id(option["owner"]), group_id(option["group"]))


def present_file(place: Place, path: str) -> File:
    real = place.real(path)
    try:
        found = real.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return File(path, kind="absent")
    if stat.S_ISDIR(found.st_mode):
        raise ConfirmedError(f"files: {path} is a directory on this node; move it away, a file is to be there")
    regular = stat.S_ISREG(found.st_mode)
    if not regular and not stat.S_ISLNK(found.st_mode):
        raise ConfirmedError(f"files: {path} is neither a file nor a link on this node; move it away")
    content = real.read_bytes() if regular else None
    return File(
        path, content, stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid, kind="file" if regular else "link"
    )


def attributes(file: File) -> str:
    return f"mode: {file.mode:04o}\nowner: {file.uid}\ngroup: {file.gid}\n"


def difference(before: File, after: File) -> dict[str, str]:
    """One entry for Ansible's diff: the text, or the attributes where only they differ."""
    title = before.path
    if before.kind == after.kind == "file" and before.content == after.content:
        title = f"{title} (attributes)"
        old, new = attributes(before), attributes(after)
    else:
        old, new = ((file.content or b"").decode(errors="replace") for file in (before, after))
    return {
        "before_header": title if before.kind != "absent" else f"{title} (absent)",
        "after_header": title if after.kind != "absent" else f"{title} (absent)",
        "before": old,
        "after": new,
    }


def write_file(real: Path, content: bytes, mode: int, uid: int, gid: int) -> None:
    """All of it or nothing, also through a crash; the name in between ends in no suffix that a daemon includes."""
    handle, name = tempfile.mkstemp(prefix=f".{real.name}.", dir=real.parent)
    try:
        with os.fdopen(handle, "wb") as temporary:
            os.fchown(handle, uid, gid)
            os.fchmod(handle, mode)
            temporary.write(content)
            temporary.flush()
            os.fsync(handle)
        Path(name).replace(real)
    except BaseException:
        Path(name).unlink()
        raise
    synced(real.parent)


def write_own(real: Path, text: str) -> None:
    write_file(real, text.encode(), 0o600, os.geteuid(), os.getegid())


def missing_directories(place: Place, files: Sequence[File]) -> list[Path]:
    """The parents that the change has to make, outermost first."""
    found: list[Path] = []
    for file in files:
        if file.kind == "absent":
            continue
        parents = place.real(file.path).parents
        found += [one for one in reversed(parents) if not one.is_dir() and one not in found]
    return found


def put_files(place: Place, files: Sequence[File]) -> None:
    for directory in missing_directories(place, files):
        directory.mkdir()
        directory.chmod(0o755)
        synced(directory.parent)
    for file in files:
        real = place.real(file.path)
        if file.content is None:
            real.unlink(missing_ok=True)
        else:
            write_file(real, file.content, file.mode, file.uid, file.gid)


@contextlib.contextmanager
def staged(place: Place, files: Sequence[File]) -> Iterator[str]:
    """A directory that holds the wanted files under their absolute paths."""
    run_directory = place.real("/run")
    run_directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="hardened-balancer-", dir=run_directory) as directory:
        for file in files:
            if file.content is not None:
                candidate = Path(directory, file.path.lstrip("/"))
                candidate.parent.mkdir(parents=True, exist_ok=True)
                write_file(candidate, file.content, file.mode, file.uid, file.gid)
        yield directory


# --- the way back


UNDO_SCRIPT = """\
#!/bin/sh
# Puts back what was there before a change of hardened.balancer; argument: the reason. It may run any number of times.
PATH="${{PATH:+$PATH:}}{path}"
LC_ALL=C
export PATH LC_ALL
kept={kept}
last={last}
unit={unit}
reason=${{1:-not confirmed over a new connection within {timeout} s}}

exec 9>{lock}
flock 9
[ -e "$kept/token" ] || exit 0

problems=
failed() {{ problems="$problems$1 could not be put back; "; }}
put_back() {{ cp -a -- "$kept/files/$1" "$2.undo" && mv -fT -- "$2.undo" "$2" || failed "$2"; }}
take_away() {{ rm -f -- "$1" || failed "$1"; }}
{steps}
sync

# Put in force even after a problem: what could be put back counts.
output=$(sh -c {apply} 2>&1 9>&-) || problems="${{problems}}the previous state could not be put in force; "

{{
    if [ -z "$problems" ]; then echo complete; else echo incomplete; fi
    echo "$reason"
    printf '%s%s\\n' "$problems" "$output"
}} >"$last.new" && mv -f -- "$last.new" "$last"
logger -t hardened-balancer -p auth.warning -- "undone {name}: $reason; ${{problems:-the previous state is back}}" || :

case $problems in
*'could not be put back'*) exit 1 ;;
esac
rm -f -- "$kept/token"
systemctl stop "$unit.timer" >/dev/null 2>&1 || :
rm -rf -- "$kept"
[ -z "$problems" ]
"""


def undo_steps(place: Place, before: Sequence[File], made: Sequence[Path]) -> str:
    lines = []
    for index, file in enumerate(before):
        real = quote(str(place.real(file.path)))
        lines.append(f"take_away {real}" if file.kind == "absent" else f"put_back {index} {real}")
    lines += [f"rmdir -- {quote(str(directory))} 2>/dev/null || :" for directory in reversed(made)]
    return "\n".join(lines)


def undo_script(place: Place, change: Change, before: Sequence[File], made: Sequence[Path]) -> str:
    return UNDO_SCRIPT.format(
        path=SYSTEM_PATH,
        kept=quote(str(place.kept)),
        last=quote(str(place.last)),
        lock=quote(str(place.lock)),
        unit=quote(place.unit),
        name=place.name,
        timeout=change.timeout,
        steps=undo_steps(place, before, made),
        apply=quote(change.apply),
    )


@contextlib.contextmanager
def locked(place: Place) -> Iterator[None]:
    place.lock.parent.mkdir(parents=True, exist_ok=True)
    for directory in (place.state, place.lock.parent):
        directory.chmod(0o700)
    with place.lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def read_last(place: Place) -> Undone | None:
    try:
        text = place.last.read_text(errors="replace")
    except FileNotFoundError:
        return None
    outcome, reason, output = [*text.split("\n", 2), "", ""][:3]
    return Undone(outcome == "complete", reason, tail(output.strip()))


def undo_now(place: Place, reason: str) -> Undone | None:
    """To be called without the lock: the script takes it, and does nothing where the timer was faster."""
    run(["sh", str(place.script), reason], 600)
    return read_last(place)


def keep_before(place: Place, change: Change, token: str) -> None:
    """The token comes last: with it the undo is due, without it the directory is rubbish."""
    before = [present_file(place, file.path) for file in change.files]
    shutil.rmtree(place.kept, ignore_errors=True)
    kept_files = place.kept / "files"
    kept_files.mkdir(parents=True)
    place.kept.chmod(0o700)
    for index, file in enumerate(before):
        if file.kind != "absent":
            copy = kept_files / str(index)
            shutil.copy2(place.real(file.path), copy, follow_symlinks=False)
            os.chown(copy, file.uid, file.gid, follow_symlinks=False)
    write_own(place.script, undo_script(place, change, before, missing_directories(place, change.files)))
    write_own(place.kept / "session", sshd_session(place.root))
    place.last.unlink(missing_ok=True)
    os.sync()
    write_own(place.token, token)


def arm(place: Place, timeout: int) -> None:
    run(["systemctl", "stop", f"{place.unit}.timer", f"{place.unit}.service"])
    run(["systemctl", "reset-failed", f"{place.unit}.service"])
    armed = run(
        [
            "systemd-run",
            "--quiet",
            "--collect",
            f"--unit={place.unit}",
            f"--on-active={timeout}s",
            "--timer-property=AccuracySec=100ms",
            "--",
            "/bin/sh",
            str(place.script),
        ]
    )
    if not armed.ok:
        drop(place)
        raise ConfirmedError(
            f"{place.name}: systemd on this node took no timer for the undo, so nothing was changed. "
            f"It said: {said(armed)}. This needs systemd as process 1."
        )


def drop(place: Place) -> None:
    place.token.unlink(missing_ok=True)
    shutil.rmtree(place.kept, ignore_errors=True)


# --- who asks


def sshd_session(root: str = "/", pid: int | None = None) -> str:
    """Process and start time of the sshd that serves us; empty where we came in another way."""
    process = os.getpid() if pid is None else pid
    for _attempt in range(64):
        try:
            text = Path(root, "proc", str(process), "stat").read_text()
        except OSError:
            return ""
        name, fields = text[text.index("(") + 1 : text.rindex(")")], text[text.rindex(")") + 2 :].split()
        if name in ("sshd", "sshd-session"):
            return f"{process} {fields[19]}"
        process = int(fields[1])
        if process <= 1:
            return ""
    return ""


# --- the steps


def carry_out_pending(place: Place) -> str:
    """The undo that a dead run left behind; its reason, or nothing."""
    if not place.token.exists():
        return ""
    undo_now(place, "the run that made the change ended before it confirmed it")
    if place.token.exists():
        last = read_last(place)
        raise ConfirmedError(
            f"{place.name}: an earlier run ended before it confirmed its change, and undoing that failed: "
            f"{last.output if last else 'the script left no message'}. "
            f"Look at {place.kept}, put back what is in it, delete it and run again."
        )
    last = read_last(place)
    return last.reason if last else "undone by its timer"


def compare(place: Place, change: Change) -> list[tuple[File, File]]:
    """(as it is, as it is wanted) for each file that differs."""
    pairs = [(present_file(place, file.path), file) for file in change.files]
    return [(before, after) for before, after in pairs if before != after]


def refuse_unless_valid(change: Change, directory: str) -> None:
    checked = run_shell(change.check, directory)
    if not checked.ok:
        raise ConfirmedError(f"{change.name}: the check refused the new files; nothing was changed. {said(checked)}")


def fail_undone(place: Place, change: Change, what: str) -> None:
    last = undo_now(place, what)
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
        due = "would be undone first: its run ended before it confirmed" if place.token.exists() else ""
        result, _token = carry_out(change, place, token, check_mode=True)
        return {**result, "changed": bool(result["changed"] or due), "undone_before": due}
    undone_before = carry_out_pending(place)
    try:
        with locked(place):
            result, problem = carry_out(change, place, token, check_mode=False)
    except ConfirmedError as error:
        also = " The change of an earlier run, never confirmed, was undone before that." if undone_before else ""
        raise ConfirmedError(f"{error}{also}") from None
    if problem:
        fail_undone(place, change, problem)
    return {**result, "changed": bool(result["changed"] or undone_before), "undone_before": undone_before}


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
    with staged(place, change.files) as directory:
        if not differing:
            found = run_shell(change.in_force, directory)
            if found.ok:
                return result, ""
            result.update(changed=True, mended=True, found=said(found))
        if check_mode:
            return result, ""
        refuse_unless_valid(change, directory)
        keep_before(place, change, token)
        arm(place, change.timeout)
        result["applied"] = True
        try:
            put_files(place, [after for _before, after in differing])
        except OSError as error:
            return result, f"a file could not be written ({error})"
        return result, put_in_force(place, change, directory)


def confirm(place: Place, token: str) -> dict[str, Any]:
    """Keep the change, if it is still there and the question comes over another connection than the change did."""
    with locked(place):
        if not holds(place, token):
            return gone(place)
        ours = sshd_session(place.root)
        if ours and ours == (place.kept / "session").read_text():
            return {"confirmed": False, "pending": True, "why": "the SSH connection is still the one of the change"}
        place.token.unlink()
        synced(place.kept)
        run(["systemctl", "stop", f"{place.unit}.timer"])
        drop(place)
    return {"confirmed": True, "pending": False, "why": ""}


def undo(place: Place, token: str) -> dict[str, Any]:
    """For a controller that lost the answer to its first step."""
    if holds(place, token):
        undo_now(place, "the connection was lost while the change was put in force")
    return gone(place)


def holds(place: Place, token: str) -> bool:
    try:
        return place.token.read_text() == token
    except FileNotFoundError:
        return False


def gone(place: Place) -> dict[str, Any]:
    last = read_last(place)
    return {
        "confirmed": False,
        "pending": False,
        "undone": last is not None,
        "complete": bool(last and last.complete),
        "why": last.reason if last else "",
        "output": last.output if last else "",
    }
