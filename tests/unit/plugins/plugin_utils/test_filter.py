# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the model says of the packet filter beside ports."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardened.balancer.plugins.plugin_utils._model import firewall, targets
from ansible_collections.hardened.balancer.plugins.plugin_utils._model import plan as model
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.line import Line
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.problems import Problems
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.section import Section

from .test_model import INVENTORY, NODE, RUN


def planned(variables: dict[str, t.Any], **node: t.Any) -> dict[str, t.Any]:
    drafted, problems = model.draft(variables, INVENTORY)
    assert problems == []
    plan, problems = model.complete(drafted, {**NODE, **node}, RUN)
    assert problems == []
    return plan


def filtered(variables: dict[str, t.Any], **node: t.Any) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", planned(variables, **node)["firewall"])


def reached(variables: dict[str, t.Any]) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", planned(variables)["reach"])


def refused(variables: dict[str, t.Any]) -> list[str]:
    return [str(one) for one in model.draft(variables, INVENTORY)[1]]


def test_the_smallest_case() -> None:
    assert filtered({}) == {
        "syn_rate": {"rate": 1000, "burst": 5000},
        "syn_exempt": "",
        "bypass": True,
        "unknown": [],
        "output": "accept",
        "allowed": [],
        "tracking": "bypassed for served ports and workers",
    }
    assert reached({}) == {"workers4": "10.0.0.101 . 80, 10.0.0.102 . 80", "workers6": "", "others": []}


def test_rates() -> None:
    assert filtered({"firewall_syn_rate": False})["syn_rate"] is None
    assert filtered({"firewall_syn_rate": True})["syn_rate"] == {"rate": 1000, "burst": 5000}
    assert filtered({"firewall_syn_rate": {"rate": 50}})["syn_rate"] == {"rate": 50, "burst": 5000}
    exempt = {"firewall_syn_exempt": ["203.0.113.0/24"], "balancer_management_networks": ["198.51.100.0/24"]}
    assert filtered(exempt)["syn_exempt"] == "198.51.100.0/24 203.0.113.0/24"
    assert refused({"firewall_syn_rate": {"rate": 0}}) == [
        "firewall_syn_rate.rate: holds 0, which must be a whole number from 1 to 1000000"
    ]
    assert refused({"firewall_syn_rate": "fast"}) == [
        "firewall_syn_rate: holds 'fast', which must be true or false, or a mapping with keys like rate, burst"
    ]


def workers(*lines: str, kind: str = "backend") -> list[tuple[str | None, int | None]]:
    section = Section(kind, "back", "here", [Line(line, f"here[{i}]") for i, line in enumerate(lines)])
    return [(one.address, one.port) for one in targets.workers([section])]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("server a 10.0.0.1:80 check", [("10.0.0.1", 80)]),
        ("server a [2001:DB8::1]:80", [("2001:db8::1", 80)]),
        ("server a ipv4@10.0.0.1:80", [("10.0.0.1", 80)]),
        ("server a 10.0.0.1:80 check port 81 agent-check agent-port 82", [("10.0.0.1", p) for p in (80, 81, 82)]),
        ("server a 10.0.0.1:80 check addr 10.0.0.2", [("10.0.0.1", 80), (None, None)]),
        ("server a web.example.com:80 resolvers dns", [(None, 80)]),
        ("server a 10.0.0.1", [(None, None)]),
        ("server a 10.0.0.1:+0", [(None, None)]),
        ("server-template a 5 web.example.com:80", [(None, 80)]),
        ("server-template a 5 _web._tcp.example.com", [(None, None)]),
        ("dispatch 10.0.0.1:80", [("10.0.0.1", 80)]),
        ("server a /run/app.sock", []),
        ("server a unix@/run/app.sock", []),
        ("server a 127.0.0.1:8080", []),
        ("server a [::1]:8080", []),
        ("server-state-file-name", []),
    ],
)
def test_where_workers_are(line: str, found: list[tuple[str | None, int | None]]) -> None:
    assert workers(line) == found
    assert workers(line, kind="ring") == []


def test_the_port_that_all_are_checked_at() -> None:
    lines = ("default-server port 81 inter 2s", "server a 10.0.0.1:80 check", "server b 10.0.0.2:80 check port 82")
    assert workers(*lines) == [("10.0.0.1", 80), ("10.0.0.1", 81), ("10.0.0.2", 80), ("10.0.0.2", 82)]


def test_workers_in_one_order() -> None:
    _filter, reach = firewall.draft(
        {},
        [Section("backend", "b", "b", [Line("server a 10.0.0.9:80", ""), Line("server b 10.0.0.10:80", "")])],
        Problems(),
    )
    assert reach["workers4"] == "10.0.0.9 . 80, 10.0.0.10 . 80"


