# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ordered sections of haproxy.cfg: checked values in, lines out. The template prints them and decides nothing."""

from __future__ import annotations

import collections
import re
import typing as t

from . import (
    binds,
    certificates,
    conditions,
    defaults,
    gates,
    hardened,
    monitoring,
    named,
    peers,
    proxies,
    references,
    rights,
    routes,
    shadows,
    shapes,
    sockets,
    tables,
    workers,
)
from .content import KINDS, Content, check_names, site_of
from .line import File, Line
from .problems import Problems
from .section import Section, keywords, raw
from .site import Site

Values = dict[str, t.Any]
DEFAULT_PATH_SINCE = (2, 5)
# OpenSSL without QUIC of its own: HAProxy serves it where it is told that less is enough.
QUIC_SHIM = "QUIC_OPENSSL_COMPAT"
SENDS_SOMEWHERE = ("default_backend", "routes", "raw", "http_request", "tcp_request", "redirect_https", "maintenance")


class Drawn(t.NamedTuple):
    sections: list[Section]
    files: list[File]
    listeners: list[binds.Listener]
    backends: list[dict[str, t.Any]]
    gates: list[gates.Gate]


def draw(given: Values, content: Content, inventory: dict[str, t.Any], problems: Problems) -> Drawn:
    """Everything but what the node decides."""
    content["frontends"] = [*monitoring.frontends(given, problems), *content["frontends"]]
    site = site_of(content)
    check_names(content, problems)
    main = {**(given.get("haproxy_defaults") or {}), "path": "haproxy_defaults"}
    resolved = defaults.resolve(main, content["named_defaults"], problems)
    everyone = [*content["frontends"], *content["backends"], *content["listens"]]
    for proxy in everyone:
        proxy["silent"] = any(o["name"] == "dontlog-normal" for o in _inherited(proxy, resolved, main) if not o["no"])
        _prepare(proxy, inventory, problems)
    _check_values(content, everyone, site, problems)
    process = {**(given.get("haproxy_global") or {}), "path": "haproxy_global"}
    for plural, kind in KINDS.items():
        for item in content[plural]:
            references.check_raw(item, kind, problems)
    references.check_raw(process, "global", problems)
    references.check_raw(main, "defaults", problems)
    drawn = [proxies.draw(p, resolved.get(str(p.get("from")), main), site, problems) for p in everyone]
    cluster = peers.draw(content, inventory, problems)
    sections = [
        *defaults.sections(main, resolved),
        *named.sections(content),
        *cluster.sections,
        *(section for one in drawn for section in one.sections),
    ]
    found = [
        *(File(f"errors/{status}.http", hardened.error_page(status)) for status in hardened.ERROR_PAGES),
        *named.files(content),
        *certificates.files(content, problems),
        *(file for one in drawn for file in one.files),
    ]
    named.check_pages(content, problems)
    _check_files(content["files"], found, problems)
    fixed = _global(process, content, cluster.of_global)
    references.check_lines([fixed, *sections], site, {file.path for file in found}, problems)
    tables.check(sections, problems)
    rights.check([fixed, *sections], problems)
    listeners = [*(one for p in everyone for one in binds.listeners(p, problems)), *cluster.listeners]
    proxies_too = ("frontend", "backend", "listen", "peers")
    listeners += [one for s in sections if s.kind not in proxies_too for one in binds.of_section(s, problems)]
    listeners += sockets.listeners([fixed, *sections], problems)
    binds.check_conflicts(listeners, problems)
    binds.check_https(everyone, listeners, problems)
    binds.check_sources(listeners, problems)
    return Drawn([fixed, *sections], found, listeners, _backends(everyone), gates.collect(given, content, problems))


def _inherited(proxy: Values, resolved: dict[str, Values], main: Values) -> list[Values]:
    return [o for o in resolved.get(str(proxy.get("from")), main).get("options") or [] if o]


def _prepare(proxy: Values, inventory: dict[str, t.Any], problems: Problems) -> None:
    if proxy["kind"] == "frontend":
        return
    proxy["servers"] = workers.expand(proxy, proxy["path"], inventory, problems)
    workers.check_round_robin(proxy, proxy["servers"], proxy["path"], problems)
    workers.check_presence(proxy, proxy["path"], problems)


