# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MariaDB Galera: one node takes all writes, all nodes take reads, and a node that hangs keeps nobody."""

from __future__ import annotations

from typing import Any

UNITS = ["galera@101", "galera@102", "galera@103"]


def node(site: Any, address: str, port: int) -> str:
    ask = f"mariadb -h {address} -P {port} -u app -papp --connect-timeout=3 -NBe 'select @@wsrep_node_name'"
    return str(site.services.inside.run(ask).stdout.strip())


def test_one_node_takes_all_writes(site: Any) -> None:
    assert site.everywhere(lambda address: {node(site, address, 3306) for _ in range(6)}) == {"db101"}


def test_reads_are_spread_over_all_nodes(site: Any) -> None:
    assert site.everywhere(lambda address: {node(site, address, 3307) for _ in range(6)}) == {"db101", "db102", "db103"}


def test_a_writer_that_hangs_is_replaced_and_its_sessions_end(site: Any, eventually: Any) -> None:
    sleeping = "mariadb -h {} -P 3306 -u app -papp -e 'select sleep(120)'"
    sessions = [site.session("services", sleeping.format(address)) for address in site.addresses]
    # A session that never began would end with an error too.
    with_the_first = "ss -Htn state established sport = :3306 src 198.51.100.101"
    eventually(lambda: site.services.run(with_the_first).count("\n"), 2)
    with site.hanging("galera@101"):
        assert [session.wait(timeout=20) != 0 for session in sessions] == [True, True]
        eventually(lambda: site.everywhere(lambda address: node(site, address, 3306)), "db102")
        late = [site.session("services", sleeping.format(address)) for address in site.addresses]
        with_the_second = "ss -Htn state established sport = :3306 src 198.51.100.102"
        eventually(lambda: site.services.run(with_the_second).count("\n"), 2)
    # The first is back: there must not be two writers, so the sessions with the second end too.
    eventually(lambda: site.everywhere(lambda address: node(site, address, 3306)), "db101")
    assert [session.wait(timeout=20) != 0 for session in late] == [True, True]


def test_the_statistics_page_is_for_the_machine_itself(site: Any) -> None:
    assert site.open_ports(3306, 3307, 8404) == {3306, 3307}
    for balancer in site.balancers:
        assert "galera_writer" in site.loopback(balancer, ":8404/")
