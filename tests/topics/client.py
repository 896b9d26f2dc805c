# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client that can be told what its connection and its request are like, and that says what came of it."""

from __future__ import annotations

import base64
import dataclasses
import gzip
import http.client
import http.cookies
import ipaddress
import json
import pathlib
import socket
import ssl
import subprocess
import time
import typing as t
import urllib.parse

from tests.topics import protocols
from tests.topics.language import Step
from tests.topics.workers import common_name

BALANCERS = {"": "198.51.100.10", "lb1": "198.51.100.10", "lb2": "198.51.100.11"}
IPV6 = {"198.51.100.10": "2001:db8::10", "198.51.100.11": "2001:db8::11"}
CLIENT = {4: "198.51.100.50", 6: "2001:db8::50"}
PATIENCE = 8.0
QUIET = 1.5


@dataclasses.dataclass
class Answer:
    outcome: str = "answered"
    status: int = 0
    headers: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    body: bytes = b""
    seconds: float = 0.0
    certificate: str = ""
    alpn: str = ""
    connection: socket.socket | None = None

    @property
    def told(self) -> dict[str, t.Any]:
        """What a worker said of itself and of the request that it saw."""
        try:
            body = gzip.decompress(self.body) if self.body[:2] == b"\x1f\x8b" else self.body
            told = json.loads(body)
        except (ValueError, OSError):
            return {}
        return told if isinstance(told, dict) and "names" in told else {}

    @property
    def names(self) -> list[str]:
        return list(self.told.get("names") or [value for name, value in self.headers if name == "x-worker"])

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name.lower()]

    def __str__(self) -> str:
        if self.outcome != "answered":
            return self.outcome
        names = f" from {' alias '.join(self.names)}" if self.names else ""
        heads = ", ".join(f"{name}: {value}" for name, value in self.headers)
        return f"{self.status or 'an answer'}{names} [{heads}] {self.body[:600].decode(errors='replace')}"


