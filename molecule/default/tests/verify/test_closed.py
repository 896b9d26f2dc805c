# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing but SSH and the ports of the inventory answers from outside."""

from __future__ import annotations

from typing import Any


def test_only_ssh_and_http_answer(lab: Any, balancer: Any) -> None:
    assert lab.open_ports(balancer.address) == {22, 80}


def test_only_ssh_answers_over_ipv6(lab: Any, balancer: Any) -> None:
    assert lab.open_ports(balancer.ipv6) == {22}


def test_the_firewall_drops_what_it_does_not_know(balancer: Any) -> None:
    table = balancer.run("nft list table inet hardened_balancer")
    assert "hook input" in table
    assert "policy drop" in table


def test_the_firewall_is_there_after_a_boot(balancer: Any) -> None:
    assert balancer.inside.service("hardened-balancer-firewall").is_enabled


def test_the_service_is_not_tracked(lab: Any, balancer: Any) -> None:
    for hook, port in (("untracked_in", "dport 80"), ("untracked_out", "sport 80")):
        chain = balancer.run(f"nft list chain inet hardened_balancer {hook}")
        assert f"tcp {port} notrack" in chain
        workers = sorted(lab[name].address for name in ("worker1", "worker2"))
        assert all(f"{address} . 80" in chain for address in workers)


def test_who_is_banned_is_dropped_first(balancer: Any) -> None:
    chain = balancer.run("nft -s list chain inet hardened_balancer_bans prerouting")
    assert "priority raw - 10" in chain
    assert [line.strip() for line in chain.splitlines() if "@ban" in line] == [
        "ip saddr @ban4 counter drop",
        "ip6 saddr @ban6 counter drop",
    ]
