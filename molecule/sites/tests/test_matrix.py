# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Matrix: paths choose the worker, HAProxy itself says where the homeserver is. The homeserver is a stand-in."""

from __future__ import annotations

import json
from typing import Any

import pytest

UNITS = [f"synapse@{n}" for n in range(117, 122)]
MAIN, SYNC, FEDERATION = {"117"}, {"118", "119"}, {"120", "121"}
ROUTES = [
    ("/_matrix/client/v3/sync?timeout=30000", SYNC),
    ("/_matrix/client/r0/sync", SYNC),
    ("/_matrix/client/v3/initialSync", SYNC),
    ("/_matrix/client/v3/rooms/!abc:example.com/initialSync", SYNC),
    ("/_matrix/client/v3/syncopate", MAIN),
    ("/_matrix/client/v3/login", MAIN),
    ("/_matrix/client/v3/rooms/!abc:example.com/send/m.room.message/1", MAIN),
    ("/_matrix/federation/v1/version", FEDERATION),
    ("/_matrix/key/v2/query", FEDERATION),
    ("/_matrix/key/v2/server", MAIN),
    ("/_synapse/client/oidc", MAIN),
]


def worker(page: Any) -> str:
    assert page.status == 200, page
    return str(json.loads(page.body)["worker"]).rpartition(".")[2]


@pytest.mark.parametrize(("path", "workers"), ROUTES)
def test_a_path_goes_to_its_workers(site: Any, path: str, workers: set[str]) -> None:
    for address in site.addresses:
        assert worker(site.browse(address, f"https://matrix.example.com{path}")) in workers


def test_other_homeservers_reach_the_federation_port(site: Any) -> None:
    url = "https://matrix.example.com:8448/_matrix/federation/v1/version"
    assert {worker(site.browse(address, url)) for address in site.addresses} <= FEDERATION


def test_well_known_is_answered_by_the_balancer(site: Any) -> None:
    def well_known(address: str) -> Any:
        server = site.browse(address, "https://example.com/.well-known/matrix/server")
        client = site.browse(address, "https://example.com/.well-known/matrix/client")
        elsewhere = site.browse(address, "https://matrix.example.com/.well-known/matrix/server")
        assert server.headers["content-type"] == client.headers["content-type"] == "application/json"
        assert client.headers["access-control-allow-origin"] == "*"
        assert elsewhere.status == 404
        return [json.loads(server.body), json.loads(client.body)]

    assert site.everywhere(well_known) == [
        {"m.server": "matrix.example.com:443"},
        {"m.homeserver": {"base_url": "https://matrix.example.com"}},
    ]


def test_the_administration_is_for_the_offices(site: Any) -> None:
    url = "https://matrix.example.com/_synapse/admin/v1/users"
    assert site.everywhere(lambda address: worker(site.browse(address, url))) in MAIN
    # By IPv6 the same machine comes from elsewhere.
    pages = [site.browse(f"[{balancer.ipv6}]", url) for balancer in site.balancers]
    assert [(page.status, json.loads(page.body)["errcode"]) for page in pages] == [(403, "M_FORBIDDEN")] * 2


def test_a_token_stays_with_its_worker(site: Any, eventually: Any) -> None:
    def chosen(address: str) -> list[str]:
        url = "https://matrix.example.com/_matrix/client/v3/sync"
        tokens = (f"Authorization: Bearer token{n}" for n in range(8))
        return [worker(site.browse(address, url, "--header", token)) for token in tokens]

    # The two releases of HAProxy do not hash alike: each balancer is asked for itself.
    before = [chosen(address) for address in site.addresses]
    assert [set(workers) for workers in before] == [SYNC] * 2
    assert [chosen(address) for address in site.addresses] == before
    with site.stopped("synapse@118"):
        eventually(lambda: [set(chosen(address)) for address in site.addresses], [{"119"}] * 2)
    eventually(lambda: [chosen(address) for address in site.addresses], before)
