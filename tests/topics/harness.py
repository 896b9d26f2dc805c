# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts HAProxy and everything around it in a network of its own, and does what a `requests` block says.

    python3 -m tests.topics.harness JOB.json...

Each job is a directory of configuration files for one or more balancers, a block of requests and certificates; the
answer stands beside it as JOB.result.json. The network has no other user: all addresses are on `lo`.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import csv
import json
import multiprocessing
import os
import pathlib
import re
import shlex
import socket
import subprocess
import sys
import tempfile
import time
import traceback
import typing as t

from tests.topics import judge, language
from tests.topics.client import Answer, Client, write
from tests.topics.language import Step
from tests.topics.workers import Place, Workers, tls_context

PATIENCE = 15.0
LASTING = 2.0
LIMIT = 60
IPV6 = re.compile(r"2001:db8:[0-9a-f:]*[0-9a-f]")
STATES = {
    "up": ("UP", "no check"),
    "down": ("DOWN",),
    "in maintenance": ("MAINT",),
    "not in use": ("MAINT", "DRAIN"),
}
Job = dict[str, t.Any]


class Balancer:
    """One HAProxy with its tree of files, moved to a directory of this run."""

    def __init__(
        self, name: str, home: pathlib.Path, files: dict[str, str], moved: dict[str, str], warnings: str
    ) -> None:
        self.name = name
        self.strict = ["-dW"] if warnings == "fatal" else []
        self.home = home
        self.socket = home / "admin.sock"
        self.process: subprocess.Popen[bytes] | None = None
        (home / "chroot/dev").mkdir(parents=True)
        (home / "state").write_text("1\n")
        write(home / "tree", {**files, "haproxy.cfg": self._moved(files["haproxy.cfg"], moved)})
        home.chmod(0o755)
        self.text = (home / "tree/haproxy.cfg").read_text()

    def _moved(self, text: str, moved: dict[str, str]) -> str:
        for here, there in moved.items():
            text = text.replace(here, there)
        text = re.sub(r"/etc/haproxy/trees/[0-9a-f]+", f"{self.home}/tree", text)
        text = text.replace("/var/lib/hardened-balancer/haproxy.state", str(self.home / "state"))
        text = re.sub(r"^( *chroot ).*", rf"\1{self.home}/chroot", text, flags=re.MULTILINE)
        return re.sub(r"^( *stats socket ).*", rf"\1{self.socket} mode 600 level admin", text, flags=re.MULTILINE)

    def command(self, *more: str) -> list[str]:
        return ["haproxy", *self.strict, "-f", str(self.home / "tree/haproxy.cfg"), *more]

    def check(self) -> str:
        done = subprocess.run(self.command("-c"), capture_output=True, text=True, check=False, timeout=30)
        return "" if done.returncode == 0 else f"{self.name}: haproxy -c -dW: {done.stderr}"

    def start(self) -> None:
        log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        log.bind(str(self.home / "chroot/dev/log"))
        (self.home / "chroot/dev/log").chmod(0o666)
        self.log = log
        with (self.home / "output").open("wb") as output:
            self.process = subprocess.Popen(self.command("-db"), stdout=output, stderr=output)

    def output(self) -> str:
        return (self.home / "output").read_text(errors="replace")

    def runtime(self, command: str) -> str:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(5)
            client.connect(str(self.socket))
            client.sendall(f"{command}\n".encode())
            return b"".join(iter(lambda: client.recv(65536), b"")).decode()

    def servers(self) -> list[dict[str, str]]:
        """Of all servers: backend, name, status, how the last check went, address."""
        rows = csv.DictReader(self.runtime("show stat -1 4 -1").lstrip("# ").splitlines())
        return [dict(row) for row in rows if row["svname"] not in ("FRONTEND", "BACKEND")]

    def settled(self) -> bool:
        """Each check has had its first result."""
        return all(
            row["status"].startswith(("no check", "MAINT"))
            or (row["check_status"] not in ("", "INI") and not row["check_status"].startswith("* "))
            for row in self.servers()
        )

    def begun(self) -> bool:
        return self.socket.exists() or self.ended()

    def ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def end(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def words_of(line: str) -> list[str]:
    lexer = shlex.shlex(line, posix=True)
    lexer.whitespace_split, lexer.commenters = True, "#"
    try:
        return list(lexer)
    except ValueError:
        return line.split()


def place_of(text: str) -> Place | None:
    """`address:port`, where it is an address."""
    host, colon, port = text.strip().rpartition(":")
    host = host.strip("[]").removeprefix("ipv4@").removeprefix("ipv6@").removeprefix("tcp@")
    if not colon or not port.isdigit() or not re.fullmatch(r"[0-9.]+|[0-9a-f:]*:[0-9a-f:]*", host):
        return None
    return host, int(port)


def after(words: list[str], name: str) -> str:
    return words[words.index(name) + 1] if name in words[:-1] else ""


class Stage:
    """The workers that a configuration names, and the client that asks."""

    def __init__(self, job: Job, home: pathlib.Path) -> None:
        write(home, {"authority.pem": job["authority"], "worker.pem": job["worker"]})
        write(home, {f"clients/{name}.pem": text for name, text in job["certificates"].items()})
        files = {name: str(home / f"clients/{name}.pem") for name in job["certificates"]}
        context = tls_context(str(home / "worker.pem"), str(home / "authority.pem"))
        self.workers = Workers(context, job["hosts"])
        self.client = Client(str(home / "authority.pem"), files)
        self.templates: list[tuple[str, str]] = []
        self.log_places: set[Place] = set()

    def read(self, text: str) -> None:
        """Where workers, agents, name servers and collectors of log lines have to be."""
        section, defaults, everyone = "", list[str](), list[str]()
        checked: list[str] = []
        for line in text.splitlines():
            words = words_of(line)
            if not words:
                continue
            if not line.startswith(" "):
                section, defaults, checked = words[0], [], []
            elif words[0] == "default-server":
                (everyone if section == "defaults" else defaults).extend(words[1:])
            elif words[0] in ("http-check", "tcp-check") and words[1:2] == ["connect"]:
                checked += [after(words, "port")] if after(words, "port") else []
            elif words[0] == "server" and section != "peers":
                self._server(words, [*words, *defaults, *everyone], checked)
            elif words[0] == "server-template":
                self.templates.append((words[1], words[3]))
            elif words[0] == "nameserver":
                self._name_server(words[2])
            elif words[0] == "log":
                self._log(words[1])

    def _server(self, words: list[str], parameters: list[str], ports: list[str]) -> None:
        place = place_of(words[2])
        if place is None:
            return
        self.workers.add(place, words[1])
        checked = after(parameters, "addr") or place[0]
        for port in filter(str.isdigit, [after(parameters, "port"), *ports]):
            self.workers.add((checked, int(port)), words[1])
        if after(parameters, "agent-port"):
            address = after(parameters, "agent-addr") or place[0]
            self.workers.add((address, int(after(parameters, "agent-port"))), words[1], agent=True)

    def _name_server(self, text: str) -> None:
        place = place_of(text)
        if place:
            with contextlib.suppress(OSError):
                self.workers.answer_names(place)

    def _log(self, text: str) -> None:
        place = place_of(text)
        if place and place not in self.log_places:
            self.log_places.add(place)
            server = socket.socket(socket.AF_INET6 if ":" in place[0] else socket.AF_INET, socket.SOCK_DGRAM)
            server.bind(place)
            self.workers.collect(server)

    def resolve(self, steps: list[Step]) -> None:
        """Workers stand wherever a name will ever point to."""
        records: dict[str, list[str]] = {}
        for step in steps:
            if step.kind == "dns":
                records.setdefault(step.words[0], []).extend(step.words[1].split(", "))
        for _prefix, wanted in self.templates:
            name, _colon, port = wanted.partition(":")
            for value in records.get(name, []):
                own_port, _blank, target = value.partition(" ")
                for address in records.get(target, []) if target else [own_port]:
                    if address != "gone":
                        self.workers.add((address, int(own_port if target else port)), "")


class Run:
    def __init__(self, stage: Stage, balancers: dict[str, Balancer]) -> None:
        self.stage = stage
        self.balancers = balancers
        self.last: list[Answer] = []

    def do(self, step: Step) -> list[str]:
        return getattr(self, f"do_{step.kind}")(step) or []

    # Requests

    def do_ask(self, step: Step) -> list[str]:
        workers = self.stage.workers
        logged, asked = len(workers.logs), workers.asked
        if step.at_once:
            with concurrent.futures.ThreadPoolExecutor(step.times) as pool:
                answers = list(pool.map(self.stage.client.ask, [step] * step.times))
        else:
            answers = [self.stage.client.ask(step) for _time in range(step.times)]
        before, self.last = self.last, answers
        return judge.judge(step, answers, before, lambda: workers.logs[logged:], workers.asked - asked)

    def do_session(self, step: Step) -> list[str]:
        return judge.judge(step, [self.stage.client.session(step.words[0])], [], list, 0)

    # Events

    def do_stop(self, step: Step) -> None:
        for name in step.words[0].split(", "):
            self.stage.workers.of(name)
            self.stage.workers.stop(self.stage.workers.places(name))
        for name in step.words[0].split(", "):
            self._wait(name, ("DOWN", "no check", "MAINT"))

    def do_start(self, step: Step) -> None:
        for name in step.words[0].split(", "):
            self.stage.workers.start(self.stage.workers.places(name))
        for name in step.words[0].split(", "):
            self._wait(name, ("UP", "no check", "MAINT"))

    def do_wait(self, step: Step) -> None:
        name, state = step.words
        wanted = {
            "up": ("UP", "no check"),
            "down": ("DOWN",),
            "in maintenance": ("MAINT",),
            "not in use": ("MAINT", "DRAIN"),
        }
        self._wait(name, wanted[state])

    def _wait(self, name: str, states: tuple[str, ...]) -> None:
        backend, _slash, server = name.rpartition("/")
        places = {f"{a}:{p}" for a, p in self.stage.workers.places(server)} if not backend else set()

        def reached() -> bool:
            rows = [row for balancer in self.balancers.values() for row in balancer.servers()]
            own = [
                row
                for row in rows
                if (row["pxname"] == backend and row["svname"] == server)
                or (
                    not backend and (row["svname"] == server or row["addr"].replace("[", "").replace("]", "") in places)
                )
            ]
            if not own:
                raise KeyError(f"there is no server {name}")
            return all(row["status"].split(" ")[0] in states or row["status"] in states for row in own)

        until(reached, f"{name} is not {' or '.join(states)}")

    def do_peers(self, step: Step) -> None:
        """Two that call each other at once both hang up, and call again seconds later: what lasts counts."""
        since = time.monotonic()

        def lasting() -> bool:
            nonlocal since
            if not all(linked(balancer.runtime("show peers")) for balancer in self.balancers.values()):
                since = time.monotonic()
            return time.monotonic() - since > LASTING

        until(lasting, "the peers do not meet")

    def do_pause(self, step: Step) -> None:
        time.sleep(float(step.words[0]))

    def do_dns(self, step: Step) -> None:
        name, values = step.words
        found = [] if values == "gone" else values.split(", ")
        self.stage.workers.records[name.lower()] = found

    def do_agent(self, step: Step) -> None:
        self.stage.workers.of(step.words[0]).agent = step.words[1]

    def _behaviours(self, step: Step) -> list[t.Any]:
        return [self.stage.workers.of(name) for name in step.words[0].split(", ")]

    def do_late(self, step: Step) -> None:
        for behaviour in self._behaviours(step):
            behaviour.late = float(step.words[1])

    def do_status(self, step: Step) -> None:
        for behaviour in self._behaviours(step):
            if step.words[1] == "as usual":
                behaviour.statuses.clear()
                behaviour.late = 0.0
            else:
                behaviour.statuses[step.words[2]] = int(step.words[1])

    def do_header(self, step: Step) -> None:
        for behaviour in self._behaviours(step):
            behaviour.headers.append((step.words[1], step.words[2]))

    def do_role(self, step: Step) -> None:
        self.stage.workers.of(step.words[0]).role = step.words[1]

    def do_breaks(self, step: Step) -> None:
        self.stage.workers.of(step.words[0]).breaks = int(step.words[1])

    def do_runtime(self, step: Step) -> list[str]:
        command = step.words[0]
        balancer = next(iter(self.balancers.values()))
        said = balancer.runtime(command)
        return [f"{step.text}\n    said: {said.strip()}" for _kind, words in step.expectations if words[0] not in said]


def bare(address: str) -> str:
    return address.replace("[", "").replace("]", "")


def linked(said: str) -> bool:
    return 0 < said.count("(remote,") == said.count("state=EST")


def until(reached: t.Callable[[], bool], problem: str) -> None:
    limit = time.monotonic() + PATIENCE
    while not reached():
        if time.monotonic() > limit:
            raise TimeoutError(problem)
        time.sleep(0.05)


BEFORE = ("dns", "agent", "status", "header", "role", "late")


def perform(job: Job, home: pathlib.Path) -> list[str]:
    """What went otherwise than the page says; empty where all is as it says."""
    steps = language.read(job["requests"])
    balancers = {}
    for name, files in job["balancers"].items():
        moved = {}
        for number, (path, content) in enumerate(job["node_files"].items()):
            moved[path] = str(home / f"node/{number}.pem")
            write(home, {f"node/{number}.pem": content})
        balancers[name] = Balancer(name, home / name, files, moved, job["warnings"])
    network(job["requests"] + "".join(balancer.text for balancer in balancers.values()))
    wrong = [problem for balancer in balancers.values() if (problem := balancer.check())]
    if wrong or not steps:
        return wrong
    stage = Stage(job, home)
    for balancer in balancers.values():
        stage.read(balancer.text)
    stage.resolve(steps)
    stage.workers.start(list(stage.workers.names))
    run = Run(stage, balancers)
    first = next((i for i, step in enumerate(steps) if step.kind not in BEFORE), len(steps))
    try:
        for step in steps[:first]:
            run.do(step)
        for balancer in balancers.values():
            balancer.start()
            stage.workers.collect(balancer.log)
        started(balancers.values())
        for step in steps[first:]:
            try:
                wrong += run.do(step)
            except (KeyError, OSError) as error:
                wrong.append(f"{step.text}\n    {type(error).__name__}: {error}")
        wrong += [
            f"{b.name}: HAProxy has ended" for b in balancers.values() if b.process and b.process.poll() is not None
        ]
    except (KeyError, OSError) as error:
        wrong.append(f"{type(error).__name__}: {error}")
    finally:
        for balancer in balancers.values():
            balancer.end()
    if wrong:
        wrong += [f"{balancer.name} said:\n{balancer.output()}" for balancer in balancers.values()]
        wrong += ["logged:", *stage.workers.logs[-30:]]
    return wrong


def started(balancers: t.Iterable[Balancer]) -> None:
    for balancer in balancers:
        until(balancer.begun, "HAProxy does not start")
        if balancer.ended():
            raise OSError(f"HAProxy does not start: {balancer.output()}")
        until(balancer.settled, "the checks do not settle")


def network(text: str) -> None:
    """Every address of the documentation is ours."""
    _ip("link", "set", "lo", "up")
    # Workers that an example before this one left stopped.
    _ip("route", "flush", "table", "local", "type", "unreachable")
    _ip("route", "add", "local", "198.51.100.0/24", "dev", "lo")
    for address in sorted({"2001:db8::10", "2001:db8::50", *IPV6.findall(text)}):
        _ip("-6", "address", "add", f"{address}/128", "dev", "lo", "nodad")


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def work(path: pathlib.Path) -> None:
    """In a process of its own: its threads and sockets end with it."""
    began = time.monotonic()
    job: Job = json.loads(path.read_text())
    with tempfile.TemporaryDirectory(prefix="topics-") as home:
        try:
            wrong = perform(job, pathlib.Path(home))
        except Exception:
            wrong = [traceback.format_exc()]
        result = {"wrong": wrong, "seconds": round(time.monotonic() - began, 2)}
        path.with_suffix(".result.json").write_text(json.dumps(result))
    os._exit(0)


def main(paths: list[str]) -> int:
    for path in map(pathlib.Path, paths):
        process = multiprocessing.get_context("fork").Process(target=work, args=(path,))
        process.start()
        process.join(LIMIT)
        if process.is_alive():
            # HAProxy outlives whoever started it: it is ended by its own number.
            for child in pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
                os.kill(int(child), 9)
            process.kill()
            process.join()
            problem = {"wrong": [f"took more than {LIMIT} s"], "seconds": LIMIT}
            path.with_suffix(".result.json").write_text(json.dumps(problem))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
