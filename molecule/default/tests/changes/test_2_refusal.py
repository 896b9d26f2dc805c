# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What HAProxy refuses changes nothing."""

from __future__ import annotations

from typing import Any

BROKEN = {
    "name": "http_front",
    "binds": [{"port": 80}],
    "raw": ["send-to-nowhere"],
    "default_backend": "web_workers",
}


def test_a_broken_raw_directive_stops_the_run(lab: Any, balancer: Any) -> None:
    before = (balancer.tree_in_force, balancer.run("ls /etc/haproxy/trees"), balancer.running_digest)
    with lab.traffic(f"http://{balancer.address}/") as statuses:
        run = lab.site(variables={"haproxy_frontends": [BROKEN]}, code=2)
    assert "HAProxy refuses the configuration" in run.output
    assert "haproxy_frontends[0].raw[0]: send-to-nowhere" in run.output
    assert (balancer.tree_in_force, balancer.run("ls /etc/haproxy/trees"), balancer.running_digest) == before
    assert len(statuses) > 10
    assert set(statuses) == {200}


def test_check_mode_on_a_converged_node_changes_nothing(lab: Any, balancer: Any) -> None:
    assert lab.site("--check", "--diff").changed(balancer.name) == 0


def test_check_mode_shows_a_change_and_does_not_make_it(lab: Any, balancer: Any) -> None:
    before = (balancer.tree_in_force, balancer.running_digest)
    run = lab.site("--check", "--diff", variables={"haproxy_defaults": {"retries": 7}})
    assert run.changed(balancer.name) > 0
    assert "+    retries 7" in run.output
    assert (balancer.tree_in_force, balancer.running_digest) == before
