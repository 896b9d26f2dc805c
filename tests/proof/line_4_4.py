# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runtime: 1,000 servers added, weighted, removed under load by a call each, beside the bare socket; by the inventory.

Clients with short requests go to the backend that changes. The inventory's way ends with the tree on disk, and the
servers in memory, as a fresh rendering has them.
"""

from __future__ import annotations

import datetime
import json
import os
import re
import shutil
import statistics
import typing as t

import yaml

from tests.proof.lab import HERE, INVENTORY, STATE, Lab, Machine

SECONDS = 2400
COUNT = 1000
ROUNDS = int(os.environ.get("PROOF_ROUNDS", "5"))
AIM = 10.0
JSON = "ansible.posix.json"
KINDS = ("add", "weight", "remove")
CLIENTS = {"keepalive": 8, "closing": 4, "tls": 4, "h2": 2, "path": "/many/"}
Servers = dict[str, tuple[str, str, str]]


def variables(lab: Lab, count: int, weight: int, change: str = "change-0") -> dict[str, t.Any]:
    """The inventory's frontends and backends with a backend of so many servers more, and the route to it."""
    given = yaml.safe_load(INVENTORY.read_text())["balancers"]["vars"]
    frontends, backends = given["haproxy_frontends"], given["haproxy_backends"]
    frontends[0]["routes"] = [{"path_prefix": "/many", "backend": "many"}]
    frontends[0]["http_response"] = [{"set_header": {"name": "x-change", "value": change}}]
    names = [*(f"fixed{i}" for i in range(3)), *(f"more{i}" for i in range(count))]
    servers = [{"name": name, **place(lab, i), "weight": weight} for i, name in enumerate(names)]
    many = {"name": "many", "check": False, "servers": servers}
    return {"haproxy_frontends": frontends, "haproxy_backends": [*backends, many]}


def place(lab: Lab, number: int) -> dict[str, t.Any]:
    return {"address": lab.workers[number % len(lab.workers)].address, "port": 8080}


def timed(lab: Lab, balancer: Machine) -> dict[str, float]:
    """Seconds of each task of one run of servers.yml."""
    names = [{"backend": "many", "server": f"call{i}"} for i in range(COUNT)]
    (STATE / "servers.json").write_text(
        json.dumps(
            {
                "proof_added": [{**name, "state": "present", **place(lab, i)} for i, name in enumerate(names)],
                "proof_weighed": [{**name, "weight": 7} for name in names],
                "proof_removed": [{**name, "state": "absent"} for name in names],
            }
        )
    )
    words = ["-e", f"@{STATE / 'servers.json'}"]
    run = lab.playbook(HERE / "servers.yml", *words, limit=balancer, environment={"ANSIBLE_STDOUT_CALLBACK": JSON})
    tasks = json.loads(run.output[run.output.index("{\n") :])["plays"][0]["tasks"]
    found = {}
    for task in tasks:
        name, result = task["task"]["name"].lower(), task["hosts"][balancer.name]
        found[name] = seconds(task["task"]["duration"])
        if bool(result.get("changed")) is not (name in KINDS):
            lab.require(False, f"{balancer}: {name}: changed is {result.get('changed')}")
    return found


def seconds(duration: dict[str, str]) -> float:
    ends = [datetime.datetime.fromisoformat(duration[key].replace("Z", "+00:00")) for key in ("start", "end")]
    return (ends[1] - ends[0]).total_seconds()


def bare(lab: Lab, balancer: Machine) -> dict[str, float]:
    addresses = " ".join(f"{worker.address}:8080" for worker in lab.workers)
    result = json.loads(balancer.run(f"cd /proof && python3 -m tests.proof.inside.bare many {COUNT} {addresses}"))
    if result["wrong"]:
        lab.require(False, f"{balancer}: the bare socket said {result['wrong']}")
    found: dict[str, float] = result["seconds"]
    return found


def by_calls(lab: Lab, balancer: Machine) -> None:
    before = pids(balancer)
    found: dict[str, dict[str, list[float]]] = {"bare socket": {}, "one call": {}}
    with lab.load(balancer, **CLIENTS) as load:
        for _round in range(ROUNDS):
            for rival, measure in (("bare socket", bare), ("one call", timed)):
                for kind, took in measure(lab, balancer).items():
                    found[rival].setdefault(kind, []).append(took)
    lab.print(f"\n{balancer.release}: {COUNT} servers under load, {ROUNDS} rounds in turn, seconds")
    lab.print(load.table())
    nothing = statistics.median(found["one call"]["nothing"])
    lab.print(f"{'':<9}{'bare socket':>26}{'one call (a whole task)':>28}{'ratio':>8}{'less an empty task':>20}")
    for kind in KINDS:
        one, other = found["bare socket"][kind], found["one call"][kind]
        ratio = statistics.median(other) / statistics.median(one)
        less = (statistics.median(other) - nothing) / statistics.median(one)
        lab.print(f"{kind:<9}{spread(one):>26}{spread(other):>28}{ratio:>8.1f}{less:>20.1f}")
    lab.print(f"an empty task: {spread(found['one call']['nothing'])}")
    lab.print(f"a call with nothing to do: {spread(found['one call']['again'])}")
    both = [sum(statistics.median(rows[kind]) for kind in KINDS) for rows in found.values()]
    lab.require(
        both[1] <= AIM * both[0],
        f"{balancer}: all three at most {AIM:.0f} times the bare socket ({both[1] / both[0]:.1f})",
    )
    lab.require(pids(balancer) == before, f"{balancer}: no new process")
    lab.require(
        not load.failures(), f"{balancer}: no failed request of {load.requests} ({len(load.failures())} failed)"
    )


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.3f} ({min(values):.3f}..{max(values):.3f})"


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
    disk = {path: re.sub(r"\b[0-9a-f]{16}\b", "@digest@", text) for path, text in tree.items()}
    wanted = {path: text.replace("\r", "") for path, text in fresh(lab, balancer, given).items()}
    differ = sorted(path for path in {*disk, *wanted} if disk.get(path) != wanted.get(path))
    lab.require(not differ, f"{balancer}: {what}: the tree on disk equals a fresh rendering {differ or ''}")
    listed, running = on_disk(tree["haproxy.cfg"]), in_memory(balancer)
    wrong = sorted(name for name in {*listed, *running} if listed.get(name) != running.get(name))
    some = [(name, listed.get(name), running.get(name)) for name in wrong[:3]]
    lab.require(not wrong, f"{balancer}: {what}: {len(running)} servers in memory, as on disk {some or ''}")


def by_inventory(lab: Lab, balancer: Machine) -> None:
    steps = {"add": (COUNT, 10), "weight": (COUNT, 20), "remove": (0, 20)}
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
    lab.require(
        not load.failures(), f"{balancer}: no failed request of {load.requests} ({len(load.failures())} failed)"
    )
    given = variables(lab, 5, 30, "change-1")
    lab.site(limit=balancer, variables=given)
    lab.require(pids(balancer) != before, f"{balancer}: what only a reload can do is done by one")
    compare(lab, balancer, given, "a reload after it")


def main(lab: Lab) -> None:
    for balancer in lab.balancers:
        lab.site(limit=balancer, variables=variables(lab, 0, 1))
        by_calls(lab, balancer)
        by_inventory(lab, balancer)
