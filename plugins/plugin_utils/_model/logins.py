# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether those who are to log in after the lock-down can: what sshd and PAM look at beside the key."""

from __future__ import annotations

import fnmatch
import ipaddress
import typing as t

from .node import fingerprint
from .problems import Problems

Node = dict[str, t.Any]
Plan = dict[str, t.Any]


def judge(plan: Plan, node: Node, login: str, problems: Problems) -> None:
    """All that is wrong with the accounts that are there; those that are not will be made right."""
    named = [
        (f"balancer_administrators[{i}]", one["name"], one["keys"]) for i, one in enumerate(plan["administrators"])
    ]
    for path, name, keys in named or [("node", login, [])]:
        found = (node["users"].get(name) or {}).get("login")
        if not found:
            continue
        for text in [*_account(name, found), *_files(name, found)]:
            problems.add(path, text)
        if name == login and not keys:
            for text in _options(name, found, node):
                problems.add(path, text)


def _account(name: str, found: dict[str, t.Any]) -> t.Iterator[str]:
    if found["expired"]:
        yield f"is about {name}, whose account has expired on the node; usermod --expiredate '' {name} lets it last"
    if found["new_password"]:
        yield (
            f"is about {name}, who has to set a new password on the node before anything else, which no run can; "
            f"passwd {name} as root sets one"
        )


def _files(name: str, found: dict[str, t.Any]) -> t.Iterator[str]:
    for one in found["loose"]:
        yield (
            f"is about {name}, and {one['path']} on the node {one['found']}: its SSH server (StrictModes) takes no key "
            f"from there; chown {name} {one['path']} && chmod go-w {one['path']}"
        )
    for path in found["unreadable"]:
        yield f"is about {name}, who cannot read {path} on the node: its SSH server reads keys as {name}"


def _options(name: str, found: dict[str, t.Any], node: Node) -> t.Iterator[str]:
    """Of the key that the run goes on with, where it is known."""
    address = (node.get("client") or {}).get("address")
    for one in found["options"]:
        if fingerprint(one["key"]) != node["key_fingerprint"]:
            continue
        options = one["options"]
        if "command" in options:
            yield f"is about {name}, whose key has command= on the node: with it, a run gets that command and no other"
        if address and "from" in options and not comes_from(options["from"], address):
            yield f"is about {name}, whose key has from= on the node, which leaves out {address}: this run's address"


def comes_from(patterns: str, address: str) -> bool:
    """As sshd reads a list: networks and wildcards, a match after ! ends it. Names cannot be judged here: for us."""
    matched = False
    for pattern in patterns.split(","):
        negated, plain = pattern.startswith("!"), pattern.lstrip("!").strip()
        found = _matches(plain, address)
        if found and negated:
            return False
        matched = matched or (not negated if found is None else found)
    return matched


def _matches(pattern: str, address: str) -> bool | None:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(pattern, strict=False)
    except ValueError:
        is_name = any(character.isalpha() for character in pattern) and ":" not in pattern
        return None if is_name else fnmatch.fnmatchcase(address, pattern)
