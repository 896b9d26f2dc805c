# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way back: what is kept before a change, the script that puts it back, its timer, and its units for the boot.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from ansible_collections.hardened.balancer.plugins.module_utils._confirmed_commands import SYSTEM_PATH, run, said, tail
from ansible_collections.hardened.balancer.plugins.module_utils._confirmed_files import (
    ConfirmedError,
    File,
    Place,
    missing_directories,
    present_file,
    write_new,
    write_own,
)
from ansible_collections.hardened.balancer.plugins.module_utils._files import synced

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

UNITS = "/etc/systemd/system"
UNDO_SECONDS = 600
PAUSE = 2
# Of the undo itself, which may be killed half-way (systemd.service(5)): slower than five starts in ten seconds.
AGAIN = {"Restart": "on-abnormal", "RestartSec": "3s", "OOMScoreAdjust": "-900"}
# Given back to the disk before the undo writes down how it went.
ROOM = 16 * 1024
DOWN = "the node went down before it was confirmed"


@dataclass(frozen=True)
class Undone:
    """What the undo script wrote when it last ran."""

    complete: bool
    reason: str
    output: str


UNDO_SCRIPT = """\
#!/bin/sh
# Puts back what was there before a change of hardened.balancer. Argument: the reason; or `boot`, for the files alone,
# before anything has read them. It may run any number of times.
PATH="${{PATH:+$PATH:}}{path}"
LC_ALL=C
export PATH LC_ALL
kept={kept}
last={last}
unit={unit}
reason=${{1:-not confirmed over a new connection within {timeout} s}}

exec 9<{lock}
flock 9
# From here on nobody can confirm; a rename takes no room on a disk that is full.
if [ -e "$kept/token" ]; then mv -fT -- "$kept/token" "$kept/undoing"; fi
[ -e "$kept/undoing" ] || [ -e "$kept/token" ] || exit 0
rm -f -- "$kept/room"
if [ -s "$kept/why" ]; then reason=$(cat "$kept/why"); fi

problems=
failed() {{ problems="$problems$1 could not be put back; "; }}
same() {{
    if [ -L "$1" ]; then
        [ -L "$2" ] && [ "$(readlink -- "$1")" = "$(readlink -- "$2")" ]
    else
        [ ! -L "$2" ] && cmp -s -- "$1" "$2"
    fi
}}
copy_back() {{ cp -a -- "$1" "$3-new" && sync -- "$3-new" && mv -fT -- "$3-new" "$2"; }}
# The file itself waits beside its place; the copy is for the case that somebody took it away.
put_back() {{
    if [ -e "$3" ] || [ -L "$3" ]; then mv -fT -- "$3" "$2" 2>/dev/null || :; fi
    if same "$1" "$2" || copy_back "$1" "$2" "$3"; then rm -f -- "$3"; else failed "$2"; fi
}}
take_away() {{ rm -f -- "$1" || failed "$1"; }}
{steps}
sync -- {directories} 2>/dev/null || sync

if [ "${{1-}}" = boot ]; then
    echo "{down}" >"$kept/why" || :
    systemctl daemon-reload || :
    [ -z "$problems" ]
    exit
fi

# Even after a problem: what could be put back counts. What was busy is asked once more, for nobody comes after this.
in_force() {{ output=$(sh -c {apply} 2>&1 9<&-); }}
in_force || {{ sleep {pause}; in_force; }} || problems="${{problems}}the previous state could not be put in force; "

{{
    if [ -z "$problems" ]; then echo complete; else echo incomplete; fi
    echo "$reason"
    printf '%s%s\\n' "$problems" "$output"
}} >"$last.new" && mv -f -- "$last.new" "$last"
logger -t hardened-balancer -p auth.warning -- "undone {name}: $reason; ${{problems:-the previous state is back}}" || :

case $problems in
*'could not be put back'*) exit 1 ;;
esac
rm -f -- "$kept/token" "$kept/undoing"
systemctl stop "$unit.timer" >/dev/null 2>&1 || :
rm -f -- {guard}
rm -rf -- "$kept"
[ -z "$problems" ]
"""

