# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
import yaml

from ansible_collections.hardened.balancer.plugins.plugin_utils._model import node
from ansible_collections.hardened.balancer.plugins.plugin_utils._model import plan as model

INVENTORY: dict[str, t.Any] = {
    "name": "lb1",
    "groups": {"balancers": ["lb1"], "web_workers": ["worker2", "worker1"], "nobody": []},
    "hosts": {
        "worker1": {"ansible_host": "10.0.0.101"},
        "worker2": {"ansible_host": "10.0.0.102", "haproxy_worker": {"weight": 3, "backup": True}},
    },
}
NODE: dict[str, t.Any] = {
    "distribution": "debian",
    "release": "12",
    "user": "ops",
    "client": {"address": "198.51.100.1", "port": 40022},
    "key_fingerprint": None,
    "user_keys": [],
    "memory_mib": 1024,
    "nofile_max": 20000,
    "addresses": ["198.51.100.10"],
    "groups": {},
    "users": {"ops": {"keys": []}},
    "haproxy": {"version": "2.6.12", "candidate": None},
    "configuration": "package",
    "listeners": [{"protocol": "tcp", "address": "0.0.0.0", "port": 22, "process": "sshd", "pid": 1}],
    "firewalls": [],
    "units": {unit: {"masked": False} for unit in ("haproxy", "hardened-balancer-firewall", "ssh")},
}
RUN = {"check": False, "baseline": True}
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINVDzLT2tsSDKCBw8DhqfI8KtCCsX1YzHe4dcCXU2gn1 a"
OTHER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGGyc+TBjRUA0bRUyVpSVHYLUvqTgbPeAsmH5xXzdXb5 b"
KEY_PRINT = "SHA256:NNQljcda1H6UByjWa8rBVHKWaNfU3m0LluUNDdNoySw"


def section(variables: dict[str, t.Any], title: str, inventory: dict[str, t.Any] | None = None) -> list[str]:
    drafted, problems = model.draft(variables, inventory or INVENTORY)
    assert problems == []
    plan, problems = model.complete(drafted, NODE, RUN)
    assert problems == []
    return next(s["lines"].splitlines() for s in plan["sections"] if s["title"] == title)


def problems_of(node: dict[str, t.Any], variables: dict[str, t.Any] | None = None, **run: bool) -> list[str]:
    drafted, problems = model.draft(variables or {}, INVENTORY)
    assert problems == []
    return [str(p) for p in model.complete(drafted, {**NODE, **node}, {**RUN, **run})[1]]


def test_the_smallest_case() -> None:
    assert section({}, "frontend http_front")[:2] == ["mode http", "bind *:80"]
    assert section({}, "frontend http_front")[-1] == "default_backend web_workers"
    assert section({}, "backend web_workers") == [
        "mode http",
        "balance roundrobin",
        "retry-on conn-failure empty-response",
        "http-request disable-l7-retry unless { method GET HEAD OPTIONS }",
        "server worker1 10.0.0.101:80 check id 883560578",
        "server worker2 10.0.0.102:80 check id 1381455979 weight 3 backup",
    ]


@pytest.mark.parametrize(
    ("binds", "raw", "ports"),
    [
        ([{"port": 80}], [], {"tcp": ["80"], "udp": []}),
        ([{"port": 80, "address": "127.0.0.1"}], [], {"tcp": [], "udp": []}),
        ([{"socket": "/run/x"}, {"port": "8000-8010"}], [], {"tcp": ["8000-8010"], "udp": []}),
        ([{"port": 80}], ["bind 198.51.100.10:81,[2001:db8::10]:82 name x"], {"tcp": ["80", "81", "82"], "udp": []}),
        ([{"port": 80}], ["bind quic4@:443 ssl"], {"tcp": ["80"], "udp": ["443"]}),
        ([{"port": 80}], ["bind /run/y", "bind 127.0.0.1:9000"], {"tcp": ["80"], "udp": []}),
    ],
)
def test_ports_for_the_firewall(binds: list[t.Any], raw: list[str], ports: dict[str, list[str]]) -> None:
    frontend = {"name": "web", "binds": binds, "raw": raw, "default_backend": "web_workers"}
    drafted, problems = model.draft({"haproxy_frontends": [frontend]}, INVENTORY)
    assert problems == []
    assert drafted["ports"] == {**ports, "restricted": []}


