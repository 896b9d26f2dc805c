# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL under Patroni: writes follow the primary wherever it goes, reads go to replicas."""

from __future__ import annotations

from typing import Any

UNITS = ["patroni@104", "patroni@105", "patroni@106"]


def query(site: Any, address: str, port: int, question: str) -> str:
    return str(site.client.inside.run(f"psql -h {address} -p {port} -U postgres -tAc '{question}'").stdout.strip())


def primary(site: Any) -> str:
    """The node behind port 5432, as both balancers see it; empty while there is none."""
    where = "select host(inet_server_addr()) where not pg_is_in_recovery()"
    answers = {query(site, address, 5432, where) for address in site.addresses}
    return answers.pop() if len(answers) == 1 else ""


def test_writes_go_to_the_primary(site: Any, eventually: Any) -> None:
    eventually(lambda: primary(site) != "", True)
    leader = site.services.run(f"curl -s http://{primary(site)}:8008/patroni")
    assert '"role": "master"' in leader


def test_reads_go_to_both_replicas(site: Any, eventually: Any) -> None:
    where = "select host(inet_server_addr()), pg_is_in_recovery()"
    replicas = {f"198.51.100.{n}|t" for n in (104, 105, 106)} - {f"{primary(site)}|t"}
    eventually(lambda: site.everywhere(lambda address: {query(site, address, 5433, where) for _ in range(4)}), replicas)


def test_a_primary_that_patroni_does_not_answer_for_loses_its_sessions(site: Any, eventually: Any) -> None:
    before = primary(site)
    sessions = [
        site.session("client", f"psql -h {address} -U postgres -c 'select pg_sleep(120)'") for address in site.addresses
    ]
    both = "select count(*) from pg_stat_activity where query like $$%sleep(120)$$"
    eventually(lambda: query(site, site.addresses[0], 5432, both), "2")
    patroni = f"lab-patroni@{before.rpartition('.')[2]}"
    site.services.run(f"systemctl kill --kill-whom=main --signal=STOP {patroni}")
    try:
        # PostgreSQL itself goes on: it is the balancer that ends them.
        assert [session.wait(timeout=10) != 0 for session in sessions] == [True, True]
        assert primary(site) == ""
    finally:
        site.services.run(f"systemctl kill --kill-whom=main --signal=CONT {patroni}")
    eventually(lambda: primary(site), before)


def test_writes_follow_a_switchover(site: Any, eventually: Any) -> None:
    before = primary(site)
    after = next(f"198.51.100.{n}" for n in (104, 105, 106) if f"198.51.100.{n}" != before)
    leader, candidate = (f"pg{address.rpartition('.')[2]}" for address in (before, after))
    patronictl = "patronictl -c /run/lab-patroni-104/patroni.yml"
    site.services.run(f"{patronictl} switchover lab --master {leader} --candidate {candidate} --force")
    eventually(lambda: primary(site), after)


def test_metrics_are_for_the_machine_itself(site: Any) -> None:
    assert site.open_ports(5432, 5433, 8405) == {5432, 5433}
    for balancer in site.balancers:
        assert "haproxy_server_status" in site.loopback(balancer, ":8405/metrics")
