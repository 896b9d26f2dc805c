# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HAProxy runs as it was told, tells what it does, and comes back after a boot."""

from __future__ import annotations

import uuid
from typing import Any


def test_haproxy_runs_and_is_there_after_a_boot(balancer: Any) -> None:
    service = balancer.inside.service("haproxy")
    assert service.is_running, balancer.inside.run("journalctl -u haproxy -n 30 --no-pager").stdout
    assert service.is_enabled


def test_what_runs_is_what_is_on_disk(balancer: Any) -> None:
    assert balancer.tree_in_force == f"/etc/haproxy/trees/{balancer.running_digest}"


def test_haproxy_has_nothing_to_warn_about(balancer: Any) -> None:
    done = balancer.inside.run("haproxy -c -dW -f /etc/haproxy/haproxy.cfg")
    assert done.rc == 0, done.stdout + done.stderr


def test_only_root_reads_the_configuration(balancer: Any) -> None:
    assert balancer.run(f"find {balancer.tree_in_force} -perm /077").split() == []


def test_only_administrators_reach_the_runtime_socket(balancer: Any) -> None:
    socket = balancer.inside.file("/run/haproxy/admin.sock")
    assert (oct(socket.mode), socket.user, socket.group) == ("0o660", "root", "balancer-admins")


def test_requests_arrive_in_the_log(lab: Any, balancer: Any, eventually: Any) -> None:
    path = f"/{uuid.uuid4()}"
    lab.ask(f"http://{balancer.address}{path}")
    eventually(lambda: path in balancer.run("journalctl -t haproxy -n 200 --no-pager"), True)
