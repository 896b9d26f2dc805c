# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Consistent hashing as real HAProxy does it: two balancers agree, and one more worker moves few keys."""

from __future__ import annotations

import json
import random
import typing as t

import pytest

from ansible_collections.hardened.balancer.plugins.plugin_utils._model import plan
from tests.topics import hashing, test_topics

KEYS = 10_000
WORKERS = [f"worker{i:02}.example.com" for i in range(51)]
STUB = """
frontend stub
    mode http
    bind 127.0.0.1:{port}
    timeout client 30s
    http-request return status 200
"""


def config(name: str, port: int, workers: list[str]) -> str:
    """What the model makes of an inventory, its workers all at one address, where somebody answers."""
    variables: dict[str, t.Any] = {
        "haproxy_frontends": [
            {
                "name": "web",
                "binds": [{"port": port, "address": "127.0.0.1"}],
                "default_backend": "shards",
                "timeout": {"client": "30s"},
                "options": [{"no": "httplog"}],
            }
        ],
        "haproxy_backends": [
            {
                "name": "shards",
                "balance": "uri",
                "check": False,
                "workers": {"group": "shards", "port": port + 100},
                "timeout": {"connect": "5s", "server": "30s"},
                "http_response": ["set-header x-server %s"],
            }
        ],
    }
    hosts = {worker: {"ansible_host": "127.0.0.1"} for worker in workers}
    drafted, problems = plan.draft(variables, {"name": name, "groups": {"shards": workers}, "hosts": hosts})
    assert problems == []
    kept = [s for s in drafted["sections"] if s["title"].split()[0] in ("frontend", "backend")]
    text = "\n".join(f"{s['title']}\n{s['lines']}" for s in kept)
    return text + STUB.format(port=port + 100)


@pytest.fixture(scope="module", params=test_topics.VERSIONS)
def chosen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The server that each balancer chose for each key."""
    home = tmp_path_factory.mktemp("hashing")
    fifty = WORKERS[:50]
    turned = random.Random(50).sample(fifty, len(fifty))
    balancers = {"a": fifty, "b": turned, "c": WORKERS}
    for i, (name, workers) in enumerate(balancers.items()):
        (home / f"{name}.cfg").write_text(config(f"lb-{name}", hashing.FIRST_PORT + i, workers))
    said = test_topics.alone(request.param, "tests.topics.hashing", home, ["."], str(KEYS))
    answers = {name: home / f"{name}.json" for name in balancers}
    assert all(path.exists() for path in answers.values()), said
    return {name: json.loads(path.read_text()) for name, path in answers.items()}


def test_every_worker_gets_some(chosen: dict[str, list[str]]) -> None:
    assert set(chosen["a"]) == set(WORKERS[:50])
    assert set(chosen["c"]) == set(WORKERS)


def test_two_balancers_agree_on_every_key(chosen: dict[str, list[str]]) -> None:
    assert chosen["a"] == chosen["b"]


def test_one_more_worker_moves_few_keys_and_all_of_them_to_itself(chosen: dict[str, list[str]]) -> None:
    moved = [after for before, after in zip(chosen["a"], chosen["c"]) if before != after]
    print(f"{len(moved)} of {KEYS} keys moved")
    assert 0 < len(moved) <= KEYS * 2 / 50
    assert set(moved) == {WORKERS[50]}
