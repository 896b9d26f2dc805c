# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What HAProxy answers by itself, as words of a rule without its `if`: redirects, fixed answers, maintenance."""

from __future__ import annotations

import re
import typing as t

from .line import File
from .problems import Problems, show
from .secrets import IS_PLACEHOLDER
from .words import quote

Values = t.Mapping[str, t.Any]

# Of the address that was asked. A port is found from its end, for an IPv6 address has colons as well.
HOST_ASKED = "%[req.hdr(host)]"
NAME_ASKED = r"%[req.hdr(host),regsub(:\d+$,)]"
PORT_ASKED = r'%[req.hdr(host),regsub("^.*?(:\d+|)$",\1)]'
PATH_ASKED = "%[path]"
PATH_AND_QUERY_ASKED = "%[pathq]"
QUERY_ASKED = '%[pathq,regsub("^[^?]*",)]'

ADDRESS = ("scheme", "host", "port", "path")
WITHOUT_BODY = (204, 205, 304)
# Statuses that HAProxy has a page for.
WITH_PAGE = (200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 421, 422, 425, 429, 500, 501, 502, 503, 504)
# Longer bodies would make the line hard to read; placeholders are filled into files whatever the secret holds.
STRING_MAX = 500
# HAProxy loads an answer into one buffer, tune.bufsize, of which it keeps some for headers.
BODY_MAX = 15000

HTML = "text/html; charset=utf-8"
MAINTENANCE_PAGE = (
    "<!doctype html><meta charset=utf-8><title>Maintenance</title><h1>Maintenance</h1>"
    "<p>This service is being worked on. Please come back in a few minutes.</p>"
)
RETRY_AFTER = 600


def literal(text: str) -> str:
    """Text in a place that HAProxy reads as a format."""
    return text.replace("%", "%%")


def redirect(given: Values) -> str:
    """A new scheme leaves the port that was asked behind: it belonged to the old one."""
    location = given.get("location") or _location(given)
    return f"redirect location {quote(location)} code {given.get('code') or 302}"


def _location(given: Values) -> str:
    place = ""
    if any(given.get(key) for key in ("scheme", "host", "port")):
        scheme = f"{given['scheme']}:" if given.get("scheme") else ""
        place = f"{scheme}//{_authority(given)}"
    if given.get("path"):
        return place + literal(given["path"]) + ("" if given.get("drop_query") else QUERY_ASKED)
    return place + (PATH_ASKED if given.get("drop_query") else PATH_AND_QUERY_ASKED)


def _authority(given: Values) -> str:
    port = f":{given['port']}" if given.get("port") else ""
    keeps_port = not port and not given.get("scheme")
    if given.get("host"):
        return f"{given['host']}{PORT_ASKED if keeps_port else port}"
    return HOST_ASKED if keeps_port else NAME_ASKED + port


def check_redirect(given: Values | None, path: str, problems: Problems) -> None:
    if given is None or any(given.get(key, "") is None for key in (*ADDRESS, "location")):
        return
    others = [key for key in (*ADDRESS, "drop_query") if given.get(key)]
    if given.get("location") and others:
        problems.add(f"{path}.location", f"stands beside {', '.join(others)}; it is the whole address by itself")
    elif not given.get("location") and not others:
        problems.add(
            path, f"sends clients where they are already; give at least one of: {', '.join((*ADDRESS, 'location'))}"
        )


def respond(given: Values, name: str) -> tuple[str, list[File]]:
    words, files = _body(given, name, ".txt")
    return f"return status {given.get('status') or 200}{words}", files


def denial(given: Values, name: str) -> tuple[str, list[File]]:
    """What stands behind `deny` and `tarpit`."""
    words, files = _body(given, name, ".txt")
    return (f" deny_status {given['status']}" if given.get("status") else "") + words, files


def _body(given: Values, name: str, suffix: str) -> tuple[str, list[File]]:
    words, files = "", []
    body = given.get("body")
    if body:
        words += f" content-type {quote(given.get('content_type') or 'text/plain; charset=utf-8')}"
        if len(body) > STRING_MAX or "\n" in body or "\r" in body or IS_PLACEHOLDER.search(body):
            files.append(File(f"answers/{file_name(name)}{suffix}", body))
            words += f" file {files[0].path}"
        else:
            words += f" string {quote(body)}"
    for header, value in sorted((given.get("headers") or {}).items()):
        if value is not None:
            words += f" hdr {quote(str(header))} {quote(str(value))}"
    return words, files


def file_name(name: str) -> str:
    """A name as part of the name of a file; a dash is doubled, so that two names never meet."""
    return re.sub(r"[^A-Za-z0-9_.]", lambda found: "--" if found[0] == "-" else f"-{ord(found[0]):x}-", name)


def check_respond(given: Values | None, path: str, problems: Problems) -> None:
    given = given or {}
    body = given.get("body")
    if body and given.get("status") in WITHOUT_BODY:
        problems.add(f"{path}.body", f"stands beside status: {given['status']}, an answer that has no body")
    check_body(body, f"{path}.body", problems)
    for header in given.get("headers") or {}:
        if not re.fullmatch(r"[A-Za-z0-9!#$&'*+.^_`|~-]+", str(header)):
            problems.add(f"{path}.headers", f"holds {show(str(header))}, which is no name of a header")


def check_maintenance(given: t.Any, path: str, problems: Problems) -> None:
    if isinstance(given, dict):
        check_body(given.get("body"), f"{path}.body", problems)


def check_body(body: str | None, path: str, problems: Problems) -> None:
    size = len((body or "").encode(errors="surrogateescape"))
    if size > BODY_MAX:
        problems.add(path, f"has {size} bytes; an answer of HAProxy's own may have {BODY_MAX}: serve it from a worker")


def maintenance(given: t.Any, name: str) -> tuple[str, list[File], list[str]]:
    """Search engines and clients read from 503 and Retry-After that it passes."""
    given = given if isinstance(given, dict) else {}
    answer = {
        "content_type": HTML,
        "body": given.get("body") or MAINTENANCE_PAGE,
        "headers": {"cache-control": "no-store", "retry-after": given.get("retry_after") or RETRY_AFTER},
    }
    words, files = _body(answer, name, ".html")
    return f"return status 503{words}", files, [network for network in given.get("except") or [] if network]
