# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.hardened.balancer.plugins.module_utils import _nft_properties

TABLE = {"family": "ip", "table": "nat"}
# As Docker resolves names in its containers.
EMBEDDED = {"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "daddr"}}, "right": "127.0.0.11"}}

ELSEWHERE = {"match": {**EMBEDDED["match"], "right": "198.51.100.11"}}

# As Docker leaves loopback alone in what it forwards.
LOOPBACK = {"prefix": {"addr": "127.0.0.0", "len": 8}}
WITHIN, NOT_HERE = ({"match": {**EMBEDDED["match"], "op": op, "right": LOOPBACK}} for op in ("==", "!="))


def chain(name: str, hook: str | None = None) -> dict[str, Any]:
    return {"chain": {**TABLE, "name": name, **({"type": "nat", "hook": hook} if hook else {})}}


def rule(name: str, *expressions: dict[str, Any]) -> dict[str, Any]:
    return {"rule": {**TABLE, "chain": name, "expr": list(expressions)}}


JUMP = {"jump": {"target": "more"}}


@pytest.mark.parametrize(
    ("items", "hooks"),
    [
        ([], []),
        ([chain("out", "output")], []),
        ([chain("out", "output"), chain("more"), rule("out", JUMP)], []),
        ([chain("pre", "prerouting"), rule("pre", {"redirect": {"port": 22}})], ["prerouting"]),
        ([chain("out", "output"), chain("more"), rule("out", JUMP), rule("more", {"dnat": {}})], ["output"]),
        (
            [chain("out", "output"), chain("more"), rule("out", EMBEDDED, JUMP), rule("more", {"xt": None})],
            ["loopback"],
        ),
        (
            [chain("out", "output"), rule("out", EMBEDDED, {"dnat": {}}), rule("out", {"dnat": {}})],
            ["loopback", "output"],
        ),
        ([chain("out", "output"), rule("out", ELSEWHERE, {"dnat": {}})], ["output"]),
        ([chain("out", "output"), rule("out", NOT_HERE, {"dnat": {}})], ["output"]),
        ([chain("out", "output"), rule("out", WITHIN, {"dnat": {}})], ["loopback"]),
        (
            [
                chain("out", "output"),
                chain("more"),
                rule("out", {"goto": {"target": "more"}}),
                rule("more", {"dnat": {}}),
            ],
            ["output"],
        ),
        ([{"chain": {**TABLE, "name": "in", "type": "filter", "hook": "input"}}, rule("in", {"xt": None})], []),
    ],
)
def test_where_addresses_are_rewritten(items: list[dict[str, Any]], hooks: list[str]) -> None:
    assert _nft_properties.translations(items) == hooks


@pytest.mark.parametrize(
    ("saved", "hooks"),
    [
        ("*nat\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n", set()),
        ("-A PREROUTING -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080\n", {"prerouting"}),
        (
            "-A POSTROUTING -o eth0 -j MASQUERADE\n-A more -j DNAT --to-destination 10.0.0.1\n",
            {"postrouting", "prerouting"},
        ),
        ("-A OUTPUT -d 127.0.0.11/32 -j DOCKER_OUTPUT\n-A DOCKER_OUTPUT -d 127.0.0.11/32 -j DNAT\n", {"loopback"}),
    ],
)
def test_where_iptables_rewrites(saved: str, hooks: set[str]) -> None:
    assert _nft_properties.translations_of_iptables(saved) == hooks
