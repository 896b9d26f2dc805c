# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ordered sections of haproxy.cfg: checked values in, lines out. The template prints them and decides nothing."""

from __future__ import annotations

import typing as t

from . import binds, catalogue, hardened, routes, shapes, workers

Section = dict[str, t.Any]
DEFAULT_PATH_SINCE = (2, 5)


def all_sections(draft: dict[str, t.Any], maxconn: int, haproxy: tuple[int, ...]) -> list[Section]:
    return [
        _section("global", _global(draft["global"], maxconn, haproxy)),
        _section("defaults", _defaults(draft["defaults"], haproxy)),
        *(_section(f"userlist {u['name']}", _userlist(u)) for u in draft["userlists"]),
        *(_section(f"frontend {f['name']}", _frontend(f, draft["defaults"])) for f in draft["frontends"]),
        *(_section(f"backend {b['name']}", _backend(b, draft["defaults"])) for b in draft["backends"]),
    ]


def files() -> list[dict[str, str]]:
    return [
        {"path": f"errors/{status}.http", "content": hardened.error_page(status)} for status in hardened.ERROR_PAGES
    ]


def _section(title: str, lines: list[str]) -> Section:
    return {"title": title, "lines": lines}


def _global(given: dict[str, t.Any], maxconn: int, haproxy: tuple[int, ...]) -> list[str]:
    lines = ["description hardened.balancer @digest@"]
    if haproxy >= DEFAULT_PATH_SINCE:
        lines.append(f"default-path origin {hardened.TREES}/@digest@")
    lines.append(
        f"stats socket {hardened.ADMIN_SOCKET} mode 660 level admin "
        f"user root group {hardened.ADMIN_GROUP} expose-fd listeners"
    )
    lines.append(f"maxconn {maxconn}")
    if given.get("nbthread"):
        lines.append(f"nbthread {given['nbthread']}")
    ours = {key: [value] for key, value, _reason in hardened.GLOBAL}
    return lines + _keywords({**ours, **given}, "global") + (given.get("raw") or [])


def _defaults(given: dict[str, t.Any], haproxy: tuple[int, ...]) -> list[str]:
    ours = {key: [value] for key, value, _reason in hardened.DEFAULTS}
    lines = _keywords({**ours, **{k: v if isinstance(v, list) else [v] for k, v in given.items()}}, "defaults")
    lines += [f"option {_words(o)}" for o in _options(given, "defaults", "") if not o["no"]]
    timeouts = {name: value for name, value, _reason in hardened.TIMEOUTS}
    timeouts.update(_timeouts_of(given))
    lines += [f"timeout {name} {value}" for name, value in timeouts.items()]
    lines.append(f"default-server {' '.join(_check_words(hardened.DEFAULT_SERVER))}")
    if "errorfile" not in given:
        base = "" if haproxy >= DEFAULT_PATH_SINCE else f"{hardened.TREES}/@digest@/"
        lines += [f"errorfile {status} {base}errors/{status}.http" for status in hardened.ERROR_PAGES]
    return lines + (given.get("raw") or [])


def _userlist(userlist: dict[str, t.Any]) -> list[str]:
    words = {"password": "password", "insecure_password": "insecure-password"}
    return [f"user {u['name']} {word} {u[key]}" for u in userlist["users"] for key, word in words.items() if u.get(key)]


def _frontend(frontend: dict[str, t.Any], defaults: dict[str, t.Any]) -> list[str]:
    lines = [f"mode {frontend['mode']}", *binds.lines(frontend["binds"])]
    lines += [f"maxconn {frontend['maxconn']}"] if frontend.get("maxconn") else []
    lines += _common(frontend, "frontend", defaults)
    lines += routes.inspection(frontend) + _rules(frontend, shapes.FRONTEND_RULES) + routes.lines(frontend)
    lines += [f"default_backend {frontend['default_backend']}"] if frontend.get("default_backend") else []
    return lines + (frontend.get("raw") or [])


