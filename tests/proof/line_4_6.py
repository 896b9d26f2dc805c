# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Worker death with three and ten workers: what clients saw, and how long until it is out, beside a bare `check`.

One of the workers becomes ill for some seconds and well again. Each rival is a frontend of its own with the same
workers behind it, under its own clients (GET, kept connections and new ones) at the same time.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import time
import typing as t

from tests.proof.client import Load
from tests.proof.lab import Lab, Machine
from tests.proof.watch import Servers

SECONDS = 5400
ROUNDS = int(os.environ.get("PROOF_ROUNDS", "3"))
ILL = 12.0
WELL = 20.0
CLIENTS = {"keepalive": 6, "closing": 3, "pause": 0.02}
SIZES = (3, 10)
CHECK = {"type": "http", "uri": "/"}
RETRY = "conn-failure empty-response junk-response response-timeout 500 502 503 504"
Row = dict[str, t.Any]

# What is repeated is harmless to repeat: GET and HEAD have no body.
RIVALS: dict[str, Row] = {
    "nothing but check": {
        "options": [{"no": "redispatch"}],
        "default_server": {"inter": "2s", "fastinter": "2s", "fall": 3, "rise": 2},
    },
    "the defaults": {},
    "checked by a request": {"check": CHECK},
    "and tried again": {
        "check": {**CHECK, "inter": "1s", "fastinter": "250ms", "fall": 2},
        "options": ["redispatch 1"],
        "retry_on": RETRY,
        "timeout": {"server": "3s", "check": "1s"},
        "default_server": {"observe": "layer7", "error_limit": 5, "on_error": "mark-down"},
        "http_request": [{"disable_l7_retry": True, "unless": {"method": ["GET", "HEAD"]}}],
    },
}
AIMED = "and tried again"
FAULTS = ("SIGKILL", "SIGSTOP", "500s", "reset", "slow")


def section(rival: str, size: int) -> str:
    return f"r{list(RIVALS).index(rival)}_{size}"


def port(rival: str, size: int) -> int:
    return 8100 + 10 * SIZES.index(size) + list(RIVALS).index(rival)


def variables(lab: Lab) -> Row:
    frontends, backends = [], []
    for size in SIZES:
        servers = [{"name": f"w{i}", **place(lab, i)} for i in range(size)]
        for rival, more in RIVALS.items():
            name = section(rival, size)
            binds = [{"port": port(rival, size)}]
            frontends.append({"name": f"f_{name}", "binds": binds, "default_backend": name})
            backends.append({"name": name, "servers": servers, **more})
    return {"haproxy_frontends": frontends, "haproxy_backends": backends}


def place(lab: Lab, number: int) -> Row:
    """So many applications on three machines, each with a port of its own."""
    return {"address": lab.workers[number % 3].address, "port": 8200 + number}


def serve(lab: Lab, number: int) -> None:
    lab.serve(lab.workers[number % 3], 8200 + number, name=f"w{number}")


def make_ill(lab: Lab, fault: str) -> None:
    worker, at = lab.workers[0], 8200
    if fault.startswith("SIG"):
        lab.signal(worker, fault.removeprefix("SIG"), at)
    else:
        lab.mode(worker, fault.removesuffix("s"), at)


def make_well(lab: Lab, fault: str) -> None:
    worker, at = lab.workers[0], 8200
    if fault == "SIGKILL":
        serve(lab, 0)
    elif fault == "SIGSTOP":
        lab.signal(worker, "CONT", at)
    else:
        lab.mode(worker, "ok", at)


def once(lab: Lab, balancer: Machine, fault: str, size: int) -> dict[str, Row]:
    """One worker ill and well again, under all rivals at once."""
    loads: dict[str, Load] = {}
    with contextlib.ExitStack() as stack:
        watch = stack.enter_context(Servers(balancer))
        for rival in RIVALS:
            how = {**CLIENTS, "port": port(rival, size)}
            loads[rival] = stack.enter_context(lab.load(balancer, **how))
        ill = time.monotonic()
        make_ill(lab, fault)
        time.sleep(ILL)
        well = time.monotonic()
        make_well(lab, fault)
        time.sleep(WELL - ILL)
    found = {}
    for rival, load in loads.items():
        server = f"{section(rival, size)}/w0"
        out = watch.first(server, False, ill)
        back = watch.first(server, True, well) if out is not None and ill + out < well else None
        row = {
            "failed": len(load.failures()),
            "requests": load.requests,
            "longest": load.longest,
            "out": out,
            "in": back,
        }
        found[rival] = {**row, "why": sorted({one["why"] for one in load.failures()})[:3]}
    return found


def middle(values: list[float | None]) -> str:
    """Median and spread; a dash where it never came to that."""
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    text = f"{statistics.median(known):.2f}"
    return text if min(known) == max(known) else f"{text} ({min(known):.2f}..{max(known):.2f})"


def main(lab: Lab) -> None:
    for number in range(max(SIZES)):
        serve(lab, number)
    for balancer in lab.balancers:
        lab.site(limit=balancer, variables=variables(lab))
        for size in SIZES:
            for fault in FAULTS:
                rounds = [once(lab, balancer, fault, size) for _round in range(ROUNDS)]
                report(lab, balancer, f"{fault}, {size} workers", rounds)


def report(lab: Lab, balancer: Machine, what: str, rounds: list[dict[str, Row]]) -> None:
    lab.print(f"\n{balancer.release}: {what}, {len(rounds)} rounds of {WELL:.0f} s; seconds are medians (least..most)")
    lab.print(f"{'':<22}{'failed of':>16}{'longest answer':>22}{'out after':>20}{'in after':>20}")
    for rival in RIVALS:
        rows = [one[rival] for one in rounds]
        failed = f"{sum(row['failed'] for row in rows)} of {sum(row['requests'] for row in rows)}"
        figures = [middle([row[key] for row in rows]) for key in ("longest", "out", "in")]
        lab.print(f"{rival:<22}{failed:>16}{figures[0]:>22}{figures[1]:>20}{figures[2]:>20}")
        if whys := sorted({why for row in rows for why in row["why"]}):
            lab.print(f"    {'; '.join(whys[:3])}")
    out = [one[AIMED]["out"] for one in rounds]
    lab.require(None not in out, f"{balancer}: {what}: the worker that is ill is left out, in each round")
    failures = sum(one[AIMED]["failed"] for one in rounds)
    lab.require(not failures, f"{balancer}: {what}: no client saw an error ({AIMED}: {failures})")
