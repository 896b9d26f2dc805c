# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the sandbox refuses is undone with the reason; what is let through takes one restart, taken back none."""

from __future__ import annotations

from typing import Any

# Whoever has no file of root's needs a capability to read it.
STRANGERS = "install -o nobody -m 0600 /dev/null /opt/strangers.lst"
FRONTEND = {
    "name": "http_front",
    "binds": [{"port": 80}],
    "http_request": ["deny if { src -f /opt/strangers.lst }"],
    "default_backend": "web_workers",
}
NEEDS = {"haproxy_frontends": [FRONTEND]}
LETS = {**NEEDS, "haproxy_unit": {"CapabilityBoundingSet": ["CAP_DAC_OVERRIDE"]}}
SPOILT = {"haproxy_unit": {"raw": ["CapabilityBoundingSet=~CAP_SYS_CHROOT"]}}
DROP_IN = "/run/systemd/system/haproxy.service.d/zz-strange.conf"


def test_a_file_that_the_sandbox_does_not_let_through_is_refused_before_anybody_leaves(lab: Any, balancer: Any) -> None:
    balancer.run(STRANGERS)
    before = (balancer.tree_in_force, balancer.worker_pid)
    with lab.traffic(f"http://{balancer.address}/") as statuses:
        run = lab.site(variables=NEEDS, code=2)
    assert "not in the sandbox of haproxy.service" in run.output
    assert (balancer.tree_in_force, balancer.worker_pid) == before
    assert set(statuses) == {200}


def test_what_is_let_through_takes_one_restart_and_no_second(lab: Any, balancer: Any) -> None:
    run = lab.site(variables=LETS)
    assert "HAProxy was restarted, which cuts open connections" in run.output
    assert "started without CapabilityBoundingSet=CAP_DAC_OVERRIDE" in run.output
    assert lab.site(variables=LETS).changed(balancer.name) == 0


def test_what_is_taken_back_waits_for_the_next_restart_and_is_told(lab: Any, balancer: Any) -> None:
    master = balancer.run("systemctl show --value -p MainPID haproxy")
    run = lab.site()
    assert "keeps until its next restart, and needs no more: CapabilityBoundingSet=CAP_DAC_OVERRIDE" in run.output
    assert balancer.run("systemctl show --value -p MainPID haproxy") == master
    balancer.run("systemctl restart haproxy")
    assert "keeps until its next restart" not in lab.site().output


def test_a_sandbox_that_is_too_narrow_goes_back(lab: Any, balancer: Any) -> None:
    before = balancer.tree_in_force
    run = lab.site(variables=SPOILT, code=2)
    assert "The drop-in of its unit is the one from before, too." in run.output
    assert "chroot" in run.output
    assert balancer.tree_in_force == before
    assert lab.ask(f"http://{balancer.address}/").status == 200
    assert lab.site().changed(balancer.name) == 0


def test_a_drop_in_of_somebody_else_is_named(lab: Any, balancer: Any) -> None:
    balancer.run(f"install -d {DROP_IN.rpartition('/')[0]}")
    balancer.run(f"printf '[Service]\\nNoNewPrivileges=no\\nCapabilityBoundingSet=CAP_SYS_PTRACE\\n' >{DROP_IN}")
    balancer.run("systemctl daemon-reload && systemctl restart haproxy")
    run = lab.site(code=2)
    assert "sandbox of haproxy.service: expected as planned, found NoNewPrivileges=no" in run.output
    assert DROP_IN in run.output
    assert "capabilities of HAProxy's worker" in run.output
    balancer.run(f"rm {DROP_IN} && systemctl daemon-reload && systemctl restart haproxy")
    assert lab.site().changed(balancer.name) == 0
