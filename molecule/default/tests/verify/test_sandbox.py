# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HAProxy is confined, by systemd's own judgement and by the kernel's."""

from __future__ import annotations

import re
from typing import Any

# The master, which stays, and the worker, whom clients reach.
PROCESSES = "$(systemctl show --value -p MainPID haproxy) $(pgrep -u haproxy -x haproxy)"
# chown, kill, setgid, setuid, net_bind_service, sys_chroot
BASE = "00000000000404e1"


def test_systemd_rates_it_under_3(balancer: Any) -> None:
    said = balancer.run("systemd-analyze security --no-pager haproxy.service")
    rated = re.search(r"Overall exposure level for haproxy\.service: (\d+\.\d+)", said)
    assert rated, said
    assert float(rated[1]) < 3.0


def test_the_kernel_confines_master_and_worker(balancer: Any) -> None:
    said = balancer.run(f"for p in {PROCESSES}; do grep -E '^(CapBnd|NoNewPrivs|Seccomp):' /proc/$p/status; done")
    found = [tuple(line.split()) for line in said.splitlines()]
    assert len(found) >= 6
    assert set(found) == {("CapBnd:", BASE), ("NoNewPrivs:", "1"), ("Seccomp:", "2")}


def test_a_port_below_1024_takes_a_capability_here(balancer: Any) -> None:
    assert balancer.run("cat /proc/sys/net/ipv4/ip_unprivileged_port_start").strip() == "1024"


def test_the_master_reaches_neither_homes_nor_systemd(balancer: Any) -> None:
    inside = "nsenter --target $(systemctl show --value -p MainPID haproxy) --mount"
    assert balancer.inside.run(f"{inside} test -d /home/ops").rc != 0
    assert balancer.inside.run(f"{inside} touch /etc/x").rc != 0
    assert balancer.inside.run(f"{inside} touch /var/lib/hardened-balancer/x").rc != 0
    assert balancer.inside.run(f"{inside} touch /run/x").rc == 0
    assert balancer.inside.run(f"{inside} systemctl is-active haproxy").stdout.strip() != "active"


def test_systemd_knows_every_setting(balancer: Any) -> None:
    said = balancer.inside.run("systemd-analyze verify haproxy.service")
    assert "Unknown" not in said.stdout + said.stderr
