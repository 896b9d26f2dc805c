# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A HAProxy of its own for a test, with a worker behind it. BALANCER_HAPROXY names another program than Debian's."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import typing as t
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from unittest import mock

import pytest
from ansible.module_utils import basic

from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_process import wait_until
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_socket import Session, SocketError, ask
from ansible_collections.hardened.balancer.plugins.module_utils._runtime import Seen, Server, look

PROGRAM = os.environ.get("BALANCER_HAPROXY") or shutil.which("haproxy", path="/usr/sbin:/usr/bin")
MODULES = "ansible_collections.hardened.balancer.plugins.modules"

CONFIGURATION = """\
global
    description hardened.balancer 0123456789abcdef
    stats socket {directory}/admin.sock mode 660 level admin
    stats socket {directory}/user.sock mode 660 level user
    maxconn 200
defaults
    mode http
    timeout connect 1s
    timeout client 10s
    timeout server 10s
frontend front
    bind 127.0.0.1:{port}
    http-request set-header x-limit %[path,map({directory}/limits.map,none)]
    use_backend %[path,map({directory}/routes.map,web)]
backend web
    balance roundrobin
    server one 127.0.0.1:{worker} weight 10 check inter 100ms rise 2 fall 2
    server two 127.0.0.1:{nobody} weight 20 disabled
    server follower 127.0.0.1:{worker} track web/one weight 0
backend other
    balance leastconn
    server one 127.0.0.1:{worker} weight 10
backend fixed
    balance static-rr
    server one 127.0.0.1:{worker} weight 10
backend hashed
    balance source
    server one 127.0.0.1:{worker} weight 10
backend consistent
    balance source
    hash-type consistent
    server one 127.0.0.1:{worker} weight 10
backend table
    stick-table type ip size 1k expire 1m store http_req_rate(10s)
"""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def run_module(name: str, directory: Path, options: dict[str, t.Any], check: bool = False) -> dict[str, t.Any]:
    """The module as it runs on a node, but for its process."""
    given = {**options, "_ansible_check_mode": check, "_ansible_diff": True}
    file = directory / "arguments.json"
    file.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": given}))
    said = io.StringIO()
    with (
        mock.patch.object(sys, "argv", [name, str(file)]),
        mock.patch.object(basic, "_ANSIBLE_ARGS", None),
        contextlib.redirect_stdout(said),
        contextlib.suppress(SystemExit),
    ):
        importlib.import_module(f"{MODULES}.{name}").main()
    answer: dict[str, t.Any] = json.loads(said.getvalue().splitlines()[-1])
    return answer


class Worker(BaseHTTPRequestHandler):
    """Keeps connections open; /hang answers only when it is told to."""

    protocol_version = "HTTP/1.1"
    released = threading.Event()

    def do_GET(self) -> None:
        if self.path == "/hang":
            self.released.wait(20)
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_arguments: object) -> None:
        """Says nothing."""


class Workers(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_arguments: object) -> None:
        """HAProxy is killed with connections open."""


class Daemon:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.socket = str(directory / "admin.sock")
        self.port, self.nobody = free_port(), free_port()
        Worker.released = threading.Event()
        self.worker = Workers(("127.0.0.1", 0), Worker)
        self.worker_port = self.worker.server_address[1]
        threading.Thread(target=self.worker.serve_forever, args=(0.05,), daemon=True).start()
        directory.joinpath("limits.map").write_text("/login 5\n/search 50\n")
        directory.joinpath("routes.map").write_text("/other other\n")
        text = CONFIGURATION.format(directory=directory, port=self.port, worker=self.worker_port, nobody=self.nobody)
        directory.joinpath("haproxy.cfg").write_text(text)
        self.log = directory.joinpath("log").open("wb")
        command = [str(PROGRAM), "-f", str(directory / "haproxy.cfg")]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        assert wait_until(self.answers, 20), directory.joinpath("log").read_text()

    def answers(self) -> bool:
        try:
            return "\nName: " in f"\n{ask(self.socket, 'show info')}"
        except SocketError:
            return False

    def stop(self) -> None:
        Worker.released.set()
        self.process.kill()
        self.process.wait()
        self.worker.shutdown()
        self.worker.server_close()
        self.log.close()

    @property
    def version(self) -> tuple[int, ...]:
        return tuple(int(one) for one in ask(self.socket, "show version").split("-")[0].split(".")[:2])

    def seen(self) -> Seen:
        return look(self.socket)

    def made(self) -> list[Server]:
        """Of each server what somebody said, and nothing of how its checks and sessions fare at the moment."""
        return [one._replace(status="", up=True, sessions=0, queued=0) for one in self.seen().servers]

    def server(self, name: str) -> Server:
        return {f"{one.backend}/{one.name}": one for one in self.seen().servers}[name]

    def names(self) -> list[str]:
        return [f"{one.backend}/{one.name}" for one in self.seen().servers]

    def tell(self, *commands: str) -> list[str]:
        with Session(self.socket) as session:
            return session.send(commands)

    def request(self, path: str = "/") -> socket.socket:
        """One that has been sent; its answer may be read later."""
        connection = socket.create_connection(("127.0.0.1", self.port), 10)
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        return connection

    def module(self, name: str, check: bool = False, **options: t.Any) -> dict[str, t.Any]:
        return run_module(name, self.directory, {"socket": self.socket, **options}, check)


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    if PROGRAM is None:
        pytest.skip("needs Debian's haproxy")
    # A unix socket's path is short, and pytest's directories are not.
    short = Path("/tmp") / f"hb-{os.getpid()}-{tmp_path.name[-8:]}"
    short.mkdir(mode=0o700)
    one = Daemon(short)
    try:
        yield one
    finally:
        one.stop()
        shutil.rmtree(short)


@pytest.fixture(name="run_module")
def the_way_a_module_runs() -> t.Callable[..., dict[str, t.Any]]:
    return run_module
