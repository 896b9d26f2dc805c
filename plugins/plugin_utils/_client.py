# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the SSH client of this machine will use for a host; asks the client, connects nowhere.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import shlex
import subprocess
import typing as t

KINDS = ("ssh", "ansible.builtin.ssh")
ARGUMENTS = ("ssh_args", "ssh_common_args", "ssh_extra_args")


def printed(connection: t.Any) -> str:
    """Of `ssh -G`, with the arguments that Ansible gives it; empty where another client or none of OpenSSH is used."""
    if getattr(connection, "ansible_name", connection.transport) not in KINDS:
        return ""
    try:
        host, program = connection.get_option("host"), connection.get_option("ssh_executable")
        words = [word for name in ARGUMENTS for word in shlex.split(connection.get_option(name) or "")]
        done = subprocess.run(
            [program, *words, "-G", host], stdin=subprocess.DEVNULL, capture_output=True, timeout=10, check=True
        )
    except (OSError, KeyError, ValueError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode(errors="replace")
