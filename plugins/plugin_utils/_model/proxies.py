# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines of a frontend, a backend or a listen, in the order in which HAProxy reads them without a warning."""

from __future__ import annotations

import typing as t

from . import binds, checks, features, options, routes, rules, servers, shapes, tables
from .features import retried
from .line import File, Line
from .problems import Problems
from .section import Section, keywords, raw, timeouts
from .site import Site

Proxy = dict[str, t.Any]
SHAPES = {"frontend": shapes.FRONTEND, "backend": shapes.BACKEND, "listen": shapes.LISTEN}
FAMILIES = {"frontend": shapes.FRONTEND_RULES, "backend": shapes.BACKEND_RULES, "listen": shapes.BACKEND_RULES}


class Drawn(t.NamedTuple):
    sections: list[Section]
    files: list[File]


def draw(proxy: Proxy, defaults: Proxy, site: Site, problems: Problems) -> Drawn:
    """The section, and behind it those that its routes make of answers."""
    kind, path = proxy["kind"], proxy["path"]
    own = SHAPES[kind].keys
    mode = proxy.get("mode") or "http"
    front, back = kind != "backend", kind != "frontend"
    lowered = features.lower(_with_log_format(proxy, defaults), site, problems)
    if back:
        retried.lower(proxy, defaults, lowered)
    routing = routes.compile(proxy, site, problems) if kind == "frontend" else None
    lines = [Line(f"mode {mode}", f"{path}.mode")]
    if front:
        lines += binds.lines(proxy, site, problems)
        lines += [Line(f"maxconn {proxy['maxconn']}", f"{path}.maxconn")] if proxy.get("maxconn") else []
    if back:
        lines.append(Line(f"balance {proxy.get('balance')}", f"{path}.balance"))
        lines += servers.hash_type(proxy, defaults)
    early = keywords(proxy, kind, own, late=False)
    monitors = [line for line in early if line.text.startswith("monitor fail")]
    lines += [line for line in early if line not in monitors]
    lines += tables.stick_table(proxy)
    lines += lowered.keywords
    lines += options.of_proxy(proxy, defaults)
    lines += timeouts(proxy)
    check_lines, check_words = checks.lines(proxy, problems) if back else ([], "")
    lines += check_lines
    families = {family: _family(proxy, family, lowered, site, problems) for family in FAMILIES[kind]}
    if front:
        named = [line for found in families.values() for line in found] + (routing.lines if routing else [])
        families["tcp_request"] += routes.inspection(proxy, named)
        families["http_after_response"] += binds.advertised(proxy)
        # HAProxy asks these behind the rules for connections, and warns where they stand elsewhere.
        families["tcp_request"] += monitors
    lines += [line for found in families.values() for line in found]
    lines += keywords(proxy, kind, own, late=True)
    if routing:
        lines += routing.lines
        if proxy.get("default_backend"):
            lines.append(Line(f"default_backend {proxy['default_backend']}", f"{path}.default_backend"))
    if back:
        lines += servers.lines(proxy, check_words, site, problems, defaults)
    section = Section(kind, proxy["name"], path, lines + raw(proxy), mode, _from(proxy))
    generated = [Section("backend", g.name, g.path, g.lines, g.mode) for g in (routing.backends if routing else [])]
    files = [*lowered.files, *rules.files(proxy), *(routing.files if routing else [])]
    return Drawn([section, *generated], files)


def _family(proxy: Proxy, family: str, lowered: features.Lowered, site: Site, problems: Problems) -> list[Line]:
    own = rules.lines(proxy, family, site, problems)
    return [*lowered.before.get(family, []), *own, *lowered.after.get(family, [])]


def _from(proxy: Proxy) -> str:
    return f"from {proxy['from']}" if proxy.get("from") else ""


def _with_log_format(proxy: Proxy, defaults: Proxy) -> Proxy:
    """Ours differs by mode, so that it cannot stand in `defaults`."""
    if proxy["kind"] != "backend" and "log_format" not in proxy and defaults.get("log_format") == "json":
        return {**proxy, "log_format": "json"}
    return proxy
