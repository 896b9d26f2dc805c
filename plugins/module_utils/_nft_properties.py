# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a ruleset does beside opening ports: what it does not track, whom it bans and rates, what it translates.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.hardened.balancer.plugins.module_utils import _nft, _spans

TRANSLATES = ("dnat", "snat", "redirect", "masquerade", "xt")
Place = tuple[str, int]


class Untracked(t.NamedTuple):
    """Of one hook: ports whose packets the kernel does not track for anybody, by protocol, and places of workers."""

    ports: dict[str, list[_spans.Span]]
    places: set[Place]


def chains_at(items: list[_nft.Item], hook: str, table: tuple[str, str]) -> list[_nft.Item]:
    return [
        chain
        for chain in (item["chain"] for item in items if isinstance(item.get("chain"), dict))
        if chain.get("hook") == hook and (chain.get("family"), chain.get("table")) == table
    ]


def _matches(rule: _nft.Item) -> list[_nft.Item]:
    return [one["match"] for one in rule.get("expr", []) if isinstance(one.get("match"), dict)]


def _does(rule: _nft.Item, *words: str) -> bool:
    return any(word in one for one in rule.get("expr", []) for word in words)


def untracked(items: list[_nft.Item], hook: str) -> Untracked:
    """By the rules that ask for nothing but a port, or for the address and port of workers."""
    ports: dict[str, list[_spans.Span]] = {protocol: [] for protocol in _nft.PROTOCOLS}
    places: set[Place] = set()
    for chain in chains_at(items, hook, _nft.OURS):
        for rule in _nft.rules_of(items, _nft.OURS, chain["name"]):
            matches = _matches(rule)
            if not _does(rule, "notrack") or len(matches) != 1 or matches[0].get("op") != "==":
                continue
            left, right = matches[0].get("left") or {}, _nft.elements(matches[0].get("right"))
            payload = left.get("payload") or {}
            if payload.get("protocol") in ports and payload.get("field") in ("dport", "sport"):
                ports[payload["protocol"]] += [span for one in right for span in _nft.spans_in(one)]
            if "concat" in left:
                places |= {(str(one["concat"][0]), int(one["concat"][1])) for one in right}
    return Untracked(ports, places)


def bans_at(items: list[_nft.Item]) -> set[str]:
    """The sets whose addresses are dropped before everything else."""
    found = set()
    for chain in chains_at(items, "prerouting", _nft.BANS):
        for rule in _nft.rules_of(items, _nft.BANS, chain["name"]):
            if _does(rule, "drop"):
                found |= {str(match.get("right", "")).lstrip("@") for match in _matches(rule)}
    return found


def rates(items: list[_nft.Item]) -> set[tuple[str, int, int]]:
    """What is dropped above a rate: the set of the sources, packets a second, and at once."""
    found = set()
    for chain in chains_at(items, "input", _nft.OURS):
        for rule in _nft.rules_of(items, _nft.OURS, chain["name"]):
            for one in rule.get("expr", []):
                counted = one.get("set") or {} if _does(rule, "drop") else {}
                for statement in counted.get("stmt", []):
                    limit = statement.get("limit") or {}
                    if limit.get("inv") and limit.get("per") == "second":
                        name = str(counted.get("set", "")).lstrip("@")
                        found.add((name, int(limit["rate"]), int(limit.get("burst", 0))))
    return found


def translations(items: list[_nft.Item]) -> list[str]:
    """The hooks at which addresses are rewritten; `loopback` where that is only so within the machine."""
    found = set()
    for item in items:
        chain = item.get("chain") or {}
        if chain.get("type") == "nat":
            table = (chain.get("family", ""), chain.get("table", ""))
            ways = set(_ways(items, table, chain["name"], False, ()))
            found |= {"loopback" if local else chain.get("hook", "") for local in ways}
    return sorted(found)


def translations_of_iptables(saved: str) -> set[str]:
    """The same of what iptables-save prints; which hook leads to a chain of somebody's own is not looked up."""
    found = set()
    for chain, rule in re.findall(r"^-A (\S+)(.*)$", saved, re.MULTILINE):
        hook = chain.lower() if chain in ("OUTPUT", "POSTROUTING", "INPUT") else "prerouting"
        found.add("loopback" if re.search(r" -[ds] (?:127\.|::1/)", rule) else hook)
    return found


def _ways(
    items: list[_nft.Item], table: tuple[str, str], chain: str, local: bool, seen: tuple[str, ...]
) -> t.Iterator[bool]:
    """For each rule that rewrites, whether packets to the machine's own addresses alone come to it."""
    for rule in _nft.rules_of(items, table, chain):
        here = local or any(_is_loopback(match) for match in _matches(rule))
        if _does(rule, *TRANSLATES):
            yield here
        for one in rule.get("expr", []):
            target = (one.get("jump") or one.get("goto") or {}).get("target")
            if target and target not in seen:
                yield from _ways(items, table, target, here, (*seen, chain))


def _is_loopback(match: _nft.Item) -> bool:
    payload = (match.get("left") or {}).get("payload") or {}
    right = match.get("right")
    text = str(right["prefix"]["addr"] if isinstance(right, dict) and "prefix" in right else right)
    return payload.get("field") in ("daddr", "saddr") and match.get("op") == "==" and text.startswith(("127.", "::1"))
