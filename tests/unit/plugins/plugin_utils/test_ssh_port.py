# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A move of SSH's port, from the first run to the last, and what is in its way."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardened.balancer.plugins.plugin_utils._model import plan as model
from ansible_collections.hardened.balancer.plugins.plugin_utils._model import ssh_port

from .test_model import INVENTORY, NODE, RUN

DROPIN, CONFIG = ssh_port.DROPIN, "/etc/ssh/sshd_config"
BIND: dict[str, t.Any] = {"name": "web", "default_backend": "web_workers"}


def line(port: int, file: str = DROPIN, text: str = "", number: int = 9) -> dict[str, t.Any]:
    says = text or f"Port {port}"
    return {"file": file, "line": number, "text": says, "port": port, "address": says.startswith("ListenAddress")}


def listener(port: int, process: str = "sshd", address: str = "0.0.0.0") -> dict[str, t.Any]:
    return {"protocol": "tcp", "address": address, "port": port, "process": process, "pid": 1}


def node(
    came: int | None, *ports: int, said: t.Sequence[dict[str, t.Any]] = (), socket: bool = False, **more: t.Any
) -> dict[str, t.Any]:
    """A node whose server has these ports, and a run that came over one of them."""
    known = {"kex": "", "cipher": "", "mac": "", "key-sig": ""}
    key = {"path": "/etc/ssh/ssh_host_ed25519_key", "type": "ED25519", "bits": 256}
    server = {"version": "9.2", "known": known, "host_keys": [key], "told": list(ports)}
    return {
        **NODE,
        "client": {**NODE["client"], "server_port": came} if came else None,
        "ssh": {**server, "said": list(said), "by_socket": socket},
        "ssh_ports": list(ports),
        "listeners": [listener(port) for port in ports],
        **more,
    }


def planned(
    wanted: int | None, of: dict[str, t.Any], inventory: dict[str, t.Any] | None = None, **variables: t.Any
) -> tuple[dict[str, t.Any], list[str]]:
    given = {**variables, **({"ssh_port": wanted} if wanted else {})}
    drafted, problems = model.draft(given, {**INVENTORY, **(inventory or {})})
    assert problems == []
    plan, problems = model.complete(drafted, of, RUN)
    return plan, [str(problem) for problem in problems]


def ports_of(wanted: int | None, of: dict[str, t.Any]) -> tuple[list[str], list[int], list[int], list[int]]:
    """Our lines, what the firewall opens, what closes and what waits for another run."""
    plan, problems = planned(wanted, of)
    assert problems == []
    ssh = plan["ssh"]
    lines = [line for section in ssh["sections"] for line in section["lines"].splitlines() if line.startswith("Port")]
    assert (ssh_port.TITLE in [section["title"] for section in ssh["sections"]]) == bool(lines)
    assert ssh["new"] == (wanted is not None and wanted not in of["ssh_ports"])
    assert plan["proof"]["lockdown"]["ssh_ports"] == {"listens": ssh["listens"], "closes": ssh["closes"]}
    return [one.removeprefix("Port ") for one in lines], ssh["ports"], ssh["closes"], ssh["waits"]


@pytest.mark.parametrize(
    ("wanted", "of", "lines", "ports", "closes", "waits"),
    [
        pytest.param(None, node(22, 22), [], [22], [], [], id="not ours to say"),
        pytest.param(2222, node(22, 22), ["22", "2222"], [22, 2222], [], [22], id="opened beside"),
        pytest.param(
            2222,
            node(22, 22, 2222, said=[line(22), line(2222)]),
            ["22", "2222"],
            [22, 2222],
            [],
            [22],
            id="still over 22",
        ),
        pytest.param(2222, node(2222, 22, 2222, said=[line(22), line(2222)]), ["2222"], [2222], [22], [], id="closed"),
        pytest.param(2222, node(2222, 2222, said=[line(2222)]), ["2222"], [2222], [], [], id="moved"),
        pytest.param(22, node(2222, 2222, said=[line(2222)]), ["22", "2222"], [22, 2222], [], [2222], id="back"),
        pytest.param(None, node(2222, 2222, said=[line(2222)]), ["2222"], [2222], [], [], id="not said any more"),
        pytest.param(
            None,
            node(22, 22, 2222, said=[line(22), line(2222)]),
            ["22", "2222"],
            [22, 2222],
            [],
            [],
            id="given up half way",
        ),
        pytest.param(
            3, node(2222, 22, 2222), ["3", "22", "2222"], [3, 22, 2222], [], [22, 2222], id="changed half way"
        ),
        pytest.param(22, node(22, 22), ["22"], [22], [], [], id="where it is"),
        pytest.param(2222, node(None, 22), ["22", "2222"], [22, 2222], [], [22], id="a run on the node itself"),
        pytest.param(2222, node(None, 2222), ["2222"], [2222], [], [], id="nothing to wait for"),
        pytest.param(
            2222,
            node(22022, 22),
            ["22", "2222", "22022"],
            [22, 2222, 22022],
            [],
            [22, 22022],
            id="over a port that the server was not told of",
        ),
        # A line of somebody else's would open the port a second time, which fails.
        pytest.param(
            2222,
            node(22, 22, said=[line(22, CONFIG)]),
            ["2222"],
            [22, 2222],
            [],
            [22],
            id="another file says the old one",
        ),
        pytest.param(2222, node(2222, 2222, said=[line(2222, CONFIG)]), [], [2222], [], [], id="another file says it"),
        # The line of another file is not ours to write a second time.
        pytest.param(None, node(22, 22, said=[line(22, CONFIG)]), [], [22], [], [], id="said by another file alone"),
        # The server that the run came by keeps what another one has.
        pytest.param(
            2222, {**node(2222, 2222), "ssh_ports": [22022, 2222]}, ["2222"], [2222, 22022], [], [], id="another sshd"
        ),
        pytest.param(
            2222,
            {**node(None), "ssh": {"version": None, "known": {}, "host_keys": [], "told": [], "said": []}},
            ["2222"],
            [2222],
            [],
            [],
            id="not installed yet",
        ),
    ],
)
def test_every_step_of_a_move(
    wanted: int | None, of: dict[str, t.Any], lines: list[str], ports: list[int], closes: list[int], waits: list[int]
) -> None:
    assert ports_of(wanted, of) == (lines, ports, closes, waits)


