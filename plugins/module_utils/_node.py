# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a node says about itself: small readers of files and of what programs print.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import grp
import hashlib
import ipaddress
import os
import pwd
import re
import socket
import time
import typing as t
from pathlib import Path

from ansible_collections.hardened.balancer.plugins.module_utils import (
    _files,
    _firewalls,
    _kernel,
    _listeners,
    _nft,
    _packages,
    _programs,
    _reach,
    _served,
    _session,
    _ssh_doors,
    _ssh_server,
    _transaction,
    _tree_files,
    _tunnels,
    _upkeep,
)
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_process import (
    HARD_LIMIT,
    Places,
    is_active,
    linked_digest,
    number,
    parse_properties,
)

ADMIN_GROUP = "balancer-admins"
PACKAGES = ("haproxy", "nftables", "openssh-server", "sudo", "python3-apt", "ufw", "firewalld", *_upkeep.PACKAGES)
UNITS = ("haproxy", "hardened-balancer-firewall", "ssh")
ASKED_UNITS = (*UNITS, *_firewalls.UNITS)
# What the roles write, so that a task whose file is right already need not be sent.
MANAGED = (
    "/etc/systemd/system/haproxy.service.d/hardened-balancer.conf",
    "/etc/systemd/system/hardened-balancer-recover.service",
    "/usr/local/lib/hardened-balancer/server_state.py",
    "/etc/hardened-balancer/firewall.nft",
    "/etc/ssh/sshd_config.d/00-hardened-balancer.conf",
    "/etc/systemd/system/ssh.service.d/hardened-balancer.conf",
    "/etc/systemd/system/ssh.socket.d/hardened-balancer.conf",
    "/etc/sudoers.d/hardened-balancer",
    "/etc/sysctl.d/zz-hardened-balancer.conf",
    "/etc/modules-load.d/hardened-balancer.conf",
    "/etc/apt/apt.conf.d/zz-hardened-balancer.conf",
    "/etc/systemd/system/apt-daily-upgrade.timer.d/hardened-balancer.conf",
    "/etc/needrestart/conf.d/hardened-balancer.conf",
    "/etc/systemd/journald.conf.d/hardened-balancer.conf",
    "/etc/fail2ban/jail.d/hardened-balancer.local",
    "/usr/local/lib/hardened-balancer/reload_for_libraries.py",
)
# Settings that a unit reads when it starts.
WRITTEN = {
    _upkeep.TIMER: "/etc/systemd/system/apt-daily-upgrade.timer.d/hardened-balancer.conf",
    _upkeep.JOURNALD: "/etc/systemd/journald.conf.d/hardened-balancer.conf",
    _upkeep.FAIL2BAN: "/etc/fail2ban/jail.d/hardened-balancer.local",
}
CAP_SYS_RESOURCE = 24
FEATURE = re.compile(r"\+([A-Z0-9_]+)")

Node = dict[str, t.Any]


