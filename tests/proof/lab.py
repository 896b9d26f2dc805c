# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machines of the proof as a line sees them."""

from __future__ import annotations

import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import time
import typing as t
from dataclasses import dataclass, field

import yaml

from tests.proof.client import Load

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).parent
CACHE = ROOT / ".cache/proof"
# Another lab beside the first: PROOF_LAB=2 has names and a network, 198.19.2.0/24, of its own.
ANOTHER = os.environ.get("PROOF_LAB", "")
STATE = CACHE / f"lab{ANOTHER}"
GIVEN = HERE / "inventory/hosts.yml"
INVENTORY = STATE / "hosts.yml" if ANOTHER else GIVEN
NETWORK = f"198.19.{ANOTHER or 1}"
ENVIRONMENT = {
    **os.environ,
    "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
    "ANSIBLE_HOME": str(STATE / "ansible"),
    "ANSIBLE_SSH_CONTROL_PATH_DIR": str(ROOT / ".cache/cp"),
    "ANSIBLE_NOCOLOR": "1",
    "LC_ALL": "C.UTF-8",
    "PATH": f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}",
}
PLACES = {"haproxy": "/run/haproxy/admin.sock", "master": "/run/haproxy-master.sock"}
ASK = """import socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(10)
s.connect(sys.argv[1])
s.sendall(sys.stdin.buffer.read())
s.shutdown(socket.SHUT_WR)
while got := s.recv(65536): sys.stdout.buffer.write(got)
"""
PROCESSES = """import os
def read(pid, name):
    try: return open("/proc/%s/%s" % (pid, name)).read()
    except OSError: return ""
for pid in filter(str.isdigit, os.listdir("/proc")):
    if read(pid, "comm").strip() != "haproxy": continue
    kib = [line.split()[1] for line in read(pid, "status").splitlines() if line.startswith("VmRSS")]
    try: files = len(os.listdir("/proc/%s/fd" % pid))
    except OSError: continue
    print(pid, kib[0] if kib else 0, files)
"""


class LabError(Exception):
    """A command of the lab did not end as it was told to."""


class Process(t.NamedTuple):
    """One process of HAProxy, the master among them."""

    pid: int
    kib: int
    files: int


class Run(t.NamedTuple):
    """One run of a playbook."""

    code: int
    output: str
    seconds: float

    def changed(self, host: str) -> int:
        found = re.search(rf"^{host}\s+: .*\bchanged=(\d+)", self.output, re.MULTILINE)
        if not found:
            raise LabError(f"no summary of {host} in:\n{self.output}")
        return int(found[1])


