# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import builtins
import random
import typing as t

import pytest

from ansible_collections.hardened.balancer.plugins.plugin_utils._model import shapes, workers
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.check import check
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.problems import Problems

INVENTORY: dict[str, t.Any] = {
    "name": "lb1",
    "groups": {"balancers": ["lb1"], "web": ["worker2", "worker1"], "more": ["worker3", "worker1"], "nobody": []},
    "hosts": {
        "worker1": {"ansible_host": "10.0.0.101", "inner": "10.1.0.101"},
        "worker2": {"ansible_host": "10.0.0.102", "haproxy_worker": {"weight": 3, "backup": True, "port": 8080}},
        "worker3": {"haproxy_worker": {"address": "2001:db8::3"}},
    },
}


def read(given: dict[str, t.Any], problems: Problems) -> dict[str, t.Any]:
    backend = check(shapes.BACKEND, {"name": "b", **given}, "b", problems)
    return {**backend, "path": "b", "kind": "backend"}


def expand(given: dict[str, t.Any]) -> tuple[list[dict[str, t.Any]], list[str]]:
    problems = Problems()
    backend = read(given, problems)
    backend["servers"] = workers.expand(backend, "b", INVENTORY, problems)
    workers.check_templates(backend, "b", problems)
    workers.check_presence(backend, "b", problems)
    workers.check_round_robin(backend, backend["servers"], "b", problems)
    return backend["servers"], [str(p) for p in problems]


def found(given: dict[str, t.Any], *keys: str) -> list[tuple[t.Any, ...]]:
    servers, problems = expand(given)
    assert problems == []
    return [tuple(server.get(key) for key in keys) for server in servers]


def test_a_group_is_sorted_and_its_hosts_say_what_differs() -> None:
    assert found({"workers": {"group": "web", "port": 80, "weight": 2}}, "name", "address", "port", "weight") == [
        ("worker1", "10.0.0.101", 80, 2),
        ("worker2", "10.0.0.102", 8080, 3),
    ]
    inner = {"workers": {"group": "web", "port": 80, "address_variable": "inner"}}
    assert found(inner, "address") == [("10.1.0.101",), ("10.0.0.102",)]


def test_the_order_of_an_inventory_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    before = expand({"workers": {"group": "web", "port": 80}})
    monkeypatch.setitem(INVENTORY["groups"], "web", ["worker1", "worker2"])
    assert expand({"workers": {"group": "web", "port": 80}}) == before


def test_the_order_of_a_users_list_is_kept() -> None:
    servers = [{"name": n, "address": "198.51.100.9", "port": 80} for n in ("zebra", "ant")]
    assert found({"servers": servers}, "name") == [("zebra",), ("ant",)]
    addresses = ["198.51.100.9", "198.51.100.3"]
    assert found({"workers": {"from": addresses, "port": 80}}, "address") == [(a,) for a in addresses]


def test_sources_of_all_kinds_in_their_order() -> None:
    sources = [{"from": ["198.51.100.9"], "port": 81}, {"group": "web", "port": 80}]
    servers = [{"name": "own", "address": "198.51.100.8", "port": 82}]
    assert found({"servers": servers, "workers": sources}, "name", "port", "origin") == [
        ("own", 82, "b.servers[0]"),
        ("198.51.100.9", 81, "b.workers[0].from[0]"),
        ("worker1", 80, "b.workers[1].group"),
        ("worker2", 8080, "b.workers[1].group"),
    ]


TERRAFORM: dict[str, t.Any] = {
    "workers": {
        "value": [
            {"name": "a", "private_ip": "198.51.100.11", "state": "running", "size": 4, "port": None},
            {"name": "b", "private_ip": "198.51.100.12", "state": "stopped", "size": 4, "port": None},
            {"name": "c", "private_ip": "198.51.100.13", "state": "running", "size": 8, "port": "8080"},
        ]
    }
}


def test_a_query_picks_workers_from_any_structure() -> None:
    query = "workers.value[?state=='running'].{name: name, address: private_ip, weight: size, port: port}"
    source = {"from": TERRAFORM, "query": query, "port": 80, "slowstart": "10s"}
    assert found({"workers": source}, "name", "address", "weight", "port", "slowstart") == [
        ("a", "198.51.100.11", 4, 80, ["10s"]),
        ("c", "198.51.100.13", 8, 8080, ["10s"]),
    ]


def test_a_query_of_a_mapping_does_not_depend_on_the_order_of_its_keys() -> None:
    hosts = [(f"h{i}", {"ip": f"198.51.100.{i}"}) for i in range(10, 30)]
    random.Random(3).shuffle(hosts)
    source = {"from": {"hosts": dict(hosts)}, "query": "hosts.*.ip", "port": 80}
    assert found({"workers": source}, "address") == [(f"198.51.100.{i}",) for i in range(10, 30)]


def test_types_of_ansible_are_text_for_a_query() -> None:
    class Tagged(str):
        pass

    source = {"from": {"hosts": [{"ip": Tagged("198.51.100.9")}]}, "query": "hosts[?starts_with(ip, '198')].ip"}
    assert found({"workers": {**source, "port": 80}}, "address") == [("198.51.100.9",)]


