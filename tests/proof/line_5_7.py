# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""As many idle connections as memory holds, in TCP, HTTP and TLS mode, with descriptors that the role has raised.

On an emulated machine with a kernel of its own (`vm/guest.py`; PROOF_MEMORY is its MiB, PROOF_RELEASE its Debian),
where client, HAProxy and worker share the memory (`inside/idle.py`). In each mode a tenth of it is left in the end:
then the connections are counted and weighed, a sample is asked again, a new client is answered, and SSH lets in.
"""

from __future__ import annotations

import json
import os
import time
import typing as t

import yaml

from tests.proof.lab import HERE, STATE, Lab, LabError
from tests.proof.vm import node
from tests.proof.vm.guest import BOOT, MEMORY, Guest, started

SECONDS = 14400
LAB = False
RELEASE = os.environ.get("PROOF_RELEASE", "bookworm")
MODES = {"tcp": 9000, "http": 80, "tls": 443}
ECHO, WEB = 9002, 8081
MAXCONN = 400_000
# What a process may open that nobody has given more.
DISTRIBUTION = 524_288
# The request too: a hundred handshakes of an emulated machine take longer than ours has for it.
FOREVER = dict.fromkeys(("client", "server", "tunnel", "http_keep_alive", "http_request"), "1d")
# A connection to one address of the worker has a port of its own.
WORKERS = 8
RESULT = "/proof/idle.json"
GIVEN = yaml.safe_load((HERE / "vm/given.yml").read_text())
Row = dict[str, t.Any]


def variables() -> dict[str, t.Any]:
    def servers(port: int) -> list[dict[str, t.Any]]:
        return [{"name": f"w{i}", "address": f"127.0.2.{i}", "port": port} for i in range(1, WORKERS + 1)]

    return {
        **GIVEN,
        "haproxy_global": {"maxconn": MAXCONN},
        "haproxy_defaults": {"timeout": FOREVER},
        "haproxy_backends": [
            {"name": "web", "servers": servers(WEB)},
            {"name": "echo", "mode": "tcp", "servers": servers(ECHO)},
        ],
    }


def start(guest: Guest, unit: str, *words: str) -> None:
    """A process of ours with as many descriptors, that goes before HAProxy where memory ends, and lets logins pass."""
    properties = "-p LimitNOFILE=1048576 -p OOMScoreAdjust=900 -p Nice=10 -p WorkingDirectory=/proof"
    guest.run(f"systemd-run -q --unit={unit} {properties} python3 -m tests.proof.inside.idle {' '.join(words)}")


def main(lab: Lab) -> None:
    with started(RELEASE, MODES["http"], memory=MEMORY) as guest:
        node.equip(guest, (STATE / "proof.pem").read_text())
        start(guest, "proof-serve", "serve", str(ECHO), str(WEB))
        done = guest.site(variables=variables())
        lab.print(f"Debian {RELEASE}, {MEMORY} MiB, {guest.release}; the run took {done.seconds:.0f} s")
        limits(lab, guest)
        lab.print(HEAD)
        for mode, port in MODES.items():
            filled(lab, guest, mode, port)


def limits(lab: Lab, guest: Guest) -> None:
    given = int(guest.run("systemctl show --value -p LimitNOFILE haproxy"))
    runs = node.state(guest)["limits"]["open files of master and worker"]
    lab.require(
        given > DISTRIBUTION and given >= 2 * MAXCONN and set(runs) == {str(given)},
        f"{guest}: HAProxy may open {runs}, a service of the distribution's {DISTRIBUTION}",
    )
    lab.require(guest.info()["Maxconn"] == str(MAXCONN), f"{guest}: it takes {guest.info()['Maxconn']} connections")


HEAD = (
    f"{'mode':<6}{'connections':>12}{'a second':>10}{'HAProxy':>10}{'its sockets':>13}{'balancer':>10}"
    f"{'all of it':>11}  bytes for each; memory left"
)


def weighed(found: Row) -> dict[str, int]:
    """Bytes of one connection. The kernel has what no process has; half of its sockets are the other side's."""
    before, after, count = found["before"], found["after"], max(1, found["count"])
    machine = before["left"] - after["left"]
    haproxy, ours = (after[of] - before[of] for of in ("haproxy", "ours"))
    sockets = (machine - haproxy - ours) // 2
    parts = {"haproxy": haproxy, "sockets": sockets, "balancer": haproxy + sockets, "machine": machine}
    return {name: size // count for name, size in parts.items()}


def row(mode: str, found: Row) -> str:
    of, after = weighed(found), found["after"]
    left = f"{after['left'] >> 20} of {after['total'] >> 20} MiB"
    figures = f"{of['haproxy']:>10}{of['sockets']:>13}{of['balancer']:>10}{of['machine']:>11}"
    return f"{mode:<6}{found['count']:>12}{found['count'] / found['seconds']:>10.0f}{figures}  {left}"


def result(guest: Guest) -> Row:
    ask = f"cat {RESULT} 2>/dev/null || systemctl is-active proof-idle || true"
    # A login takes its time while all of this is under way.
    while (text := guest.run(ask, seconds=BOOT).strip()) == "active":
        time.sleep(20)
    if not text.startswith("{"):
        raise LabError(f"the client is {text}: {guest.run('journalctl -q -u proof-idle -n 20 -o cat')}")
    found: Row = json.loads(text)
    return found


def filled(lab: Lab, guest: Guest, mode: str, port: int) -> None:
    guest.run(f"rm -f {RESULT}; systemctl restart haproxy")
    while not node.answers(guest, MODES["http"], "GET / HTTP/1.0\r\n\r\n"):
        time.sleep(2)
    start(guest, "proof-idle", "open", mode, str(port), RESULT)
    found = result(guest)
    lab.print(row(mode, found))
    held = int(guest.info()["CurrConns"])
    lab.require(found["ended_by"] == "memory", f"{mode}: what ended it was {found['ended_by']}")
    lab.require(held >= found["count"] > 0, f"{mode}: HAProxy holds {held}, opened were {found['count']}")
    lab.require(found.get("asked_again"), f"{mode}: {found.get('asked_again')} of them are asked again and answer")
    new = node.answers(guest, MODES["http"], "GET / HTTP/1.0\r\n\r\n")
    lab.require(new, f"{mode}: a new client is answered, and SSH lets in")
    guest.run("systemctl stop proof-idle")
