# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What not every HAProxy has: collected from checked values, and judged when the node has said which one it has."""

from __future__ import annotations

import re
import typing as t

from . import catalogue, releases
from .content import KINDS, Content
from .problems import Problems

Values = dict[str, t.Any]
ALGORITHM = re.compile(r"[\s(]")
EXPORTER = re.compile(r"^use-service\s+prometheus-exporter\b")
RULES = tuple(family.replace("-", "_") for family in catalogue.RULE_FAMILIES)
# Lists of a section whose elements have the keywords of a line of their own.
PARTS = {"binds": "bind", "servers": "server", "server_templates": "server"}
BY_NAME = {keyword.name: keyword for keyword in catalogue.KEYWORDS}
# What a key of ours prints: (the key, and the keys in it; the keyword that stands for it).
OURS = ((("tls",), "ssl"),)
QUIC = ("bind quic4@", "2.6", ("QUIC",))


class Gate(t.NamedTuple):
    """`since` and `builds` as the catalogue has them."""

    path: str
    keyword: str
    since: str
    builds: tuple[str, ...]


def collect(given: Values, content: Content, problems: Problems) -> list[Gate]:
    """Of the process, the defaults and every section; servers are those that the model made."""
    found: list[Gate] = []
    for kind in ("global", "defaults"):
        found += of_section(kind, {**(given.get(f"haproxy_{kind}") or {}), "path": f"haproxy_{kind}"})
    for plural, kind in KINDS.items():
        for section in content.get(plural, []):
            found += of_section(kind, section)
    for script in content.get("lua", [])[:1]:
        found += _gate(script["path"], "lua-load", BY_NAME.get("lua-load"))
    return list(dict.fromkeys(found))


def _gate(path: str, name: str, record: catalogue.Record | None) -> list[Gate]:
    gated = record is not None and (record.since or record.builds)
    return [Gate(path, name, record.since, record.builds)] if record and gated else []


def of_section(kind: str, section: Values) -> list[Gate]:
    path = section.get("at") or section["path"]
    found = _keywords(kind, section, path)
    for i, option in enumerate(section.get("options") or []):
        if option:
            record = catalogue.of_family("option", kind).get(option["name"])
            found += _gate(f"{path}.options[{i}]", f"option {option['name']}", record)
    for key, value in (section.get("timeout") or {}).items():
        record = catalogue.of_family("timeout", kind).get(key.replace("_", "-"))
        found += _gate(f"{path}.timeout.{key}", f"timeout {key.replace('_', '-')}", record) if value else []
    common = _parts("server", _sources(section, path), path)
    found += common
    for key, of in PARTS.items():
        found += [gate for gate in _parts(of, section.get(key), f"{path}.{key}") if not _is_common(gate, common)]
    found += _keywords("server", section.get("default_server") or {}, f"{path}.default_server")
    return [*found, *_rules(section, path), *_ours(section, path), *_others(section, path)]


def _keywords(kind: str, values: Values, path: str) -> list[Gate]:
    known = catalogue.of_section(kind)
    found: list[Gate] = []
    for key, value in values.items():
        if value and key in known:
            found += _gate(f"{path}.{key}", known[key].name, known[key])
    return found


def _parts(kind: str, parts: list[Values] | None, path: str) -> list[Gate]:
    """Thousands of servers say the same: of each keyword the first one counts."""
    found: dict[str, Gate] = {}
    known = catalogue.of_section(kind)
    for i, part in enumerate(parts or []):
        for key in (part or {}).keys() & known.keys():
            if part[key] and known[key].name not in found:
                for gate in _gate(f"{part.get('path') or f'{path}[{i}]'}.{key}", known[key].name, known[key]):
                    found[gate.keyword] = gate
        tls = (part or {}).get("tls")
        if kind == "bind" and tls:
            here = f"{part['path']}.certificates" if part.get("path") else f"{path}[{i}].tls"
            found.update({gate.keyword: gate for gate in _gate(here, "ssl", BY_NAME.get("ssl"))})
            if tls.get("quic"):
                found[QUIC[0]] = Gate(f"{here}.quic", *QUIC)
    return [found[name] for name in sorted(found)]


def _sources(section: Values, path: str) -> list[Values]:
    """What all workers of a source have in common is written there."""
    sources = section.get("workers") or []
    alone = len(sources) == 1
    return [{**s, "path": f"{path}.workers" + ("" if alone else f"[{i}]")} for i, s in enumerate(sources) if s]


def _is_common(gate: Gate, common: list[Gate]) -> bool:
    return gate.path.startswith("hostvars[") and any(gate.keyword == one.keyword for one in common)


def _rules(section: Values, path: str) -> list[Gate]:
    check = section.get("check")
    lists = [(family, section.get(family)) for family in RULES]
    lists += [("tcp_check", check.get("steps"))] if isinstance(check, dict) else []
    found = []
    for family, rules in lists:
        known = catalogue.actions_of(family.replace("_", "-"))
        for rule in rules or []:
            if not rule:
                continue
            found += _gate(rule["path"], str(rule.get("action")), known.get(str(rule.get("action"))))
            if EXPORTER.match(rule["words"]):
                found.append(Gate(rule["path"], "use-service prometheus-exporter", "", ("PROMEX",)))
    return found


def _ours(section: Values, path: str) -> list[Gate]:
    found = []
    for keys, name in OURS:
        value: t.Any = section
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        found += _gate(".".join((path, *keys)), name, BY_NAME.get(name)) if value else []
    return found


def _others(section: Values, path: str) -> list[Gate]:
    algorithm = ALGORITHM.split(str(section.get("balance") or ""))[0]
    found = _gate(f"{path}.balance", f"balance {algorithm}", catalogue.ALGORITHM_RECORDS.get(algorithm))
    table = section.get("stick_table")
    for i, counter in enumerate(table.get("store") or [] if isinstance(table, dict) else []):
        name = str(counter or "").split("(", maxsplit=1)[0]
        found += _gate(f"{path}.stick_table.store[{i}]", f"the counter {name}", catalogue.DATA_TYPES.get(name))
    return found


def judge(gates: t.Iterable[Values], version: str, build: list[str] | None, problems: Problems) -> list[str]:
    """What this HAProxy cannot is a problem; the answer is a list of warnings about what nobody has recorded."""
    at = catalogue.version(version)
    known = build or releases.BUILDS.get(at)
    warnings: dict[str, None] = {}
    for gate in gates:
        path, keyword, since = gate["path"], gate["keyword"], gate["since"]
        there = catalogue.present(since, at)
        if there is False:
            problems.add(path, f"{keyword} {_when(since)}; this node has {version}")
        elif there is None:
            warnings[f"{path}: {keyword} {_when(since)}, as far as is recorded; {_says(version)}"] = None
        for feature in gate["builds"]:
            if known is not None and feature not in known:
                problems.add(
                    path, f"{keyword} needs a HAProxy that is built with {feature}; the node's {version} is not"
                )
            elif known is None and feature not in releases.USUAL:
                text = f"{path}: {keyword} needs a HAProxy that is built with {feature}; {_says(version)}"
                warnings[text] = None
    return list(warnings)


def _when(since: str) -> str:
    return f"is gone since HAProxy {since[1:]}" if since.startswith("<") else f"needs HAProxy {since}"


def _says(version: str) -> str:
    return f"whether {version} has it is seen when it reads the configuration"
