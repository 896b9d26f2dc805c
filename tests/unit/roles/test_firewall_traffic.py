# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules with packets: what passes, what is not tracked, what survives another set of rules."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .networks import CLIENT, CLIENT6, INSIDE, NODE, NODE6, OTHER, SECOND, SECONDS, WORKER, Networks, inside
from .test_firewall import REACH, ruleset

BANS = ("inet", "hardened_balancer_bans")
SERVED: dict[str, Any] = {
    "networks": ["192.0.2.0/24"],
    "ssh": [22],
    "tcp": ["80"],
    "udp": [],
    "workers4": f"{WORKER} . 8080",
    "syn_rate": None,
}


def _can() -> bool:
    """Some kernels lend root neither networks of his own nor the expressions of nftables."""
    if os.geteuid() or not shutil.which("nft") or not shutil.which("ip"):
        return False
    done = subprocess.run(
        ["unshare", "--net", "nft", "-f", "-"], check=False, input=ruleset(**SERVED), text=True, capture_output=True
    )
    return done.returncode == 0


pytestmark = pytest.mark.skipif(not _can(), reason="sends packets between network namespaces: needs root, nft and ip")


@pytest.fixture
def networks() -> Iterator[Networks]:
    made = Networks(f"hb{os.getpid()}")
    made.make()
    try:
        yield made
    finally:
        made.remove()


def accept(server: socket.socket) -> socket.socket:
    taken, _address = server.accept()
    taken.settimeout(SECONDS)
    return taken


def passes(one: socket.socket, other: socket.socket) -> None:
    for sender, receiver in ((one, other), (other, one), (other, one)):
        sender.sendall(b"x")
        assert receiver.recv(1) == b"x"


@pytest.mark.parametrize(("bypass", "tracked"), [(True, 0), (False, 20)])
def test_connections_to_the_service_and_to_workers_are_tracked_or_not(
    networks: Networks, tmp_path: Path, bypass: bool, tracked: int
) -> None:
    networks.load(ruleset(**SERVED, bypass=bypass), tmp_path / "rules")
    service, worker = networks.listen(networks.node, NODE, 80), networks.listen(networks.world, WORKER, 8080)
    held = []
    for _time in range(10):
        outside = networks.connect(networks.world, CLIENT, NODE, 80)
        onward = networks.connect(networks.node, INSIDE, WORKER, 8080)
        held += [(outside, accept(service)), (onward, accept(worker))]
    for pair in held:
        passes(*pair)
    assert networks.tracked() == tracked


def test_no_connection_is_cut_by_the_first_load_or_by_another_set_of_rules(networks: Networks, tmp_path: Path) -> None:
    service, worker = networks.listen(networks.node, NODE, 80), networks.listen(networks.world, WORKER, 8080)
    ssh = networks.listen(networks.node, NODE, 22)
    # Something has to look at states, so that connections are tracked before.
    theirs = "table inet theirs {\nchain in {\ntype filter hook input priority 10;\nct state new accept\n}\n}\n"
    networks.load(theirs, tmp_path / "theirs")
    begun = [
        (networks.connect(networks.world, CLIENT, NODE, 80), accept(service)),
        (networks.connect(networks.world, "198.51.100.2", NODE, 22), accept(ssh)),
        (networks.connect(networks.node, INSIDE, WORKER, 8080), accept(worker)),
    ]
    assert networks.tracked() == 3
    allowed = {**SERVED, "networks": ["198.51.100.0/24"]}
    sets: list[dict[str, Any]] = [{}, {"bypass": False}, {}, {"workers4": ""}, {"workers4": "", "bypass": False}, {}]
    sets += [{"output": "drop"}, {"output": "drop", "bypass": False}, {"output": "drop", "workers4": ""}]
    for more in sets:
        networks.load(ruleset(**{**allowed, **more}), tmp_path / "rules")
        for pair in begun:
            # The other side speaks first: no packet of ours tells the kernel of the connection.
            passes(pair[1], pair[0])
            passes(*pair)


