# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The distributions that a node may have, HAProxy and OpenSSH of each, and what the recorded ones are built with."""

from __future__ import annotations

HAPROXY = {
    "debian 12": "2.6.12",
    "debian 13": "3.0.11",
    "ubuntu 22.04": "2.4.24",
    "ubuntu 24.04": "2.8.5",
}

OPENSSH = {
    "debian 12": "9.2",
    "debian 13": "10.0",
    "ubuntu 22.04": "8.9",
    "ubuntu 24.04": "9.6",
}

# As `haproxy -vv` lists it, without what only says how it was built.
USUAL = (
    *(
        "CPU_AFFINITY",
        "DL",
        "EPOLL",
        "GETADDRINFO",
        "LIBCRYPT",
        "LINUX_SPLICE",
        "LINUX_TPROXY",
        "LUA",
        "NETFILTER",
        "NS",
    ),
    *("OPENSSL", "PCRE2", "PCRE2_JIT", "POLL", "PRCTL", "PROMEX", "RT", "SLZ", "TFO", "THREAD", "TPROXY"),
)
BUILDS: dict[tuple[int, ...], tuple[str, ...]] = {
    (2, 6): USUAL,
    (3, 0): (*USUAL, "LINUX_CAP", "MATH", "QUIC", "QUIC_OPENSSL_COMPAT", "SSL"),
}
