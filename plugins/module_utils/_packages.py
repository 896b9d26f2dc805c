# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What dpkg knows: installed versions and the configuration files as the packages brought them.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import hashlib
import re
import typing as t
from pathlib import Path

FORMAT = "${Package}\t${db:Status-Status}\t${Version}\n${Conffiles}\n"


class Packages(t.NamedTuple):
    versions: dict[str, str]
    conffiles: dict[str, str]


def query(names: t.Iterable[str]) -> list[str]:
    return ["dpkg-query", "--show", f"--showformat={FORMAT}", *names]


def parse(text: str) -> Packages:
    versions: dict[str, str] = {}
    conffiles: dict[str, str] = {}
    for line in text.splitlines():
        fields = line.split("\t")
        if line.startswith(" "):
            words = line.split()
            conffiles.update({words[0]: words[1]} if len(words) > 1 else {})
        elif len(fields) == 3 and fields[1] == "installed":
            versions[fields[0]] = fields[2]
    return Packages(versions, conffiles)


def upstream(version: str | None) -> str | None:
    """2.6.12 of 1:2.6.12-1+deb12u4."""
    return re.sub(r"^\d+:", "", version).partition("-")[0] if version else None


def candidate(policy: str) -> str | None:
    """Of `apt-cache policy`."""
    found = re.search(r"^\s*Candidate:\s*(\d\S*)", policy, re.MULTILINE)
    return found[1] if found else None


def as_packaged(path: str, conffiles: t.Mapping[str, str]) -> bool:
    """Whether a file is what the package brought, by the MD5 that dpkg records."""
    try:
        content = Path(path).read_bytes()
    except OSError:
        return False
    return conffiles.get(path) == hashlib.md5(content, usedforsecurity=False).hexdigest()


def configuration(link: str, trees: str, conffiles: t.Mapping[str, str]) -> str:
    """Whose the configuration of HAProxy is: absent, package, ours or foreign."""
    path = Path(link)
    if path.is_symlink():
        target = path.parent / path.readlink()
        return "ours" if target.parent.parent == Path(trees) else "foreign"
    if not path.exists():
        return "absent"
    return "package" if as_packaged(link, conffiles) else "foreign"
