# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the kernel for the network that it runs in: JSON in, what each was before out.

    unshare --mount sh -ec 'mount -t proc proc /proc; exec python3 -m tests.proof.inside.kernel [FILE]'

FILE is a file of sysctl.d; without it the settings come from standard input. In a container /proc/sys cannot be
written, and a /proc that is mounted anew can. Everything but net.* is the host's, and left alone; so is what this
network lacks.
"""

from __future__ import annotations

import json
import pathlib
import sys

SYS = pathlib.Path("/proc/sys")


def wanted(path: str) -> dict[str, str]:
    """Names as paths; a * is every interface."""
    pairs = [line.partition("=")[::2] for line in pathlib.Path(path).read_text().splitlines() if "=" in line]
    names = {name.strip().replace(".", "/"): value.strip() for name, value in pairs if not name.startswith("#")}
    return {
        str(found.relative_to(SYS)): value
        for name, value in names.items()
        if name.startswith("net/")
        for found in sorted(SYS.glob(name))
    }


def main() -> None:
    values = wanted(sys.argv[1]) if sys.argv[1:] else json.load(sys.stdin)
    before = {}
    for name, value in values.items():
        path = SYS / name
        was = " ".join(path.read_text().split())
        if was == " ".join(value.split()):
            continue
        try:
            # With an end, for some are empty, and nothing written sets nothing.
            path.write_text(f"{value}\n")
        except OSError:
            continue
        before[name] = was
    print(json.dumps(before))


if __name__ == "__main__":
    main()
