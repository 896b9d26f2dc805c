# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TCP reaches the databases, and TLS the worker of its name, unopened."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any


def server_of_query(lab: Any, balancer: Any) -> str:
    query = "select inet_server_addr()"
    return str(lab["client"].run(f"psql -h {balancer.address} -U lab -d postgres -tAc '{query}'").strip())


def tls_subject(lab: Any, balancer: Any, name: str) -> str:
    """Who the certificate says it is that answers to a name."""
    greeting = f"-servername {name}" if name else "-noservername"
    shown = lab["client"].run(f"openssl s_client -connect {balancer.address}:443 {greeting} </dev/null 2>/dev/null")
    found = re.search(r"subject=CN = (\S+)", shown)
    assert found, shown
    return found.group(1)


def test_queries_are_spread_over_both_databases(lab: Any, balancer: Any) -> None:
    servers = Counter(server_of_query(lab, balancer) for _ in range(20))
    assert servers == {lab["worker1"].address: 10, lab["worker2"].address: 10}


def test_a_stopped_database_costs_no_query(lab: Any, balancer: Any) -> None:
    lab["worker1"].run("pg_ctlcluster 15 main stop -m fast")
    try:
        servers = {server_of_query(lab, balancer) for _ in range(10)}
    finally:
        lab["worker1"].run("pg_ctlcluster 15 main start")
    assert servers == {lab["worker2"].address}


def test_tls_goes_to_the_worker_of_its_name(lab: Any, balancer: Any) -> None:
    assert tls_subject(lab, balancer, "shop.example.com") == "worker1"
    assert tls_subject(lab, balancer, "SHOP.example.com") == "worker1"


def test_tls_with_another_name_or_none_goes_to_the_default(lab: Any, balancer: Any) -> None:
    assert tls_subject(lab, balancer, "shop.example.com.evil.test") == "worker2"
    assert tls_subject(lab, balancer, "www.example.com") == "worker2"
    assert tls_subject(lab, balancer, "") == "worker2"


def test_only_what_the_inventory_names_answers(lab: Any, balancer: Any) -> None:
    assert lab.open_ports(balancer.address) == {22, 443, 5432}
