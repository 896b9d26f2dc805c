# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Seconds of 1,000 servers added, weighted, removed: by the bare socket, a call on the node, a task of a play."""

from __future__ import annotations

import datetime
import json
import shlex
import statistics
import typing as t

from tests.proof.lab import HERE, STATE, Lab, Machine

COUNT = 1000
AIM = 10.0
KINDS = ("add", "weight", "remove")
JSON = "ansible.posix.json"
Rounds = dict[str, dict[str, list[float]]]

# The module as Ansible sends it, with its arguments in it: what the node does of a task.
SENT = "find /home /root /tmp /var/tmp -name 'AnsiballZ_[hp]*.py'"
CALL = """import json, subprocess, sys, time
found = {}
for kind, path in zip(("nothing", "add", "weight", "remove"), sys.argv[1:]):
    began = time.monotonic()
    done = subprocess.run(["python3", path], capture_output=True, text=True)
    found[kind] = time.monotonic() - began
    if kind != "nothing" and not json.loads(done.stdout or "{}").get("changed"):
        sys.exit(kind + ": " + done.stdout[-2000:] + done.stderr[-2000:])
    time.sleep(1)
print(json.dumps(found))
"""


def place(lab: Lab, number: int) -> dict[str, t.Any]:
    return {"address": lab.workers[number % len(lab.workers)].address, "port": 8080}


def lists(lab: Lab) -> list[str]:
    names = [{"backend": "many", "server": f"call{i}"} for i in range(COUNT)]
    given = {
        "proof_added": [{**name, "state": "present", **place(lab, i)} for i, name in enumerate(names)],
        "proof_weighed": [{**name, "weight": 7} for name in names],
        "proof_removed": [{**name, "state": "absent"} for name in names],
    }
    (STATE / "servers.json").write_text(json.dumps(given))
    return ["-e", f"@{STATE / 'servers.json'}"]


def sent(lab: Lab, balancer: Machine) -> list[str]:
    """Where the three calls lie on the node, after a run that leaves them there."""
    balancer.run(f"{SENT} -delete")
    options = [*lists(lab), "-e", "ansible_pipelining=false"]
    lab.playbook(HERE / "servers.yml", *options, limit=balancer, environment={"ANSIBLE_KEEP_REMOTE_FILES": "1"})
    found = [line.split(" ", 1)[1] for line in sorted(balancer.run(f"{SENT} -printf '%T@ %p\\n'").splitlines())]
    nothing, add, weight, _again, remove = found
    return [nothing, add, weight, remove]


def by_socket(lab: Lab, balancer: Machine) -> dict[str, float]:
    addresses = " ".join(f"{worker.address}:8080" for worker in lab.workers)
    result = json.loads(balancer.run(f"cd /proof && python3 -m tests.proof.inside.bare many {COUNT} {addresses}"))
    if result["wrong"]:
        lab.require(False, f"{balancer}: the bare socket said {result['wrong']}")
    found: dict[str, float] = result["seconds"]
    return found


def by_call(balancer: Machine, paths: list[str]) -> dict[str, float]:
    found: dict[str, float] = json.loads(balancer.run(f"python3 -c {shlex.quote(CALL)} {shlex.join(paths)}"))
    return found


def by_task(lab: Lab, balancer: Machine) -> dict[str, float]:
    run = lab.playbook(HERE / "servers.yml", *lists(lab), limit=balancer, environment={"ANSIBLE_STDOUT_CALLBACK": JSON})
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


def rounds(lab: Lab, balancer: Machine, count: int) -> Rounds:
    paths = sent(lab, balancer)
    found: Rounds = {"bare socket": {}, "a call on the node": {}, "a task of a play": {}}
    for _round in range(count):
        took = {
            "bare socket": by_socket(lab, balancer),
            "a call on the node": by_call(balancer, paths),
            "a task of a play": by_task(lab, balancer),
        }
        for rival, row in took.items():
            for kind, value in row.items():
                found[rival].setdefault(kind, []).append(value)
    return found


def report(lab: Lab, balancer: Machine, found: Rounds) -> None:
    sums = {rival: sum(statistics.median(row[kind]) for kind in KINDS) for rival, row in found.items()}
    lab.print(f"{'seconds':<20}" + "".join(f"{kind:>24}" for kind in KINDS) + f"{'all three':>11}{'ratio':>8}")
    for rival, row in found.items():
        figures = "".join(f"{spread(row[kind]):>24}" for kind in KINDS)
        lab.print(f"{rival:<20}{figures}{sums[rival]:>11.3f}{sums[rival] / sums['bare socket']:>8.1f}")
    tasks, call = found["a task of a play"], found["a call on the node"]
    lab.print(f"a task that does nothing: {spread(tasks['nothing'])}; one with nothing to do: {spread(tasks['again'])}")
    lab.print(f"a call that does nothing, which is Python and Ansible alone: {spread(call['nothing'])}")
    ratio = (sums["a call on the node"] - 3 * statistics.median(call["nothing"])) / sums["bare socket"]
    lab.require(
        ratio <= AIM, f"{balancer}: less that, the calls take at most {AIM:.0f} times the bare socket ({ratio:.1f})"
    )


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.3f} ({min(values):.3f}..{max(values):.3f})"