def test_what_is_tracked_and_why() -> None:
    by_dns: dict[str, t.Any] = {
        "haproxy_resolvers": [{"name": "dns", "nameservers": [{"name": "one", "address": "10.0.0.53"}]}],
        "haproxy_backends": [
            {
                "name": "web_workers",
                "server_templates": [
                    {"prefix": "w", "count": 3, "dns_name": "web.example.com", "port": 80, "resolvers": "dns"}
                ],
            }
        ],
    }
    assert filtered(by_dns)["tracking"] == (
        "bypassed, but for workers whose addresses only HAProxy knows (haproxy_backends[0].server_templates[0])"
    )
    off = filtered({"firewall_conntrack_bypass": False})
    assert (off["bypass"], off["tracking"]) == (False, "of all connections (firewall_conntrack_bypass: false)")
    translated = filtered({}, translations=["output", "postrouting"])
    assert translated["bypass"] is False
    assert translated["tracking"] == "of all connections: the node translates addresses (output), which needs it"
    beside = filtered({"firewall_existing": "leave"}, firewalls=[{"name": "ufw", "detail": "active"}])
    assert beside["bypass"] is False
    assert beside["tracking"] == "of all connections: the node has another firewall, which may need it (ufw)"
    within = filtered({}, translations=["loopback"])
    assert within["bypass"] is True


def others(kind: str, line: str) -> list[tuple[str, str | None, int | None]]:
    return [
        (one.protocol, one.address, one.port) for one in targets.others([Section(kind, "x", "x", [Line(line, "")])])
    ]


@pytest.mark.parametrize(
    ("kind", "line", "found"),
    [
        ("global", "log 192.0.2.14:5514 local0", [("udp", "192.0.2.14", 5514)]),
        ("frontend", "log 192.0.2.14 local0", [("udp", "192.0.2.14", 514)]),
        ("global", "log [2001:db8::14]:514 local0", [("udp", "2001:db8::14", 514)]),
        ("global", "log 2001:db8::14 local0", [("udp", "2001:db8::14", 514)]),
        ("global", "log [2001:db8::14] local0", [("udp", "2001:db8::14", 514)]),
        ("global", "log logs.example.com:514 local0", [("udp", None, 514)]),
        ("global", "log logs.example.com local0", [("udp", None, 514)]),
        ("global", "log ${LOGS} local0", [("udp", None, None)]),
        ("global", "log /dev/log local0", []),
        ("defaults", "log global", []),
        ("global", "log ring@logs local0", []),
        ("global", "log 127.0.0.1:514 local0", []),
        ("ring", "server logs 192.0.2.14:6514", [("tcp", "192.0.2.14", 6514)]),
        ("peers", "peer lb2 192.0.2.12:10000", [("tcp", "192.0.2.12", 10000)]),
        ("mailers", "mailer one 192.0.2.25:25", [("tcp", "192.0.2.25", 25)]),
        ("resolvers", "nameserver one 192.0.2.53:53", [(p, "192.0.2.53", 53) for p in ("udp", "tcp")]),
        ("backend", "http-request set-dst hdr(x-dst)", [("tcp", None, None)]),
        ("backend", "server a 192.0.2.1:80", []),
    ],
)
def test_where_else_it_goes(kind: str, line: str, found: list[tuple[str, str | None, int | None]]) -> None:
    assert others(kind, line) == found


DROP = {"firewall_output": "drop"}
BY_NAME = {
    "haproxy_backends": [{"name": "web_workers", "servers": [{"name": "a", "address": "a.example.com", "port": 81}]}]
}


def test_what_may_go_out() -> None:
    given = {
        **DROP,
        "haproxy_global": {"log": "192.0.2.14:514 local0"},
        "firewall_output_allow": [
            {"ports": [5432, "8000-8010"], "networks": ["10.0.0.0/8"]},
            {"protocol": "udp", "ports": 161},
        ],
    }
    found = filtered(given)
    assert found["output"] == "drop"
    assert found["allowed"] == [
        {"protocol": "tcp", "ports": "5432, 8000-8010", "networks": "10.0.0.0/8"},
        {"protocol": "udp", "ports": "161", "networks": "0.0.0.0/0 ::/0"},
    ]
    # Where everything may go out, too: the tree may come back when it does not.
    for variables in (given, {"haproxy_global": given["haproxy_global"]}):
        assert reached(variables)["others"] == [{"protocol": "udp", "ports": "514", "networks": "192.0.2.14/32"}]


