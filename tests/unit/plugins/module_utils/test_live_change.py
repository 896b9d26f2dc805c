# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real HAProxy that was changed while it runs, against one that was started with the other tree."""

from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from ansible_collections.hardened.balancer.plugins.module_utils import (
    _delta,
    _delta_sections,
    _drift,
    _live_change,
    _runtime,
)
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_socket import (
    Session,
    SocketError,
    ask,
    parse_stat,
)
from ansible_collections.hardened.balancer.plugins.module_utils._live_change import LiveChangeError

# Another release: HAPROXY=/its/program pytest ...
PROGRAM = os.environ.get("HAPROXY") or shutil.which("haproxy", path="/usr/sbin:/usr/bin")
# Trees that are compared in each of them.
STEPS = 3
ROUNDS = int(os.environ.get("LIVE_CHANGE_ROUNDS", "12"))

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="needs Debian's haproxy")

Files = dict[str, str]
# Nobody else's: other tests listen on 127.0.0.1.
HERE = f"127.{os.getpid() >> 16 & 63 | 64}.{os.getpid() >> 8 & 255}.{os.getpid() & 255 or 1}"
HEAD = """\
global
    description hardened.balancer {digest}
    default-path origin {trees}/{digest}
    stats socket {socket} mode 600 level admin
    maxconn 200
defaults
    default-server inter 200ms fastinter 100ms downinter 200ms fall 3 rise 2 init-addr last,libc,none
    retries 1
    http-reuse safe
    timeout connect 1s
    timeout client 5s
    timeout server 5s
    timeout check 1s
"""
# Columns of `show stat` that say how a server is made, and none of how it fares.
MADE = (
    *("pxname", "svname", "type", "bck", "slim", "qlimit", "sid", "iid", "mode", "algo", "addr", "cookie"),
    *("check_rise", "check_fall", "agent_rise", "agent_fall", "src_ilim"),
)
# Of `show servers conn`: how connections are kept.
KEPT = ("purge_delay", "idle_lim")


def free_port() -> int:
    with socket.socket() as one:
        one.bind((HERE, 0))
        return int(one.getsockname()[1])