def collect(places: Places, pid: int, sudo_user: str | None, sysctl: t.Sequence[str] = ()) -> Node:
    proc = places.proc
    line = _session.ancestors(proc, pid)
    said = _programs.run_all(
        {
            "dpkg": _packages.query(PACKAGES),
            "haproxy": [places.program, "-vv"],
            "sshd": ["sshd", "-T"],
            "nft": _nft.LIST,
            **_ssh_server.QUESTIONS,
            "units": [
                "systemctl",
                "show",
                *_unit_names(),
                f"--property=Id,ActiveState,UnitFileState,Listen,MainPID,{_upkeep.PROPERTIES}",
            ],
            **({"journal": _session.journal_query(line)} if _session.sessions(line) else {}),
        },
        timeout=20,
    )
    packages = _packages.parse(said["dpkg"].out)
    units = parse_units(said["units"].out)
    name = _session.user(line, sudo_user)
    client = _session.client(proc, line)
    journal = said["journal"].out if "journal" in said else ""
    master = number(units.get("haproxy.service", {}).get("MainPID"))
    listeners = _listeners.told_apart(_served.listeners(places), master, proc)
    ruleset = _nft.parse(said["nft"].out)
    written = {unit: _written(path) for unit, path in WRITTEN.items()}
    configuration = _packages.configuration(places.link, places.trees, packages.conffiles)
    ports_of_ssh = _ssh_doors.ports(said["sshd"].out, units, listeners)
    return {
        **os_release(_files.read("/etc/os-release")),
        "user": name,
        "client": client,
        "protocols": _listeners.protocols(proc),
        "tunnel": _tunnels.tunnel(proc, client["address"] if client else None),
        "key_fingerprint": _session.key_fingerprint(journal, name, client),
        "user_keys": _session.keys_of(_home(name)),
        "memory_mib": memory_mib(_files.read(f"{proc}/meminfo"), _files.read("/sys/fs/cgroup/memory.max")),
        "nofile_max": nofile_max(
            _files.read(f"{proc}/1/limits"), _files.read(f"{proc}/1/status"), _files.read(f"{proc}/sys/fs/nr_open")
        ),
        "nr_open": raisable(_files.read(f"{proc}/1/status"), _files.read(f"{proc}/sys/fs/nr_open")),
        "container": in_container(),
        "kernel": _kernel.read(sysctl, proc)._asdict(),
        "lives_by_ra": _kernel.lives_by_ra(
            _files.read(f"{proc}/self/net/ipv6_route"), _files.read(f"{proc}/self/net/if_inet6")
        ),
        "addresses": addresses(_files.read(f"{proc}/self/net/fib_trie"), _files.read(f"{proc}/self/net/if_inet6")),
        "groups": {ADMIN_GROUP: members(ADMIN_GROUP)},
        "users": _session.accounts(_files.read("/etc/shadow")),
        "services": _session.services(),
        "packages": {package: packages.versions.get(package) for package in PACKAGES},
        "haproxy": haproxy(packages.versions.get("haproxy"), said["haproxy"].out),
        "configuration": configuration,
        "reach": reach(places, configuration, _active(units, "haproxy.service")),
        "ssh": {
            **_ssh_server.describe(packages.versions.get("openssh-server"), said),
            **_ssh_doors.describe(said["sshd"].out, units),
        },
        "ssh_ports": ports_of_ssh,
        "listeners": listeners,
        "firewalls": _firewalls.firewalls(units, packages, ruleset, said["nft"].rc == 0, proc),
        "restricted": _nft.restricted(_nft.accepts(ruleset), ports_of_ssh),
        "translations": _firewalls.translations(ruleset, said["nft"].rc == 0, proc),
        "units": {unit: _state_of(units, unit) for unit in UNITS},
        "upkeep": _upkeep.describe(units, written, time.time() - time.monotonic())._asdict(),
        "managed": {path: sha256(path) for path in MANAGED},
    }


def _home(name: str) -> str:
    try:
        return pwd.getpwnam(name).pw_dir
    except KeyError:
        return "/nonexistent"


def _unit_names() -> list[str]:
    return [*(f"{name}.service" for name in ASKED_UNITS), "ssh.socket", *_upkeep.UNITS]


def os_release(text: str) -> dict[str, str]:
    found = {name: value.strip("\"'") for name, value in parse_properties(text).items()}
    return {"distribution": found.get("ID", ""), "release": found.get("VERSION_ID", "")}


