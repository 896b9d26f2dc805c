# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the servers of a backend are checked: lines of the section, and words for all of its servers."""

from __future__ import annotations

import typing as t

from .line import Line
from .problems import Problems
from .words import quote

Check = dict[str, t.Any]
# key: the types that it belongs to; what is not here belongs to every type
OF_TYPES = {
    "uri": ("http",),
    "method": ("http",),
    "host": ("http", "tls"),
    "expect": ("http",),
    "user": ("pgsql", "mysql"),
    "hello": ("smtp",),
    "password": ("redis",),
    "role": ("redis",),
    "steps": ("script",),
}
REQUIRED = {"pgsql": ("user",), "script": ("steps",)}
TIMES = ("port", "inter", "fastinter", "downinter", "fall", "rise", "init_addr")


def lines(backend: dict[str, t.Any], problems: Problems) -> tuple[list[Line], str]:
    """The lines, and what stands behind `default-server`."""
    given, path = backend.get("check"), f"{backend['path']}.check"
    if not isinstance(given, dict):
        return [], ""
    kind = given.get("type")
    if not kind:
        return [], words(given)
    _check_keys(given, kind, path, problems)
    if kind == "script":
        return _script(given, path, problems), words(given)
    return [Line(text, path) for text in LINES[kind](given)], " ".join(filter(None, (words(given), _tls(backend))))


def words(given: Check) -> str:
    """When a server is checked, and how often it must fail or pass."""
    return " ".join(f"{key.replace('_', '-')} {given[key]}" for key in TIMES if given.get(key) is not None)


def _check_keys(given: Check, kind: str, path: str, problems: Problems) -> None:
    for key in given:
        types = OF_TYPES.get(key)
        if types and kind not in types:
            problems.add(f"{path}.{key}", f"goes with type: {' or '.join(types)}; this check is of type: {kind}")
    for key in REQUIRED.get(kind, ()):
        if key not in given:
            problems.add(f"{path}.{key}", f"is missing: a check of type {kind} needs it")


def _http(given: Check) -> list[str]:
    # HTTP/1.1 cannot be without a Host; without one it stays HTTP/1.0.
    host = f" ver HTTP/1.1 hdr Host {quote(given['host'])}" if given.get("host") else ""
    return [
        "option httpchk",
        f"http-check send meth {given.get('method') or 'GET'} uri {quote(given.get('uri') or '/')}{host}",
        f"http-check expect {given.get('expect') or 'status 200-399'}",
    ]


def _tls(backend: dict[str, t.Any]) -> str:
    """Where TLS passes through, the check alone speaks it: what it asks is a greeting, not whose certificate it is."""
    given = backend["check"]
    if given["type"] != "tls":
        return ""
    sni = f"check-sni {given['host']}" if given.get("host") else ""
    return " ".join(filter(None, ("check-ssl" if backend.get("tls") else "check-ssl verify none", sni)))


def _mysql(given: Check) -> list[str]:
    return [f"option mysql-check user {given['user']}" if given.get("user") else "option mysql-check"]


def _redis(given: Check) -> list[str]:
    if not given.get("password") and not given.get("role"):
        return ["option redis-check"]
    talk = []
    if given.get("password"):
        talk.append((f"'AUTH \"{_strong(given['password'])}\"'", "+OK"))
    talk.append(("PING", "+PONG"))
    if given.get("role"):
        talk.append(("'INFO replication'", f"role:{given['role']}"))
    talk.append(("QUIT", "+OK"))
    steps = [f"tcp-check {step}" for say, hear in talk for step in (f"send {say}\\r\\n", f"expect string {hear}")]
    return ["option tcp-check", *steps]


def _strong(text: str) -> str:
    """Within strong quotes; a secret is escaped on the node, for the quotes that it stands in."""
    return text.replace("'", "'\\''")


LINES: dict[str, t.Callable[[Check], list[str]]] = {
    "tcp": lambda given: [],
    "http": _http,
    "tls": lambda given: [],
    "pgsql": lambda given: [f"option pgsql-check user {given['user']}"] if given.get("user") else [],
    "mysql": _mysql,
    "redis": _redis,
    "smtp": lambda given: [f"option smtpchk {given.get('hello') or 'EHLO localhost'}"],
    "ldap": lambda given: ["option ldap-check"],
}


def _script(given: Check, path: str, problems: Problems) -> list[Line]:
    steps = given.get("steps") or []
    found = [Line("option tcp-check", path)]
    for i, step in enumerate(steps):
        if not step:
            continue
        here = f"{path}.steps[{i}]"
        if step.get("when"):
            problems.add(f"{here}.{step['when']['word']}", "is no part of a check: its steps are taken in order, each")
        found.append(Line(f"tcp-check {step['words']}", here))
    return found
