# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was on the node before us, or came behind our back, is refused and left as it is."""

from __future__ import annotations

import re
from typing import Any

KEEP = {"firewall_existing": "keep_aside"}
ASIDE = "/var/lib/hardened-balancer/firewall-aside"

# SSH is closed as long as theirs is away.
CLOSING = """while nft list table ip theirs; do sleep 0.05; done
nft add table inet closing
nft "add chain inet closing input { type filter hook input priority 10; }"
nft add rule inet closing input tcp dport 22 drop
until nft list table ip theirs; do sleep 0.05; done
nft delete table inet closing"""


def of_theirs(balancer: Any) -> str:
    balancer.run("nft add table ip theirs")
    balancer.run("nft 'add chain ip theirs input { type filter hook input priority 10; policy accept; }'")
    balancer.run("nft add rule ip theirs input tcp dport 9999 drop")
    return str(balancer.run("nft -s list table ip theirs"))


def test_a_firewall_of_somebody_else_is_refused(lab: Any, balancer: Any) -> None:
    before = of_theirs(balancer)

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


def test_a_firewall_of_somebody_else_is_kept_aside(lab: Any, balancer: Any) -> None:
    before = of_theirs(balancer)
    balancer.run("cp -a /etc/nftables.conf /var/tmp/as-packaged && echo '# ours' >>/etc/nftables.conf")

    foreseen = lab.site("--check", variables=KEEP)
    assert "/etc/nftables.conf, table ip theirs, is switched off with the change of ours" in " ".join(
        foreseen.output.split()
    )
    assert balancer.run("nft -s list table ip theirs") == before

    with lab.traffic(f"http://{balancer.address}/") as statuses:
        run = lab.site(variables=KEEP)
    assert set(statuses) == {200}
    told = f"kept aside: /etc/nftables.conf, table ip theirs; brought back by: (sh {ASIDE}/[0-9a-f]+/restore.sh)"
    way_back = re.search(told, " ".join(run.output.split()))
    assert way_back, run.output
    assert "table ip theirs" not in balancer.run("nft list tables")
    assert "notrack" in balancer.run("nft list table inet hardened_balancer")
    assert lab.site(variables=KEEP).changed(balancer.name) == 0
    assert lab.site().changed(balancer.name) == 0

    balancer.run(way_back[1])
    assert balancer.run("nft -s list table ip theirs") == before
    assert "# ours" in balancer.run("cat /etc/nftables.conf")
    balancer.run("nft delete table ip theirs && mv /var/tmp/as-packaged /etc/nftables.conf")


def test_what_was_kept_aside_comes_back_where_nobody_can_log_in(lab: Any, balancer: Any) -> None:
    before = of_theirs(balancer)
    balancer.run(f"systemd-run --unit closing sh -c '{CLOSING}'")
    command = lab.site_command(variables={**KEEP, "balancer_confirm_timeout": 20}, inventory=None)
    run = lab.played(command, 2, ANSIBLE_TIMEOUT="5")
    assert "The node undid it" in run.output
    assert balancer.run("nft -s list table ip theirs") == before
    assert balancer.run("nft list tables | grep -c hardened_balancer").strip() == "2"
    assert "kept aside" not in lab.site(variables={"firewall_existing": "leave"}).output
    balancer.run("nft delete table ip theirs")
    lab.site()


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