def test_rules_keep_their_order_typed_and_raw() -> None:
    rules = [
        {"deny": {"status": 405}, "if": "METH_TRACE"},
        "set-header X-Request-Start t=%[date()]",
        {"set_header": {"name": "X-Note", "value": "a b"}, "unless": "{ ssl_fc }"},
        {"redirect": {"scheme": "https", "code": 301}},
    ]
    frontend = {"name": "web", "binds": [{"port": 80}], "http_request": rules, "default_backend": "web_workers"}
    lines = section({"haproxy_frontends": [frontend]}, "frontend web")
    own = [line for line in lines if line.startswith("http-request") and "forwarded" not in line.split(" if ")[0]]
    assert own[:3] == [
        "http-request deny deny_status 405 if METH_TRACE",
        "http-request set-header X-Request-Start t=%[date()]",
        "http-request set-header X-Note 'a b' unless { ssl_fc }",
    ]
    assert own[3].startswith("http-request redirect location 'https:")


def test_options_of_a_mode_stand_only_in_sections_of_that_mode() -> None:
    variables = {
        "haproxy_defaults": {"options": ["http-no-delay", {"no": "dontlognull"}, "forwardfor except 127.0.0.0/8"]},
        "haproxy_frontends": [
            {"name": "web", "binds": [{"port": 80}], "options": [{"no": "httplog"}], "default_backend": "web_workers"},
            {"name": "db", "mode": "tcp", "binds": [{"port": 5432}], "default_backend": "db"},
        ],
        "haproxy_backends": [
            {
                "name": "db",
                "mode": "tcp",
                "options": [{"no": "redispatch"}],
                "servers": [{"name": "a", "address": "db.example.com", "port": 5432}],
            },
            {"name": "web_workers", "workers": {"group": "web_workers", "port": 80}},
        ],
    }
    assert [line for line in section(variables, "defaults") if "option" in line] == ["option redispatch 1"]
    assert [line for line in section(variables, "frontend web") if "option" in line] == [
        "option forwardfor except 127.0.0.0/8",
        "option idle-close-on-response",
        "option http-no-delay",
    ]
    assert [line for line in section(variables, "frontend db") if "option" in line] == ["option tcplog"]
    assert [line for line in section(variables, "backend db") if "option" in line] == ["no option redispatch"]


def test_sites_are_merged_by_their_names() -> None:
    site = {"frontends": [{"name": "%s", "binds": [{"port": 80}], "default_backend": "web_workers"}]}

    def named(name: str, port: int) -> dict[str, t.Any]:
        return {"frontends": [{**site["frontends"][0], "name": name, "binds": [{"port": port}]}]}

    drafted, problems = model.draft({"haproxy_site_b": named("b", 81), "haproxy_site_a": named("a", 82)}, INVENTORY)
    assert problems == []
    titles = [s["title"] for s in drafted["sections"]]
    assert [title for title in titles if title.startswith("frontend")] == ["frontend a", "frontend b"]


@pytest.mark.parametrize(
    ("memory", "nofile", "wanted", "limits"),
    [
        (1024, 524288, None, {"maxconn": 13107, "nofile": 524288}),
        # Two kernels on one machine of 1 GiB.
        (985, 524288, None, {"maxconn": 12288, "nofile": 524288}),
        (968, 524288, None, {"maxconn": 12288, "nofile": 524288}),
        (1, 524288, None, {"maxconn": 12, "nofile": 524288}),
        (65536, 20000, None, {"maxconn": 9488, "nofile": 20000}),
        (1 << 20, 1 << 30, None, {"maxconn": 200000, "nofile": 1048576}),
        (1024, 2097152, 1000000, {"maxconn": 1000000, "nofile": 2001024}),
        (1024, 524288, 50000, {"maxconn": 50000, "nofile": 524288}),
    ],
)
def test_limits(memory: int, nofile: int, wanted: int | None, limits: dict[str, int]) -> None:
    variables = {"haproxy_global": {"maxconn": wanted}} if wanted else {}
    drafted, _none = model.draft(variables, INVENTORY)
    plan, problems = model.complete(drafted, {**NODE, "memory_mib": memory, "nofile_max": nofile}, RUN)
    assert problems == []
    assert plan["limits"] == {**limits, "nr_open": limits["nofile"]}


