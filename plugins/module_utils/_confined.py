# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a new process could not do in the sandbox of its unit, found by a look from inside it.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import os
import re
import stat
import typing as t
from pathlib import Path

from ansible_collections.hardened.balancer.plugins.module_utils import _programs, _sandbox
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_process import (
    UNIT,
    Places,
    parse_properties,
)

# As `systemctl show` prints them, systemd-run takes them.
COPIED = (
    *("BindReadOnlyPaths", "CapabilityBoundingSet", "InaccessiblePaths", "LockPersonality", "NoNewPrivileges"),
    *("PrivateDevices", "PrivateTmp", "ProcSubset", "ProtectClock", "ProtectControlGroups", "ProtectHome"),
    *("ProtectHostname", "ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables", "ProtectProc"),
    *("ProtectSystem", "ReadOnlyPaths", "ReadWritePaths", "RestrictAddressFamilies", "RestrictRealtime"),
    *("RestrictSUIDSGID", "SystemCallErrorNumber", "SystemCallFilter"),
)
# systemd could not even try; what HAProxy then says at its start counts.
NOT_TRIED = re.compile(
    r"Failed to (?:start|create|connect|get)|Unknown assignment|not found|\S+: No such file", re.IGNORECASE
)
SOCKETS = re.compile(r"^[ \t]+(?:bind|stats socket)[ \t]+(?:unix@)?(/\S+)", re.MULTILINE)
# systemd makes it root's at each start, and the unit before each reload.
RUNTIME = "/run/haproxy"
WRITES_ANYWHERE, IS_ANYBODY = "cap_dac_override", "cap_fowner"


def problems(main: Path, places: Places, run: _programs.Run) -> list[str]:
    """Nothing where the unit has no sandbox of ours."""
    unit = parse_properties(run(["systemctl", "show", UNIT, f"--property=Environment,{','.join(COPIED)}"]).out)
    if _sandbox.of_environment(unit.get("Environment", "")) is None:
        return []
    return [*_sockets(main.read_text(errors="replace"), unit), *_reads(main, unit, places, run)]


def _reads(main: Path, unit: t.Mapping[str, str], places: Places, run: _programs.Run) -> t.Iterator[str]:
    settings = [f"--property={name}={unit[name]}" for name in COPIED if unit.get(name)]
    command = ["systemd-run", "--quiet", "--pipe", "--wait", "--collect", *settings]
    answer = run([*command, places.program, "-c", "-f", str(main)])
    if answer.rc != 0 and not NOT_TRIED.match(answer.said):
        yield (
            f"HAProxy takes the tree, but not in the sandbox of {UNIT}: let through what it needs by haproxy_unit, "
            f"CapabilityBoundingSet: [CAP_DAC_READ_SEARCH] where a file is not root's, say\n{answer.said}"
        )


def _sockets(text: str, unit: t.Mapping[str, str]) -> t.Iterator[str]:
    """Root without its capabilities writes where root may write, and where everybody may."""
    held = unit.get("CapabilityBoundingSet", "").lower().split()
    for path in sorted(set(SOCKETS.findall(text))):
        where = Path(path).parent
        about = _about(where)
        if about is None or str(where) == RUNTIME:
            continue
        if WRITES_ANYWHERE not in held and about.st_uid != 0 and not about.st_mode & stat.S_IWOTH:
            yield (
                f"{path} cannot be made: {where} is not root's, and HAProxy's root may write where root may. "
                "chown it, or set haproxy_unit: {CapabilityBoundingSet: [CAP_DAC_OVERRIDE]}"
            )
        elif IS_ANYBODY not in held and (there := _about(Path(path))) and there.st_uid != 0:
            yield (
                f"{path} cannot be replaced: it is not root's. "
                "Remove it, or set haproxy_unit: {CapabilityBoundingSet: [CAP_FOWNER]}"
            )


def _about(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None
