# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cost of the armour: on and off in turn, requests and connections a second, latency at half load; what is tracked.

`armour.py` says what is on and what is off. A round is both, the first of them in turn; the ratio is the median of the
ratios of the rounds, so what the machine does beside it counts for both. More than 1 is faster with the armour on.
"""

from __future__ import annotations

import os
import re
import statistics
import time
import typing as t

from tests.proof.armour import OFF, ON, Armour
from tests.proof.lab import Lab, Machine

SECONDS = 2 * 3600
ROUNDS = int(os.environ.get("PROOF_ROUNDS", "12"))
# So many seconds for each measure of a round, so many requests of those that are counted.
EACH = float(os.environ.get("PROOF_EACH", "6"))
REQUESTS = int(os.environ.get("PROOF_REQUESTS", "10000"))
# The aim is told; less than the floor has to have a cause that nobody knows yet.
AIM, FLOOR = 0.98, 0.85
CONNECTIONS = 64
INSTALL = "export DEBIAN_FRONTEND=noninteractive; apt-get -qq update; apt-get -qq install -y --no-install-recommends"
# The rates are asked for each connection, and never reached: one client is all the clients here.
VARIABLES: dict[str, t.Any] = {
    "firewall_syn_rate": {"rate": 1_000_000, "burst": 1_000_000},
    "haproxy_backends": [
        {"name": "web_workers", "workers": {"group": "web_workers", "port": 80}},
        {"name": "echo", "mode": "tcp", "workers": {"group": "web_workers", "port": 9000}},
    ],
}
TICK = 100
COUNT = "cat /proc/sys/net/netfilter/nf_conntrack_count"
# A few for SSH, names and whatever else; without the bypass it is at least one for each request.
FEW = 100
# The kernel keeps the record of a closed connection for two minutes; what is there longer is of one that lasts.
FORGOTTEN = 150.0
Row = dict[str, float]


def wrk(lab: Lab, balancer: Machine, *options: str) -> Row:
    """Of one measure: so many a second, and what it cost HAProxy, in microseconds of processor time for each."""
    before = processor(balancer)
    words = " ".join(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{EACH:.0f}s", *options, f"http://{balancer.address}/"])
    output = lab.client.run(words)
    spent = processor(balancer) - before
    if "Non-2xx" in output or "Socket errors" in output:
        raise RuntimeError(f"{balancer} answered with errors:\n{output}")
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    done = re.search(r"(\d+) requests in", output)
    if not rate or not done or not int(done[1]):
        raise RuntimeError(f"wrk said:\n{output}")
    return {"a second": float(rate[1]), "processor": spent * 1e6 / int(done[1])}


def processor(balancer: Machine) -> float:
    """Seconds of all processes of HAProxy, in its own code and in the kernel's."""
    lines = balancer.run("cat /proc/[0-9]*/stat 2>/dev/null | grep -F '(haproxy)'").splitlines()
    fields = [line.rpartition(")")[2].split() for line in lines]
    return sum(int(of[11]) + int(of[12]) for of in fields) / TICK


def latency(lab: Lab, balancer: Machine, rate: float) -> Row:
    """Milliseconds of answers while so many a second are asked for, whether they come or not."""
    clients = 16
    each = max(1, round(rate / clients))
    words = f"h2load --h1 -t1 -c{clients} -n{round(each * clients * EACH)} --rps={each} --log-file=/tmp/latency"
    output = lab.client.run(f"rm -f /tmp/latency; {words} http://{balancer.address}/; cat /tmp/latency")
    rows = re.findall(r"^\d+\t(-?\d+)\t(\d+)$", output, re.MULTILINE)
    times = sorted(int(micros) / 1000 for status, micros in rows if status == "200")
    if not times or len(times) < len(rows):
        raise RuntimeError(f"{len(rows) - len(times)} of {len(rows)} answers at half load were none:\n{output[:2000]}")
    return {"median": statistics.median(times), "99 %": times[int(len(times) * 0.99)]}


def measure(lab: Lab, balancer: Machine, rate: float) -> Row:
    """All three, one after the other."""
    kept = wrk(lab, balancer)
    new = wrk(lab, balancer, "-H", "'Connection: close'")
    slow = latency(lab, balancer, rate)
    return {
        "requests a second": kept["a second"],
        "connections a second": new["a second"],
        "median ms at half load": slow["median"],
        "99 % ms at half load": slow["99 %"],
        "processor us of a request": kept["processor"],
        "processor us of a connection": new["processor"],
    }


