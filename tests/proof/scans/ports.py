# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nmap over all TCP ports and over some UDP ports, and what the kernel counted of the latter."""

from __future__ import annotations

import json
import re
import typing as t

from tests.proof.lab import Machine

ALL = 65535
# A port that drops says nothing: without a rate each of them takes as long as nmap's patience.
TCP = "nmap -n -sT -Pn -p- --max-retries 2 --min-rate 3000 -oG -"
# DNS, NTP, SNMP, QUIC, peers that do not exist, and DHCP's port, to which answers alone are let in.
UDP_PORTS = (53, 68, 123, 161, 443, 500, 1024)
UDP = f"nmap -n -sU -Pn -p {','.join(map(str, UDP_PORTS))} --max-retries 1 -oG -"
# Before everything else, and behind our rules: what arrived, and what they let through.
TABLE = """table inet lab_counted {
    chain arrived { type filter hook prerouting priority -400; policy accept; %s }
    chain passed { type filter hook input priority 300; policy accept; %s }
}
"""


class Scan(t.NamedTuple):
    """Ports by state; nmap gives those of most ports as a number only."""

    open: set[int]
    others: dict[str, int]

    def __str__(self) -> str:
        return f"open {sorted(self.open)}, " + ", ".join(f"{count} {state}" for state, count in self.others.items())


def tcp(source: Machine, target: Machine) -> Scan:
    return read(source.run(f"{TCP} {target.address}"))


def read(report: str) -> Scan:
    found = {int(port) for port in re.findall(r"(\d+)/open/tcp", report)}
    others: dict[str, int] = {}
    for state in re.findall(r"\d+/(filtered|closed)/tcp", report):
        others[state] = others.get(state, 0) + 1
    for state, count in re.findall(r"Ignored State: (\w+) \((\d+)\)", report):
        others[state] = others.get(state, 0) + int(count)
    return Scan(found, others)


def udp(source: Machine, target: Machine) -> dict[int, tuple[str, int, int]]:
    """By port: nmap's word, packets that arrived, packets that our rules let through."""
    rules = "".join(f"ip saddr {source.address} udp dport {port} counter; " for port in UDP_PORTS)
    target.run("nft -f -", TABLE % (rules, rules))
    try:
        report = source.run(f"{UDP} {target.address}")
        counted = {chain: _counted(target, chain) for chain in ("arrived", "passed")}
    finally:
        target.run("nft delete table inet lab_counted")
    said = dict(re.findall(r"(\d+)/([a-z|]+)/udp", report))
    return {port: (said.get(str(port), "?"), counted["arrived"][port], counted["passed"][port]) for port in UDP_PORTS}


def _counted(target: Machine, chain: str) -> dict[int, int]:
    rules = json.loads(target.run(f"nft -j list chain inet lab_counted {chain}"))["nftables"]
    found = {}
    for expressions in (one["rule"]["expr"] for one in rules if "rule" in one):
        port = next(e["match"]["right"] for e in expressions if e.get("match", {}).get("right") in UDP_PORTS)
        found[port] = next(e["counter"]["packets"] for e in expressions if "counter" in e)
    return found
