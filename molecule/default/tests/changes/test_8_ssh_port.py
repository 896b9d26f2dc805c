# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The port of SSH moves and comes back, and there is a way in at every moment."""

from __future__ import annotations

from typing import Any

SSH = ("--tags", "ssh,firewall,proof")
MOVED = {"ssh_port": 2222}
BACK = {"ssh_port": 22}
OVER_IT = {"ansible_port": 2222}


def ways_in(lab: Any, balancer: Any) -> set[int]:
    """Ports over which the administrator gets in."""
    return {port for port in (22, 2222) if lab.ssh("ops", balancer, "true", f"Port={port}").returncode == 0}


def test_a_new_port_is_opened_beside_the_old_one(lab: Any, balancer: Any) -> None:
    said = " ".join(lab.site(*SSH, variables=MOVED).output.split())
    assert "SSH listens on: 22, 2222" in said
    assert "set ansible_port: 2222 in the inventory; the next run, which comes over it, closes 22" in said
    assert "a login over port 2222 from here works" in said
    assert ways_in(lab, balancer) == {22, 2222}
    assert lab.open_ports(balancer.address) == {22, 80, 2222}
    # As long as nobody comes over it, no run closes the old one.
    assert lab.site(*SSH, variables=MOVED).changed(balancer.name) == 0


def test_who_comes_over_the_new_port_closes_the_old_one(lab: Any, balancer: Any) -> None:
    # What only one of the two roles has done leaves a way in.
    lab.site("--tags", "firewall", variables={**MOVED, **OVER_IT})
    assert ways_in(lab, balancer) == {22, 2222}
    said = " ".join(lab.site(*SSH, variables={**MOVED, **OVER_IT}).output.split())
    assert "SSH listens on: 2222" in said
    assert "to end the move" not in said
    assert ways_in(lab, balancer) == {2222}
    assert lab.open_ports(balancer.address) == {80, 2222}
    assert lab.site(variables={**MOVED, **OVER_IT}).changed(balancer.name) == 0
    # Whoever takes the variable away moves nothing.
    assert lab.site(*SSH, variables=OVER_IT).changed(balancer.name) == 0


def test_a_port_that_is_not_let_through_is_told_and_fails_nothing(lab: Any, balancer: Any) -> None:
    """By a firewall between, say, which is another table here."""
    balancer.run(
        "nft add table inet between && nft 'add chain inet between in { type filter hook input priority -1; }'"
    )
    balancer.run("nft 'add rule inet between in iifname != lo tcp dport 22 reject with tcp reset'")
    said = " ".join(lab.site(*SSH, variables={**BACK, **OVER_IT, "firewall_existing": "leave"}).output.split())
    assert "a login over port 22 from here failed (" in said
    assert ways_in(lab, balancer) == {2222}
    balancer.run("nft delete table inet between")
    assert ways_in(lab, balancer) == {22, 2222}


def test_the_way_back_where_the_socket_starts_the_server(lab: Any, balancer: Any) -> None:
    """Whoever switches to the socket keeps the port."""
    lab.site(*SSH, variables={**MOVED, **OVER_IT})
    balancer.run("systemctl disable --now ssh.service && systemctl enable --now ssh.socket")
    assert ways_in(lab, balancer) == {2222}

    lab.site(*SSH, variables={**BACK, **OVER_IT})
    assert ways_in(lab, balancer) == {22, 2222}
    lab.site(*SSH, variables=BACK)
    assert ways_in(lab, balancer) == {22}
    assert lab.open_ports(balancer.address) == {22, 80}
    assert lab.site(*SSH, variables=BACK).changed(balancer.name) == 0

    balancer.run(
        "systemctl disable --now ssh.socket && systemctl stop ssh.service && systemctl enable --now ssh.service"
    )
    assert lab.site().changed(balancer.name) == 0
    assert ways_in(lab, balancer) == {22}
