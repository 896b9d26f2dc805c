# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Formats of log lines: a line of HAProxy's, or JSON made of a table of fields."""

from __future__ import annotations

import typing as t

from .. import hardened, phrases
from ..line import Line
from ..words import quote
from .lowered import Lowered

JSON = "json"


def lower(proxy: dict[str, t.Any], result: Lowered) -> None:
    given = proxy.get("log_format")
    if not given or proxy["kind"] == "backend":
        return
    path, mode = f"{proxy['path']}.log_format", proxy.get("mode") or "http"
    if given == JSON and mode == "http":
        # A log line is written when the request is gone: what it says of its headers is kept before anything else.
        for name, header in hardened.LOG_JSON_HEADERS:
            kept = f"req.fhdr({header}),bytes(0,{hardened.LOG_JSON_HEADER_MAX})"
            result.rule("http_request", f"set-var(txn.log_{name}) {kept}", path)
    result.keywords.append(Line(line(given, mode), path))


def line(given: str, mode: str) -> str:
    """The `log-format` line; a format that has blanks and no quotes around it is quoted."""
    if given == JSON:
        fields = [
            f'"{name}":{form}' if number else f'"{name}":"{form}"'
            for name, form, number, only in hardened.LOG_JSON
            if only in ("", mode)
        ]
        return f"log-format '{{{','.join(fields)}}}'"
    single = len(phrases.words_of(given) or []) == 1
    return f"log-format {given if single else quote(given)}"
