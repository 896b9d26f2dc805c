# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures the model, runs with nothing to change, and requests a second beside others; `make bench`.

Every figure is a median with its spread, of rounds in which the rivals take turns. Nothing is asserted.
"""

from __future__ import annotations

import json
import pathlib
import re
import sys
import time

from tests.bench import hosts, model
from tests.bench.lab import HERE, INSTALL, ROUNDS, SECONDS, STATE, Row, inside, playbook, row, run, say, table

MANY = 10_000
TARGETS = {
    "worker, asked directly": "198.19.0.21",
    "hand-written haproxy.cfg": "198.19.0.11",
    "this collection": "198.19.0.10",
    "nginx": "198.19.0.12",
}


def start() -> None:
    say("starting a balancer, its rivals, two workers and a client")
    playbook("molecule/lab/create.yml")
    playbook("molecule/lab/prepare.yml")
    say("provisioning the balancer")
    playbook("site.yml")
    say("setting up the rivals")
    inside("handwritten", f"{INSTALL} haproxy >/dev/null 2>&1")
    inside(
        "handwritten",
        "cat >/etc/haproxy/haproxy.cfg; systemctl restart haproxy",
        (HERE / "handwritten.cfg").read_text(),
    )
    inside("nginx", f"{INSTALL} nginx-light >/dev/null 2>&1")
    inside(
        "nginx",
        "cat >/etc/nginx/sites-available/default; systemctl restart nginx",
        (HERE / "nginx.conf").read_text(),
    )
    inside("client", f"{INSTALL} wrk >/dev/null 2>&1")


def stop() -> None:
    playbook("molecule/lab/destroy.yml")


def seconds(name: str | pathlib.Path, *options: str | pathlib.Path) -> float:
    began = time.monotonic()
    output = playbook(name, *options)
    if re.search(r"changed=[1-9]", output):
        sys.exit(f"bench: {name} changed something:\n{output}")
    return time.monotonic() - began


def runs(*options: str | pathlib.Path) -> dict[str, Row]:
    say(f"site.yml with nothing to change beside an empty play, {ROUNDS} rounds")
    rivals: dict[str, str | pathlib.Path] = {
        "empty play": HERE / "empty.yml",
        "site.yml, nothing to change": "site.yml",
    }
    found: dict[str, list[float]] = {name: [] for name in rivals}
    for _round in range(ROUNDS):
        for name, path in rivals.items():
            found[name].append(seconds(path, *options))
    return {name: row(values) for name, values in found.items()}


def many_workers() -> pathlib.Path:
    """An inventory of so many, all of them the two that are there; nobody checks them, which would be load."""
    lines = ["web_workers:", "  hosts:"]
    for i in range(MANY):
        lines.append(f"    many{i}: {{ansible_host: 198.19.0.{21 + i % 2}}}")
    lines += ["balancers:", "  vars:", "    haproxy_backends:"]
    lines.append("      - {name: web_workers, balance: random, check: false, workers: {group: web_workers, port: 80}}")
    path = STATE / "many/hosts.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path


def runs_with_many() -> dict[str, Row]:
    say(f"the same with {MANY} workers")
    inventory = many_workers()
    playbook("site.yml", "-i", inventory)
    return runs("-i", inventory)


def tasks_sent() -> int:
    """Commands that go over SSH in a run with nothing to change: one for each task that is sent, with pipelining."""
    return len(re.findall(r"SSH: EXEC ssh", playbook("site.yml", "-vvv")))


def requests() -> dict[str, dict[str, float]]:
    say(f"requests a second, wrk -t1 -c64, {ROUNDS} rounds of {SECONDS} s each")
    found: dict[str, list[float]] = {name: [] for name in TARGETS}
    for _round in range(ROUNDS):
        for name, address in TARGETS.items():
            output = inside("client", f"wrk -t1 -c64 -d{SECONDS}s http://{address}/")
            if "Non-2xx" in output or "Socket errors" in output:
                sys.exit(f"bench: {name} answered with errors:\n{output}")
            rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
            found[name].append(float(rate[1]) if rate else 0.0)
    return {name: row(values) for name, values in found.items()}


def sizes() -> dict[int, dict[str, Row]]:
    say(f"model and rendering, {model.ROUNDS} rounds")
    return {
        size: {key: row([one[key] for one in found]) for key in ("seconds", "mib")}
        for size, found in model.measured().items()
    }


def print_sizes(found: dict[int, dict[str, Row]]) -> None:
    print(f"\n{'workers':>10}{'seconds':>10}{'least':>10}{'most':>10}{'ms each':>10}{'MiB':>8}")
    for size, rows in found.items():
        time_of, mib = rows["seconds"], rows["mib"]["median"]
        figures = "".join(f"{time_of[key]:>10.2f}" for key in ("median", "least", "most"))
        print(f"{size:>10}{figures}{time_of['median'] / size * 1000:>10.3f}{mib:>8.0f}")


def main() -> None:
    STATE.mkdir(parents=True, exist_ok=True)
    found = sizes()
    print_sizes(found)
    run("molecule/lab/engine.sh")
    try:
        start()
        durations, sent = runs(), tasks_sent()
        table("seconds of a run", durations, "empty play", 2)
        print(f"tasks sent to the node by site.yml with nothing to change: {sent}", flush=True)
        rates = requests()
        table("requests a second", rates, "hand-written haproxy.cfg", 0)
        by_host = hosts.rates()
        table("requests a second by host", by_host, "one host route", 0)
        many = runs_with_many()
        table(f"seconds of a run, {MANY} workers", many, "empty play", 2)
    finally:
        stop()
    result = {
        "model": found,
        "seconds": durations,
        "seconds with many": many,
        "tasks sent": sent,
        "requests": rates,
        "requests by host": by_host,
    }
    (STATE / "bench.json").write_text(json.dumps(result, indent=2) + "\n")
    print(f"\nthe same as JSON: {(STATE / 'bench.json').relative_to(HERE.parents[1])}")


if __name__ == "__main__":
    main()
