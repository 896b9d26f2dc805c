# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks that are trusted: whoever trusts everybody is told the way to say so."""

from __future__ import annotations

import pytest

from ansible_collections.hardened.balancer.plugins.plugin_utils._model import sources
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.problems import Problems

MANAGEMENT, EXEMPT = "balancer_management_networks", "firewall_syn_exempt"


def told(networks: list[str | None], name: str = MANAGEMENT) -> list[str]:
    problems = Problems()
    sources.check({name: networks}, problems)
    return [str(problem) for problem in problems]


@pytest.mark.parametrize(
    "networks",
    [
        [],
        [None],
        ["198.51.100.0/24", "2001:db8::/32", "10.0.0.0/8", "169.254.0.0/16", "fe80::/10", "fd00::/8", "100.64.0.0/10"],
        ["0.0.0.0/1"],
        ["0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/4"],
        ["2000::/4"],
    ],
)
@pytest.mark.parametrize("name", [MANAGEMENT, EXEMPT])
def test_networks_of_some_are_fine(name: str, networks: list[str | None]) -> None:
    assert told(networks, name) == []


@pytest.mark.parametrize(
    ("networks", "families"),
    [
        (["0.0.0.0/0"], "IPv4"),
        (["::/0"], "IPv6"),
        (["2000::/3"], "IPv6"),
        (["2000::/4", "3000::/4"], "IPv6"),
        (["0.0.0.0/0", "2001:db8::/32", "::/0"], "IPv4 and IPv6"),
        (["0.0.0.0/1", "128.0.0.0/1"], "IPv4"),
        (["128.0.0.0/1", None, "0.0.0.0/1", "198.51.100.0/24"], "IPv4"),
        (["1.0.0.0/8", "2.0.0.0/7", "4.0.0.0/6", "8.0.0.0/5", "16.0.0.0/4", "32.0.0.0/3", "64.0.0.0/2"], ""),
        (["0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/3"], "IPv4"),
    ],
)
def test_networks_of_everybody_are_no_narrowing(networks: list[str | None], families: str) -> None:
    assert told(networks) == (
        [
            f"{MANAGEMENT}: holds every address of {families}, which leaves nobody a rate of new connections, at SSH "
            "and elsewhere; leave it out: SSH is open to all then, within a rate"
        ]
        if families
        else []
    )


def test_everybody_without_a_rate_is_said_otherwise() -> None:
    assert told(["::/0"], EXEMPT) == [
        f"{EXEMPT}: holds every address of IPv6, which leaves no rate for anybody; firewall_syn_rate: false says so"
    ]


@pytest.mark.parametrize(
    ("network", "what"),
    [
        ("224.0.0.0/4", "multicast"),
        ("239.1.0.0/16", "multicast"),
        ("ff02::/16", "multicast"),
        ("127.0.0.0/8", "loopback"),
        ("127.0.0.1/32", "loopback"),
        ("::1/128", "loopback"),
        ("0.0.0.0/32", "no address of anybody's"),
        ("::/128", "no address of anybody's"),
        ("255.255.255.255/32", "no address of anybody's"),
    ],
)
@pytest.mark.parametrize("name", [MANAGEMENT, EXEMPT])
def test_nobody_comes_from_there(name: str, network: str, what: str) -> None:
    assert told(["198.51.100.0/24", network], name) == [
        f"{name}[1]: holds '{network}', from where nobody comes to a node: it is {what}"
    ]