@pytest.mark.parametrize(
    ("item", "name"),
    [
        ("198.51.100.9", "198.51.100.9"),
        ("db1.example.com", "db1.example.com"),
        ("2001:DB8::9", "2001-db8--9"),
        ({"address": "198.51.100.9", "port": 8080}, "198.51.100.9-8080"),
        ({"address": "198.51.100.9", "name": "mine", "port": 8080}, "mine"),
        ({"address": "198.51.100.9", "name": None}, "198.51.100.9"),
    ],
)
def test_a_worker_without_a_name_is_named_by_its_address(item: t.Any, name: str) -> None:
    assert found({"workers": {"from": [item], "port": 80}}, "name") == [(name,)]


def test_ids_follow_the_name_and_are_unique(monkeypatch: pytest.MonkeyPatch) -> None:
    one = {s["name"]: s["id"] for s in workers.with_ids([{"name": "a"}, {"name": "b"}])}
    other = {s["name"]: s["id"] for s in workers.with_ids([{"name": "b"}, {"name": "c"}, {"name": "a"}])}
    assert one["a"] == other["a"]
    monkeypatch.setattr(workers, "HIGHEST_ID", 3)
    crowded = workers.with_ids([{"name": n} for n in ("c", "a", "b")])
    assert sorted(s["id"] for s in crowded) == [1, 2, 3]


def test_a_worker_more_leaves_the_ids_of_the_others_alone() -> None:
    """What consistent hashing needs: places on its ring come from the ids."""
    fifty = [{"name": f"worker{i}"} for i in range(50)]
    before = {s["name"]: s["id"] for s in workers.with_ids(fifty)}
    after = {s["name"]: s["id"] for s in workers.with_ids([{"name": "worker50"}, *reversed(fifty)])}
    assert {name: after[name] for name in before} == before
    assert len(set(after.values())) == 51


REFUSED: list[tuple[str, dict[str, t.Any], str]] = [
    ("neither", {"workers": {"port": 80}}, "b.workers: must have either group (an inventory group) or from"),
    ("both", {"workers": {"group": "web", "from": [], "port": 80}}, "b.workers: must have either group"),
    (
        "a query of a group",
        {"workers": {"group": "web", "query": "x", "port": 80}},
        "b.workers.query: goes with from, and here is group",
    ),
    (
        "a variable of a structure",
        {"workers": {"from": ["198.51.100.9"], "address_variable": "x", "port": 80}},
        "b.workers.address_variable: goes with group, and here is from",
    ),
    (
        "an unknown group in the second source",
        {"workers": [{"group": "more", "port": 80}, {"group": "wbe", "port": 80}]},
        "b.workers[1].group: holds 'wbe', the inventory has no such group; did you mean web?",
    ),
    ("a group without hosts", {"workers": {"group": "nobody", "port": 80}}, "b.workers.group: holds 'nobody', a group"),
    (
        "a host in two groups",
        {"workers": [{"group": "web", "port": 80}, {"group": "more", "port": 80}]},
        "b.workers[1].group: brings 'worker1', which b.workers[0].group has already",
    ),
    (
        "an address twice",
        {"workers": {"from": ["198.51.100.9", "198.51.100.9"], "port": 80}},
        "b.workers.from[1].name: holds '198.51.100.9', which b.workers.from[0] has already",
    ),
    (
        "no port",
        {"workers": {"from": ["198.51.100.9", "198.51.100.8"]}},
        "b.workers.port: is missing: port on every worker; 198.51.100.9 has none of its own",
    ),
    (
        "no port of a server",
        {"servers": [{"name": "a", "address": "198.51.100.9"}]},
        "b.servers[0].port: is missing: port",
    ),
    (
        "text that was not read as JSON",
        {"workers": {"from": '{"a": 1}', "query": "a", "port": 80}},
        "b.workers.from: holds text, which must be a list of addresses, or of mappings with address, or what query "
        "finds such in; from_json reads JSON",
    ),
    (
        "a structure without a query",
        {"workers": {"from": TERRAFORM, "port": 80}},
        "b.workers.from: holds a mapping, which must be a list of addresses, or of mappings with address; query picks",
    ),
    (
        "a query that finds no list",
        {"workers": {"from": TERRAFORM, "query": "workers.valuee", "port": 80}},
        "b.workers.query: finds nothing, which must be a list of addresses, or of mappings with address",
    ),
    (
        "a query that finds nobody",
        {"workers": {"from": TERRAFORM, "query": "workers.value[?state=='gone']", "port": 80}},
        "b.workers.query: finds no worker; allow_empty: true accepts that",
    ),
    (
        "a broken query",
        {"workers": {"from": TERRAFORM, "query": "workers[", "port": 80}},
        'b.workers.query: is refused by jmespath: Invalid jmespath expression: Incomplete expression: "workers["',
    ),
    (
        "a query that the library stumbles over",
        {"workers": {"from": TERRAFORM, "query": "ceil(`1e999`)", "port": 80}},
        "b.workers.query: is refused by jmespath: cannot convert float infinity to integer",
    ),
    (
        "something that is no worker",
        {"workers": {"from": [["198.51.100.9"]], "port": 80}},
        "b.workers.from[0]: holds a list, which must be an address, or a mapping with address",
    ),
    (
        "a name that is none",
        {"workers": {"from": TERRAFORM, "query": 'workers.value[].{address: private_ip, name: `"a b"`}', "port": 80}},
        "b.workers.from[0].name: holds 'a b', which must be a name",
    ),
    (
        "a worker without an address",
        {"workers": {"from": TERRAFORM, "query": "workers.value[].{address: ip}", "port": 80}},
        "b.workers.from[2].address: is missing",
    ),
    (
        "a key that no worker has",
        {"workers": {"from": [{"address": "198.51.100.9", "wegiht": 2}], "port": 80}},
        "b.workers.from[0].wegiht: unknown key; did you mean weight?",
    ),
    (
        "one cookie for everybody",
        {"workers": {"group": "web", "port": 80, "cookie": "a"}},
        "b.workers.cookie: would be the same for every worker",
    ),
    ("nothing at all", {}, "b: has no servers; give workers (an inventory group, or any structure), servers (a list)"),
    (
        "a plain name without a port",
        {"server_templates": [{"prefix": "a", "count": 2, "dns_name": "a.example.com", "resolvers": "d"}]},
        "b.server_templates[0].port: is missing: port of every server; only SRV records bring one",
    ),
    (
        "a service with a port",
        {
            "server_templates": [
                {"prefix": "a", "count": 2, "dns_name": "_a._tcp.example.com", "port": 80, "resolvers": "d"}
            ]
        },
        "b.server_templates[0].port: goes with a plain name; SRV records bring the port of each server",
    ),
    (
        "names that DNS would bring again",
        {
            "workers": {"group": "web", "port": 80},
            "server_templates": [
                {"prefix": "worker", "count": 2, "dns_name": "a.example.com", "port": 80, "resolvers": "d"}
            ],
        },
        "b.server_templates[0].prefix: makes 'worker1', which b.workers.group has already",
    ),
]