class Client:
    """`authority`: a file with the certificate that all are verified with. `certificates`: a file for each name."""

    def __init__(self, authority: str, certificates: dict[str, str]) -> None:
        self.authority = authority
        self.certificates = certificates
        self.cookies: dict[str, dict[str, str]] = {}
        self.sessions: dict[str, Answer] = {}

    def ask(self, step: Step) -> Answer:
        began = time.monotonic()
        try:
            answer = self._tcp(step) if step.words[0] == "TCP" else self._http(step)
        except ConnectionRefusedError:
            answer = Answer("refused")
        except ssl.SSLError as error:
            answer = Answer("TLS fails" if "TIMED" not in str(error) else "no answer")
        except (TimeoutError, socket.timeout):
            answer = Answer("no answer")
        except (OSError, http.client.HTTPException):
            answer = Answer("closed")
        answer.seconds = time.monotonic() - began
        return answer

    def session(self, name: str) -> Answer:
        """Whether a connection that stayed is still there, and who is at its other end."""
        answer = self.sessions[name]
        assert answer.connection is not None
        try:
            answer.connection.sendall(b"WHO\n")
            return Answer(body=_told_line(answer.connection), connection=answer.connection)
        except (TimeoutError, socket.timeout):
            return Answer("no answer")
        except OSError:
            return Answer("closed")

    # Connections

    def _connect(self, step: Step, host: str, port: int, tls: bool) -> tuple[socket.socket, Answer]:
        target = self._target(step, host)
        version = ipaddress.ip_address(target).version
        source = step.detail("from") or CLIENT[version]
        local = ipaddress.ip_address(target).is_loopback
        quiet = any(kind == "outcome" and words[0] == "no answer" for kind, words in step.expectations)
        timeout = QUIET if quiet else PATIENCE
        sock = socket.create_connection((target, port), timeout, None if local else (source, 0))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if step.detail("proxy"):
            header_version, _from, pretended = step.detail("proxy").split()
            sock.sendall(protocols.proxy_header(header_version, pretended, (target, port)))
        answer = Answer()
        if not tls:
            return sock, answer
        wrapped = self._context(step).wrap_socket(sock, server_hostname=self._sni(step, host))
        answer.certificate, answer.alpn = common_name(wrapped), wrapped.selected_alpn_protocol() or ""
        return wrapped, answer

    @staticmethod
    def _target(step: Step, host: str) -> str:
        wanted = step.detail("to") or step.detail("from")
        named = BALANCERS.get(step.detail("to"), step.detail("to")) or BALANCERS[""]
        try:
            return str(ipaddress.ip_address(host.strip("[]")))
        except ValueError:
            return IPV6.get(named, named) if ":" in wanted and not step.detail("to") else named

    def _context(self, step: Step) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.authority)
        context.check_hostname = False
        if step.detail("certificate"):
            context.load_cert_chain(self.certificates[step.detail("certificate")])
        if step.words[0] != "TCP":
            context.set_alpn_protocols(["http/1.1"])
        return context

    @staticmethod
    def _sni(step: Step, host: str) -> str | None:
        if step.detail("no_sni"):
            return None
        name = step.detail("sni") or host
        try:
            ipaddress.ip_address(name.strip("[]"))
        except ValueError:
            return name
        return None

    # What is asked

    def _tcp(self, step: Step) -> Answer:
        host, _colon, port = step.words[1].rpartition(":")
        sock, answer = self._connect(step, host, int(port), bool(step.detail("tls")))
        if step.detail("says"):
            sock.sendall(step.detail("says").encode() + b"\r\n")
        sock.sendall(b"WHO\n")
        answer.body = _told_line(sock)
        if step.detail("stays"):
            answer.connection = sock
            self.sessions[step.detail("as")] = answer
        else:
            sock.close()
        return answer

    def _http(self, step: Step) -> Answer:
        url = urllib.parse.urlsplit(step.words[1])
        tls = url.scheme == "https"
        port = url.port or (443 if tls else 80)
        headers = self._headers(step, url.netloc)
        path = step.words[1].split(url.netloc, 1)[1] or "/"
        if step.detail("h2"):
            return self._keep(step, self._curl(step, url.hostname or "", port, headers))
        sock, answer = self._connect(step, url.hostname or "", port, tls)
        with sock:
            connection = http.client.HTTPConnection(url.netloc)
            connection.sock = sock
            connection.putrequest(step.words[0], path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers:
                connection.putheader(name, value)
            body = step.detail("body").encode() or None
            connection.endheaders(body)
            response = connection.getresponse()
            answer.status = response.status
            answer.headers = [(name.lower(), value) for name, value in response.getheaders()]
            answer.body = b"" if response.status == 101 else response.read()
        return self._keep(step, answer)

    def _headers(self, step: Step, host: str) -> list[tuple[str, str]]:
        given = [value.partition(": ") for kind, value in step.details if kind == "header"]
        found = [(name, value) for name, _colon, value in given]
        if "host" not in (name.lower() for name, _value in found):
            found.insert(0, ("host", host))
        if ("upgrade", "websocket") in found:
            found += [("sec-websocket-version", "13"), ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")]
        if step.detail("user"):
            found.append(("authorization", f"Basic {base64.b64encode(step.detail('user').encode()).decode()}"))
        jar = self.cookies.get(step.detail("as"), {})
        if jar:
            found.append(("cookie", "; ".join(f"{name}={value}" for name, value in jar.items())))
        if step.detail("body"):
            found.append(("content-length", str(len(step.detail("body").encode()))))
        return found

    def _keep(self, step: Step, answer: Answer) -> Answer:
        if step.detail("as"):
            jar = self.cookies.setdefault(step.detail("as"), {})
            for value in answer.values("set-cookie"):
                jar.update({name: morsel.value for name, morsel in http.cookies.SimpleCookie(value).items()})
        return answer

    def _curl(self, step: Step, host: str, port: int, headers: list[tuple[str, str]]) -> Answer:
        """HTTP/2 is spoken by curl."""
        target = self._target(step, host)
        command = ["curl", "-sS", "-i", "--http2", "--max-time", str(PATIENCE), "--cacert", self.authority]
        command += ["--resolve", f"{host}:{port}:{target}", "-X", step.words[0]]
        if not ipaddress.ip_address(target).is_loopback:
            command += ["--interface", step.detail("from") or CLIENT[ipaddress.ip_address(target).version]]
        for name, value in headers:
            command += ["-H", f"{name}: {value}"] if name != "content-length" else []
        if step.detail("body"):
            command += ["--data-binary", step.detail("body")]
        done = subprocess.run([*command, step.words[1]], capture_output=True, check=False, timeout=2 * PATIENCE)
        if done.returncode == 7:
            raise ConnectionRefusedError
        if done.returncode:
            raise OSError(done.stderr.decode(errors="replace"))
        head, _blank, body = done.stdout.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        pairs = [line.partition(":") for line in lines]
        found = [(name.lower(), value.strip()) for name, _colon, value in pairs]
        alpn = "h2" if first.startswith("HTTP/2") else "http/1.1"
        return Answer(status=int(first.split()[1]), headers=found, body=body, alpn=alpn)


def _told_line(sock: socket.socket) -> bytes:
    """Greetings of protocols in which the server speaks first are passed over."""
    while True:
        text = protocols.line(sock)
        if b'{"names"' in text:
            return text[text.index(b'{"names"') :]


def write(directory: pathlib.Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