def test_where_systemd_listens_for_the_server() -> None:
    def listens(wanted: int | None, of: dict[str, t.Any]) -> t.Any:
        return planned(wanted, of)[0]["ssh"]["listens"]

    for socket in (False, True):
        assert listens(2222, node(22, 22, socket=socket)) == [22, 2222]
        assert listens(2222, node(2222, 22, 2222, socket=socket)) == [2222]
        assert listens(None, node(22, 22, socket=socket)) == []
    assert listens(None, node(2222, 2222, said=[line(2222)], socket=True)) == [2222]
    # It was moved, and the line for the server itself is somebody else's.
    there = {"managed": {ssh_port.SOCKET_DROPIN: "a digest"}}
    assert listens(None, node(2222, 2222, said=[line(2222, CONFIG)], socket=True, **there)) == [2222]
    assert listens(None, node(2222, 2222, managed={ssh_port.SOCKET_DROPIN: None})) == []


def test_a_socket_that_listens_on_one_address() -> None:
    alone = node(22, 22, socket=True, listeners=[listener(22, "systemd", "198.51.100.10")])
    assert planned(2222, alone)[1] == [
        "ssh_port: holds 2222, and ssh.socket on the node listens on 198.51.100.10 alone, which would become all "
        "addresses; start the server by ssh.service, with ListenAddress, or leave ssh_port out"
    ]
    assert planned(None, alone)[1] == []
    assert planned(2222, node(22, 22, socket=True))[1] == []
    both = [listener(22, "systemd", "198.51.100.10"), listener(22, "systemd", "::")]
    assert planned(2222, node(22, 22, socket=True, listeners=both))[1] == []


@pytest.mark.parametrize(
    ("bind", "refused"),
    [
        ({"port": 2222}, True),
        ({"port": "2000-3000"}, True),
        ({"port": 2222, "address": "127.0.0.1"}, True),
        ({"port": 2222, "address": "::"}, True),
        ({"port": 2223}, False),
        ({"port": 2222, "address": "198.51.100.10"}, False),
    ],
)
def test_a_port_that_is_served(bind: dict[str, t.Any], refused: bool) -> None:
    problems = model.draft({"ssh_port": 2222, "haproxy_frontends": [{**BIND, "binds": [bind]}]}, INVENTORY)[1]
    said = "ssh_port: holds 2222, where haproxy_frontends[0].binds[0] has HAProxy listen; SSH needs a port of its own"
    assert [str(problem) for problem in problems] == ([said] if refused else [])


def test_a_port_that_is_served_at_the_address_of_ssh() -> None:
    front = {**BIND, "binds": [{"port": 2222, "address": "198.51.100.10"}]}

    def said(address: str) -> list[str]:
        here = ["198.51.100.10", "198.51.100.11"]
        udp = {**listener(22, "x"), "protocol": "udp"}
        others = [listener(25, "exim4"), listener(22, "haproxy"), udp]
        of = node(22, 22, listeners=[listener(22, address=address), *others], addresses=here)
        return planned(2222, of, haproxy_frontends=[front])[1]

    taken = [
        "ssh_port: holds 2222, where haproxy_frontends[0].binds[0] has HAProxy listen; SSH needs a port of its own"
    ]
    assert said("0.0.0.0") == said("::") == said("198.51.100.10") == taken
    assert said("198.51.100.11") == []
    # Forwarded to a client of somebody's, and no place where the server listens.
    assert said("127.0.0.1") == taken


def test_a_port_of_udp_is_another_one() -> None:
    front = {**BIND, "binds": [{"port": 80}], "raw": ["bind quic4@:2222 ssl"]}
    assert model.draft({"ssh_port": 2222, "haproxy_frontends": [front]}, INVENTORY)[1] == []
    held = [listener(22), {**listener(2222, "wireguard"), "protocol": "udp"}]
    assert planned(2222, node(22, 22, listeners=held))[1] == []


