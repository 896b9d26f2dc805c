# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the packet filter lets through, drops and does not track.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import typing as t

from ansible_collections.hardened.balancer.plugins.module_utils import _listeners, _nft, _nft_properties, _reach, _spans
from ansible_collections.hardened.balancer.plugins.module_utils._proof_seen import Expect, Finding, Seen, listed
from ansible_collections.hardened.balancer.plugins.module_utils._served import serves

NAMED = 10
FIREWALL_UNIT = "hardened-balancer-firewall"
PROTOCOLS = ("tcp", "udp")


def firewall_drops(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    chain = _nft.input_chain(seen.table)
    policy = chain.get("policy") if chain else "no chain at the input hook of table inet hardened_balancer"
    yield Finding("firewall policy", "drop", str(policy), policy == "drop")


def firewall_output(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    """Of the service: as long as something runs that does not say where it connects to, nothing is refused to it."""
    chains = _nft_properties.chains_at(seen.table, "output", _nft.OURS)
    found = [str(chain.get("policy")) for chain in chains if chain.get("type") == "filter" and chain.get("prio") == 0]
    wanted = expect["firewall"]["output"]
    yield Finding("firewall policy, outgoing", wanted, listed(found), found == [wanted])


def firewall_lets_administrators_in(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    networks = expect["management_networks"]
    for port in seen.ssh_ports:
        rules = [one for one in seen.accepts if covers(one, "tcp", port)]
        anywhere = any(one.sources is None for one in rules)
        sources = set(_nft.networks(source for one in rules for source in one.sources or ()))
        wanted = set(_nft.networks(networks))
        right = (sources == wanted and not anywhere) if networks else anywhere
        found = "anywhere" if anywhere else listed(sorted(sources), "nowhere")
        yield Finding(f"SSH on port {port} is open to", listed(sorted(wanted), "anywhere"), found, right)


def covers(one: _nft.Accept, protocol: str, port: int) -> bool:
    return one.protocol in (protocol, "any") and any(low <= port <= high for low, high in one.ports)


def firewall_opens_no_more(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    """Than what is served now and what will be; who exactly may reach it is a matter of the service."""
    ports = expect.get("ports", {})
    for protocol in PROTOCOLS:
        ssh = [(p, p) for p in seen.ssh_ports] if protocol == "tcp" else []
        served = [(p, p) for p in _served(seen, protocol)]
        allowed = _spans.merged([*_spans.read(ports.get(protocol, [])), *served, *ssh])
        planned = _spans.narrow_of(ports.get("restricted", []), protocol)
        wide, narrow = _nft.opened(seen.accepts, protocol)
        beside = [(piece, sources) for span, sources in narrow for piece in _spans.minus([span], allowed)]
        more = [
            *_spans.minus(wide, allowed),
            *(span for span, sources in beside if not _are_of(span, sources, planned)),
        ]
        shared = [(low, high) for (low, high), _sources in narrow if not _spans.minus([(low, high)], allowed)]
        expected = [*_spans.text(allowed), *_restricted_text(planned, allowed)]
        found = [*_spans.text([*wide, *shared]), *_restricted_text(beside, wide)]
        yield Finding(f"firewall, open {protocol} ports", f"no more than {listed(expected)}", listed(found), not more)


def _are_of(span: _nft.Span, sources: t.Collection[str], planned: list[_spans.Narrow]) -> bool:
    """Whether the plan opens all of these ports to all of these networks."""
    of_them = [ports for ports, named in planned if _spans.contains(named, sources)]
    return not _spans.minus([span], of_them)


def _restricted_text(narrow: list[_spans.Narrow], wide: t.Sequence[_nft.Span] = ()) -> list[str]:
    return [
        f"{', '.join(_spans.text(spans))} (from {', '.join(sources) or 'nowhere'})"
        for sources, spans in _spans.restrictions(wide, narrow)
    ]


def _served(seen: Seen, protocol: str) -> list[int]:
    return [
        one["port"]
        for one in seen.listeners
        if serves(one) and one["protocol"] == protocol and not _listeners.is_loopback(one["address"])
    ]


def no_other_firewall(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    others = _nft.filters(seen.ruleset)
    found = "; ".join(f"{one['name']} ({one['detail']})" for one in others)
    left = expect.get("existing_firewall") == "leave"
    yield Finding("filters that are not ours", "left alone" if left else "none", found or "none", left or not others)


def firewall_bans(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    found = _nft_properties.bans_at(seen.bans)
    yield Finding("firewall, bans", "ban4, ban6", listed(sorted(found)), found >= {"ban4", "ban6"})


def firewall_at_boot(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    enabled = seen.enabled(FIREWALL_UNIT)
    yield Finding(f"{FIREWALL_UNIT} at boot", "enabled", "enabled" if enabled else "not enabled", enabled)


def firewall_opens_exactly(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    """Besides SSH, which has a check of its own."""
    for protocol in PROTOCOLS:
        ssh = [(port, port) for port in seen.ssh_ports] if protocol == "tcp" else []
        wanted = _spans.read(expect["ports"].get(protocol, []))
        wide, narrow = _nft.opened(seen.accepts, protocol)
        # A port of SSH that the inventory serves on another address too.
        shared = [port for port in ssh if _spans.within(port, wanted)]
        spans = [*_spans.minus(wide, ssh), *shared]
        planned = _spans.narrow_of(expect["ports"].get("restricted", []), protocol)
        texts = [
            [*_spans.text(of_all), *_restricted_text(_without(of_some, ssh), of_all)]
            for of_all, of_some in ((wanted, planned), (spans, narrow))
        ]
        right = texts[0] == texts[1]
        yield Finding(f"firewall, served {protocol} ports", listed(texts[0]), listed(texts[1]), right)


def firewall_rates(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    """Of what is open to all: where nothing is, there is nobody to slow down."""
    given = expect["firewall"]["syn_rate"]
    wanted = (
        {(f"syn_rate{v}", given["rate"], given["burst"]) for v in "46"} if given and expect["ports"]["tcp"] else set()
    )
    found = {one for one in _nft_properties.rates(seen.table) if one[0].startswith("syn_")}
    expected, actual = (
        listed(f"{name} {rate}/s, {burst} at once" for name, rate, burst in sorted(one)) for one in (wanted, found)
    )
    yield Finding("firewall, new connections of one source", expected, actual, found == wanted)


def firewall_bypasses(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    """What is not tracked, in each direction: half of a connection that is tracked is a record that never ends."""
    wanted = expect["firewall"]["bypass"]
    places = set(_reach.workers(expect["firewall"]["reach"]))
    for hook in ("prerouting", "output"):
        found = _nft_properties.untracked(seen.table, hook)
        ports = {p: _spans.read(expect["ports"].get(p, [])) if wanted else [] for p in PROTOCOLS}
        right = {p: _spans.merged(ports[p]) for p in PROTOCOLS} == {p: _spans.merged(found.ports[p]) for p in PROTOCOLS}
        right = right and found.places == (places if wanted else set())
        expected = _untracked_text(ports, places if wanted else set())
        yield Finding(f"firewall, not tracked at {hook}", expected, _untracked_text(found.ports, found.places), right)


def _untracked_text(ports: t.Mapping[str, list[_nft.Span]], places: t.Collection[tuple[str, int]]) -> str:
    of_ports = [f"{span}/{protocol}" for protocol in PROTOCOLS for span in _spans.text(ports[protocol])]
    return listed([*of_ports, *(f"{address} port {port}" for address, port in sorted(places))], most=NAMED)


def _without(narrow: list[_spans.Narrow], hidden: list[_nft.Span]) -> list[_spans.Narrow]:
    return [(piece, sources) for span, sources in narrow for piece in _spans.minus([span], hidden) if sources]