def execute(
    command: t.Sequence[str | pathlib.Path],
    stdin: str | None = None,
    code: int | None = 0,
    environment: dict[str, str] | None = None,
) -> Run:
    began = time.monotonic()
    done = subprocess.run(
        [str(word) for word in command],
        check=False,
        cwd=ROOT,
        env={**ENVIRONMENT, **(environment or {})},
        input=stdin or "",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    run = Run(done.returncode, done.stdout, time.monotonic() - began)
    if code is not None and run.code != code:
        raise LabError(f"{shlex.join(map(str, command))[:300]} ended with {run.code}:\n{run.output}")
    return run


@dataclass(frozen=True)
class Machine:
    """One container of the lab."""

    name: str
    container: str
    address: str

    def __str__(self) -> str:
        return self.name

    def run(self, command: str, stdin: str | None = None, code: int | None = 0) -> str:
        return execute(["docker", "exec", "-i", self.container, "sh", "-ec", command], stdin, code).output

    def _ask(self, socket: str, command: str) -> str:
        return self.run(f"python3 -c {shlex.quote(ASK)} {PLACES[socket]}", f"{command}\n")

    def haproxy(self, command: str) -> str:
        """What the runtime socket answers."""
        return self._ask("haproxy", command)

    def master(self, command: str) -> str:
        """What the master's socket answers."""
        return self._ask("master", command)

    def info(self) -> dict[str, str]:
        pairs = (line.partition(": ") for line in self.haproxy("show info").splitlines())
        return {name: value for name, colon, value in pairs if colon}

    @property
    def digest(self) -> str:
        """The tree that the running process names; empty if it names none."""
        found = re.fullmatch(r"hardened\.balancer (\w+)", self.info().get("description", ""))
        return found[1] if found else ""

    @property
    def release(self) -> str:
        """For tables: lb1 (2.6.12)."""
        found = re.search(r"version (\d+(?:\.\d+)+)", self.run("haproxy -v"))
        return f"{self.name} ({found[1] if found else '?'})"

    def processes(self) -> list[Process]:
        lines = self.run(f"python3 -c {shlex.quote(PROCESSES)}").splitlines()
        return sorted(Process(*map(int, line.split())) for line in lines)

    def tree(self) -> dict[str, str]:
        """The files that the link leads to, by their path in the tree."""
        script = "import json, pathlib, os; top = pathlib.Path(os.path.realpath('/etc/haproxy/haproxy.cfg')).parent; "
        script += "print(json.dumps({str(p.relative_to(top)): p.read_text() for p in top.rglob('*') if p.is_file()}))"
        files: dict[str, str] = json.loads(self.run(f"python3 -c {shlex.quote(script)}"))
        return files


@dataclass
class Lab:
    """All of them, and what is done with them from here."""

    machines: dict[str, Machine]
    balancers: list[Machine]
    workers: list[Machine]
    environment: dict[str, str] = field(default_factory=lambda: dict(ENVIRONMENT), repr=False)
    missed: list[str] = field(default_factory=list)

    def __getitem__(self, name: str) -> Machine:
        return self.machines[name]

    @property
    def client(self) -> Machine:
        return self["client"]

    def print(self, text: str = "") -> None:
        print(text, flush=True)

    def require(self, met: object, what: str) -> bool:
        """One requirement; the line goes on, and has failed in the end if it was not met."""
        self.print(f"{'met   ' if met else 'MISSED'}  {what}")
        if not met:
            self.missed.append(what)
        return bool(met)

    def command(
        self,
        playbook: str | pathlib.Path,
        *options: str,
        limit: Machine | str | None = None,
        variables: dict[str, t.Any] | None = None,
        inventory: str | None = None,
    ) -> list[str]:
        command = ["ansible-playbook", "-i", str(INVENTORY)]
        if inventory is not None:
            (STATE / "more.yml").write_text(inventory)
            command += ["-i", str(STATE / "more.yml")]
        if variables is not None:
            (STATE / "more.json").write_text(json.dumps(variables))
            command += ["-e", f"@{STATE / 'more.json'}"]
        if limit is not None:
            command += ["--limit", str(limit)]
        return [*command, *options, str(playbook)]

    def playbook(
        self,
        playbook: str | pathlib.Path,
        *options: str,
        code: int | None = 0,
        environment: dict[str, str] | None = None,
        **more: t.Any,
    ) -> Run:
        return execute(self.command(playbook, *options, **more), code=code, environment=environment)

    def site(self, *options: str, code: int | None = 0, **more: t.Any) -> Run:
        return self.playbook("site.yml", *options, code=code, **more)

    def load(self, balancer: Machine, **how: t.Any) -> Load:
        """The load client, for as long as a block lasts."""
        return Load(self.client.container, {"address": balancer.address, **how})

    def serve(self, worker: Machine, port: int = 8080, *options: str, name: str = "") -> None:
        """Starts the application; with the first port of a worker the echo over TCP too."""
        echo = ["--echo", "9000"] if port == 8080 else []
        words = [
            "python3",
            "-m",
            "tests.proof.inside.worker",
            "--port",
            str(port),
            "--name",
            name or worker.name,
            *echo,
            *options,
        ]
        execute(["docker", "exec", "-d", "-w", "/proof", worker.container, *words])

    def mode(self, worker: Machine, mode: str, port: int = 8080) -> None:
        """How it answers from now on: ok, 500, reset or slow."""
        worker.run(f"echo {mode} >/proof/{port}.new; mv /proof/{port}.new /proof/{port}.mode")

    def signal(self, worker: Machine, signal: str, port: int = 8080) -> None:
        """A signal to the application; nothing happens where it does not run."""
        worker.run(f"kill -{signal} $(cat /proof/{port}.pid) 2>/dev/null || true")

    def renew(self, balancer: Machine) -> None:
        """From scratch: nothing is left of what was done to it."""
        self.bare(balancer)
        self.site(limit=balancer)

    def bare(self, balancer: Machine) -> None:
        """As a provider hands it out, but for a certificate."""
        execute(["docker", "rm", "-f", balancer.container])
        (STATE / "known_hosts").unlink(missing_ok=True)
        self.playbook("molecule/lab/create.yml")
        self.playbook("molecule/lab/prepare.yml")
        self.equip(balancer)

    def login(self, machine: Machine, command: str, *options: str, code: int | None = 0) -> Run:
        """A command over a new SSH connection, from here, as the run comes in."""
        return execute([*self.ssh(machine, *options), command], code=code)

    def ssh(self, machine: Machine, *options: str) -> list[str]:
        """The beginning of such a command, with more of ssh's options."""
        always = ["BatchMode=yes", "IdentitiesOnly=yes", "ConnectTimeout=5", "ControlPath=none"]
        always += [f"UserKnownHostsFile={STATE}/known_hosts"]
        words = [word for option in (*always, *options) for word in ("-o", option)]
        return ["ssh", "-F", "/dev/null", "-i", str(STATE / "key"), *words, f"proof@{machine.address}"]

    def place(self, machine: Machine) -> None:
        """What runs there on our side: the load client, the application, a look at the processes."""
        machine.run("mkdir -p /proof/tests/proof")
        execute(["docker", "cp", HERE / "inside", f"{machine.container}:/proof/tests/proof/"])

    def equip(self, balancer: Machine) -> None:
        """What a balancer has to have before its first run: a certificate that is a file."""
        self.place(balancer)
        balancer.run(
            "cd /etc/ssl/private 2>/dev/null || { mkdir -p -m 0710 /etc/ssl/private; cd /etc/ssl/private; }; "
            "umask 077; cat >proof.pem",
            (STATE / "proof.pem").read_text(),
        )


def moved(text: str, number: str) -> str:
    """The inventory with the names and the network of another lab."""
    if not (number.isdecimal() and 1 < int(number) < 255):
        raise LabError(f"PROOF_LAB: holds {number!r}; from 2 to 254, the third part of the lab's addresses")
    text = re.sub(r"(?m)^( *lab_state: ).*", rf"\1{STATE}", text)
    text = text.replace("hardened-balancer-proof", f"hardened-balancer-lab{number}")
    return text.replace("198.19.1.", f"198.19.{number}.")


def load_lab() -> Lab:
    """What the inventory says; nothing is started."""
    if ANOTHER:
        STATE.mkdir(parents=True, exist_ok=True)
        INVENTORY.write_text(moved(GIVEN.read_text(), ANOTHER))
    inventory = yaml.safe_load(INVENTORY.read_text())
    name = inventory["lab"]["vars"]["lab_name"]
    groups = inventory["lab"]["children"]
    hosts = {**groups["lab_nodes"]["hosts"], **groups["lab_workers"]["hosts"]}
    machines = {host: Machine(host, f"{name}-{host}", of["ansible_host"]) for host, of in hosts.items()}
    return Lab(
        machines,
        [machines[host] for host in inventory["balancers"]["hosts"] if host in os.environ.get("BALANCERS", host)],
        [machines[host] for host in inventory["web_workers"]["hosts"]],
    )
