# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a firewall lets in, read from nft's JSON.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import ipaddress
import json
import typing as t

from ansible_collections.hardened.balancer.plugins.module_utils import _spans

OURS = ("inet", "hardened_balancer")
# Of the jail that baseline writes.
JAIL = ("inet", "hardened_balancer_fail2ban")
BANS = ("inet", "hardened_balancer_bans")
LIST = ("nft", "--json", "--terse", "list", "ruleset")
LIST_OURS = ("nft", "--json", "--terse", "list", "table", *OURS)
LIST_BANS = ("nft", "--json", "--terse", "list", "table", *BANS)
ANY = (0, 65535)
# Whoever runs these wants them, and they open and close nothing of ours.
FAIL2BAN = "f2b-table"
DOCKER = "docker-bridges"

PROTOCOLS = ("tcp", "udp")
# Where answers to the node's own requests for an address come from.
DHCP_SERVERS = {"67", "547"}

Item = dict[str, t.Any]
Span = _spans.Span


class Accept(t.NamedTuple):
    """One rule that accepts: ports of a protocol (tcp, udp, any), and the networks it does so for (None: all)."""

    protocol: str
    ports: tuple[Span, ...]
    sources: tuple[str, ...] | None


def parse(text: str) -> list[Item]:
    """The objects of a ruleset; none if nft said something else."""
    try:
        found = json.loads(text)["nftables"]
    except (ValueError, KeyError, TypeError):
        return []
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _of_kind(items: list[Item], kind: str) -> list[Item]:
    return [item[kind] for item in items if isinstance(item.get(kind), dict)]


def filters(items: list[Item], ours: t.Collection[tuple[str, str]] = (OURS, BANS, JAIL)) -> list[dict[str, str]]:
    """Tables of somebody else's that filter: a chain at a hook with a rule or a policy that drops."""
    found: dict[str, list[str]] = {}
    for chain in _of_kind(items, "chain"):
        table = (chain.get("family", ""), chain.get("table", ""))
        if table in ours or chain.get("type") != "filter" or _is_left_alone(items, table, chain):
            continue
        count = len(rules_of(items, table, chain["name"]))
        if count or chain.get("policy") == "drop":
            detail = f"chain {chain['name']}, hook {chain.get('hook')}, policy {chain.get('policy')}, {count} rules"
            found.setdefault(f"table {table[0]} {table[1]}", []).append(detail)
    return [{"name": name, "detail": "; ".join(details)} for name, details in sorted(found.items())]


def _is_left_alone(items: list[Item], table: tuple[str, str], chain: Item) -> bool:
    """Fail2ban's bans, and what Docker forwards to its containers, be it through iptables."""
    if table[1] in (FAIL2BAN, DOCKER):
        return True
    of_docker = any(
        (one.get("family"), one.get("table"), one.get("name")) == (*table, "DOCKER") for one in _of_kind(items, "chain")
    )
    return of_docker and chain.get("hook") == "forward"


def rules_of(items: list[Item], table: tuple[str, str], chain: str) -> list[Item]:
    return [
        rule
        for rule in _of_kind(items, "rule")
        if (rule.get("family"), rule.get("table")) == table and rule.get("chain") == chain
    ]


def input_chain(items: list[Item], table: tuple[str, str] = OURS) -> Item | None:
    for chain in _of_kind(items, "chain"):
        if (chain.get("family"), chain.get("table")) == table and chain.get("hook") == "input":
            return chain
    return None


def accepts(items: list[Item], table: tuple[str, str] = OURS) -> list[Accept]:
    """What the input chain of a table, with the chains that it goes to, lets strangers begin."""
    start = input_chain(items, table)
    sets = {one["name"]: one.get("elem", []) for kind in ("set", "map") for one in _of_kind(items, kind)}
    found: list[Accept] = []
    ways: list[tuple[str, Item]] = [(start["name"], {})] if start else []
    seen: set[str] = set()
    while ways:
        chain, carried = ways.pop()
        # A chain that is reached in two ways is read for each, a loop is impossible in nftables.
        key = json.dumps([chain, carried], sort_keys=True)
        if key in seen:
            continue
        seen.add(key)
        for rule in rules_of(items, table, chain):
            conditions, verdicts = read_rule(rule.get("expr", []), sets, carried)
            for verdict, ports in verdicts:
                narrowed = {**conditions, **({"ports": ports} if ports else {})}
                if verdict == "accept":
                    found += [] if narrowed.get("bounded") else [_accept(narrowed)]
                elif verdict:
                    ways.append((verdict, narrowed))
    return found


def _accept(conditions: Item) -> Accept:
    sources = conditions.get("sources")
    return Accept(
        conditions.get("protocol", "any"),
        tuple(tuple(span) for span in conditions.get("ports", [ANY])),
        None if sources is None else tuple(sources),
    )


def read_rule(
    expressions: list[Item], sets: dict[str, t.Any], carried: Item
) -> tuple[Item, list[tuple[str, list[Span] | None]]]:
    """Conditions on port and source, and where the rule leads: accept, or the name of a chain."""
    conditions = dict(carried)
    verdicts: list[tuple[str, list[Span] | None]] = []
    for expression in expressions:
        if "accept" in expression:
            verdicts.append(("accept", None))
        for word in ("jump", "goto"):
            if isinstance(expression.get(word), dict):
                verdicts.append((expression[word].get("target", ""), None))
        match = expression.get("match")
        if isinstance(match, dict):
            conditions.update(_condition(match, sets))
        vmap = expression.get("vmap")
        if isinstance(vmap, dict):
            conditions.update(_protocol_of(vmap.get("key")))
            verdicts += _verdicts_of_map(vmap, sets)
    return conditions, verdicts


