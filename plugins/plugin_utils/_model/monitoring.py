# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The statistics page and the metrics as frontends like all others, so that all checks of those are theirs too.

They listen on loopback. Elsewhere only for networks that are named: the firewall keeps everybody else out, and a rule
refuses whoever comes in beside it, from the node itself or another way.
"""

from __future__ import annotations

import ipaddress
import typing as t

from .problems import Problems, show
from .words import quote

Proxy = dict[str, t.Any]
Rule = dict[str, t.Any]
LOOPBACK = ("127.0.0.0/8", "::1/128")
HERE = "127.0.0.1"
METRICS = "/metrics"


def frontends(given: dict[str, t.Any], problems: Problems) -> list[Proxy]:
    """Of `haproxy_stats` and `haproxy_metrics`, where they are set."""
    result = []
    for name, more in (("stats", _stats), ("metrics", _metrics)):
        path = f"haproxy_{name}"
        value = given.get(path)
        if not value:
            continue
        addresses = [address for address in value.get("address") or [HERE] if address]
        _check(value, addresses, path, problems)
        if value.get("port"):
            result.append({**_frontend(name, value, addresses, path), **more(value, addresses, path, problems)})
    return result


def _check(value: dict[str, t.Any], addresses: list[str], path: str, problems: Problems) -> None:
    public = [address for address in addresses if not _is_local(address)]
    if public and not value.get("networks"):
        problems.add(
            f"{path}.networks",
            f"is missing: {show(public[0])} is seen from other machines; say which networks may ask, "
            "or leave address out, for loopback",
        )
    far = [network for network in value.get("networks") or [] if network and not _is_local(network.partition("/")[0])]
    if far and not public:
        problems.add(
            f"{path}.address",
            f"{'holds loopback only' if value.get('address') else 'is missing'}: nobody of {far[0]} gets there; "
            "name an address of this machine, or * for all",
        )


def _is_local(address: str) -> bool:
    return address != "*" and ipaddress.ip_address(address).is_loopback


def _frontend(name: str, value: dict[str, t.Any], addresses: list[str], path: str) -> Proxy:
    bind: dict[str, t.Any] = {"port": [value["port"]] * 2, "address": addresses, "path": path, "tls_path": path}
    if not all(_is_local(address) for address in addresses):
        bind["sources"] = [network for network in value.get("networks") or [] if network]
    if value.get("certificates"):
        bind["tls"] = {"certificates": value["certificates"]}
    return {
        "kind": "frontend",
        "name": name,
        "mode": "http",
        "path": path,
        "at": path,
        "binds": [bind],
        "options": [{"name": "dontlog-normal", "arguments": "", "no": False}],
    }


def _rule(words: str, path: str, word: str = "", condition: t.Any = None) -> Rule:
    when = {"word": word, "condition": condition} if word else None
    return {"words": words, "when": when, "path": path, "action": words.split()[0], "typed": False}


def _who(value: dict[str, t.Any], addresses: list[str], path: str, realm: str) -> list[Rule]:
    """By address first, then by name and password."""
    rules = []
    networks = [network for network in value.get("networks") or [] if network]
    local = [_is_local(address) for address in addresses]
    if networks or not all(local):
        # This machine may always ask at a loopback address, unless it is said who may.
        allowed = [*networks, *(LOOPBACK if any(local) and not all(local) else ())]
        rules.append(_rule("deny deny_status 403", f"{path}.networks", "unless", {"source": allowed or [LOOPBACK[0]]}))
    if value.get("userlist"):
        asked = f"{{ http_auth({value['userlist']}) }}"
        rules.append(_rule(f"auth realm {realm}", f"{path}.userlist", "unless", asked))
    return rules


def _stats(value: dict[str, t.Any], addresses: list[str], path: str, problems: Problems) -> Proxy:
    if value.get("admin") and not value.get("userlist"):
        problems.add(f"{path}.admin", "needs userlist: whoever sees the page could switch servers off")
    uri = value.get("uri") or "/"
    # Behind a semicolon stand the parameters of the page. HAProxy itself would answer whatever begins with the path.
    page = f"{{ path {quote(uri)} }} || {{ path -m beg {quote(uri + ';')} }}"
    return {
        "http_request": [
            *_who(value, addresses, path, "Statistics"),
            _rule("return status 404", f"{path}.uri", "unless", page),
        ],
        "stats_enable": [True],
        "stats_uri": [quote(uri)],
        "stats_hide_version": [True],
        **({"stats_refresh": [value["refresh"]]} if value.get("refresh") else {}),
        **({"stats_admin": ["if TRUE"]} if value.get("admin") and value.get("userlist") else {}),
    }


def _metrics(value: dict[str, t.Any], addresses: list[str], path: str, problems: Problems) -> Proxy:
    return {
        "http_request": [
            *_who(value, addresses, path, "Metrics"),
            _rule("use-service prometheus-exporter", path, "if", f"{{ path {METRICS} }}"),
            _rule("return status 404", path),
        ]
    }