class Worker:
    """Answers each request with its own name, at once or when it is told to; what it was asked is counted."""

    def __init__(self, answers: threading.Event | None = None) -> None:
        self.requests, self.answers = 0, answers
        self.listener = socket.create_server((HERE, 0), backlog=500)
        self.port = int(self.listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _address = self.listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        body = f"{self.port}"
        with contextlib.suppress(OSError), connection, connection.makefile("rb") as stream:
            for line in stream:
                if line == b"\r\n":
                    self.requests += 1
                    if self.answers:
                        self.answers.wait(30)
                    connection.sendall(f"HTTP/1.1 200 OK\r\ncontent-length: {len(body)}\r\n\r\n{body}".encode())

    def close(self) -> None:
        # A thread that waits in accept() keeps the port open until it is woken.
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class Balancer:
    """A process of HAProxy with a tree of its own; `socket` is its runtime API."""

    def __init__(self, directory: Path, digest: str, files: Files) -> None:
        self.directory = directory
        self.socket = str(directory / f"{int(digest, 16)}.sock")
        self.files = self.placed(digest, files)
        for path, text in self.files.items():
            target = directory / "trees" / digest / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8", newline="")
        main = directory / "trees" / digest / "haproxy.cfg"
        self.log = directory / f"{digest}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([str(PROGRAM), "-db", "-f", str(main)], stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                pytest.fail(f"haproxy did not start: {self.log.read_text()}\n{self.files['haproxy.cfg']}")
            time.sleep(0.02)
        self.version = tuple(int(one) for one in re.findall(r"\d+", self.ask("show info").split("\n")[1])[:3])

    def placed(self, digest: str, files: Files) -> Files:
        head = HEAD.format(digest=digest, trees=self.directory / "trees", socket=self.socket)
        return {**files, "haproxy.cfg": head + files["haproxy.cfg"]}

    def answers(self) -> bool:
        try:
            return bool(self.ask("show version"))
        except SocketError:
            return False

    def ask(self, text: str) -> str:
        return ask(self.socket, text)

    def made(self) -> dict[str, object]:
        """Everything that a tree says of servers and maps."""
        rows = [row for row in parse_stat(self.ask("show stat")) if row["svname"] not in ("FRONTEND", "BACKEND")]
        lines = [line.split() for line in self.ask("show servers conn").splitlines() if "/" in line]
        heads = [line.split()[1:] for line in self.ask("show servers conn").splitlines() if line.startswith("#")]
        ports = [line.split() for line in self.ask("show servers state").splitlines()[2:] if line]
        return {
            "stat": sorted(tuple(row.get(name, "") for name in MADE) for row in rows),
            "conn": sorted((line[0], *(line[heads[0].index(name)] for name in KEPT)) for line in lines[1:]),
            "servers": sorted(
                (one.backend, one.name, one.id, one.address, one.port, one.weight, one.check, one.admin, one.backup)
                for one in _runtime.servers(self.socket)
            ),
            # The ports and addresses of checks and agents, TLS.
            "checks": sorted((*line[1:4], *line[20:25]) for line in ports),
            "maps": [
                (_delta_sections.relative(one.name), _runtime.map_entries(self.socket, one.id))
                for one in _runtime.maps(self.socket)
            ],
        }

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


class Place:
    def __init__(self, directory: Path, stack: contextlib.ExitStack) -> None:
        self.directory, self.stack, self.trees = directory, stack, 0

    def worker(self, answers: threading.Event | None = None) -> Worker:
        found = Worker(answers)
        self.stack.callback(found.close)
        return found

    def start(self, files: Files) -> Balancer:
        self.trees += 1
        found = Balancer(self.directory, f"{self.trees:016x}", files)
        self.stack.callback(found.close)
        return found

    def changed(self, balancer: Balancer, files: Files, wait: float = 5.0) -> list[_delta.Op]:
        """The process brought to the other tree, which is then a tree of this process."""
        new = balancer.placed("f" * 16, files)
        ops, why = _delta.between(balancer.files, new, balancer.version)
        assert why == ""
        _live_change.apply(ops, balancer.socket, wait)
        assert _drift.found(new, balancer.socket) == []
        balancer.files = new
        return ops


@pytest.fixture(name="place")
def fixture_place() -> Iterator[Place]:
    with tempfile.TemporaryDirectory(prefix="live-") as directory, contextlib.ExitStack() as stack:
        yield Place(Path(directory), stack)


def backend(*servers: str, lines: Sequence[str] = ("balance roundrobin",), name: str = "web") -> str:
    body = "".join(f"    {line}\n" for line in ["mode http", *lines, *(f"server {one}" for one in servers)])
    return f"backend {name}\n{body}"


def tree(*parts: str, **files: str) -> Files:
    return {"haproxy.cfg": "".join(parts), **{name.replace("_", "/", 1) + ".map": text for name, text in files.items()}}


# What chance may ask for, and only a reload does: with ports at which nobody answers, no other server comes up.
REASONS = (
    r"the order of its backups is another|its agent says what part of it holds|resolvers hold on to it"
    r"|has other parameters|all its servers move|no server that stays came up"
)


class Inventory:
    """Trees by chance that differ in what the runtime API can change."""

    ALGORITHMS = (
        *("roundrobin", "leastconn", "first", "random", "random(3)"),
        *("source\n    hash-type consistent", "uri\n    hash-type consistent sdbm avalanche"),
    )
    SHARED = (
        *("", "default-server maxconn 30 minconn 3", "default-server weight 7 maxqueue 9", "default-server no-check"),
        *("default-server slowstart 1s on-marked-down shutdown-sessions", "default-server backup"),
        *("default-server observe layer7 error-limit 4 on-error mark-down", "default-server pool-max-conn 5"),
        *("default-server agent-check agent-port 1 agent-inter 1s", "default-server send-proxy-v2 check-send-proxy"),
        *(
            "default-server ssl verify none sni str(a.example.com) check-sni a.example.com",
            "default-server addr 127.0.0.1",
        ),
        *("default-server port 7 inter 150ms", "default-server fall 7 rise 4 pool-purge-delay 3s tfo"),
        *("default-server ssl ssl-min-ver TLSv1.2 no-tls-tickets no-ssl-reuse ca-file @system-ca alpn h2,http/1.1",),
    )
    OWN = (
        *(
            "",
            "check",
            "check",
            "check inter 90ms",
            "maxconn 12",
            "backup",
            "check no-backup",
            "weight 0",
            "weight 256",
        ),
        *("weight 20 check", "check rise 1 fall 1", "no-check", "resolvers nobody init-addr none", "slowstart 2s"),
        *("observe layer4 check", "no-send-proxy-v2", "pool-low-conn 2 pool-max-conn 0", "enabled check"),
    )

    def __init__(self, seed: int, ports: Sequence[int]) -> None:
        self.chance, self.ports = random.Random(seed), ports
        self.backends = {f"b{n}": self._lines() for n in range(self.chance.randint(1, 4))}
        self.servers = {name: [self._server(n) for n in range(self.chance.randint(0, 6))] for name in self.backends}
        self.map = self._entries()

    def _lines(self) -> list[str]:
        shared = [one for one in self.chance.sample(self.SHARED, 2) if one]
        return [f"balance {self.chance.choice(self.ALGORITHMS)}", *shared]

    def _server(self, number: int) -> list[str]:
        address = self.chance.choice([HERE, HERE, HERE, "::1", "[2001:db8::7]"])
        return [f"s{number}", f"{address}:{self.chance.choice(self.ports)}", self.chance.choice(self.OWN)]

    def _entries(self) -> list[str]:
        keys = ["a.example.com", "b", "c;d", "e\\f", "#g", "'h'", '"i"', "ä", "x" * 300, "b", "<<", "%[j]", "$k"]
        values = ["one", "two  words", "thr\\ee", "f;our", "# five", "'six' \"7\"", "ü", "y" * 400, "<<", "\\"]
        return [f"{self.chance.choice(keys)} {self.chance.choice(values)}" for _n in range(self.chance.randint(0, 20))]

    def change(self) -> None:
        for present in self.servers.values():
            for server in self.chance.sample(present, self.chance.randint(0, len(present))):
                what = self.chance.choice(["remove", "address", "weight", "weight"])
                if what == "remove":
                    present.remove(server)
                elif what == "address":
                    server[1] = f"{HERE}:{self.chance.choice(self.ports)}"
                else:
                    rest = re.sub(r"weight \d+", "", server[2]).strip()
                    server[2] = f"{rest} weight {self.chance.choice([0, 1, 50, 256])}".strip()
            names = {server[0] for server in present}
            for number in self.chance.sample(range(20, 40), self.chance.randint(0, 3)):
                if f"s{number}" not in names:
                    present.insert(self.chance.randint(0, len(present)), self._server(number))
        if self.chance.random() < 0.5:
            self.map = self._entries()

    def files(self) -> Files:
        resolvers = "resolvers nobody\n    nameserver one 127.0.0.1:9\n"
        fetch = "http-request set-var(txn.x) path,map_str(maps/sites.map)"
        parts = [
            backend(
                *(f"{name} {place} id {100 + int(name[1:])} {words}" for name, place, words in self.servers[title]),
                lines=[*lines, fetch],
                name=title,
            )
            for title, lines in self.backends.items()
        ]
        return {
            "haproxy.cfg": "".join([resolvers, *parts]),
            "maps/sites.map": "".join(f"{line}\n" for line in ["# sites", *self.map]),
        }


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_a_changed_process_is_as_a_fresh_one(seed: int, place: Place) -> None:
    ports = [*(place.worker().port for _n in range(3)), free_port()]
    inventories = (Inventory(number, ports) for number in range(seed, sys.maxsize, 1000))
    inventory = next(inventories)
    balancer = place.start(inventory.files())
    compared = 0
    for _step in range(20):
        inventory.change()
        files = balancer.placed("f" * 16, inventory.files())
        ops, why = _delta.between(balancer.files, files, balancer.version)
        why = why or told(ops, balancer)
        if why:
            assert re.search(REASONS, why), why
            # What only a reload does says nothing here, and an inventory that asks for it once often does it again.
            inventory = next(inventories)
            balancer.close()
            balancer = place.start(inventory.files())
            continue
        fresh = place.start(inventory.files())
        balancer.files = files
        assert _drift.found(files, balancer.socket) == []
        assert balancer.made() == fresh.made()
        fresh.close()
        compared += 1
        if compared == STEPS:
            break
    assert compared == STEPS


def told(ops: list[_delta.Op], balancer: Balancer) -> str:
    try:
        _live_change.apply(ops, balancer.socket, 3)
    except LiveChangeError as exc:
        return str(exc)
    return ""


class Clients:
    """Ask without a pause, each over connections of its own; every answer that is none of a worker's is kept."""

    def __init__(self, port: int, number: int = 4) -> None:
        self.port, self.failed, self.answers, self.stop = port, list[str](), dict[str, int](), threading.Event()
        self.threads = [threading.Thread(target=self._ask, daemon=True) for _n in range(number)]

    def _ask(self) -> None:
        while not self.stop.is_set():
            said = get(self.port)
            if said.isdigit():
                self.answers[said] = self.answers.get(said, 0) + 1
            else:
                self.failed.append(said)

    def __enter__(self) -> Clients:
        for thread in self.threads:
            thread.start()
        time.sleep(0.3)
        return self

    def __exit__(self, *_exc: object) -> None:
        time.sleep(0.3)
        self.stop.set()
        for thread in self.threads:
            thread.join(10)


def get(port: int, path: str = "/") -> str:
    try:
        with socket.create_connection((HERE, port), timeout=10) as one:
            one.sendall(f"GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
            with one.makefile("rb") as stream:
                answer = stream.read().decode()
    except OSError as exc:
        return f"{type(exc).__name__}: {exc}"
    return answer.rpartition("\r\n\r\n")[2] if answer.startswith("HTTP/1.1 200") else answer or "nothing"


def site(port: int, *servers: str, lines: Sequence[str] = ("balance roundrobin",)) -> Files:
    """One backend behind a port; what fails is not tried again."""
    front = f"frontend f\n    mode http\n    bind {HERE}:{port}\n    default_backend web\n"
    return tree(front, backend(*servers, lines=["retries 0", "timeout client 30s", "timeout server 30s", *lines]))


def test_no_request_goes_to_a_server_that_did_not_pass_its_check(place: Place) -> None:
    old, new, port = place.worker(), place.worker(), free_port()
    first = f"a {HERE}:{old.port} check id 1"
    balancer = place.start(site(port, first))
    wanted = {"a": ("UP", "ready"), "new": ("UP", "ready"), "dead": ("DOWN", "ready")}

    def found() -> dict[str, tuple[str, str]]:
        return {one.name: (one.status, one.admin) for one in _runtime.servers(balancer.socket)}

    def checked() -> int:
        return len([row for row in parse_stat(balancer.ask("show stat")) if row["check_status"].startswith("L4")])

    with Clients(port) as clients:
        place.changed(
            balancer,
            site(port, first, f"dead {HERE}:{free_port()} check id 2", f"new {HERE}:{new.port} check id 3"),
        )
        until(lambda: found() == wanted and checked() == 3 and len(clients.answers) == 2)
    assert clients.failed == []
    assert set(clients.answers) == {str(old.port), str(new.port)}
    assert found() == wanted


def test_all_servers_are_replaced_under_load(place: Place) -> None:
    workers, port = [place.worker() for _n in range(6)], free_port()
    names = [f"s{n} {HERE}:{one.port} check id {n + 1}" for n, one in enumerate(workers)]
    balancer = place.start(site(port, *names[:3]))
    with Clients(port) as clients:
        for step in (names[3:], names[:3], names[1:5], names[4:], names):
            place.changed(balancer, site(port, *step))
    assert clients.failed == []
    assert len(clients.answers) == 6


def test_who_is_the_last_stays_until_another_is_there(place: Place) -> None:
    worker, port = place.worker(), free_port()
    balancer = place.start(site(port, f"a {HERE}:{worker.port} check id 1"))
    wanted = balancer.placed("f" * 16, site(port, f"b {HERE}:{free_port()} check id 2"))
    ops, _why = _delta.between(balancer.files, wanted, balancer.version)
    with (
        Clients(port) as clients,
        pytest.raises(LiveChangeError, match=r"of web no server that stays came up within 1\.4 s"),
    ):
        _live_change.apply(ops, balancer.socket, 1)
    assert clients.failed == []


@pytest.mark.parametrize("ends", ["", "on-marked-down shutdown-sessions"])
@pytest.mark.parametrize("policy", ["safe", "always"])
def test_sessions_of_a_removed_server_end_in_peace(ends: str, policy: str, place: Place) -> None:
    answers = threading.Event()
    place.stack.callback(answers.set)
    slow, quick, port = [place.worker(answers), place.worker(answers)], place.worker(), free_port()
    lines = ["balance leastconn", f"http-reuse {policy}", *([f"default-server {ends}"] if ends else [])]
    names = [f"{name} {HERE}:{one.port} check id {n}" for n, (name, one) in enumerate(zip("abc", [*slow, quick]), 1)]
    balancer = place.start(site(port, *names, lines=lines))
    said: list[str] = []
    threads = [threading.Thread(target=lambda: said.append(get(port))) for _n in range(6)]
    for thread in threads:
        thread.start()
    until(lambda: all(one.requests for one in slow))
    wanted = balancer.placed("f" * 16, site(port, names[2], lines=lines))
    ops, _why = _delta.between(balancer.files, wanted, balancer.version)
    with pytest.raises(LiveChangeError, match="still open"):
        _live_change.apply(ops, balancer.socket, 0.3)
    # Whoever could not be removed works on.
    found = {one.name: (one.admin, one.status[:2]) for one in _runtime.servers(balancer.socket)}
    assert found == dict.fromkeys("abc", ("ready", "UP"))
    assert _drift.found(balancer.files, balancer.socket) == []
    until(lambda: "L4OK" in balancer.ask("show stat").split("web,a,")[1].split("\n")[0])
    assert "L4OK" in balancer.ask("show stat").split("web,a,")[1].split("\n")[0]
    # They end while it waits for them.
    threading.Timer(0.3, answers.set).start()
    # Less than the time after which HAProxy by itself would close the connections that it keeps.
    _live_change.apply(ops, balancer.socket, 3)
    for thread in threads:
        thread.join(10)
    assert {one for one in said if not one.isdigit()} == set()
    assert {str(one.port) for one in slow} <= set(said)
    assert [one.name for one in _runtime.servers(balancer.socket)] == ["c"]


def test_a_thousand_servers_by_one_call(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    worker, port = place.worker(), free_port()
    first = f"a {HERE}:{worker.port} check id 1"
    balancer = place.start(site(port, first))
    more = [f"s{n} {HERE}:{worker.port} check inter 5s fastinter 5s downinter 5s id {n + 10}" for n in range(1000)]
    sent: list[int] = []
    send = Session.send

    def counted(session: Session, texts: Sequence[str], timeout: float | None = None) -> list[str]:
        sent.append(len(texts))
        return send(session, texts, timeout)

    monkeypatch.setattr(Session, "send", counted)
    steps = [
        ([first, *more], 5000),
        # Those with the weight that they have are left alone.
        ([first, *(f"{one} weight {n % 256}" for n, one in enumerate(more))], 996),
        ([first, *(f"{one} weight 3" for one in more)], 996),
        # Maintenance, then `del server`, which may have to be said again.
        ([first], 1000),
    ]
    with Clients(port) as clients:
        for servers, commands in steps:
            sent.clear()
            place.changed(balancer, site(port, *servers))
            assert sent.count(commands) == (2 if commands == 1000 else 1)
            assert sum(number for number in sent if number != commands) < 500
    assert clients.failed == []


def test_what_haproxy_refuses_is_said(place: Place) -> None:
    worker, port = place.worker(), free_port()
    balancer = place.start(site(port, f"a {HERE}:{worker.port} check id 1"))
    ops = [_delta.Op("add", "web", f"n{n}", (f"{HERE}:1", "id", "1")) for n in range(9)]
    with pytest.raises(LiveChangeError) as caught:
        _live_change.apply(ops, balancer.socket, 1)
    assert "'id' : custom id 1 already used" in str(caught.value)
    assert "commands more" in str(caught.value)
    for op, said in (
        (_delta.Op("map", "", "maps/none.map", entries=(("a", "b"),)), "has 0 maps with the name maps/none.map"),
        (_delta.Op("remove", "web", "z"), "No such server"),
        (_delta.Op("weight", "web", "a", ("257",)), "weight can only be"),
        (_delta.Op("address", "nobody", "a", ("198.51.100.1", "80")), "No such backend"),
        (_delta.Op("add", "web", "n;x", (f"{HERE}:1", "id", "7")), "not escaped"),
    ):
        with pytest.raises(LiveChangeError, match=said):
            _live_change.apply([op], balancer.socket, 0.2)
    balancer.close()
    with pytest.raises(LiveChangeError, match="does not answer"):
        _live_change.apply(ops, balancer.socket, 1)


def test_what_an_operator_drained_stays_drained(place: Place) -> None:
    one, two, port = place.worker(), place.worker(), free_port()
    names = [f"a {HERE}:{one.port} check id 1", f"b {HERE}:{two.port} check id 2", f"c {HERE}:{two.port} check id 3"]
    balancer = place.start(site(port, *names))
    balancer.ask("set server web/a state drain;set server web/b state maint")
    place.changed(
        balancer, site(port, names[0] + " weight 9", names[1].replace(str(two.port), str(one.port)), names[2])
    )
    assert {one.name: one.admin for one in _runtime.servers(balancer.socket)} == {
        "a": "drain",
        "b": "maint",
        "c": "ready",
    }


def test_an_agent_is_asked(place: Place) -> None:
    worker, port = place.worker(), free_port()
    asked: list[int] = []
    listener = socket.create_server((HERE, 0))
    place.stack.callback(listener.close)

    def agent() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _address = listener.accept()
                asked.append(1)
                with connection:
                    connection.sendall(b"up ready\n")

    threading.Thread(target=agent, daemon=True).start()
    lines = [
        "balance roundrobin",
        f"default-server agent-check agent-port {listener.getsockname()[1]} agent-inter 100ms",
    ]
    names = [f"{name} {HERE}:{worker.port} check id {n}" for n, name in enumerate("ab", start=1)]
    balancer = place.start(site(port, names[0], lines=lines))
    place.changed(balancer, site(port, *names, lines=lines))
    until(lambda: {one.status for one in _runtime.servers(balancer.socket)} == {"UP"})
    rows = {row["svname"]: row for row in parse_stat(balancer.ask("show stat"))}
    assert rows["b"]["status"] == "UP"
    assert rows["b"]["agent_status"] == "L7OK"
    place.changed(balancer, site(port, names[1], lines=lines))
    assert [one.name for one in _runtime.servers(balancer.socket)] == ["b"]
    assert asked


# Parameters of a server, and what the frontend that it reaches is like.
WAYS = {
    "plain": ("", ""),
    "nobody at the port of the check": ("port 1", ""),
    "an address of the check": ("addr {here} port {plain} ssl verify none", "ssl crt {crt}"),
    "TLS": ("ssl verify none", "ssl crt {crt}"),
    "TLS with a name": ("ssl verify required ca-file ca.pem sni str(a.example) check-sni a.example", "ssl crt {crt}"),
    "TLS with a wrong name": (
        "ssl verify required ca-file ca.pem sni str(b.example) check-sni b.example",
        "ssl crt {crt}",
    ),
    "TLS with h2": ("ssl verify none alpn h2 check-alpn h2", "ssl crt {crt} alpn h2"),
    "TLS of the check alone": ("verify none check-ssl port {tls}", ""),
    "PROXY": ("send-proxy", "accept-proxy"),
    "PROXY 2": ("send-proxy-v2", "accept-proxy"),
    "PROXY 2 with facts": ("send-proxy-v2-ssl proxy-v2-options unique-id,crc32c", "accept-proxy"),
    "PROXY 2, not for the check": ("send-proxy-v2 port {plain}", "accept-proxy"),
    "PROXY 2 and TLS": ("send-proxy-v2 ssl verify none", "accept-proxy ssl crt {crt}"),
    "h2": ("proto h2", "proto h2"),
}


@pytest.mark.parametrize("check", ["option httpchk", "option tcp-check"])
def test_a_new_server_is_reached_and_checked_as_one_of_the_file(check: str, place: Place) -> None:
    """2.6 forgets for servers that are added what their checks take from the way of their traffic."""
    certificate = make_certificate(place.directory)
    ports = {name: free_port() for name in WAYS}
    known = {"here": HERE, "crt": str(certificate), "plain": str(ports["plain"]), "tls": str(ports["TLS"])}
    serving = "".join(
        f"frontend f{n}\n    mode http\n    bind {HERE}:{ports[name]} {bind.format(**known)}\n"
        "    http-request return status 200 content-type text/plain string 1\n"
        for n, (name, (_own, bind)) in enumerate(WAYS.items())
    )
    place.start({"haproxy.cfg": serving})
    entries = {name: free_port() for name in WAYS}
    others = {name: free_port() for name in WAYS}

    def files(ports_of: dict[str, int], *names: str) -> Files:
        parts = []
        for n, (way, (own, _bind)) in enumerate(WAYS.items()):
            shared = f"default-server inter 1s fastinter 500ms fall 1 rise 1 {own.format(**known)}"
            lines = ["balance roundrobin", "timeout check 3s", check, shared]
            servers = [f"{name} {HERE}:{ports[way]} check id {i}" for i, name in enumerate(names, start=1)]
            front = f"frontend f{n}\n    mode http\n    bind {HERE}:{ports_of[way]}\n    use_backend b{n}\n"
            parts += [front, backend(*servers, lines=lines, name=f"b{n}")]
        return {"haproxy.cfg": "".join(parts), "ca.pem": certificate.read_text()}

    def found(balancer: Balancer, ports_of: dict[str, int]) -> dict[str, tuple[str, str, bool]]:
        rows = {row["pxname"]: row for row in parse_stat(balancer.ask("show stat")) if row["svname"] == "new"}
        return {
            way: (rows[f"b{n}"]["status"], rows[f"b{n}"]["check_status"].strip("* "), get(ports_of[way]) == "1")
            for n, way in enumerate(WAYS)
        }

    balancer = place.start(files(entries, "old"))
    place.changed(balancer, files(entries, "old", "new"))
    for n in range(len(WAYS)):
        balancer.ask(f"set server b{n}/old state maint")
    fresh = place.start(files(others, "new"))
    pair: list[dict[str, tuple[str, str, bool]]] = []

    def alike() -> bool:
        pair[:] = [found(balancer, entries), found(fresh, others)]
        return pair[0] == pair[1] and not {"INI", ""} & {one[1] for one in pair[0].values()}

    until(alike)
    changed, wanted = pair
    assert changed == wanted
    assert changed["TLS with a name"][2]
    assert not changed["TLS with a wrong name"][2]
    assert len([one for one in changed.values() if one[2]]) >= len(WAYS) - 2


def until(holds: Callable[[], bool]) -> None:
    """The end is for what never comes."""
    deadline = time.monotonic() + 60
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.1)


def make_certificate(directory: Path) -> Path:
    key, certificate = directory / "key.pem", directory / "a.example.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=a.example"),
            *("-addext", "subjectAltName=DNS:a.example", "-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    certificate.write_text(certificate.read_text() + key.read_text())
    return certificate


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("inter 2s fall 3 rise 2", 7),
        ("inter 2s fastinter 500ms rise 2", 4),
        ("inter 1000 downinter 4s fastinter 500 rise 4", 7),
        ("inter 1m", 30),
        ("agent-send inter", 1),
    ],
)
def test_how_long_first_checks_may_take(words: str, seconds: float) -> None:
    op = _delta.Op("add", "web", "a", ("198.51.100.1:80", *words.split()))
    assert _live_change._first_checks(op) == seconds