def rounds(lab: Lab, balancer: Machine) -> list[tuple[Row, Row]]:
    """Of each round: on, off."""
    found = []
    with Armour(balancer) as armour:
        armour.wear()
        rate = wrk(lab, balancer)["a second"] / 2
        lab.print(f"\n{balancer.release}: half load is {rate:.0f} requests a second")
        for number in range(ROUNDS):
            row: dict[bool, Row] = {}
            for on in (True, False) if number % 2 else (False, True):
                armour.wear() if on else armour.take_off()
                if number < 2:
                    require_worn(lab, balancer, armour.worn(), on)
                row[on] = measure(lab, balancer, rate)
            found.append((row[True], row[False]))
    return found


def require_worn(lab: Lab, balancer: Machine, worn: dict[str, str], on: bool) -> None:
    what, wanted = ("on", ON) if on else ("off", OFF)
    said = ", ".join(f"{name} {value}" for name, value in worn.items())
    lab.require({**worn, **wanted} == worn, f"{balancer}: the armour is {what}: {said}")


def report(lab: Lab, balancer: Machine, found: list[tuple[Row, Row]]) -> None:
    lab.print(f"{balancer.release}: {len(found)} rounds of {EACH:.0f} s for each measure, medians (least..most)")
    lab.print(f"{'':<30}{'off':>26}{'on':>26}{'on beside off':>22}")
    for name in found[0][0]:
        # Of a rate more is better, of everything else less.
        rate = name.endswith("a second")
        ratios = [on[name] / off[name] if rate else off[name] / on[name] for on, off in found]
        digits = 0 if rate else 2
        cells = [spread([of[arm][name] for of in found], digits) for arm in (1, 0)]
        lab.print(f"{name:<30}{cells[0]:>26}{cells[1]:>26}{spread(ratios, 3):>22}")
        if not name.startswith(("processor", "99")):
            ratio = statistics.median(ratios)
            lab.print(f"{'aim met' if ratio >= AIM else 'AIM MISSED'}: {name}: {ratio:.3f}, the aim is {AIM}")
            lab.require(ratio >= FLOOR, f"{balancer}: {name}: {ratio:.3f} of what it is without, at least {FLOOR}")


def spread(values: t.Sequence[float], digits: int) -> str:
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}..{max(values):.{digits}f})"


def forgotten(balancer: Machine) -> int:
    """What is tracked once records of before have run out: one that ends meanwhile would hide a new one."""
    end = time.monotonic() + FORGOTTEN
    while (count := int(balancer.run(COUNT))) > FEW and time.monotonic() < end:
        time.sleep(2)
    return count


def tracked(lab: Lab, balancer: Machine, bypass: bool) -> int:
    """Connections that the kernel has a record of after so many requests, each with a connection of its own."""
    lab.site(limit=balancer, variables={**VARIABLES, "firewall_conntrack_bypass": bypass})
    before = forgotten(balancer) if bypass else int(balancer.run(COUNT))
    ask = "curl -s -o /dev/null -H 'Connection: close' -w '%{http_code}\\n'"
    answers = lab.client.run(f"{ask} 'http://{balancer.address}/?[1-{REQUESTS}]' | sort | uniq -c").split()
    more = int(balancer.run(COUNT)) - before
    lab.require(answers == [str(REQUESTS), "200"], f"{balancer}: {REQUESTS} requests were answered {answers}")
    return more


def main(lab: Lab) -> None:
    # Each by itself: with two names it is enough for the shell that the first is there, which line 5.2 leaves.
    there = "command -v wrk >/dev/null && command -v h2load >/dev/null"
    lab.client.run(f"{there} || {{ {INSTALL} wrk nghttp2-client >/dev/null 2>&1; }}")
    for balancer in lab.balancers:
        few = tracked(lab, balancer, True)
        many = tracked(lab, balancer, False)
        lab.print(
            f"{balancer.release}: {REQUESTS} requests: {few} tracked connections more with the bypass, {many} without"
        )
        lab.require(few <= FEW, f"{balancer}: with the bypass hardly any connection is tracked ({few})")
        lab.require(many >= REQUESTS, f"{balancer}: without it all are ({many})")
        lab.site(limit=balancer, variables=VARIABLES)
        report(lab, balancer, rounds(lab, balancer))