def test_a_source_has_a_rate_and_others_have_none(networks: Networks, tmp_path: Path) -> None:
    rate = {"rate": 1, "burst": 5}
    networks.load(ruleset(**{**SERVED, "syn_rate": rate, "syn_exempt": f"{OTHER}/32"}), tmp_path / "rules")
    networks.listen(networks.node, NODE, 80)
    networks.listen(networks.node, NODE6, 80)

    def begun(source: str, target: str) -> int:
        """Of 20 connections at once; they stay open."""
        opened = []
        for _packet in range(20):
            try:
                opened.append(networks.connect(networks.world, source, target, 80))
            except OSError:
                break
        return len(opened)

    assert 5 <= begun(CLIENT, NODE) < 10
    assert begun(OTHER, NODE) == 20
    assert 5 <= begun(CLIENT6, NODE6) < 10
    counted = [
        line for line in networks.nft("list", "table", "inet", "hardened_balancer").splitlines() if "@syn_rate" in line
    ]
    assert len(counted) == 2
    assert not any("counter packets 0 " in line for line in counted)


def test_bans_outlive_the_rules(networks: Networks, tmp_path: Path) -> None:
    rules = ruleset(**SERVED)
    networks.load(rules, tmp_path / "rules")
    networks.listen(networks.node, NODE, 80)
    networks.listen(networks.node, NODE6, 80)
    networks.nft("add", "element", *BANS, "ban4", f"{{ {OTHER} timeout 1h }}")
    networks.nft("add", "element", *BANS, "ban6", "{ 2001:db8:2::/64 }")
    for _time in range(2):
        assert not networks.reaches(OTHER, NODE, 80)
        assert not networks.reaches(CLIENT6, NODE6, 80)
        assert networks.reaches(CLIENT, NODE, 80)
        networks.load(rules, tmp_path / "rules")
    networks.nft("delete", "element", *BANS, "ban4", f"{{ {OTHER} }}")
    networks.nft("delete", "element", *BANS, "ban6", "{ 2001:db8:2::/64 }")
    assert networks.reaches(OTHER, NODE, 80)
    assert networks.reaches(CLIENT6, NODE6, 80)


def test_nobody_bans_a_management_network(networks: Networks, tmp_path: Path) -> None:
    networks.load(ruleset(**{**SERVED, "networks": ["198.51.100.0/24"]}), tmp_path / "rules")
    networks.listen(networks.node, NODE, 22)
    networks.nft("add", "element", *BANS, "ban4", "{ 0.0.0.0/0 }")
    assert networks.reaches(CLIENT, NODE, 22)
    assert not networks.reaches(OTHER, NODE, 22)


def test_the_node_itself_may_use_a_port_of_a_restricted_range(networks: Networks, tmp_path: Path) -> None:
    narrow = {"protocol": "tcp", "ports": ["30000-40000"], "sources": ["203.0.113.0/24"]}
    networks.load(ruleset(**SERVED, restricted=[narrow]), tmp_path / "rules")
    mirror = networks.listen(networks.world, WORKER, 443)
    passes(networks.connect(networks.node, INSIDE, WORKER, 443, own_port=35000), accept(mirror))
    networks.listen(networks.node, NODE, 36000)
    assert networks.reaches(OTHER, NODE, 36000)
    assert not networks.reaches(CLIENT, NODE, 36000)


def test_from_the_port_of_a_worker_nothing_new_comes_in(networks: Networks, tmp_path: Path) -> None:
    networks.load(ruleset(**SERVED), tmp_path / "rules")
    networks.listen(networks.node, INSIDE, 9000)
    with pytest.raises(OSError, match="timed out"):
        networks.connect(networks.world, WORKER, INSIDE, 9000, own_port=8080)


