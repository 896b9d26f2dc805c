# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures a run with nothing to change beside an empty play, and the balancer beside others; `make bench`.

Every figure is a median with its spread, of rounds in which the rivals take turns. Nothing is asserted.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).parent
STATE = ROOT / ".cache/bench"
LAB = "hardened-balancer-bench"
ROUNDS = 5
SECONDS = 5
TARGETS = {
    "worker, asked directly": "198.19.0.21",
    "hand-written haproxy.cfg": "198.19.0.11",
    "this collection": "198.19.0.10",
    "nginx": "198.19.0.12",
}
ENVIRONMENT = {
    **os.environ,
    "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
    "ANSIBLE_HOME": str(STATE / "ansible"),
    "ANSIBLE_SSH_CONTROL_PATH_DIR": str(ROOT / ".cache/cp"),
    "ANSIBLE_NOCOLOR": "1",
    "LC_ALL": "C.UTF-8",
}


def say(text: str) -> None:
    print(f"bench: {text}", flush=True)


def run(*command: str | pathlib.Path, stdin: str | None = None) -> str:
    done = subprocess.run(
        [str(word) for word in command],
        check=False,
        cwd=ROOT,
        env=ENVIRONMENT,
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        sys.exit(f"bench: {' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def playbook(name: str | pathlib.Path, *options: str) -> str:
    return run("ansible-playbook", "-i", HERE / "inventory", name, *options)


def inside(machine: str, command: str, stdin: str | None = None) -> str:
    return run("docker", "exec", "-i", f"{LAB}-{machine}", "sh", "-ec", command, stdin=stdin)


def start() -> None:
    say("starting a balancer, its rivals, two workers and a client")
    playbook("molecule/lab/create.yml")
    playbook("molecule/lab/prepare.yml")
    say("provisioning the balancer")
    playbook("site.yml")
    say("setting up the rivals")
    install = (
        "export DEBIAN_FRONTEND=noninteractive; apt-get -qq update; apt-get -qq install -y --no-install-recommends"
    )
    inside("handwritten", f"{install} haproxy >/dev/null 2>&1")
    inside(
        "handwritten",
        "cat >/etc/haproxy/haproxy.cfg; systemctl restart haproxy",
        (HERE / "handwritten.cfg").read_text(),
    )
    inside("nginx", f"{install} nginx-light >/dev/null 2>&1")
    inside(
        "nginx",
        "cat >/etc/nginx/sites-available/default; systemctl restart nginx",
        (HERE / "nginx.conf").read_text(),
    )
    inside("client", f"{install} wrk >/dev/null 2>&1")


def stop() -> None:
    playbook("molecule/lab/destroy.yml")


def row(values: list[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "least": min(values), "most": max(values), "rounds": len(values)}


def seconds(playbook_name: str | pathlib.Path) -> float:
    began = time.monotonic()
    output = playbook(playbook_name)
    if re.search(r"changed=[1-9]", output):
        sys.exit(f"bench: {playbook_name} changed something:\n{output}")
    return time.monotonic() - began


def runs() -> dict[str, dict[str, float]]:
    say(f"site.yml with nothing to change beside an empty play, {ROUNDS} rounds")
    rivals: dict[str, str | pathlib.Path] = {
        "empty play": HERE / "empty.yml",
        "site.yml, nothing to change": "site.yml",
    }
    found: dict[str, list[float]] = {name: [] for name in rivals}
    for _round in range(ROUNDS):
        for name, path in rivals.items():
            found[name].append(seconds(path))
    return {name: row(values) for name, values in found.items()}


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


def table(title: str, rows: dict[str, dict[str, float]], base: str, digits: int) -> None:
    print(f"\n{title:<32}{'median':>10}{'least':>10}{'most':>10}{'ratio':>8}   (ratio to: {base})")
    for name, values in rows.items():
        ratio = values["median"] / rows[base]["median"]
        figures = "".join(f"{values[key]:>10.{digits}f}" for key in ("median", "least", "most"))
        print(f"{name:<32}{figures}{ratio:>8.2f}")


def main() -> None:
    STATE.mkdir(parents=True, exist_ok=True)
    run("molecule/lab/engine.sh")
    try:
        start()
        durations, sent, rates = runs(), tasks_sent(), requests()
    finally:
        stop()
    table("seconds of a run", durations, "empty play", 2)
    print(f"tasks sent to the node by site.yml with nothing to change: {sent}")
    table("requests a second", rates, "hand-written haproxy.cfg", 0)
    result = {"seconds": durations, "tasks sent": sent, "requests": rates}
    (STATE / "bench.json").write_text(json.dumps(result, indent=2) + "\n")
    print(f"\nthe same as JSON: {(STATE / 'bench.json').relative_to(ROOT)}")


if __name__ == "__main__":
    main()
