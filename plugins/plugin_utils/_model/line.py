# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A line of haproxy.cfg, and the key of the inventory that it comes from."""

from __future__ import annotations

import typing as t


class Line(t.NamedTuple):
    text: str
    path: str


class File(t.NamedTuple):
    """A file of the tree beside haproxy.cfg; its content may hold placeholders of secrets."""

    path: str
    content: str
