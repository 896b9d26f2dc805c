# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module finds out about a real HAProxy."""

from __future__ import annotations

import subprocess
import typing as t

from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_process import wait_until
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_socket import ask
from ansible_collections.hardened.balancer.plugins.module_utils._runtime_info import SUBSETS

if t.TYPE_CHECKING:
    from tests.unit.plugins.modules.conftest import Daemon


def info(daemon: Daemon, **options: t.Any) -> dict[str, t.Any]:
    answer = daemon.module("haproxy_info", master_socket=str(daemon.directory / "none.sock"), **options)
    assert answer["changed"] is False
    found: dict[str, t.Any] = answer["haproxy"]
    return found


def test_everything_with_types(daemon: Daemon) -> None:
    assert wait_until(lambda: daemon.server("web/one").status == "UP", 30)
    with daemon.request() as one:
        assert b"200 OK" in one.recv(1000)
    found = info(daemon)
    assert found["digest"] == "0123456789abcdef"
    assert found["pid"] > 1
    assert found["uptime"] >= 0
    assert found["stopping"] is False
    assert [one["kind"] for one in found["processes"]] == ["worker"]
    assert [(one["name"], one["status"], one["mode"]) for one in found["frontends"]] == [("front", "OPEN", "http")]
    assert found["frontends"][0]["responses_2xx"] == 1
    assert {one["name"]: one["algorithm"] for one in found["backends"]}["fixed"] == "static-rr"
    one = found["servers"][0]
    assert (one["backend"], one["name"], one["port"], one["weight"]) == ("web", "one", daemon.worker_port, 10)
    assert (one["status"], one["up"], one["check"], one["admin"]) == ("UP", True, True, "ready")
    assert (one["check_status"], one["sessions_total"]) == ("L4OK", 1)
    assert found["tables"] == [{"name": "table", "type": "ip", "size": 1024, "used": 0}]
    assert [one["entries"] for one in found["maps"]] == [2, 1]
    assert found["certificates"] == []
    assert found["limits"]["maxconn"] == 200
    numbers = [value for part in ("frontends", "backends", "servers") for row in found[part] for value in row.items()]
    names = {"name", "status", "mode", "algorithm", "backend", "address", "admin", "forced", "fqdn"}
    names |= {"check_status", "check_answer"}
    assert {type(value) for name, value in numbers if name not in names} <= {int, bool, type(None)}


def test_only_what_is_asked_for(daemon: Daemon) -> None:
    found = info(daemon, gather=["maps"])
    assert set(found) & set(SUBSETS) == {"maps"}
    assert found["version"]


def test_certificates(daemon: Daemon) -> None:
    directory = daemon.directory
    key, certificate = directory / "k.pem", directory / "c.pem"
    options = "req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=example.com -addext"
    names = "subjectAltName=DNS:example.com,DNS:www.example.com"
    command = ["openssl", *options.split(), names, "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    name = directory / "a.pem"
    daemon.tell(f"new ssl cert {name}")
    text = key.read_text() + certificate.read_text()
    pem = "\n".join(line for line in text.splitlines() if line)
    assert "Transaction created" in ask(daemon.socket, f"set ssl cert {name} <<\n{pem}\n")
    daemon.tell(f"commit ssl cert {name}")
    (found,) = info(daemon, gather=["certificates"])["certificates"]
    assert (found["file"], found["subject"], found["algorithm"]) == (str(name), "/CN=example.com", "RSA2048")
    assert found["names"] == ["example.com", "www.example.com"]
    assert found["not_before"] < found["not_after"]
    assert found["not_after"].endswith("Z")


def test_a_socket_that_may_only_look_a_little(daemon: Daemon) -> None:
    failed = daemon.module("haproxy_info", socket=str(daemon.directory / "user.sock"))
    assert "level operator" in failed["msg"]


def test_nobody_there(daemon: Daemon) -> None:
    failed = daemon.module("haproxy_info", socket="/nonexistent")
    assert failed["failed"] is True
    assert "/nonexistent does not answer: No such file or directory; does HAProxy run" in failed["msg"]