def test_hashes_find_the_servers_that_a_fresh_process_finds(place: Place) -> None:
    ports = [place.worker().port for _n in range(8)]
    entries = [free_port(), free_port()]
    lines = ["balance uri", "hash-type consistent"]

    def names(*chosen: int, weight: int = 10) -> list[str]:
        return [f"s{n} {HERE}:{ports[n]} id {n * 7919 + 1} weight {weight + n}" for n in chosen]

    balancer = place.start(site(entries[0], *names(0, 1, 2, 3), lines=lines))
    for chosen, weight in (((0, 1, 2, 3, 4, 5), 10), ((5, 1, 7, 3), 10), ((7, 6, 5, 3, 1), 40), ((7, 2, 5, 3, 1), 1)):
        place.changed(balancer, site(entries[0], *names(*chosen, weight=weight), lines=lines))
    fresh = place.start(site(entries[1], *names(7, 2, 5, 3, 1, weight=1), lines=lines))
    found, wanted = ([get(port, f"/{n}") for n in range(300)] for port in entries)
    assert found == wanted
    assert len(set(found)) == 5
    fresh.close()


def cut_behind(words: str) -> Callable[..., list[str]]:
    """A Session.send that dies behind the command that begins so."""
    send, sent = Session.send, list[str]()

    def cut(session: Session, texts: Sequence[str], timeout: float | None = None) -> list[str]:
        answers: list[str] = []
        for text in texts:
            if sent and sent[-1].startswith(words):
                raise KeyboardInterrupt
            sent.append(text)
            answers += send(session, [text], timeout)
        return answers

    return cut


