# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A running process made equal to another tree by the runtime API, where that is possible, and the record of it.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_process import Live, Places
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_socket import SocketError, ask


class ImpossibleError(Exception):
    """Only a reload can do it; says why."""


def mend(live: Live, places: Places) -> None:
    """Weights that somebody changed at run time follow the inventory again."""
    for server in live.drifted:
        try:
            said = ask(places.admin_socket, f"set weight {server} 100%").strip()
        except SocketError as exc:
            raise ImpossibleError(f"the weight of {server} cannot be set back: {exc}; run again") from exc
        if said:
            raise ImpossibleError(f"the weight of {server} cannot be set back, HAProxy says: {said}")