def _condition(match: Item, sets: dict[str, t.Any]) -> Item:
    left = match.get("left") or {}
    payload = left.get("payload") or {}
    field = payload.get("field")
    right = elements(match.get("right"), sets)
    if _goes_on(match):
        return {"bounded": True}
    if match.get("op") not in ("==", "in"):
        return {}
    if field == "dport":
        return {**_protocol_of(left), "ports": [span for one in right for span in spans_in(one)]}
    if field == "saddr":
        return {"sources": [_network(one) for one in right]}
    if (left.get("meta") or {}).get("key") == "l4proto" and right and right[0] in ("tcp", "udp", 6, 17):
        return {"protocol": {6: "tcp", 17: "udp"}.get(right[0], right[0])}
    return {"bounded": True} if _opens_no_service(left, right) else {}


def _goes_on(match: Item) -> bool:
    """Anything but a SYN: no connection can begin with it."""
    masked = (match.get("left") or {}).get("&") if isinstance(match.get("left"), dict) else None
    field = (masked[0].get("payload") or {}).get("field") if isinstance(masked, list) and masked else None
    return field == "flags" and match.get("op") == "!=" and match.get("right") == "syn"


def _opens_no_service(left: Item, right: list[t.Any]) -> bool:
    """Loopback, answers to what the node began itself, leases of addresses among them, and ICMP."""
    payload = left.get("payload") or {}
    if (left.get("meta") or {}).get("key") in ("iif", "iifname"):
        return right == ["lo"]
    if (left.get("ct") or {}).get("key") == "state":
        return "new" not in right and "untracked" not in right and "invalid" not in right
    if payload.get("protocol") == "udp" and payload.get("field") == "sport":
        return bool(right) and set(map(str, right)) <= DHCP_SERVERS
    protocols = {"icmp", "icmpv6", "ipv6-icmp", 1, 58}
    by_number = (left.get("meta") or {}).get("key") == "l4proto" and set(map(str, right)) <= set(map(str, protocols))
    return payload.get("protocol") in protocols or by_number


def _protocol_of(key: t.Any) -> Item:
    payload = key.get("payload") or {} if isinstance(key, dict) else {}
    return {"protocol": payload["protocol"]} if payload.get("protocol") in ("tcp", "udp") else {}


def _verdicts_of_map(vmap: Item, sets: dict[str, t.Any]) -> list[tuple[str, list[Span] | None]]:
    is_port = ((vmap.get("key") or {}).get("payload") or {}).get("field") == "dport"
    found: list[tuple[str, list[Span] | None]] = []
    for pair in elements(vmap.get("data"), sets):
        if not (isinstance(pair, list) and len(pair) == 2 and isinstance(pair[1], dict)):
            continue
        spans = spans_in(pair[0]) if is_port else None
        if "accept" in pair[1]:
            found.append(("accept", spans))
        for word in ("jump", "goto"):
            if isinstance(pair[1].get(word), dict):
                found.append((pair[1][word].get("target", ""), spans))
    return found


def elements(value: t.Any, sets: t.Mapping[str, t.Any] | None = None) -> list[t.Any]:
    sets = sets or {}
    if isinstance(value, str) and value.startswith("@"):
        value = {"set": sets.get(value[1:], [])}
    inner = value["set"] if isinstance(value, dict) and "set" in value else value
    inner = inner if isinstance(inner, list) else [inner]
    return [one["elem"]["val"] if isinstance(one, dict) and "elem" in one else one for one in inner]


def spans_in(value: t.Any) -> list[Span]:
    if isinstance(value, dict) and "range" in value:
        return [(int(value["range"][0]), int(value["range"][1]))]
    return [(int(value), int(value))] if str(value).isdecimal() else []


def _network(value: t.Any) -> str:
    if isinstance(value, dict) and "prefix" in value:
        return str(ipaddress.ip_network((value["prefix"]["addr"], value["prefix"]["len"]), strict=False))
    if isinstance(value, dict) and "range" in value:
        return "-".join(str(end) for end in value["range"])
    try:
        return str(ipaddress.ip_network(str(value)))
    except ValueError:
        return str(value)


def opened(found: t.Iterable[Accept], protocol: str) -> tuple[list[Span], list[_spans.Narrow]]:
    """Ports that all may reach, and those that some may, by whom."""
    ours = [one for one in found if one.protocol in (protocol, "any")]
    wide = [span for one in ours if one.sources is None for span in one.ports]
    return wide, [(span, one.sources) for one in ours if one.sources is not None for span in one.ports]


def restricted(found: list[Accept], without: t.Iterable[int] = ()) -> list[Item]:
    """What is open to some networks alone, as a plan writes it; `without` are TCP ports of something else."""
    result: list[Item] = []
    for protocol in PROTOCOLS:
        wide, narrow = opened(found, protocol)
        hidden = [(port, port) for port in without] if protocol == "tcp" else []
        kept = [(piece, sources) for span, sources in narrow for piece in _spans.minus([span], hidden)]
        result += _spans.as_written(protocol, _spans.restrictions(wide, kept))
    return result


networks = _spans.networks
ports_text = _spans.text
spans_of = _spans.read
