# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the kernel in a container, where the role cannot set them: those of its network can be."""

from __future__ import annotations

import json

from tests.proof.lab import Machine

SYSCTL = "/etc/sysctl.d/zz-hardened-balancer.conf"
# A /proc that is mounted anew can be written, for what is this network's.
KERNEL = "unshare --mount sh -ec 'mount -t proc proc /proc; cd /proof; exec python3 -m tests.proof.inside.kernel {}'"


def set_kernel(machine: Machine, values: dict[str, str] | None = None) -> dict[str, str]:
    """Sets these, or what the role wrote for this network and a container cannot set; what they were before."""
    command = KERNEL.format("" if values is not None else SYSCTL)
    found: dict[str, str] = json.loads(machine.run(command, json.dumps(values)))
    return found
