# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a new connection of the controller may take, beside the time that a change has to be confirmed.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleError

# More than the longest connection by that, there is time to ask.
ROOM = 10


def too_short(connection: t.Any, seconds: float) -> str:
    """A change that is undone before one connection had time to be made could never be confirmed."""
    one, tries = option(connection, "timeout", 10), option(connection, "reconnection_retries", 0) + 1
    if seconds > one * tries:
        return ""
    several = f", {tries} times" if tries > 1 else ""
    return (
        f"not more than one connection may take ({one} s{several}, by Ansible's own timeout and retries); "
        f"set balancer_confirm_timeout to {one * tries + ROOM} or more, or Ansible's timeout lower"
    )


def option(connection: t.Any, name: str, default: int) -> int:
    """Not every kind of connection has it."""
    try:
        return int(connection.get_option(name))
    except (AnsibleError, AttributeError, KeyError, TypeError, ValueError):
        return default
