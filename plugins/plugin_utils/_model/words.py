# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a value becomes a word of HAProxy's language (configuration manual, section 2.2: quoting and escaping)."""

from __future__ import annotations

import re

SAFE = re.compile(r"[A-Za-z0-9_.,:;/@%+=~*?&<>()\[\]|!^-]+")


def quote(text: str) -> str:
    """The word as it is where HAProxy would read it so; else in strong quotes, in which nothing is expanded."""
    if SAFE.fullmatch(text):
        return text
    return "'" + text.replace("'", "'\\''") + "'"


def host(address: str) -> str:
    """An address as it stands in front of a port."""
    return f"[{address}]" if ":" in address else address
