# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be the same after a reboot, asked of the system itself and of nothing that the collection brought."""

from __future__ import annotations

import hashlib
import json
import pathlib
import re
import subprocess

SETTINGS = "/etc/sysctl.d/zz-hardened-balancer.conf"
FILES = ("/etc/hardened-balancer/*", "/etc/ssh/sshd_config.d/*", "/etc/sudoers.d/*", "/etc/haproxy/trees/*/*")
UNITS = ("ssh", "haproxy", "hardened-balancer-firewall", "systemd-timesyncd", "apt-daily-upgrade.timer")
UNIT = ("ActiveState", "UnitFileState", "LimitNOFILE", "CapabilityBoundingSet", "SystemCallFilter", "ProtectSystem")
DYNAMIC = re.compile(r"(set \w+ \{[^}]*flags dynamic[^}]*?)\s+elements = \{[^}]*\}")
Kernel = dict[str, tuple[str, str]]


def run(*words: str) -> str:
    return subprocess.run(words, check=False, capture_output=True, text=True).stdout


def kernel() -> Kernel:
    """By path: what the file says, and what runs. A line of its own counts more than a pattern."""
    lines = (line for line in pathlib.Path(SETTINGS).read_text().splitlines() if not line.startswith("#"))
    found: Kernel = {}
    for key, _equals, value in sorted((line.partition("=") for line in lines), key=lambda parts: "*" not in parts[0]):
        pattern = key.strip().lstrip("-").translate(str.maketrans("./", "/."))
        for path in pathlib.Path("/proc/sys").glob(pattern or "none"):
            found[str(path)] = (" ".join(value.split()), " ".join(path.read_text().split()))
    return found


def limits() -> dict[str, list[str]]:
    pids = [path.parent for path in pathlib.Path("/proc").glob("[0-9]*/comm") if path.read_text().strip() == "haproxy"]
    lines = (line for pid in pids for line in (pid / "limits").read_text().splitlines())
    return {"open files of master and worker": sorted(line.split()[4] for line in lines if line.startswith("Max open"))}


def rules() -> str:
    """Without counters, and without the addresses that come and go by themselves."""
    return DYNAMIC.sub(r"\1", run("nft", "-s", "list", "ruleset"))


def listeners() -> list[str]:
    fields = (line.split() for line in run("ss", "-Hlntu").splitlines())
    return sorted({f"{protocol} {local}" for protocol, _state, _queue, _backlog, local, *_peer in fields})


def unit(name: str) -> dict[str, str]:
    text = run("systemctl", "show", name, *(f"--property={one}" for one in UNIT))
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def files() -> dict[str, str]:
    paths = (path for pattern in FILES for path in pathlib.Path("/").glob(pattern.lstrip("/")) if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def main() -> None:
    state = {"units": {name: unit(name) for name in UNITS}, "rules": rules(), "sshd": run("sshd", "-T")}
    state.update(kernel=kernel(), limits=limits(), listeners=listeners(), files=files())
    state["tree"] = str(pathlib.Path("/etc/haproxy/haproxy.cfg").resolve())
    print(json.dumps(state))


if __name__ == "__main__":
    main()