@pytest.mark.parametrize(("given", "problem"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_refused(given: dict[str, t.Any], problem: str) -> None:
    problems = expand(given)[1]
    assert any(p.startswith(problem) for p in problems), problems


def test_without_jmespath_only_a_query_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    original = builtins.__import__

    def without(name: str, *rest: t.Any, **more: t.Any) -> t.Any:
        if name == "jmespath":
            raise ImportError(name)
        return original(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    assert expand({"workers": {"from": ["198.51.100.9"], "port": 80}})[1] == []
    assert expand({"workers": {"from": TERRAFORM, "query": "workers", "port": 80}})[1] == [
        "b.workers.query: needs the Python library jmespath beside Ansible on the controller; "
        "install it: pip install jmespath"
    ]


@pytest.mark.parametrize(
    "given",
    [
        {"workers": {"group": "nobody", "port": 80, "allow_empty": True}},
        {"workers": {"from": [], "port": 80, "allow_empty": True}},
        {"maintenance": True},
        {"raw": ["server a 198.51.100.9:80"]},
        {"options": ["transparent"]},
        {"http_request": [{"words": "return status 200", "when": None, "path": ""}]},
        {"http_request": [{"words": "use-service lua.answer", "when": None, "path": ""}]},
    ],
)
def test_a_backend_that_answers_by_itself_needs_no_server(given: dict[str, t.Any]) -> None:
    problems = Problems()
    rules = given.get("http_request")
    backend = read({key: value for key, value in given.items() if key != "http_request"}, problems)
    backend.update({"http_request": rules} if rules else {})
    backend["servers"] = workers.expand(backend, "b", INVENTORY, problems)
    workers.check_presence(backend, "b", problems)
    assert problems == []


@pytest.mark.parametrize("broken", [None, {"group": None}, {"from": ["198.51.100.9"], "query": None, "port": None}])
def test_what_was_refused_before_is_passed_over(broken: t.Any) -> None:
    """A broken value is None here, and has been told of."""
    backend = {"servers": [None, {"name": None, "address": None, "port": None}], "workers": [broken]}
    problems = Problems()
    assert workers.expand(backend, "b", INVENTORY, problems) == []
    assert problems == []


def test_too_many_round_robin_servers() -> None:
    servers = [{"name": f"s{i}", "address": "198.51.100.9", "port": i + 1} for i in range(4096)]
    problem = (
        "b.balance: holds 'roundrobin', which uses at most 4095 active servers; "
        "this backend has 4096; random and static-rr have no such limit"
    )
    assert expand({"servers": servers})[1] == [problem]
    assert not expand({"servers": servers, "balance": "random"})[1]
    servers[0]["backup"] = True
    assert not expand({"servers": servers})[1]
    template = {"prefix": "dns", "count": 1, "dns_name": "a.example.com", "port": 80, "resolvers": "d"}
    assert expand({"servers": servers, "server_templates": [template]})[1] == [problem]
