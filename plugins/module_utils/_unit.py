# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The drop-in of the unit goes back with the tree: a sandbox that is too narrow would refuse the old one too.

The role keeps the one that HAProxy was started with beside it, empty where there was none, before it writes another.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

from pathlib import Path

from ansible_collections.hardened.balancer.plugins.module_utils import _programs, _transaction
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_process import Places


def _before(places: Places) -> Path:
    """systemd reads what ends in .conf."""
    return Path(f"{places.drop_in}.before")


def keep(places: Places) -> None:
    _before(places).unlink(missing_ok=True)


def go_back(places: Places, run: _programs.Run) -> str:
    """Says so; nothing where this change brought no other drop-in."""
    before = _before(places)
    if not before.exists():
        return ""
    if before.stat().st_size:
        before.replace(places.drop_in)
    else:
        Path(places.drop_in).unlink(missing_ok=True)
        before.unlink()
    run(["systemctl", "daemon-reload"])
    if not _transaction.is_open(places):
        # The role makes it with the drop-in; of an open change the tree goes back under it.
        places.mark.unlink(missing_ok=True)
    return "The drop-in of its unit is the one from before, too."
