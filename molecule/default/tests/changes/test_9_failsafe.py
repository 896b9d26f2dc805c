# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules that cannot be loaded leave a node closed, and within reach."""

from __future__ import annotations

from typing import Any

RULES = "/etc/hardened-balancer/firewall.nft"
UNIT = "hardened-balancer-firewall"


def test_rules_that_were_broken_by_hand_change_nothing_while_others_are_loaded(lab: Any, balancer: Any) -> None:
    balancer.run(f"echo 'table inet hardened_balancer {{' >> {RULES}")
    assert balancer.inside.run(f"systemctl restart {UNIT}").rc != 0
    assert lab.open_ports(balancer.address) == {22, 80}


def test_without_others_ssh_alone_is_open(lab: Any, balancer: Any) -> None:
    # As after a boot.
    balancer.run("nft delete table inet hardened_balancer")
    assert balancer.inside.run(f"systemctl restart {UNIT}").rc != 0
    assert lab.open_ports(balancer.address) == {22}
    assert lab.ssh("ops", balancer, "sudo -n id -un").stdout.strip() == "root"


def test_the_next_run_mends_it(lab: Any, balancer: Any) -> None:
    lab.site()
    assert lab.open_ports(balancer.address) == {22, 80}
    assert balancer.inside.service(UNIT).is_running
    assert lab.site().changed(balancer.name) == 0


def test_it_is_loaded_before_the_network(balancer: Any) -> None:
    shown = balancer.run(f"systemctl show {UNIT} --property=Before,WantedBy,DefaultDependencies").split()
    assert {"DefaultDependencies=no", "WantedBy=sysinit.target"} <= set(shown)
    assert "network-pre.target" in balancer.run(f"systemctl show {UNIT} --property=Before --value").split()
    balancer.run(f"systemd-analyze verify /etc/systemd/system/{UNIT}.service")
