# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in force, exchanged by one rename and kept beside until what replaced it has proven itself.

Whatever lay at the place of the configuration, a link of ours or a file of somebody else, is kept as a hard link of
it: the way back is a rename too. If the node went down in between, the unit hardened-balancer-recover goes back
before HAProxy starts; it knows by the mark below /run, which is gone then.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
import typing as t
from pathlib import Path

from ansible_collections.hardened.balancer.plugins.module_utils._files import STAGING, synced, write
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_process import Places

MAIN = "haproxy.cfg"
# In the place of what was not there.
NOTHING = "nothing"
REMEMBERED = 1000


class BusyError(Exception):
    """Another run holds the node."""


@contextlib.contextmanager
def alone(places: Places, timeout: float = 120) -> t.Iterator[None]:
    """One run at a time: two controllers, or an operator beside one."""
    path = Path(places.trees, ".lock")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    deadline = time.monotonic() + timeout
    with open(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "w") as lock:  # noqa: PTH123 - a descriptor
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as exc:
                if time.monotonic() >= deadline:
                    raise BusyError(
                        f"another run has been changing HAProxy on this node for {timeout:g} s. "
                        "Nothing was changed; run again when it has ended"
                    ) from exc
                time.sleep(0.2)
        yield


def is_open(places: Places) -> bool:
    return os.path.lexists(places.before)


def kept_digest(places: Places) -> str | None:
    """The tree to which the way back leads, if it is one of ours."""
    try:
        return places.before.readlink().parent.name or None
    except OSError:
        return None


def begin(places: Places, digest: str) -> None:
    """From here on a tree is in force that has to prove itself. Of an open one the way back stays as it is."""
    link = Path(places.link)
    places.mark.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    places.mark.touch()
    if not is_open(places):
        if os.path.lexists(link):
            os.link(link, places.before, follow_symlinks=False)
        else:
            places.before.symlink_to(NOTHING)
    temporary = link.with_name(f"{link.name}{STAGING}{digest}")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(Path(Path(places.trees).name, digest, MAIN))
    temporary.replace(link)
    synced(link.parent)


def keep(places: Places, digest: str) -> None:
    """It has proven itself."""
    places.before.unlink(missing_ok=True)
    synced(places.before.parent)
    places.mark.unlink(missing_ok=True)
    before = proven(places)
    if before[-1:] != [digest]:
        # On a full disk what serves is worth more than the note of it.
        with contextlib.suppress(OSError):
            write(_history(places), "".join(f"{name}\n" for name in [*before, digest][-REMEMBERED:]))


def previous(places: Places, now: str | None) -> str | None:
    """The last that had proven itself before what is in force; a tree that was refused never did."""
    return next((name for name in reversed(proven(places)) if name != now and Path(places.trees, name).is_dir()), None)


def _history(places: Places) -> Path:
    return Path(places.trees, ".proven")


def proven(places: Places) -> list[str]:
    """Those that were in force and did well, the last one last; one may come more than once."""
    try:
        return _history(places).read_text().split()
    except OSError:
        return []


def go_back(places: Places) -> None:
    if places.before.is_symlink() and places.before.readlink() == Path(NOTHING):
        Path(places.link).unlink(missing_ok=True)
        places.before.unlink()
    elif is_open(places):
        # Of two names of one file a rename would remove none.
        if os.path.lexists(places.link) and os.path.samestat(places.before.lstat(), Path(places.link).lstat()):
            places.before.unlink()
        else:
            places.before.replace(places.link)
    synced(places.before.parent)
    places.mark.unlink(missing_ok=True)
