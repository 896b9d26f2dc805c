# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways through the node, as people write them, and other ways."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardened.balancer.plugins.plugin_utils._model import jumps
from ansible_collections.hardened.balancer.plugins.plugin_utils._model import plan as model
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.problems import Problems

INVENTORY = {"name": "lb1", "groups": {}, "hosts": {}, "addresses": ["198.51.100.10", "2001:db8::10"]}


def problems_of(*arguments: tuple[str, str, str], allowed: bool = False) -> list[str]:
    problems = Problems()
    ways = jumps.ways({**INVENTORY, "ssh_arguments": list(arguments)})
    jumps.check("lb1", ways, allowed, problems)
    return [str(problem) for problem in problems]


@pytest.mark.parametrize(
    "text",
    [
        "-J lb1",
        "-o ControlMaster=auto -J ops@lb1:22",
        "-Jlb1",
        "-J bastion,ops@198.51.100.10",
        "-o ProxyJump=lb1",
        "-oProxyJump=ops@[2001:db8::10]:2222",
        "-o 'ProxyJump lb1'",
        "-o proxyjump=ssh://ops@lb1:22/",
        "-vJlb1",
        "-o 'ProxyJump = lb1'",
        "-o ProxyCommand='exec ssh -o \"ProxyJump lb1\" -W %h:%p bastion'",
        "-o ProxyCommand='ssh -W %h:%p lb1",
        '-o ProxyCommand="ssh -W %h:%p -q ops@198.51.100.10"',
        "-o ProxyCommand='ssh -p 2222 lb1 nc %h %p'",
        "-o ProxyCommand='ssh -W %h:%p 2001:db8::10'",
    ],
)
def test_ways_through_the_node(text: str) -> None:
    found = problems_of(("worker1", "ansible_ssh_common_args", text))
    assert found == [
        "hostvars[worker1].ansible_ssh_common_args: goes through lb1, and a locked-down node forwards nothing: "
        "the way would be cut; set ssh_jump_host: true for lb1 to let its administrators through"
    ]
    assert problems_of(("worker1", "ansible_ssh_common_args", text), allowed=True) == []


@pytest.mark.parametrize(
    "text",
    [
        "-J bastion",
        "-J lb11",
        "-o UserKnownHostsFile=/etc/lb1",
        "-o User=lb1",
        "-o ProxyJump=ops@198.51.100.101",
        '-o ProxyCommand="ssh -W %h:%p bastion"',
        "",
    ],
)
def test_other_ways(text: str) -> None:
    assert problems_of(("worker1", "ansible_ssh_args", text)) == []


@pytest.mark.parametrize(
    ("text", "hops", "onward"),
    [
        ("-J lb1", [()], [22]),
        ("-J lb1:2222 -p 2200", [(2222,)], [2200]),
        ("-J lb1,ops@bastion:2022,other", [()], [2022]),
        ("-J bastion:2022,lb1", [()], [22]),
        ("-o Port=2200 -o Port=2201 -J lb1,bastion", [()], [22]),
        ("-o ProxyCommand='ssh -p 2222 -W %h:%p lb1'", [(2222,)], [22]),
        ("-o ProxyCommand='ssh -o ConnectTimeout=5 -o Port=2222 -W %h:%p lb1'", [(2222,)], [22]),
        ("-o ProxyCommand='ssh -p %p -W %h:%p lb1'", [()], [22]),
        ("-o ProxyCommand='ncat --proxy lb1 --wait 5 -P2222 %h %p'", [(5, 2222)], [22]),
    ],
)
def test_where_the_node_is_asked_and_what_it_asks(text: str, hops: list[tuple[int, ...]], onward: list[int]) -> None:
    [way] = jumps.ways({**INVENTORY, "ssh_arguments": [("worker1", "ansible_ssh_args", text)]})
    assert (way.hops, way.onward) == (hops, onward)


def test_the_ports_of_the_hosts_behind() -> None:
    words = [(host, "ansible_ssh_args", "-J lb1 -p 2200") for host in ("w1", "w2", "w3")]
    [way] = jumps.ways({**INVENTORY, "ssh_arguments": words, "ssh_ports": {"w1": 22, "w3": 2022}})
    assert (way.hosts, way.onward) == (["w1", "w2", "w3"], [22, 2022, 2200])


@pytest.mark.parametrize(
    ("allow", "words", "closed"),
    [
        ([], [], "22"),
        ([{"ports": [80]}], [], "22"),
        ([{"protocol": "udp", "ports": [22, 514]}], [], "22"),
        ([{"ports": ["20-30"]}], [], ""),
        ([{"ports": [22], "networks": ["10.0.0.0/8"]}], [], ""),
        (
            [{"ports": [22]}],
            [("w1", "ansible_ssh_args", "-J lb1 -p 2200"), ("w2", "ansible_ssh_args", "-J lb1")],
            "2200",
        ),
        ([{"ports": [2200]}], [("w1", "ansible_ssh_args", "-J lb1 -p 2200")], ""),
        ([{"ports": [5432]}], [("w1", "ansible_ssh_args", "-J lb1,bastion:2022")], "2022"),
        ([{"ports": [5432]}], [("w1", "ansible_ssh_args", "-J lb1 -p 443")], ""),
    ],
)
def test_who_is_let_through_is_let_out(allow: list[dict[str, t.Any]], words: list[t.Any], closed: str) -> None:
    drop = {"firewall_output": "drop", "firewall_output_allow": allow}
    inventory = {**INVENTORY, "groups": {"web_workers": []}, "ssh_arguments": words}

    def told(**variables: t.Any) -> list[str]:
        return [str(problem) for problem in model.draft(variables, inventory)[1] if problem.path == "firewall_output"]

    said = (
        "firewall_output: holds 'drop' beside ssh_jump_host, and nobody could go on from the node to TCP port "
        f"{closed}; allow the SSH port of the hosts behind it in firewall_output_allow"
    )
    assert told(**drop, ssh_jump_host=True) == ([said] if closed else [])
    assert told(**drop) == told(ssh_jump_host=True) == []


def test_the_node_itself_and_hosts_that_say_the_same() -> None:
    words: list[t.Any] = [(host, "ansible_ssh_extra_args", "-J lb1") for host in ("lb1", "w1", "w2", "w3")]
    assert [problem.partition(",")[0] for problem in problems_of(*words)] == [
        "hostvars[w1].ansible_ssh_extra_args: goes through lb1 (and 2 more)"
    ]
