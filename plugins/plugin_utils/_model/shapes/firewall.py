# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of the packet filter."""

from __future__ import annotations

from ..shape import Shape, one_or_list

# A flood by one address is far above it; a busy content network, or an office behind one address, far below.
SYN_RATE = {"rate": 1000, "burst": 5000}

VARIABLES: dict[str, tuple[tuple[str, ...], Shape]] = {
    "firewall_syn_rate": (
        ("firewall",),
        Shape(
            "either",
            "new TCP connections a second that one source (an IPv4 address or an IPv6 /64) may begin to the served "
            "ports; false: any number",
            either=(
                Shape("bool"),
                Shape(
                    "dict",
                    keys={
                        "rate": Shape("int", "connections a second", low=1, high=1000000, default=SYN_RATE["rate"]),
                        "burst": Shape("int", "connections at once", low=1, high=1000000, default=SYN_RATE["burst"]),
                    },
                ),
            ),
            default=SYN_RATE,
        ),
    ),
    "firewall_syn_exempt": (
        ("firewall",),
        Shape(
            "list",
            "networks without that rate, beside workers and management networks: a content network, say",
            of=Shape("network"),
            example=["203.0.113.0/24"],
        ),
    ),
    "firewall_conntrack_bypass": (
        ("firewall",),
        Shape(
            "bool",
            "the kernel tracks no connection to the served ports or to workers that are known by address",
            default=True,
        ),
    ),
    "firewall_output": (
        ("firewall",),
        Shape(
            "choice",
            "whether the node may begin any connection, or (drop) only those that a balancer needs and those of "
            "firewall_output_allow",
            choices=("accept", "drop"),
            default="accept",
        ),
    ),
    "firewall_output_allow": (
        ("firewall",),
        Shape(
            "list",
            "what else the node may begin where firewall_output is drop",
            of=Shape(
                "dict",
                keys={
                    "protocol": Shape("choice", "protocol", choices=("tcp", "udp"), default="tcp"),
                    "ports": one_or_list(Shape("ports"), "ports or ranges of the other side", required=True),
                    "networks": one_or_list(Shape("network"), "where the other side is; unset: anywhere", low=1),
                },
            ),
            example=[{"protocol": "tcp", "ports": [5432], "networks": ["10.0.0.0/8"]}],
        ),
    ),
    "firewall_existing": (
        ("firewall",),
        Shape(
            "choice",
            "what becomes of a firewall that was there before: the node is refused, or it is left beside ours, or "
            "switched off and kept aside with the way back",
            choices=("refuse", "leave", "keep_aside"),
            default="refuse",
        ),
    ),
}
