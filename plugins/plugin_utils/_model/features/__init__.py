# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Features of HTTP that are a key of ours and several lines of HAProxy's."""

from __future__ import annotations

import typing as t

from .. import answers, conditions, hardened, rules
from ..line import Line
from ..problems import Problems, show, suggest
from ..site import Site
from ..words import quote
from . import cors, forwarded, logs
from .lowered import Lowered, membership

__all__ = ["Lowered", "lower"]

HTTP_ONLY = (
    "forwarded",
    "redirect_https",
    "maintenance",
    "cors",
    "basic_auth",
    "compression",
    "header_presets",
    "cache",
)
# Certificates are asked for by plain HTTP, and before there is one.
ACME = "{ path_beg /.well-known/acme-challenge/ }"


def lower(proxy: dict[str, t.Any], site: Site, problems: Problems) -> Lowered:
    """What stands before and after the section's own rules, by the family's key; its other lines; its files."""
    result = Lowered({}, {}, [], [])
    if proxy.get("mode") == "tcp":
        for key in HTTP_ONLY:
            if proxy.get(key):
                problems.add(f"{proxy['path']}.{key}", f"{key} needs mode: http; this {proxy['kind']} is in mode: tcp")
        logs.lower(proxy, result)
        return result
    # The order is what a request passes. Preflights carry no password, so that they are answered before one is asked.
    logs.lower(proxy, result)
    forwarded.lower(proxy, result)
    _redirect_https(proxy, result)
    _maintenance(proxy, result, problems)
    cors.lower(proxy, result, problems)
    _basic_auth(proxy, site, result, problems)
    _header_presets(proxy, result)
    _compression(proxy, result)
    _cache(proxy, site, result, problems)
    return result


def _redirect_https(proxy: dict[str, t.Any], result: Lowered) -> None:
    given = proxy.get("redirect_https")
    if not given:
        return
    words = answers.redirect({"scheme": "https", "code": 301 if given is True else given})
    result.rule("http_request", f"{words} if !{forwarded.HTTPS_ASKED} !{ACME}", f"{proxy['path']}.redirect_https")


def _maintenance(proxy: dict[str, t.Any], result: Lowered, problems: Problems) -> None:
    given = proxy.get("maintenance")
    if not given:
        return
    path = f"{proxy['path']}.maintenance"
    answers.check_maintenance(given, path, problems)
    words, files, excepted = answers.maintenance(given, f"{proxy['kind']}.{proxy['name']}.maintenance")
    # HAProxy warns of rules behind one that ends them without a condition.
    condition = "TRUE"
    if excepted:
        lines, inside = membership(excepted, f"txn.excepted_{proxy['kind']}", path)
        result.lines("http_request", lines)
        condition = f"!{inside}"
    result.rule("http_request", f"{words} if {condition}", path)
    result.files.extend(files)


def _basic_auth(proxy: dict[str, t.Any], site: Site, result: Lowered, problems: Problems) -> None:
    given = proxy.get("basic_auth")
    name = (given or {}).get("userlist")
    if not given or not name:
        return
    path = f"{proxy['path']}.basic_auth"
    _check_name(name, "userlist", f"{path}.userlist", site, problems)
    groups = [group for group in given.get("groups") or [] if group]
    _check_groups(groups, name, f"{path}.groups", site, problems)
    allowed = f"{{ http_auth_group({name}) {' '.join(groups)} }}" if groups else f"{{ http_auth({name}) }}"
    words = f"auth realm {quote(given.get('realm') or 'Restricted')}"
    if not given.get("if"):
        result.rule("http_request", f"{words} unless {allowed}", path)
        return
    here = f"{path}.if"
    asked = conditions.of_when(given["if"], "http", site, here, problems, tls=conditions.ends_tls(proxy))
    form = conditions.both(asked, [[conditions.Literal(True, allowed)]], here, problems)
    for line in rules.conditioned(f"http-request {words}", form, path, problems):
        result.lines("http_request", [Line(line, path)])


def _check_groups(groups: list[str], userlist: str, path: str, site: Site, problems: Problems) -> None:
    known = site.groups.get(userlist, [])
    for i, group in enumerate(groups):
        if userlist in site.groups and group not in known:
            where = f"{path}[{i}]" if len(groups) > 1 else path
            problems.add(where, f"holds {show(group)}, {userlist} has no such group{suggest(group, known, 'groups')}")


def _header_presets(proxy: dict[str, t.Any], result: Lowered) -> None:
    for i, preset in enumerate(proxy.get("header_presets") or []):
        path = f"{proxy['path']}.header_presets[{i}]"
        for header, value, _reason in hardened.HEADER_PRESETS.get(preset or "", []):
            unsaid = f"!{{ res.hdr({header}) -m found }}"
            if value is None:
                result.rule("http_after_response", f"del-header {header}", path)
            elif preset == "hsts":
                words = f"set-header {header} {quote(answers.literal(value))}"
                result.rule(
                    "http_after_response",
                    f"{words} if {{ ssl_fc }} {unsaid} || {{ var({forwarded.HTTPS}) -m found }} {unsaid}",
                    path,
                )
            else:
                words = f"set-header {header} {quote(answers.literal(value))}"
                result.rule("http_after_response", f"{words} if {unsaid}", path)


def _compression(proxy: dict[str, t.Any], result: Lowered) -> None:
    given = proxy.get("compression")
    if not given:
        return
    path = f"{proxy['path']}.compression"
    given = given if isinstance(given, dict) else {}
    algorithms = [word for word in given.get("algorithms") or [] if word] or hardened.COMPRESSION_ALGORITHMS
    types = [word for word in given.get("types") or [] if word] or hardened.COMPRESSION_TYPES
    result.keywords.append(Line(f"compression algo {' '.join(algorithms)}", path))
    result.keywords.append(Line(f"compression type {' '.join(quote(word) for word in types)}", path))


def _cache(proxy: dict[str, t.Any], site: Site, result: Lowered, problems: Problems) -> None:
    name, path = proxy.get("cache"), f"{proxy['path']}.cache"
    if not name:
        return
    _check_name(name, "cache", path, site, problems)
    result.rule("http_request", f"cache-use {name}", path, after=True)
    result.rule("http_response", f"cache-store {name}", path, after=True)


def _check_name(name: str, kind: str, path: str, site: Site, problems: Problems) -> None:
    known = site.names.get(kind, {})
    if name not in known:
        problems.add(path, f"holds {show(name)}, no {kind} has this name{suggest(name, known, f'{kind}s')}")
