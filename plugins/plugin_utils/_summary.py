# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run ends with: a few lines that a person can read, made of what the proof saw. PRIVATE to the collection."""

from __future__ import annotations

import typing as t


def summary(proof: dict[str, t.Any], plan: dict[str, t.Any]) -> list[str]:
    seen = proof["summary"]
    networks = ", ".join(plan["management_networks"]) or "anywhere (set balancer_management_networks to narrow it)"
    lines = [
        f"{plan['name']}: {proof['msg']}",
        f"open to other machines: {_open(seen['open'])}",
        f"SSH from: {networks}",
    ]
    lines += _ports(seen["ssh_ports"], plan["ssh"], proof.get("tried") or {}) if plan["ssh"].get("port") else []
    lines += [f"connection tracking: {plan['firewall']['tracking']}"] if "firewall" in plan else []
    others = plan["node"].get("firewalls")
    if others and plan.get("existing_firewall") == "leave":
        left = "; ".join(f"{one['name']} ({one['detail']})" for one in others)
        lines.append(f"left beside our firewall: {left}")
    for one in seen.get("kept_aside", []):
        lines.append(f"kept aside: {', '.join(one['names'])}; brought back by: sh {one['place']}/restore.sh")
    lines += [f"log in as: {', '.join(a['name'] for a in plan['administrators'])}"]
    if plan["ssh"]["keys_left_out"]:
        left_out = ", ".join(plan["ssh"]["keys_left_out"])
        lines.append(f"host keys that SSH does not offer any more, though they are still there: {left_out}")
    lines.append(f"settings of the kernel: {_kernel(plan['baseline'])}")
    lines.append(f"updates by itself: {_updates(plan['baseline'])}")
    if plan["node"]["user"] != plan["login"]:
        lines.append(f"from now on connect as {plan['login']}: set ansible_user: {plan['login']}")
    if seen.get("until_restart"):
        lines.append(f"HAProxy keeps until its next restart, and needs no more: {', '.join(seen['until_restart'])}")
    planned = {backend["name"] for backend in plan["backends"]}
    return lines + [_backend(backend) for backend in seen["backends"] if backend["name"] in planned]


def _ports(listening: list[int], ssh: dict[str, t.Any], tried: dict[str, t.Any]) -> list[str]:
    lines = [f"SSH listens on: {_numbers(listening)}"]
    if ssh["waits"]:
        lines.append(
            f"to end the move of SSH: set ansible_port: {ssh['port']} in the inventory; "
            f"the next run, which comes over it, closes {_numbers(ssh['waits'])}"
        )
    if tried.get("problem"):
        lines.append(
            f"a login over port {tried['port']} from here failed ({tried['problem']}); the node has it open, "
            "so look at what is between, and at what the client knows the node by"
        )
    elif tried:
        lines.append(f"a login over port {tried['port']} from here works")
    return lines


def _numbers(ports: list[int]) -> str:
    return ", ".join(map(str, ports)) or "nothing"


def _kernel(baseline: dict[str, t.Any]) -> str:
    ours = baseline["settings"] - baseline["fixed"]
    others = [(baseline["fixed"], "cannot be set here"), (baseline["of_the_host"], "are the host's")]
    return ", ".join([f"{ours} in force", *(f"{count} {why}" for count, why in others if count)])


def _updates(baseline: dict[str, t.Any]) -> str:
    if baseline["updates"] == "none":
        return "none (baseline_updates)"
    reboot = f", reboot at {baseline['reboot_at']} if one is needed" if baseline["reboot_at"] else ", no reboot"
    return f"{baseline['updates']}, daily at {baseline['updates_at']}{reboot}"


def _open(listening: list[dict[str, t.Any]]) -> str:
    found = sorted({(one["port"], one["protocol"], one["process"], _from(one)) for one in listening})
    return ", ".join(f"{port}/{protocol} ({process}{by})" for port, protocol, process, by in found) or "nothing"


def _from(one: dict[str, t.Any]) -> str:
    """SSH has a line of its own."""
    sources = one.get("sources")
    return "" if sources is None or one["process"] == "sshd" else f", from {', '.join(sources)}"


def _backend(seen: dict[str, t.Any]) -> str:
    named = ", ".join(seen["named"]) + (", ..." if seen["serving"] > len(seen["named"]) else "")
    tail = f"; not serving: {', '.join(seen['away'])}" if seen["away"] else ""
    by = f" ({named})" if named else ""
    return f"backend {seen['name']}: {seen['serving']} of {seen['workers']} workers serve{by}{tail}"
