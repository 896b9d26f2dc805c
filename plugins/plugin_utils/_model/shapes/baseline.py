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
}
