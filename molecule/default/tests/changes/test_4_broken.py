# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verify of this scenario finds what is broken: it fails and names it, and nothing else."""

from __future__ import annotations

from typing import Any

DROP_IN = "/etc/ssh/sshd_config.d/00-hardened-balancer.conf"


def break_the_weights(balancer: Any) -> None:
    balancer.haproxy("set weight web_workers/worker1 50%")


def open_a_port(balancer: Any) -> None:
    balancer.run("nft flush chain inet hardened_balancer input")
    balancer.run("nft add rule inet hardened_balancer input accept")
    balancer.run("systemd-run --unit stranger python3 -m http.server 8080 --bind 0.0.0.0")


def track_the_service(balancer: Any) -> None:
    balancer.run("nft flush chain inet hardened_balancer untracked_out")


def let_the_banned_in(balancer: Any) -> None:
    balancer.run("nft flush chain inet hardened_balancer_bans prerouting")


def let_root_in(balancer: Any) -> None:
    balancer.run(f"sed -i -e 's/^PermitRootLogin .*/PermitRootLogin yes/' -e '/^AllowGroups/d' {DROP_IN}")
    balancer.run("systemctl reload ssh")


def accept_passwords(balancer: Any) -> None:
    lines = "-e 's/^PasswordAuthentication .*/PasswordAuthentication yes/' -e '/^AuthenticationMethods/d'"
    balancer.run(f"sed -i {lines} {DROP_IN}")
    balancer.run("systemctl reload ssh")


def forget_haproxy_at_boot(balancer: Any) -> None:
    balancer.run("systemctl disable haproxy")


NAMED_BY = {
    break_the_weights: "test_each_worker_answers_half_of_the_requests",
    open_a_port: "test_only_ssh_and_http_answer",
    track_the_service: "test_the_service_is_not_tracked",
    let_the_banned_in: "test_who_is_banned_is_dropped_first",
    let_root_in: "test_root_is_refused",
    accept_passwords: "test_a_password_is_refused",
    forget_haproxy_at_boot: "test_haproxy_runs_and_is_there_after_a_boot",
}


def test_a_ban_is_not_a_breakage_and_outlives_a_run(lab: Any, balancer: Any) -> None:
    client = lab["client"].address
    balancer.run(f"nft add element inet hardened_balancer_bans ban4 '{{ {client} timeout 1h }}'")
    assert lab.open_ports(balancer.address) == set()
    assert lab.site().changed(balancer.name) == 0
    balancer.run("systemctl reload hardened-balancer-firewall")
    assert lab.open_ports(balancer.address) == set()
    balancer.run(f"nft delete element inet hardened_balancer_bans ban4 '{{ {client} }}'")
    assert lab.open_ports(balancer.address) == {22, 80}


def test_verify_names_each_breakage(lab: Any, balancer: Any) -> None:
    for breakage in NAMED_BY:
        breakage(balancer)
    outcome = lab.verify()
    assert {name for name, result in outcome.items() if result != "PASSED"} == set(NAMED_BY.values())


def test_the_next_run_mends_all_of_them(lab: Any, balancer: Any) -> None:
    balancer.run("systemctl stop stranger")
    lab.site()
    assert set(lab.verify().values()) == {"PASSED"}