def _check_values(content: Content, everyone: list[Values], site: Site, problems: Problems) -> None:
    if not content["frontends"] and not content["listens"] and not problems:
        problems.add(
            "haproxy_frontends",
            "is empty, and haproxy_listens is too: a balancer without either serves nothing; "
            "leave both out for http_front on *:80",
        )
    conditions.check_named(site, problems)
    routes.check_protocols(content["frontends"], [*content["backends"], *content["listens"]], problems)
    references.check_backends(content["frontends"], site, problems)
    references.check_named(everyone, site, problems)
    for proxy in everyone:
        references.check_mode(proxy, proxy["kind"], problems)
        if proxy["kind"] == "frontend":
            shadows.check(proxy, site, problems)
            if not any(proxy.get(key) for key in SENDS_SOMEWHERE):
                problems.add(proxy["path"], "sends nothing anywhere; give default_backend or routes")


def _check_files(entries: list[Values], files: list[File], problems: Problems) -> None:
    """All others are called by what is checked to have a name of its own."""
    count = collections.Counter([file.path for file in files] + ["haproxy.cfg"])
    for entry in entries:
        if count[entry["path"]] > 1:
            problems.add(
                f"{entry['at']}.path", f"holds '{entry['path']}', a path that another file of the tree has already"
            )


def _backends(everyone: list[Values]) -> list[dict[str, t.Any]]:
    """What the proof and the summary want to know of them."""
    return [
        {
            "name": b["name"],
            "mode": b.get("mode"),
            "servers": " ".join(s["name"] for s in b.get("servers") or []),
            "by_dns": workers.template_names(b),
            "checked": b.get("check") is not False,
        }
        for b in everyone
        if b["kind"] != "frontend"
    ]


def _global(given: Values, content: Content, of_peers: list[Line]) -> Section:
    """Without what only the node decides, which `complete` puts in front."""
    ours = {key: value for key, value, _reason in hardened.GLOBAL}
    lines = keywords({**ours, **given}, "global", shapes.GLOBAL.keys)
    return Section("global", "", "haproxy_global", [*lines, *of_peers, *named.lua(content), *raw(given)])


def complete(
    drafted: dict[str, t.Any], maxconn: int, haproxy: tuple[int, ...], build: t.Collection[str] | None
) -> list[dict[str, t.Any]]:
    """With what the node decides: its limits, and how its version finds the files of the tree."""
    head = ["description hardened.balancer @digest@"]
    # Reading the file of an SPOE filter ends what default-path says.
    spoe = any(re.search("^filter spoe", section["lines"], re.MULTILINE) for section in drafted["sections"])
    relative = haproxy >= DEFAULT_PATH_SINCE and not spoe
    if relative:
        head.append(f"default-path origin {hardened.TREE}")
    head.append(
        f"stats socket {hardened.ADMIN_SOCKET} mode 660 level admin "
        f"user root group {hardened.ADMIN_GROUP} expose-fd listeners"
    )
    head.append(f"maxconn {maxconn}")
    if drafted["global"].get("nbthread"):
        head.append(f"nbthread {drafted['global']['nbthread']}")
    if drafted["quic"] and QUIC_SHIM in (build or ()):
        head.append("limited-quic")
    first, *others = drafted["sections"]
    sections = [{**first, "lines": "\n".join([*head, first["lines"]])}, *others]
    return sections if relative else _absolute(sections, [file["path"] for file in drafted["files"]])


def _absolute(sections: list[dict[str, t.Any]], paths: list[str]) -> list[dict[str, t.Any]]:
    """Before 2.5 a relative name means the directory in which HAProxy was started."""
    names = "|".join(re.escape(path) for path in sorted(paths, key=len, reverse=True))
    form = re.compile(rf"(?<![\w./@-])({names})(?![\w./-])")
    return [{**section, "lines": form.sub(rf"{hardened.TREE}/\1", section["lines"])} for section in sections]
