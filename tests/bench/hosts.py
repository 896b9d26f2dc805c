# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests a second with 10,000 host routes: as the map that the model makes, as a chain, beside one route."""

from __future__ import annotations

import pathlib
import re
import sys
import typing as t

from tests.bench.lab import INSTALL, LAB, ROOT, ROUNDS, STATE, Row, inside, row, run, say

sys.path.insert(0, str(ROOT / "collections"))
from ansible_collections.hardened.balancer.plugins.plugin_utils._model import plan, routes

HOSTS = [f"site{i}.example.com" for i in range(10_000)]
SECONDS = 4
MACHINE = "handwritten"
# rival: (its port, the hosts that it routes, whether the model may make a map)
RIVALS: dict[str, tuple[int, list[str], bool]] = {
    "one host route": (8081, HOSTS[:1], True),
    "10,000 host routes, a map": (8082, HOSTS, True),
    "10,000 host routes, a chain": (8083, HOSTS, False),
}
GLOBAL = """global
    maxconn 2000
    nbthread 1
    default-path origin /bench/{name}
defaults
    timeout connect 3s
    timeout client 30s
    timeout server 30s
"""
LUA = """hosts = {{}}
for i = 0, {last} do hosts[i] = "site" .. i .. ".example.com" end
local at = 0
request = function()
  at = (at + 7919) % {count}
  return wrk.format("GET", "/", {{Host = hosts[at]}})
end
"""


def files(name: str) -> dict[str, str]:
    """What the model makes of it, without what only a node of its own has."""
    port, hosts, may_map = RIVALS[name]
    variables: dict[str, t.Any] = {
        "haproxy_frontends": [
            {
                "name": "web",
                "binds": [{"port": port}],
                "routes": [{"host": [host], "backend": f"b{i % 20}"} for i, host in enumerate(hosts)],
            }
        ],
        "haproxy_backends": [
            {
                "name": f"b{i}",
                "check": False,
                "servers": [{"name": "worker1", "address": "198.19.0.21", "port": 80}],
            }
            for i in range(20)
        ],
    }
    threshold, routes.MAP_FROM = routes.MAP_FROM, routes.MAP_FROM if may_map else len(hosts) + 1
    drafted, problems = plan.draft(variables, {"name": "lb1", "groups": {}, "hosts": {}})
    routes.MAP_FROM = threshold
    if problems:
        sys.exit(f"bench: the model refuses {name}: {problems[:3]}")
    kept = [s for s in drafted["sections"] if s["title"].split()[0] in ("frontend", "backend")]
    text = "".join(
        f"{s['title']}\n" + "".join(f"    {x}\n" for x in s["lines"].splitlines() if "option httplog" not in x)
        for s in kept
    )
    maps = {file["path"]: file["content"] for file in drafted["files"] if file["path"].startswith("maps/")}
    return {"haproxy.cfg": GLOBAL.format(name=port) + text, **maps}


def place(name: str) -> None:
    port = RIVALS[name][0]
    tree = STATE / "hosts" / str(port)
    for path, content in files(name).items():
        target = tree / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)
    count = len(RIVALS[name][1])
    (tree / "wrk.lua").write_text(LUA.format(last=count - 1, count=count))
    inside(MACHINE, "mkdir -p /bench")
    run("docker", "cp", pathlib.Path(tree), f"{LAB}-{MACHINE}:/bench/")
    inside(MACHINE, f"haproxy -D -p /bench/{port}.pid -f /bench/{port}/haproxy.cfg")


def rates() -> dict[str, Row]:
    say(f"10,000 host routes, {ROUNDS} rounds of {SECONDS} s each")
    inside(MACHINE, f"{INSTALL} wrk >/dev/null 2>&1")
    for name in RIVALS:
        place(name)
    found: dict[str, list[float]] = {name: [] for name in RIVALS}
    for _round in range(ROUNDS):
        for name, (port, _hosts, _map) in RIVALS.items():
            output = inside(MACHINE, f"wrk -t1 -c64 -d{SECONDS}s -s /bench/{port}/wrk.lua http://127.0.0.1:{port}/")
            if "Non-2xx" in output or "Socket errors" in output:
                sys.exit(f"bench: {name} answered with errors:\n{output}")
            rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
            found[name].append(float(rate[1]) if rate else 0.0)
    return {name: row(values) for name, values in found.items()}
