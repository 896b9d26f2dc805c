# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sandbox that HAProxy runs in: which one it was started with, which one its unit has, and what it refuses.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import re
import typing as t
import urllib.parse
from pathlib import Path

MARK = re.compile(r"\bHARDENED_BALANCER_SANDBOX=([^\s\"\x00]+)")
# systemd gives it to every process; a configuration with resetenv takes it away, and the mark with it.
INVOCATION = "INVOCATION_ID="
# In the order of their numbers.
CAPABILITIES = (
    *("chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid"),
    *("setuid", "setpcap", "linux_immutable", "net_bind_service", "net_broadcast", "net_admin", "net_raw"),
    *("ipc_lock", "ipc_owner", "sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct"),
    *("sys_admin", "sys_boot", "sys_nice", "sys_resource", "sys_time", "sys_tty_config", "mknod"),
    *("lease", "audit_write", "audit_control", "setfcap", "mac_override", "mac_admin", "syslog"),
    *("wake_alarm", "block_suspend", "audit_read", "perfmon", "bpf", "checkpoint_restore"),
)

Settings = frozenset[str]


def parse(mark: str | None) -> Settings | None:
    return frozenset(urllib.parse.unquote(one) for one in mark.split(",")) if mark else None


def of_environment(text: str) -> Settings | None:
    found = MARK.search(text)
    return parse(found[1]) if found else None


def of_process(environ: str, status: str, unit: Settings | None) -> Settings | None:
    """What it was started with; where its own configuration has cleared its environment, the kernel has to do."""
    if environ and INVOCATION not in environ and status_of(status).get("NoNewPrivs") == "1":
        return unit
    return of_environment(environ)


def status_of(text: str) -> dict[str, str]:
    pairs = (line.partition(":") for line in text.splitlines())
    return {name: value.strip() for name, _colon, value in pairs}


def capabilities(status: t.Mapping[str, str]) -> set[str]:
    """By name, of the bounding set; those that only a newer kernel has by number."""
    bits = int(status.get("CapBnd", "0"), 16)
    names = {n: f"CAP_{name.upper()}" for n, name in enumerate(CAPABILITIES)}
    return {names.get(n, f"CAP_{n}") for n in range(bits.bit_length()) if bits >> n & 1}


def lacking(process: Settings | None, unit: Settings | None) -> t.Iterator[str]:
    """Why only a restart does it: a process keeps the sandbox that it was started in."""
    if unit is None:
        return
    if process is None:
        yield "the process does not run in the sandbox of its unit, a reload cannot put it there"
    elif missing := sorted(unit - process):
        yield f"the process was started without {', '.join(missing)} in its unit, a reload cannot give it that"


def leftover(process: Settings | None, unit: Settings | None) -> list[str]:
    """What it may do though nothing needs it any more: no reason to cut connections, it goes with the next restart."""
    return sorted(process - unit) if process is not None and unit is not None else []


def read_status(proc: str, pid: int) -> dict[str, str]:
    try:
        return status_of(Path(proc, str(pid), "status").read_text(errors="replace"))
    except OSError:
        return {}
