# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The model and the rendering of one balancer with many workers: seconds and memory, each size in its own process."""

from __future__ import annotations

import json
import pathlib
import resource
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SIZES = (1_000, 10_000, 100_000)
ROUNDS = 3


def measured() -> dict[int, list[dict[str, float]]]:
    found: dict[int, list[dict[str, float]]] = {size: [] for size in SIZES}
    for _round in range(ROUNDS):
        for size in SIZES:
            done = subprocess.run([sys.executable, __file__, str(size)], check=True, capture_output=True, text=True)
            found[size].append(json.loads(done.stdout))
    return found


def once(size: int) -> dict[str, float]:
    sys.path.insert(0, str(ROOT / "collections"))
    from ansible_collections.hardened.balancer.plugins.plugin_utils._model import plan

    names = [f"w{i}" for i in range(size)]
    hosts = {name: {"ansible_host": f"198.18.{i // 250 % 250}.{i % 250 + 1}"} for i, name in enumerate(names)}
    inventory = {"name": "lb1", "groups": {"balancers": ["lb1"], "web_workers": names}, "hosts": hosts}
    workers = {"group": "web_workers", "port": 80}
    variables = {"haproxy_backends": [{"name": "web_workers", "balance": "random", "workers": workers}]}
    began = time.perf_counter()
    drafted, problems = plan.draft(variables, inventory)
    node = {**plan.stated_node(drafted), "nofile_max": 1_048_576}
    plan_made, more = plan.complete(drafted, node)
    text = "\n".join(f"{s['title']}\n{s['lines']}" for s in plan_made["sections"])
    seconds = time.perf_counter() - began
    if problems or more or text.count("\nserver ") != size:
        sys.exit(f"the model did not take {size} workers: {[*problems, *more][:3]}")
    return {"seconds": seconds, "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


if __name__ == "__main__":
    print(json.dumps(once(int(sys.argv[1]))))
