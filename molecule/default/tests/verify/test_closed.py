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