@pytest.mark.parametrize(
    ("given", "node", "baseline", "nofile", "problem"),
    [
        ({"maxconn": 500000}, {"nr_open": 20000}, True, 1001024, ""),
        ({"maxconn": 500000}, {"nr_open": 20000}, False, 1001024, "needs 1001024 descriptors, and fs.nr_open"),
        ({"maxconn": 500000}, {"nr_open": None}, True, None, "holds 500000, which needs 1001024 descriptors"),
        ({"ulimit_n": "30000"}, {"nr_open": 20000}, True, 30000, ""),
        (
            {"ulimit_n": "30000"},
            {"nr_open": None},
            True,
            None,
            "haproxy_global.ulimit_n: holds 30000; this node allows",
        ),
        ({"maxconn": 600000000}, {"nr_open": 20000}, True, None, "holds 600000000, which needs"),
    ],
)
def test_the_kernel_allows_what_the_unit_is_given(
    given: dict[str, t.Any], node: dict[str, t.Any], baseline: bool, nofile: int | None, problem: str
) -> None:
    drafted, _none = model.draft({"haproxy_global": given}, INVENTORY)
    plan, problems = model.complete(drafted, {**NODE, **node}, {**RUN, "baseline": baseline})
    assert (problem in str(problems[0])) if problem else not problems
    if nofile:
        assert plan["limits"]["nr_open"] == plan["limits"]["nofile"] == nofile


@pytest.mark.parametrize(
    ("given", "node", "told"),
    [
        ({}, {"nofile_max": 1026}, []),
        (
            {},
            {"nofile_max": 1025},
            ["cannot be derived: this node allows 1025 descriptors, 1024 are needed for others"],
        ),
        ({"maxconn": 1}, {"nofile_max": 1026}, []),
        (
            {"maxconn": 2},
            {"nofile_max": 1026},
            ["holds 2, which needs 1028 descriptors; this node allows 1026, enough for 1"],
        ),
        ({"ulimit_n": 20000}, {}, []),
    ],
)
def test_the_last_descriptor(given: dict[str, t.Any], node: dict[str, t.Any], told: list[str]) -> None:
    assert [one.partition(": ")[2] for one in problems_of(node, {"haproxy_global": given})] == told


def test_versions_without_default_path_get_whole_names() -> None:
    drafted, _none = model.draft({"haproxy_node": {"release": "ubuntu 22.04"}}, INVENTORY)
    plan, problems = model.complete(drafted, model.stated_node(drafted))
    assert problems == []
    assert not any(line.startswith("default-path") for line in plan["sections"][0]["lines"].splitlines())
    assert "errorfile 400 /etc/haproxy/trees/@digest@/errors/400.http" in plan["sections"][1]["lines"].splitlines()


@pytest.mark.parametrize(
    ("node", "variables", "run", "problem"),
    [
        (
            {"nofile_max": 20000},
            {"haproxy_global": {"maxconn": 20000}},
            {},
            "haproxy_global.maxconn: holds 20000, which needs 41024 descriptors; this node allows 20000",
        ),
        (
            {"haproxy": {"version": "2.4.24", "candidate": None}},
            {"haproxy_global": {"close_spread_time": "10s"}},
            {},
            "haproxy_global.close_spread_time: close-spread-time needs HAProxy 2.6; this node has 2.4.24",
        ),
        ({"distribution": "fedora", "release": "41"}, {}, {}, "node: runs fedora 41; supported are debian 12"),
        (
            {"units": {"haproxy": {"masked": True}, "hardened-balancer-firewall": {"masked": False}}},
            {},
            {},
            "node: has haproxy.service masked, so that nothing can start it; on the node: systemctl unmask haproxy",
        ),
        (
            {"firewalls": [{"name": "ufw", "detail": "active"}]},
            {},
            {},
            "node: has a firewall that is not ours: ufw (active); remove it first",
        ),
        (
            {"configuration": "foreign"},
            {},
            {},
            "haproxy_existing_configuration: holds 'refuse', and the node has an /etc/haproxy/haproxy.cfg",
        ),
        (
            {},
            {"balancer_management_networks": ["203.0.113.0/24"]},
            {},
            "balancer_management_networks: holds 203.0.113.0/24; this run comes from 198.51.100.1, in none of them",
        ),
        (
            {"listeners": [{"protocol": "tcp", "address": "::", "port": 80, "process": "apache2", "pid": 7}]},
            {},
            {},
            "haproxy_frontends[0].binds[0].port: holds 80, where apache2 of the node listens already (:::80)",
        ),
        (
            {"addresses": ["198.51.100.11"]},
            {
                "haproxy_frontends": [
                    {
                        "name": "w",
                        "binds": [{"address": "198.51.100.10", "port": 80}],
                        "default_backend": "web_workers",
                    }
                ]
            },
            {},
            "haproxy_frontends[0].binds[0].address: holds '198.51.100.10', which is no address of this node",
        ),
        ({"user": "root"}, {}, {}, "balancer_administrators: is not set, and this run logs in as root"),
        (
            {},
            {"balancer_administrators": [{"name": "eve"}]},
            {},
            "balancer_administrators[0].keys: is missing, and eve has no authorized key on the node",
        ),
        (
            {"user": "root", "key_fingerprint": "SHA256:other"},
            {"balancer_administrators": [{"name": "eve", "keys": [KEY]}]},
            {},
            "balancer_administrators[0].keys: does not hold the key that this run logged in with as root",
        ),
        (
            {"user": "root", "key_fingerprint": KEY_PRINT},
            {"balancer_administrators": [{"name": "eve", "keys": [KEY]}]},
            {"baseline": False},
            "balancer_administrators[0].name: holds 'eve', who is not on the node yet; run without --tags first",
        ),
        (
            {"services": {"eve": "/usr/sbin/nologin"}, "user": "root", "key_fingerprint": KEY_PRINT},
            {"balancer_administrators": [{"name": "eve", "keys": [KEY]}]},
            {"baseline": False},
            "balancer_administrators[0].name: holds 'eve', and nobody logs in to that account of the node",
        ),
    ],
)
def test_the_node_is_judged(
    node: dict[str, t.Any], variables: dict[str, t.Any], run: dict[str, bool], problem: str
) -> None:
    problems = problems_of(node, variables, **run)
    assert len(problems) == 1
    assert problems[0].startswith(problem)


