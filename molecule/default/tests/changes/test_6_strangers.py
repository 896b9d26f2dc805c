# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was on the node before us, or came behind our back, is refused and left as it is."""

from __future__ import annotations

from typing import Any


def test_a_firewall_of_somebody_else_is_refused(lab: Any, balancer: Any) -> None:
    balancer.run("nft add table ip theirs")
    balancer.run("nft 'add chain ip theirs input { type filter hook input priority 10; policy accept; }'")
    balancer.run("nft add rule ip theirs input tcp dport 9999 drop")
    before = balancer.run("nft -s list table ip theirs")

    run = lab.site(code=2)
    assert "has a firewall that is not ours: table ip theirs" in run.output
    assert balancer.run("nft -s list table ip theirs") == before
    assert lab.ask(f"http://{balancer.address}/").status == 200

    run = lab.site(variables={"firewall_existing": "leave"})
    assert "left beside our firewall: table ip theirs" in run.output
    assert balancer.run("nft -s list table ip theirs") == before
    assert "notrack" not in balancer.run("nft list table inet hardened_balancer")
    balancer.run("nft delete table ip theirs")
    lab.site()
    assert "notrack" in balancer.run("nft list table inet hardened_balancer")


def test_a_configuration_of_somebody_else_is_refused_or_kept_aside(lab: Any, balancer: Any) -> None:
    theirs = "global\n    maxconn 77\n"
    balancer.run("rm /etc/haproxy/haproxy.cfg")
    balancer.run(f"printf '{theirs}' > /etc/haproxy/haproxy.cfg")

    run = lab.site(code=2)
    assert "haproxy_existing_configuration: holds 'refuse'" in run.output
    assert balancer.run("cat /etc/haproxy/haproxy.cfg") == theirs
    assert lab.ask(f"http://{balancer.address}/").status == 200

    lab.site(variables={"haproxy_existing_configuration": "keep_aside"})
    assert balancer.run("cat /etc/haproxy/haproxy.cfg.before-hardened-balancer") == theirs
    assert balancer.tree_in_force == f"/etc/haproxy/trees/{balancer.running_digest}"


def test_a_port_that_somebody_holds_is_found_before_anything_changes(lab: Any, balancer: Any) -> None:
    before = balancer.tree_in_force
    balancer.run("systemd-run --unit holder python3 -m http.server 8099 --bind 0.0.0.0")
    frontend = {"name": "more", "binds": [{"port": 8099}], "default_backend": "web_workers"}
    run = lab.site(variables={"haproxy_site_more": {"frontends": [frontend]}}, code=2)
    balancer.run("systemctl stop holder")
    assert "haproxy_site_more.frontends[0].binds[0].port: holds 8099, where python3" in run.output
    assert balancer.tree_in_force == before