def test_the_way_to_an_address_that_only_haproxy_knows() -> None:
    """What of the inventory leads there goes along with the tree, and nothing else of it."""
    backup = {"ports": 873, "networks": ["192.0.2.0/24"]}
    way = {"ports": ["80-90"], "networks": ["10.0.0.0/8"]}
    assert reached({**DROP, **BY_NAME, "firewall_output_allow": [backup, way]})["others"] == [
        {"protocol": "tcp", "ports": "80-90", "networks": "10.0.0.0/8"}
    ]
    assert reached(BY_NAME)["others"] == [{"protocol": "tcp", "ports": "81", "networks": "0.0.0.0/0 ::/0"}]
    one = {"name": "a", "address": "10.0.0.1", "port": 80}
    anywhere = {"haproxy_backends": [{"name": "web_workers", "servers": [one], "http_request": ["set-dst hdr(x)"]}]}
    assert reached(anywhere)["others"] == [{"protocol": "tcp", "ports": "1-65535", "networks": "0.0.0.0/0 ::/0"}]
    by_http = {"haproxy_backends": [{"name": "web_workers", "servers": [{"name": "a", "address": "a.b", "port": 80}]}]}
    assert reached(by_http)["others"] == []
    named_log = {**DROP, "haproxy_global": {"log": "logs.example.com:443 local0"}}
    assert "leads to port 443 of an address" in refused(named_log)[0]


def test_what_could_not_work() -> None:
    assert refused({**DROP, **BY_NAME}) == [
        "firewall_output: holds 'drop', and haproxy_backends[0].servers[0] leads to port 81 of an address that only "
        "HAProxy will know; allow it in firewall_output_allow"
    ]
    assert refused({**DROP, **BY_NAME, "firewall_output_allow": [{"ports": 81}]}) == []
    assert refused({**DROP, **BY_NAME, "firewall_output_allow": [{"protocol": "udp", "ports": 81}]}) != []
    assert refused({"firewall_output_allow": [{"ports": 81}]}) == [
        "firewall_output_allow: goes with firewall_output: drop; without it everything is allowed"
    ]


def test_what_may_go_out_anyway() -> None:
    """Whom HAProxy connects to by address the tree lets out, and HTTP goes out to all."""
    known = {
        "haproxy_backends": [{"name": "web_workers", "servers": [{"name": "a", "address": "10.0.0.1", "port": 81}]}]
    }
    assert refused({**DROP, **known}) == []
    web = {"haproxy_backends": [{"name": "web_workers", "servers": [{"name": "a", "address": "a.b", "port": 443}]}]}
    assert refused({**DROP, **web}) == []


def test_what_a_request_decides_may_be_anywhere_that_is_allowed() -> None:
    server = {"name": "a", "address": "10.0.0.1", "port": 80}
    back = {"haproxy_backends": [{"name": "web_workers", "servers": [server], "http_request": ["set-dst hdr(x)"]}]}
    assert refused({**DROP, **back}) == [
        "firewall_output: holds 'drop', and haproxy_backends[0].http_request[0] leads to an address that only HAProxy "
        "will know; allow it in firewall_output_allow"
    ]
    allowed = {**DROP, **back, "firewall_output_allow": [{"ports": 5432, "networks": ["10.0.0.0/8"]}]}
    assert reached(allowed)["others"] == [{"protocol": "tcp", "ports": "5432", "networks": "10.0.0.0/8"}]


THEIRS: dict[str, t.Any] = {"name": "table ip theirs", "detail": "1 rules", "obstacle": "", "tables": ["ip theirs"]}
WALLS: list[dict[str, t.Any]] = [
    {
        "name": "ufw",
        "detail": "enabled",
        "obstacle": "",
        "files": [{"path": "/etc/ufw/ufw.conf"}],
        "tables": ["ip theirs"],
    },
    THEIRS,
]
KEEP = {"firewall_existing": "keep_aside"}


def test_what_is_switched_off_is_planned_and_told() -> None:
    plan = planned(KEEP, firewalls=WALLS)
    assert plan["aside"] == {
        "names": ["ufw", "table ip theirs"],
        "tables": ["ip theirs"],
        "legacy": [],
        "units": [],
        "files": [{"path": "/etc/ufw/ufw.conf"}],
    }
    assert plan["notes"] == [
        "a firewall that was there before, ufw, table ip theirs, is switched off with the change of ours, and kept "
        "below /var/lib/hardened-balancer/firewall-aside"
    ]
    # The second run finds none, and has to come to the same rules.
    assert plan["firewall"] == planned(KEEP)["firewall"]
    assert planned(KEEP)["notes"] == []


def test_what_is_left_is_not_switched_off() -> None:
    shared = {**THEIRS, "obstacle": "it holds chains of Docker, which writes them by itself"}
    plan = planned({"firewall_existing": "leave"}, firewalls=[WALLS[0], shared])
    assert (plan["notes"], any(plan["aside"].values())) == ([], False)


def test_what_cannot_be_kept_aside_is_refused() -> None:
    drafted, _problems = model.draft(KEEP, INVENTORY)
    shared = {**THEIRS, "obstacle": "it holds chains of Docker, which writes them by itself"}
    _plan, problems = model.complete(drafted, {**NODE, "firewalls": [WALLS[0], shared]}, RUN)
    assert [str(one) for one in problems] == [
        "firewall_existing: holds 'keep_aside', and the node has one that cannot be kept aside: "
        "table ip theirs (1 rules): it holds chains of Docker, which writes them by itself; "
        "take it away by hand, or set leave"
    ]
