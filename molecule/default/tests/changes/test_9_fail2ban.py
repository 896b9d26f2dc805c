# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""fail2ban comes and goes with its option."""

from __future__ import annotations

from typing import Any

JAIL = "/etc/fail2ban/jail.d/hardened-balancer.local"
TABLE = "inet hardened_balancer_fail2ban"
STRANGER = "203.0.113.9"


def test_it_bans_in_a_table_of_its_own(lab: Any, balancer: Any) -> None:
    on = {"baseline_fail2ban": True, "balancer_management_networks": ["198.51.100.0/24"]}
    lab.site(variables=on)
    assert "198.51.100.0/24" in balancer.run("fail2ban-client get sshd ignoreip")
    assert "_SYSTEMD_UNIT" in balancer.run("fail2ban-client get sshd journalmatch")
    balancer.run(f"fail2ban-client set sshd banip {STRANGER}")
    assert STRANGER in balancer.run(f"nft list table {TABLE}")
    # A ban is no change of ours, and a table of bans is no firewall that stands in the way.
    again = lab.site(variables=on)
    assert [name for name in lab.balancers if again.changed(name)] == []
    assert STRANGER in balancer.run(f"nft list table {TABLE}")


def test_without_its_option_it_is_gone(lab: Any, balancer: Any) -> None:
    lab.site()
    assert not balancer.inside.file(JAIL).exists
    assert not balancer.inside.service("fail2ban").is_running
    assert not balancer.inside.service("fail2ban").is_enabled
    assert balancer.inside.run(f"nft list table {TABLE}").rc != 0
