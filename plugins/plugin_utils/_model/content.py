# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that the variables of a balancer list, those of its sites merged in; and what of it can be named."""

from __future__ import annotations

import typing as t

from . import shapes
from .check import check
from .problems import Problems, show
from .site import Site

Item = dict[str, t.Any]
Content = dict[str, list[Item]]
PROXIES = {"frontends": "frontend", "backends": "backend", "listens": "listen"}
# list of the inventory: the kind of section, or of file, that others refer to by its name
KINDS = {
    **PROXIES,
    "named_defaults": "defaults",
    "userlists": "userlist",
    "resolvers": "resolvers",
    "peers": "peers",
    "caches": "cache",
    "rings": "ring",
    "log_forwards": "log-forward",
    "mailers": "mailers",
    "http_errors": "http-errors",
    "fcgi_apps": "fcgi-app",
    "crt_stores": "crt-store",
    "conditions": "condition",
    "certificates": "certificate",
    "authorities": "authority",
    "maps": "map",
    "patterns": "patterns",
    "lua": "lua",
}


def gather(values: dict[str, t.Any], variables: dict[str, t.Any]) -> Content:
    """The usable elements of every list, of the sites by their names; else the smallest case.

    `at` is where an element stands; `path` is the same, where that is no key of the element's own.
    """
    content: Content = {}
    sites = sorted(name for name in values if name.startswith(shapes.SITE_PREFIX))
    for variable in shapes.SITE_LISTS:
        plural = variable.removeprefix("haproxy_")
        found = _usable(values.get(variable), variable, plural)
        for name in sites:
            found += _usable((values[name] or {}).get(plural), f"{name}.{plural}", plural)
        content[plural] = found
    stated = {plural for plural in PROXIES if _is_stated(plural, variables)}
    if not stated & {"frontends", "listens"}:
        content["frontends"] = _default("frontends", shapes.DEFAULT_FRONTENDS)
    if "backends" not in stated and ("frontends" in stated or "listens" not in stated):
        content["backends"] = _default("backends", shapes.DEFAULT_BACKENDS)
    return content


def _is_stated(plural: str, variables: dict[str, t.Any]) -> bool:
    def of_site(name: str) -> bool:
        value = variables[name]
        return name.startswith(shapes.SITE_PREFIX) and isinstance(value, dict) and plural in value

    return any(name == f"haproxy_{plural}" or of_site(name) for name in variables)


def _default(plural: str, value: t.Any) -> list[Item]:
    path = f"haproxy_{plural}"
    return _usable(check(shapes.VARIABLES[path][1], value, path, Problems()), path, plural)


def _usable(elements: t.Any, path: str, plural: str) -> list[Item]:
    key = {"raw_sections": "title", "files": "path"}.get(plural, "name")
    kind = {"kind": PROXIES[plural]} if plural in PROXIES else {}
    result = []
    for i, element in enumerate(elements or []):
        if element and element.get(key):
            here = f"{path}[{i}]"
            result.append(
                {**element, **kind, "at": here, **({} if plural in ("conditions", "files") else {"path": here})}
            )
    return result


def site_of(content: Content) -> Site:
    names: dict[str, dict[str, str]] = {kind: {} for kind in KINDS.values()}
    for plural, kind in KINDS.items():
        for element in content[plural]:
            names[kind].setdefault(element["name"], element["at"])
    for section in content["raw_sections"]:
        words = section["title"].split()
        if len(words) > 1:
            names.setdefault(words[0], {}).setdefault(words[1], section["path"])
    backends = [*content["backends"], *content["listens"]]
    names["backend"] = {**{b["name"]: b["path"] for b in backends}, **names["backend"]}
    return Site(
        names=names,
        modes={**_raw_modes(content["raw_sections"]), **{b["name"]: str(b.get("mode") or "") for b in backends}},
        conditions={c["name"]: c for c in content["conditions"]},
        certificates={c["name"]: c for c in content["certificates"]},
        authorities={a["name"]: a for a in content["authorities"]},
        groups={u["name"]: [group for group in u.get("groups") or [] if group] for u in content["userlists"]},
    )


def _raw_modes(sections: list[Item]) -> dict[str, str]:
    """Backends that were written raw; the mode that they do not say is left to HAProxy."""
    found = {}
    for section in sections:
        kind, _blank, name = section["title"].partition(" ")
        if kind in ("backend", "listen"):
            said = [line.split()[1] for line in section.get("lines") or [] if line and line.startswith("mode ")]
            found[name.split()[0]] = said[0] if said else ""
    return found


def check_names(content: Content, problems: Problems) -> None:
    """Names are unique in their kind; a listen is a frontend and a backend at once."""
    for plural, kind in KINDS.items():
        if plural not in PROXIES:
            _unique(content[plural], "condition" if kind == "condition" else kind, problems)
    _unique([*content["frontends"], *content["listens"]], "frontend", problems)
    _unique([*content["backends"], *content["listens"]], "backend", problems)
    _check_titles(content, problems)
    _check_ids(content, problems)


def _check_titles(content: Content, problems: Problems) -> None:
    """Sections that were written raw, against ours of the same kind."""
    kinds = {kind: plural for plural, kind in KINDS.items()}
    for section in content["raw_sections"]:
        kind, _blank, name = section["title"].partition(" ")
        for other in content[kinds[kind]] if kind in kinds else []:
            if other["name"] == name.split(" ")[0]:
                problems.add(
                    f"{section['path']}.title", f"holds {show(section['title'])}, which {other['at']} has already"
                )
                break


def _check_ids(content: Content, problems: Problems) -> None:
    """Numbers are unique among all proxies, and those of binds within one."""
    seen: dict[str, str] = {}
    for proxy in [*content["frontends"], *content["backends"], *content["listens"]]:
        _numbered(proxy, proxy["at"], seen, problems)
        of_binds: dict[str, str] = {}
        for i, bind in enumerate(proxy.get("binds") or []):
            if bind:
                _numbered(bind, f"{proxy['at']}.binds[{i}]", of_binds, problems)


def _numbered(item: Item, path: str, seen: dict[str, str], problems: Problems) -> None:
    for number in item.get("id") or []:
        if str(number) in seen:
            problems.add(f"{path}.id", f"holds {number}, which {seen[str(number)]} has already")
        seen.setdefault(str(number), path)


def _unique(elements: list[Item], what: str, problems: Problems) -> None:
    seen: dict[str, str] = {}
    for element in elements:
        name = element["name"]
        if name in seen:
            problems.add(f"{element['at']}.name", f"holds {show(name)}, which the {what} {seen[name]} has already")
        else:
            seen[name] = element["at"]