# The timer does not outlive a reboot. These two do, and do nothing unless a change is to be undone.
BOOT_UNIT = """\
# Written by Ansible (hardened.balancer.confirmed); gone as soon as the change is confirmed or undone.
[Unit]
Description=Puts back files of the change "{name}", where the node went down before it was confirmed
DefaultDependencies=no
ConditionPathExists=|{token}
ConditionPathExists=|{undoing}
After=local-fs.target
Before=network-pre.target nftables.service ufw.service firewalld.service netfilter-persistent.service
Before=hardened-balancer-firewall.service ssh.service ssh.socket shutdown.target
Conflicts=shutdown.target

[Service]
Type=oneshot
ExecStart=/bin/sh {script} boot
"""
LATE_UNIT = """\
# Written by Ansible (hardened.balancer.confirmed); gone as soon as the change is confirmed or undone.
[Unit]
Description=Ends the undo of the change "{name}", where the node went down before it was confirmed
ConditionPathExists=|{token}
ConditionPathExists=|{undoing}
RequiresMountsFor={script}
After=network.target hardened-balancer-firewall.service ssh.service ssh.socket

[Service]
Type=oneshot
ExecStart=/bin/sh {script} "{down}"
{again}
"""
WANTED_BY = {"-files": "sysinit.target", "-end": "multi-user.target"}


def undo_steps(place: Place, before: Sequence[File], made: Sequence[Path]) -> str:
    lines = []
    for index, file in enumerate(before):
        real, beside, coming = (
            quote(str(path)) for path in (place.real(file.path), place.beside(file.path), place.coming(file.path))
        )
        put_back = f'put_back "$kept/files/{index}" {real} {beside}'
        lines += [f"rm -f -- {coming}", f"take_away {real}" if file.kind == "absent" else put_back]
    lines += [f"rmdir -- {quote(str(directory))} 2>/dev/null || :" for directory in reversed(made)]
    return "\n".join(lines)


def directories(place: Place, files: Sequence[File], made: Sequence[Path]) -> list[str]:
    """Those that are there after the undo, and that hold what it moved."""
    parents = {place.real(file.path).parent for file in files} | {directory.parent for directory in made}
    return sorted(quote(str(parent)) for parent in parents - set(made) if parent.is_dir())


def undo_script(place: Place, apply: str, timeout: int, before: Sequence[File], made: Sequence[Path]) -> str:
    return UNDO_SCRIPT.format(
        path=SYSTEM_PATH,
        kept=quote(str(place.kept)),
        last=quote(str(place.last)),
        lock=quote(str(place.lock)),
        unit=quote(place.unit),
        name=place.name,
        timeout=timeout,
        down=DOWN,
        steps=undo_steps(place, before, made),
        directories=" ".join([*directories(place, before, made), '"$kept"']),
        apply=quote(apply),
        pause=PAUSE,
        guard=" ".join(quote(str(path)) for path in guard_files(place)),
    )


# --- what is kept


@contextlib.contextmanager
def nothing_changed(place: Place, what: str) -> Iterator[None]:
    """Before the first file of the node is touched, a disk that takes no more is a refusal."""
    try:
        yield
    except OSError as problem:
        where = problem.filename or place.kept
        raise ConfirmedError(
            f"{place.name}: {what} could not be written to {where} ({problem.strerror}), so nothing was changed. "
            "Make room there, or make it writable, and run again."
        ) from None


