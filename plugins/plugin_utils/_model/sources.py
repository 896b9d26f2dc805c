# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks that are trusted more than others: not everybody's, and some that somebody can come from."""

from __future__ import annotations

import ipaddress
import typing as t

from ansible_collections.hardened.balancer.plugins.module_utils import _spans

from .problems import Problems, show

# No packet from there gets to a node.
NOBODYS = {
    "0.0.0.0/8": "no address of anybody's",
    "127.0.0.0/8": "loopback",
    "224.0.0.0/4": "multicast",
    "240.0.0.0/4": "no address of anybody's",
    "::/128": "no address of anybody's",
    "::1/128": "loopback",
    "ff00::/8": "multicast",
}
# Of IPv6 what is given to anybody.
EVERYBODYS = {"IPv4": "0.0.0.0/0", "IPv6": "2000::/3"}
TRUSTED = {
    "balancer_management_networks": "which leaves nobody a rate of new connections, at SSH and elsewhere; leave it "
    "out: SSH is open to all then, within a rate",
    "firewall_syn_exempt": "which leaves no rate for anybody; firewall_syn_rate: false says so",
}


def check(given: t.Mapping[str, t.Any], problems: Problems) -> None:
    for name, then in TRUSTED.items():
        networks = given.get(name) or []
        for i, network in enumerate(networks):
            if network and (what := _nobodys(network)):
                problems.add(f"{name}[{i}]", f"holds {show(network)}, from where nobody comes to a node: it is {what}")
        usable = [network for network in networks if network]
        whole = [family for family, all_of_it in EVERYBODYS.items() if _holds(usable, all_of_it)]
        if whole:
            problems.add(name, f"holds every address of {' and '.join(whole)}, {then}")


def _nobodys(network: str) -> str:
    return next((what for wider, what in NOBODYS.items() if _spans.contains([wider], [network])), "")


def _holds(networks: list[str], all_of_it: str) -> bool:
    """Also without those that are nobody's."""
    family = ipaddress.ip_network(all_of_it).version
    same = [network for network in (*networks, *NOBODYS) if ipaddress.ip_network(network).version == family]
    return _spans.contains(same, [all_of_it])