EVE = {"balancer_administrators": [{"name": "eve", "keys": [KEY]}]}
AT = {"protocol": "tcp", "port": 80, "process": "nginx", "pid": 7}
DUAL: dict[str, t.Any] = {
    "haproxy_frontends": [{"name": "w", "binds": [{"address": "::", "port": 80}], "default_backend": "web_workers"}]
}


@pytest.mark.parametrize(
    ("node", "variables"),
    [
        pytest.param({"listeners": [{**AT, "address": "0.0.0.0", "process": "haproxy"}]}, {}, id="our own HAProxy"),
        pytest.param({"listeners": [{**AT, "address": "::1"}]}, {}, id="the port at another address"),
        pytest.param({"listeners": [{**AT, "address": "127.0.0.1"}]}, DUAL, id="of the other family"),
        pytest.param({"listeners": [{**AT, "address": "0.0.0.0", "protocol": "udp"}]}, {}, id="of another protocol"),
        pytest.param(
            {"configuration": "foreign"}, {"haproxy_existing_configuration": "keep_aside"}, id="asked to keep it aside"
        ),
        pytest.param({}, {"balancer_management_networks": ["198.51.100.0/24"]}, id="from where it is managed"),
        pytest.param({"client": None}, {"balancer_management_networks": ["203.0.113.0/24"]}, id="on the node itself"),
        pytest.param({"user": "root", "user_keys": [KEY]}, EVE, id="a key that the journal does not name"),
        pytest.param(
            {"user": "root", "key_fingerprint": KEY_PRINT, "users": {"eve": {"keys": [KEY]}}},
            {"balancer_administrators": [{"name": "eve"}]},
            id="the key that the account has",
        ),
    ],
)
def test_what_a_node_may_be_like(node: dict[str, t.Any], variables: dict[str, t.Any]) -> None:
    assert problems_of(node, variables) == []


@pytest.mark.parametrize(("user_keys", "name"), [([OTHER_KEY], ""), ([], ""), ([OTHER_KEY, KEY], "eve")])
def test_of_several_keys_any_may_be_his(user_keys: list[str], name: str) -> None:
    """Without a word of the journal: one that he has must be among those of the account."""
    refused = [] if name else ["balancer_administrators[0].keys: does not hold the key that this run logged in with"]
    found = problems_of({"user": "root", "user_keys": user_keys}, EVE)
    assert [one.partition(" as root ")[0] for one in found] == refused


def test_both_families_are_held_by_one_socket() -> None:
    held = {"listeners": [{**AT, "address": "::"}]}
    assert [one.partition(" (")[0] for one in problems_of(held, DUAL)] == [
        "haproxy_frontends[0].binds[0].port: holds 80, where nginx of the node listens already"
    ]
    beside = {
        "haproxy_frontends": [{**DUAL["haproxy_frontends"][0], "binds": [{"address": "198.51.100.10", "port": 80}]}]
    }
    assert problems_of({"listeners": [{**AT, "address": "127.0.0.1"}]}, beside) == []


