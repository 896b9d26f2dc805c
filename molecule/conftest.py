# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab as the tests see it: machines to look into, questions to ask from outside, and the site to run again."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Callable

import pytest
import testinfra
import yaml
from testinfra.host import Host

LAB = Path(__file__).parent / "lab"


def execute(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end, whatever that is."""
    return subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True, **options)


@dataclass(frozen=True)
class Machine:
    """One container of the lab."""

    name: str
    container: str
    address: str
    ipv6: str

    @cached_property
    def inside(self) -> Host:
        """A look from inside, as root."""
        return testinfra.get_host(f"docker://{self.container}")

    def run(self, command: str) -> str:
        """What a command says that must succeed."""
        done = self.inside.run(command)
        assert done.rc == 0, f"{self.name}: {command}: exit status {done.rc}: {done.stderr or done.stdout}"
        return str(done.stdout)

    def haproxy(self, command: str) -> str:
        """What the running HAProxy answers on its runtime socket; empty if none runs."""
        talk = "s = __import__('socket').socket(1); s.connect('/run/haproxy/admin.sock'); "
        talk += f"s.sendall({command!r}.encode() + b'\\n'); print(s.makefile().read())"
        return str(self.inside.run("python3 -c %s", talk).stdout)

    @property
    def running_digest(self) -> str:
        """Digest of the configuration that the running HAProxy names; empty if none runs."""
        found = re.search(r"^description: hardened\.balancer (\w+)", self.haproxy("show info"), re.MULTILINE)
        return found.group(1) if found else ""

    @property
    def worker_pid(self) -> str:
        """The process that takes connections; a reload makes another."""
        found = re.search(r"^Pid: (\d+)", self.haproxy("show info"), re.MULTILINE)
        return found.group(1) if found else ""

    @property
    def tree_in_force(self) -> str:
        """Directory that the link to the configuration points into."""
        return str(Path(self.run("readlink -f /etc/haproxy/haproxy.cfg").strip()).parent)


@dataclass(frozen=True)
class Answer:
    """Answer to one HTTP request."""

    status: int
    headers: dict[str, str]
    body: str


@dataclass(frozen=True)
class Run:
    """Outcome of one run of a playbook."""

    code: int
    output: str

    def changed(self, host: str) -> int:
        """How many tasks changed something on a host."""
        found = re.search(rf"^{host}\s+: .*\bchanged=(\d+)", self.output, re.MULTILINE)
        assert found, f"no summary of {host} in:\n{self.output}"
        return int(found.group(1))


@dataclass(frozen=True)
class Lab:
    """All machines of a scenario."""

    scenario: Path
    state: Path
    machines: dict[str, Machine]
    balancers: list[str]
    environment: dict[str, str] = field(repr=False)

    def __getitem__(self, name: str) -> Machine:
        return self.machines[name]

    def on_client(self, *command: str) -> list[str]:
        """A command, to be run on the client."""
        return ["docker", "exec", self["client"].container, *command]

    def ask(self, url: str, *options: str) -> Answer:
        """One request from the client, with curl's options."""
        done = execute(self.on_client("curl", "-sS", "--http1.1", "--include", "--max-time", "10", *options, url))
        assert done.returncode == 0, f"{url}: {done.stderr}"
        head, _, body = done.stdout.partition("\n\n")
        status, *lines = head.splitlines()
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        return Answer(int(status.split()[1]), headers, body.strip())

    @contextlib.contextmanager
    def traffic(self, url: str) -> Iterator[list[int]]:
        """Requests one after the other; the statuses of the answers are there when it ends (0: no answer)."""
        loop = "rm -f /tmp/stop; until [ -e /tmp/stop ]; do curl -s -o /dev/null -m 10 -w '%{http_code} ' $0; done"
        statuses: list[int] = []
        with subprocess.Popen(self.on_client("sh", "-c", loop, url), stdout=subprocess.PIPE, text=True) as asking:
            try:
                yield statuses
            finally:
                self["client"].run("touch /tmp/stop")
                statuses += [int(status) for status in asking.communicate(timeout=30)[0].split()]

    def spread(self, url: str, requests: int = 20) -> dict[str, int]:
        """How often each worker answers, one connection for each request."""
        return dict(Counter(self.ask(url).body for _ in range(requests)))

    def open_ports(self, address: str) -> set[int]:
        """TCP ports that answer the client, of all that there are."""
        scan = "nmap -n -Pn -p- --min-rate 30000 --max-retries 1 -oG - --open"
        six = "-6 " if ":" in address else ""
        report = self["client"].run(f"{scan} {six}{address}")
        return {int(port) for port in re.findall(r"(\d+)/open/tcp", report)}

    def ssh(
        self, user: str, machine: Machine, command: str, *options: str, to: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """A command over SSH, from the machine that runs the tests, with ssh's options; or a connection on to `to`."""
        known = f"UserKnownHostsFile={self.state}/known_hosts"
        always = ["BatchMode=yes", "IdentitiesOnly=yes", "ConnectTimeout=10", known]
        words = [word for option in (*always, *options) for word in ("-o", option)]
        key = str(self.state / "key")
        words += ["-W", to] if to else []
        return execute(
            ["ssh", "-F", "/dev/null", "-i", key, *words, f"{user}@{machine.address}", *([] if to else [command])]
        )

    def ssh_audit(self, machine: Machine, *options: str) -> subprocess.CompletedProcess[str]:
        """The report of a scanner that is not ours; 0 is a server without a warning, or one that passes the policy."""
        return execute(["ssh-audit", "--no-colors", "--skip-rate-test", *options, machine.address])

    def site_command(self, *arguments: str, variables: dict[str, Any] | None, inventory: str | None) -> list[str]:
        """The command that runs the site on this scenario's inventory, with more variables and inventory."""
        command = ["ansible-playbook", f"--inventory={LAB}/inventory", f"--inventory={self.scenario}/inventory"]
        if inventory is not None:
            more = self.state / "more.yml"
            more.write_text(inventory)
            command.append(f"--inventory={more}")
        if variables is not None:
            command.append(f"--extra-vars={json.dumps(variables)}")
        return [*command, *arguments, "hardened.balancer.site"]

    def site(
        self,
        *arguments: str,
        variables: dict[str, Any] | None = None,
        inventory: str | None = None,
        code: int = 0,
    ) -> Run:
        """One run of the site that ends as told (0: success, 2: failed)."""
        command = self.site_command(*arguments, variables=variables, inventory=inventory)
        return self.played(command, code)

    def played(self, command: list[str], code: int = 0, **environment: str) -> Run:
        """One run of a playbook that ends as told, with more in its environment."""
        done = execute(command, env={**self.environment, **environment})
        run = Run(done.returncode, done.stdout + done.stderr)
        assert run.code == code, run.output
        return run

    def verify(self) -> dict[str, str]:
        """The verify of the default scenario, in a process of its own: outcome by name of the test."""
        tests = LAB.parent / "default/tests/verify"
        command = ["pytest", "-q", "-rA", "--tb=no", str(tests)]
        done = execute(command, env=self.environment, cwd=self.scenario)
        found = re.findall(r"^(PASSED|FAILED|ERROR) \S+::(\w+)", done.stdout, re.MULTILINE)
        assert found, done.stdout + done.stderr
        return {name: outcome for outcome, name in found}


def _machines(inventory: Path) -> dict[str, Machine]:
    """Machines of the lab's inventory, whatever the depth of their group."""
    lab = yaml.safe_load(inventory.read_text())["lab"]

    def hosts(group: dict[str, Any]) -> dict[str, dict[str, str]]:
        found = dict(group.get("hosts", {}))
        for child in group.get("children", {}).values():
            found.update(hosts(child))
        return found

    def machine(name: str, host: dict[str, str]) -> Machine:
        return Machine(name, f"{lab['vars']['lab_name']}-{name}", host["ansible_host"], host["lab_ipv6"])

    return {name: machine(name, host) for name, host in hosts(lab).items()}


def _open_lab() -> Lab:
    scenario = Path(os.environ["MOLECULE_SCENARIO_DIRECTORY"])
    inventory = yaml.safe_load((scenario / "inventory/hosts.yml").read_text())
    return Lab(
        scenario=scenario,
        state=Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]),
        machines=_machines(LAB / "inventory/hosts.yml"),
        balancers=list(inventory["balancers"]["hosts"]),
        environment={**os.environ, "ANSIBLE_FORCE_COLOR": "0", "ANSIBLE_NOCOLOR": "1", "PYTHONUNBUFFERED": "1"},
    )


@pytest.fixture(scope="session")
def lab() -> Lab:
    """The machines of the scenario."""
    return _open_lab()


@pytest.fixture(scope="session")
def eventually() -> Callable[[Callable[[], Any], Any], None]:
    """Waits, within generous bounds, until a question is answered as told."""

    def wait(question: Callable[[], Any], wanted: Any) -> None:
        answer = question()
        for _ in range(60):
            if answer == wanted:
                return
            time.sleep(1)
            answer = question()
        assert answer == wanted

    return wait


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that names a balancer runs once for each balancer of the scenario."""
    if "balancer" in metafunc.fixturenames:
        lab = _open_lab()
        metafunc.parametrize("balancer", [lab[name] for name in lab.balancers], ids=lab.balancers)
