# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests that a dying worker did not answer are sent again, where doing it twice does no harm (RFC 9110, 9.2.2)."""

from __future__ import annotations

import typing as t

from .. import hardened
from ..line import Line
from .lowered import Lowered

ASKED = ("servers", "server_templates")


def lower(proxy: dict[str, t.Any], defaults: dict[str, t.Any], result: Lowered) -> None:
    """Only where nobody says himself what is sent again; then it is his to say which methods."""
    own = any("retry_on" in one or one.get("retries") == 0 for one in (proxy, defaults))
    if own or proxy.get("mode") == "tcp" or not any(proxy.get(key) for key in ASKED):
        return
    failures, methods = hardened.RETRY_ON[0], hardened.RETRIED[0]
    result.keywords.append(Line(f"retry-on {failures}", proxy["path"]))
    result.rule("http_request", f"disable-l7-retry unless {{ method {methods} }}", proxy["path"])
