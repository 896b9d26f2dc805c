# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.hardened.balancer.plugins.plugin_utils._summary import summary

BASELINE: dict[str, t.Any] = {
    "settings": 40,
    "fixed": 0,
    "of_the_host": 0,
    "updates": "security",
    "updates_at": "06:00",
    "reboot_at": "",
}
PLAN: dict[str, t.Any] = {
    "name": "lb1",
    "management_networks": ["198.51.100.0/24"],
    "administrators": [{"name": "ops"}],
    "login": "ops",
    "ssh": {"keys_left_out": ["/etc/ssh/ssh_host_rsa_key (RSA, 3072 bits)"]},
    "node": {"user": "ops"},
    "backends": [],
    "baseline": BASELINE,
}


def test_who_may_come_is_said_where_it_is_not_everybody() -> None:
    ports: list[tuple[int, str, list[str] | None]] = [
        (22, "sshd", ["198.51.100.0/24"]),
        (80, "haproxy", None),
        (8404, "haproxy", ["203.0.113.0/24", "2001:db8::/32"]),
    ]
    seen = [{"protocol": "tcp", "port": port, "process": name, "sources": of} for port, name, of in ports]
    lines = summary({"msg": "all passed", "summary": {"open": seen, "backends": [], "ssh_ports": [22]}}, PLAN)
    assert lines == [
        "lb1: all passed",
        "open to other machines: 22/tcp (sshd), 80/tcp (haproxy), "
        "8404/tcp (haproxy, from 203.0.113.0/24, 2001:db8::/32)",
        "SSH from: 198.51.100.0/24",
        "log in as: ops",
        "host keys that SSH does not offer any more, though they are still there: "
        "/etc/ssh/ssh_host_rsa_key (RSA, 3072 bits)",
        "settings of the kernel: 40 in force",
        "updates by itself: security, daily at 06:00, no reboot",
    ]


def test_what_is_not_ours_of_the_kernel_is_counted() -> None:
    plan = {**PLAN, "baseline": {**BASELINE, "settings": 28, "fixed": 3, "of_the_host": 16, "reboot_at": "03:30"}}
    lines = summary({"msg": "", "summary": {"open": [], "backends": [], "ssh_ports": [22]}}, plan)
    assert lines[-2:] == [
        "settings of the kernel: 25 in force, 3 cannot be set here, 16 are the host's",
        "updates by itself: security, daily at 06:00, reboot at 03:30 if one is needed",
    ]
    plan["baseline"]["updates"] = "none"
    assert (
        summary({"msg": "", "summary": {"open": [], "backends": [], "ssh_ports": [22]}}, plan)[-1]
        == "updates by itself: none (baseline_updates)"
    )


def test_of_thousands_of_workers_some_are_named() -> None:
    seen = [
        {"name": "web", "workers": 3, "serving": 2, "named": ["one", "two"], "away": ["three DOWN L4CON"]},
        {"name": "many", "workers": 9000, "serving": 9000, "named": ["a", "b"], "away": []},
        {"name": "our own", "workers": 0, "serving": 0, "named": [], "away": []},
    ]
    plan = {**PLAN, "backends": [{"name": "web"}, {"name": "many"}]}
    lines = summary({"msg": "all passed", "summary": {"open": [], "backends": seen, "ssh_ports": [22]}}, plan)
    assert lines[-2:] == [
        "backend web: 2 of 3 workers serve (one, two); not serving: three DOWN L4CON",
        "backend many: 9000 of 9000 workers serve (a, b, ...)",
    ]


def test_a_move_of_ssh_says_what_comes_next() -> None:
    plan = {**PLAN, "ssh": {"keys_left_out": [], "port": 2222, "waits": [22]}}
    proof: dict[str, t.Any] = {"msg": "", "summary": {"open": [], "backends": [], "ssh_ports": [22, 2222]}}
    step = (
        "to end the move of SSH: set ansible_port: 2222 in the inventory; the next run, which comes over it, closes 22"
    )
    assert summary(proof, plan)[3:5] == ["SSH listens on: 22, 2222", step]
    works = {**proof, "tried": {"port": 2222, "problem": ""}}
    assert summary(works, plan)[5] == "a login over port 2222 from here works"
    fails = {**proof, "tried": {"port": 2222, "problem": "Connection timed out"}}
    assert summary(fails, plan)[5] == (
        "a login over port 2222 from here failed (Connection timed out); the node has it open, so look at what is "
        "between, and at what the client knows the node by"
    )
    moved = summary(
        {**proof, "summary": {**proof["summary"], "ssh_ports": [2222]}}, {**plan, "ssh": {**plan["ssh"], "waits": []}}
    )
    assert moved[3:5] == ["SSH listens on: 2222", "log in as: ops"]


def test_another_firewall_and_what_is_tracked() -> None:
    node = {"user": "ops", "firewalls": [{"name": "ufw", "detail": "active"}]}
    plan = {**PLAN, "node": node, "existing_firewall": "leave", "firewall": {"tracking": "of all connections"}}
    lines = summary({"msg": "all passed", "summary": {"open": [], "backends": []}}, plan)
    assert lines[3:5] == ["connection tracking: of all connections", "left beside our firewall: ufw (active)"]


def test_what_was_kept_aside_and_how_it_comes_back() -> None:
    node = {"user": "ops", "firewalls": [{"name": "ufw", "detail": "active"}]}
    kept = [{"names": ["ufw", "table ip filter"], "place": "/var/lib/hardened-balancer/firewall-aside/0123456789ab"}]
    seen = {"open": [], "backends": [], "kept_aside": kept}
    lines = summary({"msg": "", "summary": seen}, {**PLAN, "node": node, "existing_firewall": "keep_aside"})
    assert lines[3] == (
        "kept aside: ufw, table ip filter; "
        "brought back by: sh /var/lib/hardened-balancer/firewall-aside/0123456789ab/restore.sh"
    )
    assert not any("left beside" in line for line in lines)