def _backend(backend: dict[str, t.Any], defaults: dict[str, t.Any]) -> list[str]:
    lines = [f"mode {backend['mode']}", f"balance {backend['balance']}"]
    lines += (
        _common(backend, "backend", defaults) + _check(backend.get("check")) + _rules(backend, shapes.BACKEND_RULES)
    )
    lines += workers.lines(backend["servers"], checked=backend.get("check") is not False)
    return lines + (backend.get("raw") or [])


def _common(section: dict[str, t.Any], kind: str, defaults: dict[str, t.Any]) -> list[str]:
    lines = _keywords(section, kind)
    lines += [f"{'no ' if o['no'] else ''}option {_words(o)}" for o in _section_options(section, kind, defaults)]
    return lines + [f"timeout {name} {value}" for name, value in _timeouts_of(section).items()]


def _keywords(section: dict[str, t.Any], kind: str) -> list[str]:
    own = {"frontend": shapes.FRONTEND, "backend": shapes.BACKEND, "global": shapes.GLOBAL}.get(kind)
    lines = []
    for key, keyword in catalogue.of_section(kind).items():
        if own is None or key not in own.keys:
            lines += [keyword.name if value is True else f"{keyword.name} {value}" for value in section.get(key) or []]
    return lines


def _options(given: dict[str, t.Any], side: str, mode: str) -> list[dict[str, t.Any]]:
    """Ours and the given ones of the defaults that this side prints in this mode; of one name the later wins."""
    merged = {
        name: {"name": name, "arguments": "", "no": False}
        for name, sides, only, _reason in hardened.OPTIONS
        if side in sides and only == mode
    }
    for option in given.get("options") or []:
        keyword = catalogue.of_family("option", "defaults")[option["name"]]
        if keyword.http_only != (side == "defaults") and (
            side == "defaults" or (side in keyword.sections and mode == "http")
        ):
            merged[option["name"]] = option
    return list(merged.values())


def _section_options(section: dict[str, t.Any], kind: str, defaults: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    """An option of one mode never stands in `defaults`, so that here absent is off; of the others `no` is printed."""
    inherited = {o["name"]: o for o in _options(defaults, kind, section["mode"])}
    known = catalogue.of_family("option", kind)
    merged = {**inherited, **{o["name"]: o for o in section.get("options") or []}}
    logs = {"tcplog", "httplog", "httpslog"}
    chosen_logs = {o["name"] for o in section.get("options") or [] if o["name"] in logs and not o["no"]}
    return [
        o
        for name, o in merged.items()
        if not (o["no"] and (known[name].http_only or name in logs))
        and not (chosen_logs and name in logs - chosen_logs)
    ]


def _words(option: dict[str, t.Any]) -> str:
    return " ".join(filter(None, (option["name"], option["arguments"])))


def _timeouts_of(section: dict[str, t.Any]) -> dict[str, str]:
    return {key.replace("_", "-"): value for key, value in (section.get("timeout") or {}).items()}


def _rules(section: dict[str, t.Any], families: tuple[str, ...]) -> list[str]:
    return [f"{family.replace('_', '-')} {rule}" for family in families for rule in section.get(family) or []]


def _check(check: t.Any) -> list[str]:
    if not isinstance(check, dict):
        return []
    lines = []
    if check["type"] == "http":
        host = f" hdr Host {check['host']}" if check.get("host") else ""
        lines = [
            "option httpchk",
            f"http-check send meth {check['method']} uri {check['uri']}{host}",
            f"http-check expect {check['expect']}",
        ]
    words = _check_words(check)
    return lines + ([f"default-server {' '.join(words)}"] if words else [])


def _check_words(check: dict[str, t.Any]) -> list[str]:
    keys = ("port", "inter", "fastinter", "downinter", "fall", "rise", "init_addr")
    return [f"{key.replace('_', '-')} {check[key]}" for key in keys if check.get(key) is not None]
