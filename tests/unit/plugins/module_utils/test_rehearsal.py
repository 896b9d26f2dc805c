# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is changed in a configuration so that it can run beside the one that serves."""

from __future__ import annotations

from ansible_collections.hardened.balancer.plugins.module_utils import _rehearsal

MAIN = """\
global
    log /dev/log local0
    maxconn 100000
    set-dumpable
    stats socket /run/haproxy/admin.sock level admin
defaults
    maxconn 50
frontend f
    bind *:443 ssl crt certs/ alpn h2
    bind quic4@*:443 ssl crt certs/
cache c
    total-max-size 4095
peers p
    peer lb1 198.51.100.1:1024
backend b
    log global
    default-server inter 2s fastinter 500ms fall 3
    server one 198.51.100.7:80 check inter 1s
"""


def test_nobody_notices_a_rehearsal() -> None:
    assert _rehearsal.rehearsed(MAIN, "/h").splitlines() == [
        "global",
        "    stats socket /h/s level admin",
        "    localpeer rehearsal",
        "defaults",
        "    maxconn 50",
        "frontend f",
        "    bind unix@/h/1",
        "    bind unix@/h/2",
        "cache c",
        "    total-max-size 1",
        "peers p",
        "    peer lb1 198.51.100.1:1024",
        "backend b",
        "    default-server inter 200ms fastinter 200ms fall 3",
        "    server one 198.51.100.7:80 check inter 200ms",
    ]


def test_checks_of_many_servers_are_no_storm() -> None:
    main = MAIN + "".join(f"    server s{i} 198.51.100.7:80 check inter 1s\n" for i in range(10_000))
    assert "inter 2000ms" in _rehearsal.rehearsed(main, "/h")