def test_a_change_that_was_cut_off_leaves_nobody_in_maintenance(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    worker, port = place.worker(), free_port()
    names = [f"{name} {HERE}:{worker.port} check id {n}" for n, name in enumerate("abcd", start=1)]
    balancer = place.start(site(port, *names[:3]))
    wanted = balancer.placed("f" * 16, site(port, names[0], names[3]))
    ops, _why = _delta.between(balancer.files, wanted, balancer.version)
    for words in (
        "add server web/d",
        "set server web/d state drain",
        "set server web/b state maint",
        "set server web/c state",
    ):
        with monkeypatch.context() as context:
            context.setattr(Session, "send", cut_behind(words))
            with pytest.raises(KeyboardInterrupt):
                _live_change.apply(ops, balancer.socket, 1)
        assert {one.admin for one in _runtime.servers(balancer.socket)} != {"ready"}
        _live_change.release(ops, balancer.socket)
        found = {one.name: one.admin for one in _runtime.servers(balancer.socket)}
        assert set(found.values()) == {"ready"}, (words, found)
        balancer.ask("set server web/d state maint;del server web/d")
    balancer.close()
    with pytest.raises(LiveChangeError, match="does not answer"):
        _live_change.release(ops, balancer.socket)


def test_an_address_is_there_when_it_is_said_to_be(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """3.0 answers before it has moved the server."""
    worker, port = place.worker(), free_port()
    names = [f"{name} {HERE}:{worker.port} id {n}" for n, name in enumerate("ab", start=1)]
    balancer = place.start(site(port, *names))
    before, asked = _runtime.servers(balancer.socket), list[str]()
    servers = _runtime.servers

    def late(where: str | Session) -> list[_runtime.Server]:
        asked.append("")
        return before if len(asked) < 3 else servers(where)

    op = _delta.Op("address", "web", "a", (HERE, "7"))
    with monkeypatch.context() as context:
        context.setattr(_runtime, "servers", late)
        _live_change.apply([op], balancer.socket, 0)
    assert len(asked) == 3
    monkeypatch.setattr(_live_change, "MOMENT", 0.2)
    monkeypatch.setattr(_runtime, "servers", lambda _where: before)
    with pytest.raises(LiveChangeError, match="web/a: the address is not the new one"):
        _live_change.apply([op], balancer.socket, 0)
