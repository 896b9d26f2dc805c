# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From (variables, inventory, node) to a plan: `draft` without contact to the node, `complete` with its answer.

`variables` are those of one balancer whose names begin with `haproxy_` or `balancer_`, templated, their secrets split
off. `inventory` is {name, groups: {group: [host]}, hosts: {host: {variable: value}}}, as far as worker groups need it,
with what tells of ways through the node: its own addresses, ssh_arguments: [(host, variable, text)] of all hosts, and
ssh_ports: {host: port} of those that say one.
"""

from __future__ import annotations

import typing as t

from . import (
    accounts,
    aside,
    baseline,
    binds,
    content,
    firewall,
    gates,
    jumps,
    limits,
    logins,
    releases,
    sandbox,
    sections,
    ssh,
    ssh_port,
    unit,
    values,
)
from . import node as nodes
from .catalogue import version
from .hardened import ADMIN_GROUP
from .problems import Problems

Variables = dict[str, t.Any]
# What the proof asks of a listener.
PROVEN = ("frontend", "kind", "mode", "address", "low", "high", "protocol", "plain", "quiet")
# And of the packet filter.
FILTERED = ("syn_rate", "bypass", "output")


def origins(variables: Variables, inventory: dict[str, t.Any]) -> dict[tuple[str, str], str]:
    """Of each line, by the line that begins its section: the path of the key that it comes from."""
    problems = Problems()
    given = values.check(variables, problems)
    drawn = sections.draw(given, content.gather(given, variables), inventory, problems)
    return {(section.title, line.text): line.path for section in drawn.sections for line in section.lines}


def draft(variables: Variables, inventory: dict[str, t.Any]) -> tuple[dict[str, t.Any], Problems]:
    """Everything that follows from the inventory alone."""
    problems = Problems()
    given = values.check(variables, problems)
    unit.check(given.get("haproxy_unit") or {}, problems)
    listed = content.gather(given, variables)
    drawn = sections.draw(given, listed, inventory, problems)
    ways = jumps.ways(inventory)
    filtered, reach = firewall.draft(given, drawn.sections, problems, jumps.onward(ways))
    jumps.check(inventory["name"], ways, bool(given.get("ssh_jump_host")), problems)
    ssh_port.check(given.get("ssh_port"), drawn.listeners, problems)
    result = {
        "name": inventory["name"],
        "administrators": [{"keys": [], **a} for a in given.get("balancer_administrators") or [] if a],
        "management_networks": given.get("balancer_management_networks") or [],
        "confirm_timeout": given.get("balancer_confirm_timeout"),
        "require_healthy": given.get("balancer_require_healthy"),
        "ssh_profile": given.get("ssh_profile"),
        "ssh_jump_host": given.get("ssh_jump_host"),
        "ssh_port": given.get("ssh_port"),
        "ssh_ways": [{"path": way.path, "hops": [list(ports) for ports in way.hops]} for way in ways],
        "apply": given.get("haproxy_apply"),
        "settle_timeout": given.get("haproxy_settle_timeout"),
        "trees_kept": given.get("haproxy_trees_kept"),
        "existing_configuration": given.get("haproxy_existing_configuration"),
        "warnings_are": given.get("haproxy_warnings"),
        "own_unit": given.get("haproxy_unit") or {},
        "stated_node": given.get("haproxy_node"),
        "global": given.get("haproxy_global") or {},
        "backends": drawn.backends,
        "listeners": [listener._asdict() for listener in drawn.listeners],
        "ports": binds.open_ports(drawn.listeners),
        "firewall": filtered,
        "reach": reach,
        "existing_firewall": given.get("firewall_existing"),
        "quic": any(one.protocol == "udp" and one.kind in content.PROXIES.values() for one in drawn.listeners),
        "baseline": baseline.draft(given, drawn.listeners, inventory),
        "gates": [gate._asdict() for gate in drawn.gates],
        # As text: Ansible touches each element of what is registered again, with every task that takes it.
        "sections": [{"title": s.title, "lines": "\n".join(line.text for line in s.lines)} for s in drawn.sections],
        "files": [file._asdict() for file in drawn.files],
    }
    return result, problems


def complete(
    drafted: dict[str, t.Any], node: dict[str, t.Any], run: dict[str, bool] | None = None
) -> tuple[dict[str, t.Any], Problems]:
    """The plan. `run` ({check, baseline}) is there where the node itself answered; a stated node is not judged."""
    problems = Problems()
    haproxy = version(nodes.haproxy_version(node))
    warnings = gates.judge(drafted["gates"], nodes.haproxy_version(node), node["haproxy"].get("build"), problems)
    servers = sum(len(b["servers"].split()) + len(b["by_dns"]) for b in drafted["backends"])
    limit = limits.derive(drafted["global"], len(drafted["listeners"]), servers, node, problems)
    if run and not run["baseline"]:
        limits.judge(limit, node, problems)
    login = nodes.judge(drafted, node, run, problems) if run else None
    baseline.judge(drafted["baseline"], limit["nofile"], node, problems)
    settled, told = baseline.settle(drafted["baseline"], limit["nofile"], node)
    if login:
        accounts.judge(drafted["administrators"], node, problems)
        logins.judge(drafted, node, login, problems)
    kept_aside = aside.settle(drafted["existing_firewall"], node)
    administrators = drafted["administrators"] or ([{"name": login, "keys": []}] if login else [])
    result = {
        **drafted,
        "administrators": administrators,
        "login": login,
        "limits": limit,
        "node": node,
        "baseline": settled,
        "notes": [*warnings, *told, *nodes.notes(node), *aside.notes(kept_aside)],
        "firewall": firewall.settle(drafted["firewall"], node, drafted["existing_firewall"] == "leave"),
        "aside": kept_aside,
        "sections": sections.complete(drafted, limit["maxconn"], haproxy, node["haproxy"].get("build")),
        "ssh": ssh_port.settle(ssh.settle(drafted, node, problems), drafted, node),
    }
    result["unit"] = sandbox.derive(result["sections"], drafted["own_unit"])
    if run:
        ssh.judge_keys(result, node, problems)
        if run["baseline"] and administrators:
            nodes.judge_own_key(result, node, problems)
        ssh_port.judge(result, node, problems)
    return {**result, "proof": _proof(result)}, problems


def stated_node(drafted: dict[str, t.Any]) -> dict[str, t.Any]:
    """A node as the inventory states it, for renderings without contact."""
    stated = drafted["stated_node"]
    number = releases.HAPROXY[stated["release"]]
    build = stated.get("build") or releases.BUILDS.get(version(number))
    haproxy = {"version": number, "candidate": None, "build": build}
    return {**stated, "haproxy": haproxy}


def _bind(listener: dict[str, t.Any], node: dict[str, t.Any]) -> dict[str, t.Any]:
    """At an address that somebody else holds, nobody here could ask HAProxy."""
    away = "addresses" in node and nodes.elsewhere(binds.Listener(**listener), node)
    return {**{key: listener[key] for key in PROVEN}, **({"elsewhere": True} if away else {})}


def _proof(plan: dict[str, t.Any]) -> dict[str, t.Any]:
    return {
        "lockdown": {
            "administrators": [a["name"] for a in plan["administrators"]],
            "admin_group": ADMIN_GROUP,
            "ssh": plan["ssh"]["settings"],
            "ssh_offered": plan["ssh"]["offered"],
            "ssh_ports": {name: plan["ssh"][name] for name in ("listens", "closes")},
            "management_networks": plan["management_networks"],
            "existing_firewall": plan["existing_firewall"],
            "ports": plan["ports"],
            "baseline": baseline.proof(plan["baseline"]),
        },
        "service": {
            "firewall": {**{k: plan["firewall"][k] for k in FILTERED}, "reach": plan["reach"]},
            "binds": [_bind(listener, plan["node"]) for listener in plan["listeners"]],
            "ports": plan["ports"],
            "backends": [b for b in plan["backends"] if b["servers"]],
            "require_healthy": plan["require_healthy"],
            "journal": "log" not in plan["global"],
            "nofile": plan["limits"]["nofile"],
            "sandbox": {name: plan["unit"][name] for name in ("capabilities", "properties")},
        },
    }
