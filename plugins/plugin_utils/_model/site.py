# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What sections may name: everything of one balancer that has a name, gathered before anything is compiled."""

from __future__ import annotations

import dataclasses
import typing as t


@dataclasses.dataclass(frozen=True)
class Site:
    """`names`: kind of thing (backend, userlist, cache, resolvers, certificate, ...) -> name -> its path.

    `modes`: mode of each backend and listen by name. `conditions`: those of haproxy_conditions by name, each with its
    `path`. `certificates`, `authorities`: the checked entries by name. `groups`: those of each userlist.
    """

    names: dict[str, dict[str, str]]
    modes: dict[str, str]
    conditions: dict[str, dict[str, t.Any]]
    certificates: dict[str, dict[str, t.Any]]
    authorities: dict[str, dict[str, t.Any]]
    groups: dict[str, list[str]] = dataclasses.field(default_factory=dict)