def test_what_the_node_may_begin(networks: Networks, tmp_path: Path) -> None:
    allowed = [{"protocol": "tcp", "ports": "5000-5010", "networks": f"{CLIENT}/32"}]
    networks.load(ruleset(**{**SERVED, "output": "drop", "allowed": allowed}), tmp_path / "rules")
    for port in (5005, 5011, 443):
        networks.listen(networks.world, CLIENT, port)
    networks.listen(networks.world, WORKER, 5005)
    networks.listen(networks.world, WORKER, 8080)

    def begins(source: str, target: str, port: int) -> bool:
        try:
            networks.connect(networks.node, source, target, port).close()
        except OSError:
            return False
        return True

    assert begins(NODE, CLIENT, 5005)
    assert begins(NODE, CLIENT, 443)
    assert begins(INSIDE, WORKER, 8080)
    assert not begins(NODE, CLIENT, 5011)
    assert not begins(INSIDE, WORKER, 5005)
    with pytest.raises(OSError, match=r"No route to host|Permission denied|not permitted"):
        networks.connect(networks.node, NODE, CLIENT, 5011)
    service = networks.listen(networks.node, NODE, 80)
    passes(networks.connect(networks.world, CLIENT, NODE, 80), accept(service))


def test_while_workers_change_both_are_reached(networks: Networks, tmp_path: Path) -> None:
    """Before it those of what runs, during it both, after it the new ones; what has begun goes on."""
    runs, comes = ({**REACH, "workers4": f"{address} . 8080"} for address in (WORKER, SECOND))
    nothing_else = {key: value for key, value in SERVED.items() if key != "workers4"}
    doors = {address: networks.listen(networks.world, address, 8080) for address in (WORKER, SECOND)}
    begun = []

    def reached() -> set[str]:
        found = set()
        for address, door in doors.items():
            try:
                begun.append((networks.connect(networks.node, INSIDE, address, 8080), accept(door)))
            except OSError:
                continue
            found.add(address)
        return found

    for bypass in (True, False):
        for reach, expected in (
            ([runs], {WORKER}),
            ([runs, comes], {WORKER, SECOND}),
            ([comes], {SECOND}),
            ([None, comes], {WORKER, SECOND}),
        ):
            rules = ruleset(**nothing_else, reach=reach, output="drop", bypass=bypass)
            networks.load(rules, tmp_path / "rules")
            for pair in begun:
                passes(pair[1], pair[0])
            assert reached() == expected


def test_a_name_server_of_another_lease_is_asked(networks: Networks, tmp_path: Path) -> None:
    networks.load(ruleset(**SERVED, output="drop"), tmp_path / "rules")
    with inside(networks.world):
        server = socket.socket(type=socket.SOCK_DGRAM)
        server.bind((CLIENT, 53))
    with inside(networks.node):
        asker = socket.socket(type=socket.SOCK_DGRAM)
    with server, asker:
        server.settimeout(SECONDS)
        asker.settimeout(SECONDS)
        asker.sendto(b"?", (CLIENT, 53))
        question, address = server.recvfrom(9)
        server.sendto(b"!", address)
        assert (question, asker.recv(9)) == (b"?", b"!")
    networks.listen(networks.world, CLIENT, 53)
    networks.connect(networks.node, NODE, CLIENT, 53).close()


def test_the_fail_safe_leaves_ssh_alone_open(networks: Networks, tmp_path: Path) -> None:
    networks.load(ruleset(**SERVED), tmp_path / "rules")
    for port in (22, 80):
        networks.listen(networks.node, NODE, port)
    networks.listen(networks.node, NODE6, 22)
    for allowed, reached in ((["198.51.100.0/24"], (True, False, False)), ([], (True, True, True))):
        failsafe = ruleset(**{**SERVED, "networks": allowed}, template="firewall-failsafe")
        networks.load(failsafe, tmp_path / "failsafe")
        found = [networks.reaches(*way, 22) for way in ((CLIENT, NODE), (OTHER, NODE), (CLIENT6, NODE6))]
        assert tuple(found) == reached
        assert not networks.reaches(CLIENT, NODE, 80)