def test_the_lines_to_add_have_the_key_that_is_there() -> None:
    [problem] = problems_of({"user": "root", "user_keys": [KEY]})
    assert problem.endswith(f"balancer_administrators:\n        - name: ops\n          keys:\n            - {KEY}")


@pytest.mark.parametrize(
    ("installed", "candidate", "version"),
    [("2.6.12", "3.0.11", "2.6.12"), (None, "3.0.11", "3.0.11"), (None, None, "2.6.12")],
)
def test_the_version_is_that_which_will_run(installed: str | None, candidate: str | None, version: str) -> None:
    assert node.haproxy_version({**NODE, "haproxy": {"version": installed, "candidate": candidate}}) == version


TAKEN = "balancer_administrators[0].keys: does not hold the key that this run logged in with as ops"


@pytest.mark.parametrize(
    ("keys", "came_with", "baseline", "problem"),
    [
        ([OTHER_KEY], KEY_PRINT, True, TAKEN),
        ([OTHER_KEY, KEY], KEY_PRINT, True, ""),
        # No key is set without the role baseline; and what is in no file of the account is not taken out of one.
        ([OTHER_KEY], KEY_PRINT, False, ""),
        ([OTHER_KEY], "SHA256:of a certificate", True, ""),
        # Where the journal does not say, it was one of those that the account has.
        ([OTHER_KEY], None, True, TAKEN),
        ([OTHER_KEY, KEY], None, True, ""),
        ([], KEY_PRINT, True, ""),
    ],
)
def test_no_run_takes_the_key_away_that_it_came_with(
    keys: list[str], came_with: str | None, baseline: bool, problem: str
) -> None:
    node = {"user_keys": [KEY], "users": {"ops": {"keys": [KEY]}}, "key_fingerprint": came_with}
    found = problems_of(node, {"balancer_administrators": [{"name": "ops", "keys": keys}]}, baseline=baseline)
    assert [one[: len(problem)] for one in found] == ([problem] if problem else [])


def test_nor_that_of_an_administrator_who_is_not_the_first() -> None:
    variables = {"balancer_administrators": [{"name": "eve", "keys": [KEY]}, {"name": "ops", "keys": [OTHER_KEY]}]}
    [problem] = problems_of({"user_keys": [KEY], "key_fingerprint": KEY_PRINT}, variables)
    assert problem.startswith(TAKEN.replace("[0]", "[1]"))
    theirs = {"balancer_administrators": [{"name": "ops", "keys": [KEY]}, {"name": "eve", "keys": [OTHER_KEY]}]}
    assert problems_of({"user_keys": [KEY], "key_fingerprint": KEY_PRINT}, theirs) == []


@pytest.mark.parametrize("node", [{}, {"user_keys": [KEY], "client": None}, {"user_keys": [KEY, OTHER_KEY]}])
def test_who_came_by_a_password_or_on_the_console_loses_nothing(node: dict[str, t.Any]) -> None:
    users = {"ops": {"keys": node.get("user_keys", [])}}
    administrators = {"balancer_administrators": [{"name": "ops", "keys": [OTHER_KEY]}]}
    assert problems_of({"users": users, **node}, administrators) == []


@pytest.mark.parametrize(
    ("node", "told"),
    [
        ({"tunnel": "wg0"}, ["this run comes in by wg0, a tunnel that ends on the node"]),
        ({"protocols": [1, 112]}, ["the node takes part in VRRP (protocol 112), and the firewall lets none of it in"]),
        ({"protocols": [58], "tunnel": None}, []),
    ],
)
def test_what_the_firewall_closes_after_the_confirmation_is_told(node: dict[str, t.Any], told: list[str]) -> None:
    drafted, _none = model.draft({}, INVENTORY)
    plan, problems = model.complete(drafted, {**NODE, **node}, RUN)
    assert problems == []
    notes = [note for note in plan["notes"] if "the firewall lets" in note]
    assert [note[: len(one)] for note, one in zip(notes, told, strict=True)] == told


AWAY = {"address": "198.51.100.99", "port": 80}


