# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts the engine and the machines of the proof, and stops what it started."""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import subprocess
import typing as t

from tests.proof.breaking import node
from tests.proof.lab import ENVIRONMENT, INVENTORY, STATE, Lab, LabError, execute, load_lab

ENGINE_PID = pathlib.Path("/run/docker.pid")
KEEP = "PROOF_KEEP"


def say(text: str) -> None:
    print(f"proof: {text}", flush=True)


@contextlib.contextmanager
def started(machines: bool = True) -> t.Iterator[None]:
    """What lines need, for as long as a block lasts: a certificate, and the lab's machines if one needs them."""
    STATE.mkdir(parents=True, exist_ok=True)
    make_certificate()
    with _lab() if machines else contextlib.nullcontext():
        yield


@contextlib.contextmanager
def _lab() -> t.Iterator[None]:
    """The machines; those that ran before, and an engine that did, are left."""
    answered = subprocess.run(["docker", "info"], check=False, capture_output=True).returncode == 0
    ran = answered and bool(containers())
    say("the machines run already, and stay" if ran else "starting two balancers, three workers and a client")
    try:
        execute(["molecule/lab/engine.sh"])
        create()
        yield
    finally:
        if not ran and not os.environ.get(KEEP):
            execute(["ansible-playbook", "-i", INVENTORY, "molecule/lab/destroy.yml"], code=None)
        if not answered and not os.environ.get(KEEP):
            stop_engine()


def containers() -> list[str]:
    name = load_lab().client.container.rsplit("-", 1)[0]
    return execute(["docker", "ps", "-q", "--filter", f"label=hardened-balancer={name}"]).output.split()


def stop_engine() -> None:
    if pathlib.Path("/run/systemd/system").is_dir():
        execute(["systemctl", "stop", "docker.service", "docker.socket"], code=None)
    elif ENGINE_PID.exists():
        os.kill(int(ENGINE_PID.read_text()), signal.SIGTERM)


def make_certificate() -> None:
    pem = STATE / "proof.pem"
    if pem.exists():
        return
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj /CN=proof -keyout -"
    )
    pem.write_text(subprocess.run(command.split(), check=True, env=ENVIRONMENT, capture_output=True, text=True).stdout)
    pem.chmod(0o600)


def create() -> None:
    lab = load_lab()
    lab.playbook("molecule/lab/create.yml")
    lab.playbook("molecule/lab/prepare.yml")
    # Those that are there from before have been started only.
    for balancer in lab.balancers:
        node.up_again(balancer)


def ready(lab: Lab) -> None:
    """Whatever the line before did: balancers provisioned, workers serving, the load client in its place."""
    create()
    lab.place(lab.client)
    for worker in lab.workers:
        lab.place(worker)
        worker.run("kill -KILL $(cat /proof/*.pid 2>/dev/null) 2>/dev/null || true; rm -f /proof/*.mode /proof/*.pid")
        lab.serve(worker)
    for balancer in lab.balancers:
        lab.equip(balancer)
    if lab.site(limit=",".join(map(str, lab.balancers)), code=None).code == 0:
        return
    for balancer in lab.balancers:
        try:
            lab.site(limit=balancer)
        except LabError as exc:
            say(f"{balancer} is made anew, site.yml failed: {str(exc)[-1500:]}")
            lab.renew(balancer)
