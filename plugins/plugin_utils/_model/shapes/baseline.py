# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of the baseline: what the node is beside SSH, firewall and HAProxy."""

from __future__ import annotations

from ..shape import Shape

VARIABLES: dict[str, tuple[tuple[str, ...], Shape]] = {
    "baseline_sysctl": (
        ("baseline",),
        Shape(
            "map",
            "settings of the kernel that differ from ours (docs/reference/kernel.md), or are more; null leaves one out",
            of=Shape("sysctl"),
            example={"net.ipv4.conf.*.rp_filter": 2, "net.ipv4.ip_nonlocal_bind": 1},
        ),
    ),
    "baseline_updates": (
        ("baseline",),
        Shape(
            "choice",
            "what each balancer installs by itself, at an hour of its own; none leaves it to you",
            choices=("security", "none"),
            default="security",
        ),
    ),
    "baseline_reboot": (
        ("baseline",),
        Shape(
            "clock",
            "when a balancer may reboot by itself if an update asks for it, an hour later for each next one of the "
            "inventory; false never does",
            default=False,
            example="03:30",
        ),
    ),
    "baseline_fail2ban": (
        ("baseline",),
        Shape(
            "bool", "whether fail2ban bans who fails to log in, but nobody of the management networks", default=False
        ),
    ),
}
