# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the next process is told of the servers; whether HAProxy takes it so is asked of a real one."""

from __future__ import annotations

import importlib.util
import shutil
import socket
import subprocess
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_process import wait_until
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_socket import SocketError, ask, parse_servers

ROOT = Path(__file__).parents[3]
PROGRAM = shutil.which("haproxy", path="/usr/sbin:/usr/bin")
NAMES = (
    "be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight "
    "srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state "
    "bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr "
    "srv_agent_addr srv_agent_port"
)
CONFIGURATION = """\
backend b
    balance roundrobin
    server one 192.0.2.1:80 check
    server six [2001:db8::1]:80 check
    server moved 192.0.2.9:80 check
    server called app.example.com:80 check
    server-template dns 3 app.example.com:80
listen l
    server one 192.0.2.2:5432
"""


def module() -> types.ModuleType:
    spec = importlib.util.spec_from_file_location("server_state", ROOT / "roles/haproxy/files/server_state.py")
    assert spec
    assert spec.loader
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


STATE = module()


def row(backend: str, name: str, address: str = "192.0.2.1", port: str = "80", **other: str) -> str:
    default = dict.fromkeys(NAMES.split(), "0")
    given = {"be_name": backend, "srv_name": name, "srv_addr": address, "srv_port": port, "srv_op_state": "2"}
    more = {"srv_uweight": "5", "srv_iweight": "10", "srv_check_status": "15", "srv_fqdn": "-"}
    return " ".join({**default, **given, **more, **other}.values())


def kept(*rows: str) -> dict[str, dict[str, str]]:
    said = "\n".join(["1", f"# {NAMES}", *rows, "", "b cut off"])
    text = STATE.kept(said, STATE.configured(CONFIGURATION))
    assert text.startswith(f"1\n# {NAMES}\n")
    return {f"{one['be_name']}/{one['srv_name']}": one for one in parse_servers(text)}


def test_state_is_kept_and_weight_and_checks_are_not() -> None:
    found = kept(row("b", "one", srv_admin_state="8"), row("b", "six", "2001:db8::1", srv_op_state="0"))
    assert (found["b/one"]["srv_admin_state"], found["b/one"]["srv_uweight"]) == ("8", "10")
    assert (found["b/six"]["srv_op_state"], found["b/six"]["srv_check_status"]) == ("0", "1")


def test_what_is_not_configured_any_more_is_forgotten() -> None:
    assert kept(row("b", "gone"), row("gone", "one"), row("l", "six")) == {}


def test_names_that_dns_brings_keep_what_it_brought() -> None:
    found = kept(
        row("b", "dns2", "198.51.100.7", "8080", srv_fqdn="app.example.com"),
        row("b", "called", "198.51.100.8", "80", srv_fqdn="app.example.com"),
    )
    assert (found["b/dns2"]["srv_addr"], found["b/dns2"]["srv_port"]) == ("198.51.100.7", "8080")
    assert found["b/called"]["srv_addr"] == "198.51.100.8"


def test_of_another_address_only_what_an_operator_decided_is_kept() -> None:
    assert kept(row("b", "moved", srv_op_state="0")) == {}
    assert kept(row("b", "one", port="81", srv_op_state="0")) == {}
    found = kept(row("b", "moved", srv_op_state="0", srv_admin_state="1"))["b/moved"]
    assert (found["srv_addr"], found["srv_op_state"], found["srv_admin_state"]) == ("192.0.2.9", "2", "1")


@pytest.mark.parametrize("said", ["", "\0\0", "1\n", "Unknown command", "# be_id\n1 2 3"])
def test_an_answer_that_is_none_is_not_kept(said: str) -> None:
    with pytest.raises(ValueError, match="does not say"):
        STATE.kept(said, STATE.configured(CONFIGURATION))


class Pair:
    """A HAProxy, and the one that follows it."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.state = place / "state"
        self.state.write_text("1\n")
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            self.dead = one.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None

    def configuration(self, servers: str) -> str:
        return (
            f"global\n    stats socket {self.place}/s level admin\n    server-state-file {self.state}\n"
            "defaults\n    timeout connect 1s\n    timeout server 1s\n    timeout client 1s\n"
            f"    load-server-state-from-file global\nbackend b\n    balance roundrobin\n{servers}"
        )

    def start(self, servers: str) -> list[dict[str, str]]:
        if self.process:
            self.process.terminate()
            self.process.wait(10)
        self.place.joinpath("cfg").write_text(self.configuration(servers))
        self.process = subprocess.Popen([str(PROGRAM), "-db", "-f", str(self.place / "cfg")])
        assert wait_until(lambda: bool(self.servers()), 10)
        return self.servers()

    def servers(self) -> list[dict[str, str]]:
        try:
            return parse_servers(ask(f"{self.place}/s", "show servers state"))
        except SocketError:
            return []

    def keep(self, servers: str) -> None:
        known = STATE.configured(self.configuration(servers))
        STATE.write(self.state, STATE.kept(STATE.ask(f"{self.place}/s", "show servers state"), known))


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    one = Pair(tmp_path)
    yield one
    if one.process:
        one.process.terminate()
        one.process.wait(10)


@pytest.mark.skipif(PROGRAM is None, reason="needs Debian's haproxy")
def test_a_new_process_knows_who_was_down_and_drained(pair: Pair) -> None:
    checked = "check inter 100ms fall 1 rise 1"
    servers = f"    server dead 127.0.0.1:{pair.dead} {checked}\n    server drained 127.0.0.1:{pair.dead} weight 10\n"
    pair.start(servers)
    assert ask(f"{pair.place}/s", "set server b/drained state drain").strip() == ""
    ask(f"{pair.place}/s", "set server b/drained weight 5")
    ask(f"{pair.place}/s", "set server b/drained addr 127.0.0.1 port 9")
    assert wait_until(lambda: pair.servers()[0]["srv_op_state"] == "0", 10)
    new = servers.replace("100ms", "60s")
    pair.keep(new)
    dead, drained = pair.start(new)
    assert dead["srv_op_state"] == "0"
    assert (drained["srv_admin_state"], drained["srv_uweight"], drained["srv_port"]) == ("8", "10", str(pair.dead))