def memory_mib(meminfo: str, limit: str) -> int:
    """Of the machine, or of the container where that is less."""
    total = re.search(r"^MemTotal:\s+(\d+) kB", meminfo, re.MULTILINE)
    found = [int(total[1]) // 1024] if total else []
    found += [int(limit) // 1024**2] if limit.strip().isdecimal() else []
    return min(found, default=0)


def _raises_limits(status: str) -> bool:
    bounding = re.search(r"^CapBnd:\s+([0-9a-f]+)", status, re.MULTILINE)
    return bool(bounding and int(bounding[1], 16) >> CAP_SYS_RESOURCE & 1)


def raisable(status: str, nr_open: str) -> int | None:
    """fs.nr_open where it is this node's own, and so can be raised; in a container it is the host's."""
    return number(nr_open.strip()) if _raises_limits(status) and not in_container() else None


def nofile_max(limits: str, status: str, nr_open: str) -> int:
    """What the init system can give a unit: the kernel's ceiling if it may raise limits, else its own hard limit."""
    ceiling = number(nr_open.strip())
    if _raises_limits(status) and ceiling:
        return ceiling
    hard = HARD_LIMIT.search(limits)
    return min((n for n in (number(hard[1]) if hard else None, ceiling) if n), default=1024)


def in_container() -> bool:
    return any(Path(path).exists() for path in ("/run/systemd/container", "/.dockerenv", "/run/.containerenv"))


def addresses(fib_trie: str, if_inet6: str) -> list[str]:
    """Those of the node that others can reach, without a program for it."""
    found = set()
    previous = ""
    for line in fib_trie.splitlines():
        if "/32 host LOCAL" in line and (match := re.search(r"(\d+(?:\.\d+){3})", previous)):
            found.add(match[1])
        previous = line
    for line in if_inet6.splitlines():
        fields = line.split()
        if len(fields) == 6 and fields[3] == "00":
            found.add(socket.inet_ntop(socket.AF_INET6, bytes.fromhex(fields[0])))
    usable = [ipaddress.ip_address(address) for address in found]
    kept = sorted((a for a in usable if not a.is_loopback), key=lambda a: (a.version, int(a)))
    return [str(address) for address in kept]


def members(name: str) -> list[str] | None:
    try:
        group = grp.getgrnam(name)
    except KeyError:
        return None
    primary = [entry.pw_name for entry in pwd.getpwall() if entry.pw_gid == group.gr_gid]
    return sorted({*group.gr_mem, *primary})


def reach(places: Places, configuration: str, active: bool) -> dict[str, t.Any] | None:
    """Where HAProxy connects to now; None where what runs does not say, as that of somebody else does not."""
    if configuration != "ours":
        return None if active and configuration == "foreign" else dict(_reach.NOTHING)
    digests = [linked_digest(places)]
    # A change that was cut off: which of the two runs was not seen by anybody.
    digests += [_transaction.kept_digest(places)] if _transaction.is_open(places) else []
    return _reach.joined(
        _tree_files.read_planned(Path(places.trees, digest), _tree_files.REACH) if digest else None
        for digest in digests
    )


def haproxy(version: str | None, printed: str) -> dict[str, t.Any]:
    """Which one is there, else which one would be installed."""
    if version is None:
        offered = _packages.candidate(_programs.run(["apt-cache", "policy", "haproxy"]).out)
        return {"version": None, "candidate": _packages.upstream(offered), "build": None}
    upstream = _packages.upstream(version)
    return {"version": upstream, "candidate": upstream, "build": build(printed)}


def build(printed: str) -> list[str]:
    """What `haproxy -vv` says that it is built with, PROMEX as a service too: not every release lists it."""
    line = next((one for one in printed.splitlines() if one.startswith("Feature list")), "")
    services = re.search(r"^Available services\s*:(.*)$", printed, re.MULTILINE)
    exporter = ["PROMEX"] if services and "prometheus-exporter" in services[1].split() else []
    return sorted({*FEATURE.findall(line), *exporter})


def parse_units(text: str) -> dict[str, dict[str, str]]:
    """`systemctl show` of several units: blocks of properties."""
    blocks = [parse_properties(block) for block in text.split("\n\n")]
    # Listen stands there once for each address.
    listens = [" ".join(re.findall(r"^Listen=(.*)$", block, re.MULTILINE)) for block in text.split("\n\n")]
    return {block["Id"]: {**block, "Listen": listen} for block, listen in zip(blocks, listens) if "Id" in block}


def _active(units: t.Mapping[str, t.Mapping[str, str]], name: str) -> bool:
    return is_active(units.get(name, {}))


def _state_of(units: t.Mapping[str, t.Mapping[str, str]], name: str) -> dict[str, bool]:
    service = f"{name}.service"
    state = units.get(service, {}).get("UnitFileState", "")
    return {
        "enabled": state in ("enabled", "alias", "static"),
        "active": _active(units, service),
        "masked": state.startswith("masked"),
    }


def _written(path: str) -> float | None:
    try:
        return Path(path).stat().st_mtime
    except OSError:
        return None


def sha256(path: str) -> str | None:
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError:
        return None


def collect_here(sysctl: t.Sequence[str] = ()) -> Node:
    return collect(Places(), os.getpid(), os.environ.get("SUDO_USER"), sysctl)