def keep_before(place: Place, files: Sequence[File], apply: str, timeout: int, holder: str) -> None:
    """Rubbish until the token is there, which comes last: with it the undo is due."""
    before = [present_file(place, file.path) for file in files]
    drop(place)
    kept_files = place.kept / "files"
    kept_files.mkdir(parents=True)
    place.kept.chmod(0o700)
    beside = [path for file in files for path in (place.beside(file.path), place.coming(file.path))]
    write_own(place.kept / "beside", "".join(f"{path}\n" for path in beside))
    for index, file in enumerate(before):
        if file.kind != "absent":
            keep_file(place, file, kept_files / str(index))
    synced(kept_files)
    write_own(place.script, undo_script(place, apply, timeout, before, missing_directories(place, files)))
    write_own(place.kept / "holder", holder)
    write_new(place.kept / "room", b"\0" * ROOM, 0o600, os.geteuid(), os.getegid())
    guard(place)
    place.last.unlink(missing_ok=True)


def keep_file(place: Place, file: File, copy: Path) -> None:
    real, beside = place.real(file.path), place.beside(file.path)
    shutil.copy2(real, copy, follow_symlinks=False)
    os.chown(copy, file.uid, file.gid, follow_symlinks=False)
    if file.kind == "file":
        with copy.open("rb") as kept:
            os.fsync(kept.fileno())
    beside.unlink(missing_ok=True)
    os.link(real, beside, follow_symlinks=False)
    synced(beside.parent)


def drop(place: Place) -> None:
    """The change is final, or never began."""
    place.token.unlink(missing_ok=True)
    run(["systemctl", "stop", f"{place.unit}.timer"])
    with contextlib.suppress(FileNotFoundError):
        for beside in (place.kept / "beside").read_text().splitlines():
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                Path(beside).unlink()
    for path in guard_files(place):
        path.unlink(missing_ok=True)
    shutil.rmtree(place.kept, ignore_errors=True)


# --- what sets it off


def guard_files(place: Place) -> list[Path]:
    """The links first: without one, a unit is not started."""
    units = place.real(UNITS)
    name = f"hardened-balancer-boot-{place.name}"
    links = [units / f"{target}.wants" / f"{name}{part}.service" for part, target in WANTED_BY.items()]
    return [*links, *(units / f"{name}{part}.service" for part in WANTED_BY)]


def guard(place: Place) -> None:
    """Read by systemd at the next boot and not before, so it need not be told."""
    *links, files, end = guard_files(place)
    settings = "\n".join(f"{name}={value}" for name, value in AGAIN.items())
    for unit, text in ((files, BOOT_UNIT), (end, LATE_UNIT)):
        unit.parent.mkdir(parents=True, exist_ok=True)
        filled = text.format(
            name=place.name, token=place.token, undoing=place.undoing, script=place.script, down=DOWN, again=settings
        )
        write_new(unit, filled.encode(), 0o644, os.geteuid(), os.getegid())
    for link in links:
        link.parent.mkdir(exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(f"../{link.name}")
        synced(link.parent)
    synced(files.parent)


def arm(place: Place, timeout: int) -> None:
    """After a time that passes on its own, whatever happens to the clock of the day."""
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
            *(f"--property={name}={value}" for name, value in AGAIN.items()),
            "--",
            "/bin/sh",
            str(place.script),
        ]
    )
    if not armed.ok:
        raise ConfirmedError(
            f"{place.name}: systemd on this node took no timer for the undo, so nothing was changed. "
            f"It said: {said(armed)}. This needs systemd as process 1."
        )


def armed(place: Place) -> bool:
    return run(["systemctl", "--quiet", "is-active", f"{place.unit}.timer"]).ok


# --- how it went


def undo_now(place: Place, reason: str) -> Undone | None:
    """To be called without the lock: the script takes it, and does nothing where the timer was faster."""
    run(["sh", str(place.script), reason], UNDO_SECONDS)
    return read_last(place)


def read_last(place: Place) -> Undone | None:
    try:
        text = place.last.read_text(errors="replace")
    except FileNotFoundError:
        return None
    outcome, reason, output = [*text.split("\n", 2), "", ""][:3]
    return Undone(outcome == "complete", reason, tail(output.strip()))
