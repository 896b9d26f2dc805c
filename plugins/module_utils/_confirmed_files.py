# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a change: as they are wanted, as they are, and written all or none.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.hardened.balancer.plugins.module_utils._files import synced

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

STATE_DIRECTORY = "/var/lib/hardened-balancer"


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
class Place:
    """Where a change keeps what the undo needs; root is a prefix for every path, for tests."""

    name: str
    root: str = "/"

    def real(self, path: str) -> Path:
        return Path(self.root, path.lstrip("/"))

    def beside(self, path: str) -> Path:
        """The file before the change, in its own directory: to rename it back takes no room on the disk."""
        real = self.real(path)
        return real.with_name(f".{real.name}.hardened-balancer-{self.name}")

    def coming(self, path: str) -> Path:
        """The wanted file until it is complete; like the one before, no daemon includes it."""
        beside = self.beside(path)
        return beside.with_name(f"{beside.name}-new")

    @property
    def staged(self) -> Path:
        """How the names of directories begin that hold the wanted files for the check."""
        return self.real("/run") / f"hardened-balancer-staged-{self.name}."

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
    def undoing(self) -> Path:
        """What the token is renamed to when the undo begins: from then on nobody can confirm."""
        return self.kept / "undoing"

    @property
    def due(self) -> bool:
        return self.token.exists() or self.undoing.exists()

    @property
    def script(self) -> Path:
        return self.kept / "undo.sh"

    @property
    def lock(self) -> Path:
        return self.state / "undo" / f"{self.name}.lock"

    @property
    def confirmed(self) -> Path:
        """The token of the change that was confirmed last: whoever lost the answer asks once more."""
        return self.state / "undo" / f"{self.name}.confirmed"

    @property
    def last(self) -> Path:
        return self.state / "undo" / f"{self.name}.last"

    @property
    def unit(self) -> str:
        return f"hardened-balancer-undo-{self.name}"


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


def write_new(path: Path, content: bytes, mode: int, uid: int, gid: int) -> None:
    """On the disk when this returns; an earlier attempt that was cut off may have left one."""
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        os.fchown(handle, uid, gid)
        os.fchmod(handle, mode)
        file.write(content)
        file.flush()
        os.fsync(handle)


def write_own(real: Path, text: str) -> None:
    """All of it or nothing, also through a crash."""
    coming = real.with_name(f".{real.name}.new")
    write_new(coming, text.encode(), 0o600, os.geteuid(), os.getegid())
    coming.replace(real)
    synced(real.parent)


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
    """All are written before the first takes its place: a disk that is full is noticed while nothing has changed."""
    for directory in missing_directories(place, files):
        directory.mkdir()
        directory.chmod(0o755)
        synced(directory.parent)
    for file in files:
        if file.content is not None:
            write_new(place.coming(file.path), file.content, file.mode, file.uid, file.gid)
    for file in files:
        real = place.real(file.path)
        if file.content is None:
            real.unlink(missing_ok=True)
        else:
            place.coming(file.path).replace(real)
        if real.parent.is_dir():
            synced(real.parent)


@contextlib.contextmanager
def staged(place: Place, files: Sequence[File], check_mode: bool) -> Iterator[str]:
    """A directory that holds the wanted files under their absolute paths."""
    place.staged.parent.mkdir(parents=True, exist_ok=True)
    prefix = "hardened-balancer-check-" if check_mode else place.staged.name
    with tempfile.TemporaryDirectory(prefix=prefix, dir=place.staged.parent) as directory:
        for file in files:
            if file.content is not None:
                candidate = Path(directory, file.path.lstrip("/"))
                candidate.parent.mkdir(parents=True, exist_ok=True)
                write_new(candidate, file.content, file.mode, file.uid, file.gid)
        yield directory


def clear_staged(place: Place) -> None:
    """Of runs that were killed; one that lives would hold the lock that we hold."""
    for directory in place.staged.parent.glob(f"{place.staged.name}*"):
        shutil.rmtree(directory, ignore_errors=True)
