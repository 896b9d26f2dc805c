# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Redis with sentinels: writes reach the master that the sentinels chose, and no other."""

from __future__ import annotations

from typing import Any

UNITS = [f"{daemon}@{n}" for daemon in ("redis", "sentinel") for n in (109, 110, 111)]


def redis(site: Any, address: str, port: int, command: str) -> str:
    ask = f"timeout 5 redis-cli -h {address} -p {port} --no-auth-warning -a correct-horse-battery-staple {command}"
    return str(site.services.inside.run(ask).stdout.strip())


def server(site: Any, address: str, port: int) -> str:
    return redis(site, address, port, "config get bind").rpartition("\n")[2]


ALL = {"198.51.100.109", "198.51.100.110", "198.51.100.111"}


def servers(site: Any, port: int) -> list[set[str]]:
    return [{server(site, address, port) for _ in range(4)} for address in site.addresses]


def test_writes_go_to_the_master_and_reads_to_its_replicas(site: Any) -> None:
    (master,) = site.everywhere(lambda address: {server(site, address, 6379) for _ in range(4)})
    assert servers(site, 6380) == [ALL - {master}] * 2
    assert site.everywhere(lambda address: redis(site, address, 6379, "set greeting hello")) == "OK"
    assert site.everywhere(lambda address: redis(site, address, 6380, "get greeting")) == "hello"
    assert "READONLY" in site.everywhere(lambda address: redis(site, address, 6380, "set greeting bye"))


def test_writes_follow_the_sentinels(site: Any, eventually: Any) -> None:
    old = server(site, site.addresses[0], 6379)
    with site.hanging(f"redis@{old.rpartition('.')[2]}"):
        eventually(lambda: {server(site, address, 6379) for address in site.addresses} <= ALL - {old}, True)
        new = site.everywhere(lambda address: server(site, address, 6379))
        assert redis(site, site.addresses[0], 6379, "set greeting again") == "OK"
    # The old master is told that it is one no more, and reads come to it.
    eventually(lambda: servers(site, 6380), [ALL - {new}] * 2)
    eventually(lambda: servers(site, 6379), [{new}] * 2)