@pytest.mark.parametrize(
    ("address", "other", "refused"),
    [
        ("198.51.100.10", "198.51.100.11", False),
        ("198.51.100.10", "0.0.0.0", True),
        ("198.51.100.10", "::", True),
        ("2001:db8::10", "2001:db8::10", True),
        ("2001:db8::10", "198.51.100.10", False),
    ],
)
def test_who_has_the_port_at_another_address(address: str, other: str, refused: bool) -> None:
    held = [listener(22, address=address), listener(2222, "gitea", other)]
    assert bool(planned(2222, node(22, 22, listeners=held))[1]) is refused


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "127.0.0.1"])
def test_a_port_that_somebody_else_has(address: str) -> None:
    held = [listener(22), listener(2222, "gitea", address)]
    assert planned(2222, node(22, 22, listeners=held))[1] == [
        f"ssh_port: holds 2222, where gitea of the node listens already ({address}:2222)"
    ]
    assert planned(None, node(22, 22, listeners=held))[1] == []


def test_lines_of_other_files_that_are_in_the_way() -> None:
    old = [line(22, CONFIG), line(2222)]
    assert planned(2222, node(22, 22, 2222, said=old))[1] == []
    assert planned(2222, node(2222, 22, 2222, said=old))[1] == [
        f"ssh_port: holds 2222, and {CONFIG}:9 on the node says Port 22, which would keep that port open; take the "
        "line out and reload the server: it has port 2222 now, over which this run came"
    ]
    bound = [line(22, CONFIG, "ListenAddress 198.51.100.10:22", 3), line(2222)]
    assert planned(2222, node(22, 22, said=bound))[1] == [
        f"ssh_port: holds 2222, and {CONFIG}:3 on the node says ListenAddress 198.51.100.10:22, which takes no other "
        "port; write there ListenAddress without a port, and Port 22, which is the same"
    ]
    beside = line(2222, CONFIG, "ListenAddress 198.51.100.10:2222", 4)
    assert planned(2222, node(22, 22, said=[*bound, beside]))[1] == []


def test_a_name_that_has_the_number_of_a_port() -> None:
    """The node is lb22 here, and the port that it is asked at is the one that closes."""
    words = [("worker1", "ansible_ssh_common_args", "-J ops@lb22:2222")]
    both = node(22, 22, 2222)
    [problem] = planned(22, both, {"name": "lb22", "ssh_arguments": words}, ssh_jump_host=True)[1]
    assert "goes through lb22 and does not name its SSH port 22, and this run closes 2222" in problem


@pytest.mark.parametrize(
    ("words", "wanted", "refused"),
    [
        ("-J lb1:2222", 2222, False),
        ("-o ProxyJump=ops@[2001:db8::10]:2222", 2222, False),
        ("-o ProxyCommand='ssh -p 2222 lb1 -W %h:%p'", 2222, False),
        ("-J lb1", 2222, True),
        ("-J lb1:22", 2222, True),
        ("-o ProxyJump=ops@198.51.100.10", 2222, True),
        ("-J lb1", 22, False),
        ("-J lb1:2222", 22, True),
        # Numbers that are the port of something else.
        ("-J lb1 -o ServerAliveInterval=2222", 2222, True),
        ("-J ops@lb22:2222,lb1", 2222, True),
        ("-J bastion:22,lb1:2222", 2222, False),
        ("-J bastion:2222,lb1", 22, False),
        ('-o ProxyCommand="ssh -p 22 -W %h:%p lb1" -o Port=2222', 2222, True),
        ('-o ProxyCommand="ssh -qp2222 -W %h:%p lb1" -o Port=22', 2222, False),
        ("-o ProxyCommand='ssh -o Port=2222 -o ConnectTimeout=22 -W %h:%p lb1'", 2222, False),
        ("-o ProxyCommand='ssh -J lb1:2222 -p 22 -W %h:%p bastion'", 2222, False),
        ("-o ProxyCommand='nc -X connect -x lb1:2222 %h %p'", 2222, False),
        ("-o ProxyCommand='corkscrew lb1 2222 %h %p'", 2222, False),
        ("-J lb1:2022", 2222, True),
    ],
)
def test_ways_through_the_node_that_would_be_cut(words: str, wanted: int, refused: bool) -> None:
    through = {
        "addresses": ["198.51.100.10", "2001:db8::10"],
        "ssh_arguments": [("worker1", "ansible_ssh_common_args", words)],
    }
    other = 2222 if wanted == 22 else 22
    both = node(other, 22, 2222)
    # Nothing is cut as long as the old port is open.
    assert planned(wanted, both, through, ssh_jump_host=True)[1] == []
    both["client"]["server_port"] = wanted
    said = (
        f"hostvars[worker1].ansible_ssh_common_args: goes through lb1 and does not name its SSH port {wanted}, and "
        f"this run closes {other}: the way would be cut; write lb1:{wanted}"
    )
    assert planned(wanted, both, through, ssh_jump_host=True)[1] == ([said] if refused else [])
