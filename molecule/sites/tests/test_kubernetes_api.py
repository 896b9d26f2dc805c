# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Kubernetes API: TLS goes through unopened, and only to servers that are ready. The servers are stand-ins."""

from __future__ import annotations

import json
from typing import Any

URL = "https://kubernetes.example.com:6443/version"
ALL = {"198.51.100.112", "198.51.100.113", "198.51.100.114"}
CONNECT = """
import socket, sys
try:
    socket.create_connection((sys.argv[2], int(sys.argv[3])), 2, (sys.argv[1], 0))
    print("open")
except OSError:
    print("closed")
"""


def servers(site: Any, address: str) -> set[str]:
    return {json.loads(body)["server"] for body in site.bodies(address, URL, 6)}


def test_requests_are_spread_and_the_certificate_is_the_servers(site: Any) -> None:
    assert site.everywhere(lambda address: servers(site, address)) == ALL
    # The balancer has no certificate that it could have shown.
    for balancer in site.balancers:
        assert not balancer.inside.file(f"{balancer.tree_in_force}/certs").exists


def test_a_server_that_is_not_ready_gets_nothing(site: Any, eventually: Any) -> None:
    site.services.run("touch /run/lab-unready-198.51.100.112")
    try:
        eventually(lambda: [servers(site, address) for address in site.addresses], [ALL - {"198.51.100.112"}] * 2)
    finally:
        site.services.run("rm /run/lab-unready-198.51.100.112")
    eventually(lambda: [servers(site, address) for address in site.addresses], [ALL] * 2)


def test_the_api_is_not_for_the_world(site: Any) -> None:
    """A stranger who reaches SSH does not reach the API."""
    stranger = "198.51.100.200"
    site.services.run(f"ip address add {stranger}/32 dev eth0")
    try:
        for balancer in site.balancers:
            balancer.run(f"ip route add {stranger}/32 dev eth0")
            tried = [
                site.python("services", CONNECT, source, balancer.address, port)
                for source, port in ((stranger, "22"), (stranger, "6443"), (site.services.address, "6443"))
            ]
            balancer.run(f"ip route del {stranger}/32 dev eth0")
            assert tried == ["open", "closed", "open"]
    finally:
        site.services.run(f"ip address del {stranger}/32 dev eth0")
