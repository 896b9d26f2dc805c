# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands between an account's key and a login: modes and owners, options of the key, the account's own end.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import grp
import os
import pwd
import re
import stat
import time
import typing as t
from pathlib import Path

from ansible_collections.hardened.balancer.plugins.module_utils import _files

KEY_FILES = (".ssh/authorized_keys", ".ssh/authorized_keys2")
DAY = 24 * 60 * 60
# Options come first and hold no blank outside of quotes; a quote inside is written \".
OPTIONS = re.compile(r'\s*(?P<options>(?:[^\s"]|"(?:[^"\\]|\\.)*")+)\s+(?P<key>(?:ssh|ecdsa|sk)-\S+\s+\S+)')
OPTION = re.compile(r'(?P<name>[A-Za-z-]+)(?:="(?P<value>(?:[^"\\]|\\.)*)")?(?:,|$)')
KEY_TYPE = re.compile(r"\s*(?:ssh|ecdsa|sk)-\S+\s")


def login(entry: pwd.struct_passwd, shadow: str, now: float | None = None) -> dict[str, t.Any]:
    """Facts of one account; what they mean for whom is the model's to say."""
    files = [path for name in KEY_FILES if _stat(path := Path(entry.pw_dir, name))]
    today = int((time.time() if now is None else now) // DAY)
    return {
        "loose": [found for path in _on_the_way(entry, files) if (found := _loose(path, entry.pw_uid))],
        "unreadable": [str(path) for path in files if not readable(path, entry)],
        "options": [found for path in files for found in key_options(_files.read(path))],
        **age(shadow, entry.pw_name, today),
    }


def _stat(path: Path) -> os.stat_result | None:
    """None also where nobody may look, as root in a home on a network's file system."""
    try:
        return path.stat()
    except OSError:
        return None


def _on_the_way(entry: pwd.struct_passwd, files: list[Path]) -> list[Path]:
    """What StrictModes looks at: the file and its directories up to the home."""
    home = Path(entry.pw_dir)
    return [home, home / ".ssh", *files] if files else []


def _loose(path: Path, uid: int) -> dict[str, str] | None:
    """Whom sshd would not trust: another owner than root and the account, or one that others may write to."""
    found = _stat(path)
    if found is None:
        return None
    if found.st_uid not in (0, uid):
        return {"path": str(path), "found": f"belongs to the account of number {found.st_uid}"}
    by_group = found.st_mode & stat.S_IWGRP and not only_member(found.st_gid, uid)
    if found.st_mode & stat.S_IWOTH or by_group:
        return {"path": str(path), "found": f"may be written by others (mode {stat.S_IMODE(found.st_mode):04o})"}
    return None


def only_member(gid: int, uid: int) -> bool:
    """Debian's and Ubuntu's sshd take no offence at a group that is nobody else's."""
    try:
        names = grp.getgrgid(gid).gr_mem
    except KeyError:
        return False
    primary = {entry.pw_uid for entry in pwd.getpwall() if entry.pw_gid == gid}
    named = {entry.pw_uid for entry in pwd.getpwall() if entry.pw_name in names}
    return primary | named <= {uid}


def readable(path: Path, entry: pwd.struct_passwd) -> bool:
    """By the account itself: sshd reads its keys as the account, not as root."""
    groups = set(os.getgrouplist(entry.pw_name, entry.pw_gid))
    parents = [parent for parent in path.parents if parent != Path("/")]
    return _may(path, entry.pw_uid, groups, 4) and all(_may(parent, entry.pw_uid, groups, 1) for parent in parents)


def _may(path: Path, uid: int, groups: set[int], what: int) -> bool:
    if uid == 0:
        return True
    found = _stat(path)
    if found is None:
        return False
    shift = 6 if found.st_uid == uid else 3 if found.st_gid in groups else 0
    return bool(found.st_mode >> shift & what)


def key_options(text: str) -> list[dict[str, t.Any]]:
    """Of the keys that have some: the key without comment, and options by name."""
    found = []
    for line in text.splitlines():
        if line.lstrip().startswith("#") or KEY_TYPE.match(line) or not (match := OPTIONS.match(line)):
            continue
        options = {one["name"].lower(): one["value"] or "" for one in OPTION.finditer(match["options"])}
        found.append({"key": " ".join(match["key"].split()), "options": options})
    return found


def age(shadow: str, name: str, today: int) -> dict[str, bool]:
    """Whether the account has ended, and whether it is asked for a new password before anything else."""
    fields = next((line.split(":") for line in shadow.splitlines() if line.startswith(f"{name}:")), [])
    changed, longest, end = (_number(fields, index) for index in (2, 4, 7))
    overdue = changed is not None and longest is not None and 0 <= longest < today - changed
    return {
        "expired": end is not None and end >= 0 and today >= end,
        "new_password": changed == 0 or overdue,
    }


def _number(fields: list[str], index: int) -> int | None:
    try:
        return int(fields[index])
    except (IndexError, ValueError):
        return None
