# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runtime: 1,000 servers added, weighted, removed under load by a call each, beside the bare socket; by the inventory.

Clients with short requests go to the backend that changes. The inventory's way ends with the tree on disk, and the
servers in memory, as a fresh rendering has them.
"""

from __future__ import annotations

import os
import re
import shutil
import typing as t

import yaml

from tests.proof import calls
from tests.proof.client import Load
from tests.proof.lab import HERE, INVENTORY, STATE, Lab, Machine

SECONDS = 2400
ROUNDS = int(os.environ.get("PROOF_ROUNDS", "5"))
CLIENTS = {"keepalive": 8, "closing": 4, "tls": 4, "h2": 2, "path": "/many/"}
Servers = dict[str, tuple[str, str, str]]


def variables(lab: Lab, count: int, weight: int, change: str = "change-0") -> dict[str, t.Any]:
    """The inventory's frontends and backends with a backend of so many servers more, and the route to it."""
    given = yaml.safe_load(INVENTORY.read_text())["balancers"]["vars"]
    frontends, backends = given["haproxy_frontends"], given["haproxy_backends"]
    frontends[0]["routes"] = [{"path_prefix": "/many", "backend": "many"}]
    frontends[0]["http_response"] = [{"set_header": {"name": "x-change", "value": change}}]
    names = [*(f"fixed{i}" for i in range(3)), *(f"more{i}" for i in range(count))]
    servers = [{"name": name, **calls.place(lab, i), "weight": weight} for i, name in enumerate(names)]
    many = {"name": "many", "check": False, "servers": servers}
    # Where descriptors are the bound, as in the lab, a thousand servers more are fewer connections: a new process.
    process = {**given["haproxy_global"], "maxconn": 4000}
    return {"haproxy_global": process, "haproxy_frontends": frontends, "haproxy_backends": [*backends, many]}


def by_calls(lab: Lab, balancer: Machine) -> None:
    before = pids(balancer)
    with lab.load(balancer, **CLIENTS) as load:
        rounds = calls.rounds(lab, balancer, ROUNDS)
    lab.print(f"\n{balancer.release}: {calls.COUNT} servers under load, {ROUNDS} rounds in turn")
    lab.print(load.table())
    calls.report(lab, balancer, rounds)
    lab.require(pids(balancer) == before, f"{balancer}: no new process")
    require_served(lab, balancer, load)


def require_served(lab: Lab, balancer: Machine, load: Load) -> None:
    failed = len(load.failures())
    lab.require(not failed, f"{balancer}: no failed request of {load.requests} ({failed} failed)")


def pids(balancer: Machine) -> list[int]:
    return [process.pid for process in balancer.processes()]


def in_memory(balancer: Machine) -> Servers:
    head, *rows = [
        line.split() for line in balancer.haproxy("show servers state many").splitlines()[1:] if line.strip()
    ]
    names = head[1:]
    found = [dict(zip(names, row)) for row in rows]
    return {
        row["srv_name"]: (f"{row['srv_addr']}:{row['srv_port']}", row["srv_uweight"], row["srv_id"]) for row in found
    }


def on_disk(text: str) -> Servers:
    section = text[text.index("\nbackend many\n") + 1 :]
    section = re.split(r"\n(?=\S)", section)[0]
    found = {}
    for line in section.splitlines():
        words = line.split()
        if words[:1] == ["server"]:
            of = dict(zip(words[3:], words[4:]))
            found[words[1]] = (words[2], of.get("weight", "1"), of.get("id", ""))
    return found


def fresh(lab: Lab, balancer: Machine, given: dict[str, t.Any]) -> dict[str, str]:
    """The files as they have to be, the digest left out."""
    place = STATE / "fresh"
    shutil.rmtree(place, ignore_errors=True)
    lab.playbook(HERE / "fresh.yml", "-e", f"proof_to={place}", limit=balancer, variables=given)
    return {str(path.relative_to(place)): path.read_text() for path in place.rglob("*") if path.is_file()}


def compare(lab: Lab, balancer: Machine, given: dict[str, t.Any], what: str) -> None:
    tree = balancer.tree()
    ours = {path: text for path, text in tree.items() if not path.startswith(".")}
    disk = {path: re.sub(r"\b[0-9a-f]{16}\b", "@digest@", text) for path, text in ours.items()}
    wanted = {path: text.replace("\r", "") for path, text in fresh(lab, balancer, given).items()}
    differ = sorted(path for path in {*disk, *wanted} if disk.get(path) != wanted.get(path))
    lab.require(not differ, f"{balancer}: {what}: the tree on disk equals a fresh rendering {differ or ''}")
    listed, running = on_disk(tree["haproxy.cfg"]), in_memory(balancer)
    wrong = sorted(name for name in {*listed, *running} if listed.get(name) != running.get(name))
    some = [(name, listed.get(name), running.get(name)) for name in wrong[:3]]
    lab.require(running and not wrong, f"{balancer}: {what}: {len(running)} servers in memory, as on disk {some or ''}")


def by_inventory(lab: Lab, balancer: Machine) -> None:
    steps = {"add": (calls.COUNT, 10), "weight": (calls.COUNT, 20), "remove": (0, 20)}
    lab.site(limit=balancer, variables=variables(lab, 0, 10))
    before = pids(balancer)
    with lab.load(balancer, **CLIENTS) as load:
        for kind, (count, weight) in steps.items():
            given = variables(lab, count, weight)
            took = lab.site(limit=balancer, variables=given).seconds
            lab.print(f"\n{balancer}: {kind} by the inventory, site.yml took {took:.1f} s")
            lab.require(pids(balancer) == before, f"{balancer}: {kind}: no new process")
            compare(lab, balancer, given, kind)
            again = lab.site(limit=balancer, variables=given)
            lab.require(again.changed(balancer.name) == 0, f"{balancer}: {kind}: a following run changes nothing")
    lab.print(load.table())
    require_served(lab, balancer, load)
    given = variables(lab, 5, 30, "change-1")
    lab.site(limit=balancer, variables=given)
    lab.require(pids(balancer) != before, f"{balancer}: what only a reload can do is done by one")
    compare(lab, balancer, given, "a reload after it")


def main(lab: Lab) -> None:
    for balancer in lab.balancers:
        lab.site(limit=balancer, variables=variables(lab, 0, 1))
        by_calls(lab, balancer)
        by_inventory(lab, balancer)
