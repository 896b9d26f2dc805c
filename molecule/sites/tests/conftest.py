# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each module of tests is about the example of its name: with that one the balancers are provisioned at first."""

from __future__ import annotations

import contextlib
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

import pytest
import yaml

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "inventories/examples"
AUTHORITY = "/tmp/example-authority.pem"


@dataclass(frozen=True)
class Site:
    """An example as it is served, by two balancers that must not differ."""

    name: str
    lab: Any
    inventory: Path

    @property
    def client(self) -> Any:
        """A machine outside."""
        return self.lab["client"]

    @property
    def services(self) -> Any:
        """The machine that all daemons run on; for the balancers a client like others, when it asks them."""
        return self.lab["services"]

    @property
    def balancers(self) -> list[Any]:
        return [self.lab[name] for name in self.lab.balancers]

    @property
    def addresses(self) -> list[str]:
        return [balancer.address for balancer in self.balancers]

    def everywhere(self, question: Callable[[str], Any]) -> Any:
        """What every balancer answers; it must be the same."""
        with ThreadPoolExecutor() as pool:
            answers = list(pool.map(question, self.addresses))
        assert all(answer == answers[0] for answer in answers), answers
        return answers[0]

    def variables(self, name: str) -> Any:
        """A file of the example's group_vars."""
        return yaml.safe_load((self.inventory / f"group_vars/balancers/{name}.yml").read_text())

    def browse(self, address: str, url: str, *options: str, machine: str = "client") -> Any:
        """One request to a balancer, whatever name the URL has; certificates are verified."""
        command = ["docker", "exec", self.lab[machine].container, "curl", "-sS", "--include", "--max-time", "10"]
        command += ["--cacert", AUTHORITY, "--connect-to", f"::{address}:", *options, url]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{url}: {done.stderr}"
        head, _blank, body = done.stdout.replace("\r", "").partition("\n\n")
        status, *lines = head.splitlines()
        headers = {name.lower(): value.strip() for name, _colon, value in (line.partition(":") for line in lines)}
        return Page(int(status.split()[1]), headers, body.strip())

    def bodies(self, address: str, url: str, count: int, *options: str) -> list[str]:
        """The bodies of so many answers, one connection each."""
        one = f"curl -sS --max-time 10 --cacert {AUTHORITY} --connect-to ::{address}: {' '.join(options)} '{url}'"
        said = self.client.run(f"for i in $(seq {count}); do {one}; echo; echo --; done")
        return [body.strip() for body in str(said).split("--\n")[:count]]

    def open_ports(self, *ports: int) -> set[int]:
        """Those of the ports that are open to a client, on both balancers alike."""

        def scan(address: str) -> set[int]:
            report = self.client.run(f"nmap -n -Pn -oG - -p {','.join(map(str, ports))} {address}")
            return {int(port) for port in re.findall(r"(\d+)/open/tcp", report)}

        return set(self.everywhere(scan))

    def loopback(self, balancer: Any, url: str) -> str:
        """What a balancer answers to itself."""
        ask = f"print(__import__('urllib.request').request.urlopen('http://127.0.0.1{url}').read())"
        return str(balancer.inside.check_output("python3 -c %s", ask))

    def python(self, machine: str, program: str, *arguments: str) -> str:
        """What a program says that runs there and must succeed."""
        command = ["docker", "exec", "-i", self.lab[machine].container, "python3", "-", *arguments]
        done = subprocess.run(command, input=program, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @contextlib.contextmanager
    def hanging(self, *units: str) -> Iterator[None]:
        """While this lasts, daemons hold their ports and answer nobody, as after a loss of power or of a network."""
        names = " ".join(f"lab-{unit}" for unit in units)
        self.services.run(f"systemctl kill --kill-whom=all --signal=STOP {names}")
        try:
            yield
        finally:
            self.services.run(f"systemctl kill --kill-whom=all --signal=CONT {names}")

    @contextlib.contextmanager
    def stopped(self, *units: str) -> Iterator[None]:
        """While this lasts, daemons are not there."""
        names = " ".join(f"lab-{unit}" for unit in units)
        self.services.run(f"systemctl stop {names}")
        try:
            yield
        finally:
            self.services.run(f"systemctl start --no-block {names}")

    def session(self, machine: str, command: str) -> subprocess.Popen[str]:
        """A command that goes on there while the test does other things."""
        whole = ["docker", "exec", self.lab[machine].container, "sh", "-c", command]
        return subprocess.Popen(
            whole, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )


@dataclass(frozen=True)
class Page:
    """Answer to one HTTP request."""

    status: int
    headers: dict[str, str]
    body: str


def provision(lab: Any, inventory: Path) -> None:
    """The example's own inventory; the lab's says only how its machines are reached."""
    command = ["ansible-playbook", f"--inventory={inventory}", f"--inventory={lab.scenario.parent}/lab/inventory"]
    command.append("hardened.balancer.site")
    done = subprocess.run(
        command, env=lab.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    if done.returncode != 0:
        pytest.fail(f"{' '.join(command)}:\n{said[said.find('[ERROR]') :][:3000]}", pytrace=False)


@pytest.fixture(scope="session")
def authority(lab: Any) -> None:
    """Clients trust the authority of this run."""
    text = lab["lb1"].run("cat /etc/ssl/certs/example-authority.pem")
    for name in ("client", "services"):
        command = ["docker", "exec", "-i", lab[name].container, "sh", "-c", f"cat >{AUTHORITY}"]
        subprocess.run(command, input=text, text=True, check=True)


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest, lab: Any, authority: None) -> Site:
    """The example, in force on both balancers. What stands behind it may still be starting."""
    name = Path(request.module.__file__).stem.removeprefix("test_").replace("_", "-")
    units = getattr(request.module, "UNITS", [])
    if units:
        lab["services"].run("systemctl start " + " ".join(f"lab-{unit}" for unit in units))
    provision(lab, EXAMPLES / name)
    return Site(name, lab, EXAMPLES / name)