@pytest.mark.parametrize(
    "variables",
    [
        {"haproxy_frontends": [{"name": "w", "binds": [{**AWAY, "transparent": True}]}]},
        {"haproxy_frontends": [{"name": "w", "binds": [{**AWAY, "raw": "transparent"}]}]},
        {"haproxy_frontends": [{"name": "w", "binds": [{"port": 81}], "raw": ["bind 198.51.100.99:80 transparent"]}]},
        {
            "haproxy_frontends": [{"name": "w", "binds": [AWAY]}],
            "baseline_sysctl": {"net.ipv4.ip_nonlocal_bind": "1"},
        },
    ],
)
def test_an_address_may_be_elsewhere_where_that_is_said(variables: dict[str, t.Any]) -> None:
    variables["haproxy_frontends"][0]["default_backend"] = "web_workers"
    drafted, problems = model.draft(variables, INVENTORY)
    assert problems == []
    plan, problems = model.complete(drafted, NODE, RUN)
    assert problems == []
    assert [one.get("elsewhere") for one in plan["proof"]["service"]["binds"] if one["low"] == 80] == [True]


def test_each_family_says_for_itself_whether_an_address_may_be_elsewhere() -> None:
    away = {"name": "w", "binds": [{"address": "2001:db8::99", "port": 80}], "default_backend": "web_workers"}

    def told(family: str) -> list[str]:
        allowed = {f"net.{family}.ip_nonlocal_bind": "1"}
        return problems_of({}, {"haproxy_frontends": [away], "baseline_sysctl": allowed})

    assert told("ipv6") == []
    assert "is no address of this node" in told("ipv4")[0]


@pytest.mark.parametrize("sysctl", [{}, {"net.ipv4.ip_nonlocal_bind": "0"}, {"net.ipv6.ip_nonlocal_bind": "1"}])
def test_an_address_that_is_elsewhere_is_refused_otherwise(sysctl: dict[str, str]) -> None:
    frontends = [{"name": "w", "binds": [AWAY], "default_backend": "web_workers"}]
    problems = problems_of({}, {"haproxy_frontends": frontends, "baseline_sysctl": sysctl})
    assert "is no address of this node" in problems[0]


def test_the_run_goes_on_as_the_first_administrator() -> None:
    variables = {"balancer_administrators": [{"name": "eve", "keys": [KEY]}, {"name": "ops", "keys": [KEY]}]}
    drafted, _none = model.draft(variables, INVENTORY)
    node = {**NODE, "user": "root", "key_fingerprint": KEY_PRINT}
    assert model.complete(drafted, node, RUN)[0]["login"] == "eve"
    assert model.complete(drafted, node, {**RUN, "check": True})[0]["login"] == "root"
    assert model.complete(model.draft({}, INVENTORY)[0], NODE, RUN)[0]["administrators"] == [
        {"name": "ops", "keys": []}
    ]


@pytest.mark.parametrize("written", ["{no: redispatch}", '{"no": redispatch}', "no redispatch"])
def test_an_option_is_switched_off_as_people_write_it_in_yaml(written: str) -> None:
    variables = yaml.safe_load(
        f"haproxy_backends: [{{name: web_workers, options: [{written}], workers: {{group: web_workers, port: 80}}}}]"
    )
    assert "no option redispatch" in section(variables, "backend web_workers")


def test_keywords_that_are_on_or_off() -> None:
    variables = yaml.safe_load("haproxy_global: {profiling.tasks: on, tune.idle_pool.shared: off}")
    drafted, problems = model.draft(variables, INVENTORY)
    assert problems == []
    lines = drafted["sections"][0]["lines"].splitlines()
    assert {"profiling.tasks on", "tune.idle-pool.shared off"} <= set(lines)


def test_a_line_says_which_key_it_comes_from() -> None:
    frontend = {"name": "web", "binds": [{"port": 80}], "raw": ["nonsense"], "http_request": ["deny", "set-header a b"]}
    servers = [{"name": "a", "address": "198.51.100.9", "port": 80}]
    variables = {
        "haproxy_site_shop": {"frontends": [{**frontend, "default_backend": "b"}]},
        "haproxy_backends": [{"name": "b", "servers": servers, "fullconn": 7}],
    }
    found = model.origins(variables, INVENTORY)
    assert found["frontend web", "nonsense"] == "haproxy_site_shop.frontends[0].raw[0]"
    assert found["frontend web", "http-request set-header a b"] == "haproxy_site_shop.frontends[0].http_request[1]"
    assert found["backend b", "fullconn 7"] == "haproxy_backends[0].fullconn"
    assert found["global", "user haproxy"] == "haproxy_global.user"


def test_a_line_that_is_no_key_has_no_fingerprint() -> None:
    assert node.fingerprint(KEY) == KEY_PRINT
    assert node.fingerprint("ssh-rsa AAAAB") == ""
