# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the unit of HAProxy may do: a closed sandbox for all, and what the features in use need beside it.

Whatever a feature or `haproxy_unit` adds is a setting of systemd's. The process carries them as a mark in its
environment: so it is known which of them it was started with, and whether only a restart can give what is missing.
"""

from __future__ import annotations

import re
import typing as t
import urllib.parse
from pathlib import PurePosixPath

from ansible_collections.hardened.balancer.plugins.module_utils import _addresses

# Raised when SANDBOX lets less through than before: what runs is put into the new one by a restart.
VERSION = "sandbox=1"

# The process starts as root and leaves it: a worker that shares the user of its master could reach the master.
CAPABILITIES = {
    "CAP_NET_BIND_SERVICE": "ports below 1024",
    "CAP_SETUID": "the worker becomes the user haproxy",
    "CAP_SETGID": "the worker becomes the group haproxy",
    "CAP_SYS_CHROOT": "the worker locks itself in",
    "CAP_KILL": "the master, root, ends workers, which are not",
    "CAP_CHOWN": "the runtime socket belongs to the administrators",
}
FAMILIES = ("AF_INET", "AF_INET6", "AF_UNIX")

# Not among them: MemoryDenyWriteExecute, for the regular expressions of HAProxy are compiled while it runs.
SANDBOX: list[tuple[str, str, str]] = [
    ("RuntimeDirectory", "haproxy", "the runtime socket; root's, for without CAP_DAC_OVERRIDE it writes nowhere else"),
    ("RuntimeDirectoryPreserve", "yes", "others have their sockets there too"),
    (
        "CapabilityBoundingSet",
        " ".join(CAPABILITIES),
        "; ".join(CAPABILITIES.values()),
    ),
    ("NoNewPrivileges", "yes", "no program that it starts gains what it has not"),
    ("ProtectSystem", "strict", "all files can be read only"),
    ("ReadWritePaths", "/run", "its sockets and the number of its process"),
    ("ReadOnlyPaths", "-/run/systemd", "units lie there"),
    ("InaccessiblePaths", "-/run/systemd/private -/run/dbus", "who reaches systemd as root has every capability"),
    ("ProtectHome", "yes", "nobody's files"),
    ("PrivateTmp", "yes", "nobody else's temporary files"),
    ("PrivateDevices", "yes", "no disks"),
    ("ProtectProc", "invisible", "no other processes"),
    ("ProcSubset", "pid", "nothing of the kernel's"),
    ("ProtectKernelTunables", "yes", "no settings of the kernel"),
    ("ProtectKernelModules", "yes", "no modules"),
    ("ProtectKernelLogs", "yes", "no messages of the kernel"),
    ("ProtectControlGroups", "yes", "no limits of its own"),
    ("ProtectClock", "yes", "not the time"),
    ("ProtectHostname", "yes", "not the name of the node"),
    ("RestrictAddressFamilies", " ".join(FAMILIES), "the sockets that HAProxy knows"),
    ("RestrictNamespaces", "yes", "no other network"),
    ("RestrictRealtime", "yes", "no priority over everything"),
    ("RestrictSUIDSGID", "yes", "no file that makes root of others"),
    ("LockPersonality", "yes", "no other kernel's behaviour"),
    ("UMask", "0077", "what it writes is root's"),
    ("SystemCallArchitectures", "native", "no second set of system calls"),
    ("SystemCallFilter", "@system-service chroot", "what services need, and what locks the worker in"),
    (
        "SystemCallFilter",
        "~@cpu-emulation @debug @keyring @module @obsolete @raw-io @reboot @swap",
        "and of that not what no service needs",
    ),
    ("SystemCallErrorNumber", "EPERM", "a call that is refused is an error and not the end"),
    ("LimitCORE", "0", "memory holds the keys of certificates"),
    ("OOMScoreAdjust", "-500", "when memory runs out others go first"),
]
# What systemd says of itself in the same word, whatever its version.
WORDS = {
    name: value
    for name, value, _why in SANDBOX
    if value in ("yes", "strict") and not name.startswith(("RuntimeDirectory", "RestrictNamespaces"))
}


class Need(t.NamedTuple):
    """`keeps`: one of these HAProxy has to keep by `setcap` when it becomes another user; see rights.py."""

    feature: str
    line: str  # a regular expression on a line of a section
    adds: tuple[str, ...]
    why: str
    keeps: tuple[str, ...] = ()


SOCKET = r"(?:bind|stats socket|unix-bind)\b"
SERVER = r"(?:server|server-template|default-server)\b"
RULE = r"(?:http|tcp)-(?:request|response|after-response)\b"
IN_A_NAMESPACE = ("CapabilityBoundingSet=CAP_SYS_ADMIN", "RestrictNamespaces=net")
# As the manuals of 2.6 and 3.0 and the kernel's capabilities(7) have it; what is not said there was tried on 2.6.
NEEDS = (
    Need(
        "transparent",
        r"bind\b.*\stransparent\b",
        ("CapabilityBoundingSet=CAP_NET_RAW",),
        "IP_TRANSPARENT; without it HAProxy says nothing and binds as if it were an own address",
    ),
    Need(
        "usesrc",
        rf"(?:source|{SERVER}).*\susesrc\s",
        ("CapabilityBoundingSet=CAP_NET_RAW",),
        "IP_TRANSPARENT for connections to workers",
        keeps=("cap_net_raw", "cap_net_admin"),
    ),
    Need(
        "source with an interface",
        rf"(?:source|{SERVER}.*\ssource)\s.*\sinterface\s",
        (),
        "SO_BINDTODEVICE, for which HAProxy asks for a right; setcap brings it",
        keeps=("cap_net_raw", "cap_net_admin"),
    ),
    Need(
        "a mark of packets",
        RULE + r".*\sset-(?:fc-|bc-)?mark\s",
        ("CapabilityBoundingSet=CAP_NET_ADMIN",),
        "SO_MARK",
        keeps=("cap_net_admin",),
    ),
    Need(
        "a bind in a namespace",
        r"bind\b.*\snamespace\s",
        IN_A_NAMESPACE,
        "setns(2), while HAProxy starts; CAP_SYS_ADMIN is nearly all that root may do",
    ),
    Need(
        "a server in a namespace",
        rf"{SERVER}.*\snamespace\s",
        IN_A_NAMESPACE,
        "setns(2), for each connection",
        keeps=("cap_sys_admin",),
    ),
    Need(
        "a socket that belongs to a user",
        SOCKET + r".*\s(?:user|uid)\s+(?!(?:root|0)\b)",
        ("CapabilityBoundingSet=CAP_FOWNER",),
        "its mode is set, and the one before it kept for a moment, when it is not root's any more",
    ),
    Need(
        "insecure-setuid-wanted",
        r"insecure-setuid-wanted\b",
        ("NoNewPrivileges=no", "RestrictSUIDSGID=no"),
        "programs that it starts may change their user",
    ),
    Need("set-dumpable", r"set-dumpable\b", ("LimitCORE=infinity",), "a crash leaves a core file"),
    Need("ssl-engine", r"ssl-engine\b", ("PrivateDevices=no",), "an engine may be a device"),
)
SETCAP = re.compile(r"setcap\s+(.+)")
BACKING = re.compile(r"backing-file\s+(/\S+)")
# Where a name of a file follows, or stands in parentheses: a path in a rule is none.
FILES = (
    r"[\w-]+-file|[\w-]+-base|[\w-]+-path|crt|crt-list|key|-f|file|ocsp|issuer|sctl|tls-ticket-keys|config"
    r"|errorfile \d+|errorfiles|lua-load|lua-load-per-thread|external-check command"
)
HOME = re.compile(rf"(?:\s(?:{FILES})\s+\"?|\bmap\w*\()/(?:home|root|run/user)/")
HOMES = ("/home", "/root", "/run/user")
TEMPORARY = ("/tmp", "/var/tmp")
RUN = ("/run", "/var/run")


def settings(sections: t.Iterable[dict[str, str]], unit: dict[str, t.Any]) -> list[str]:
    """What is added to SANDBOX, as settings of systemd's in their order."""
    lines = [line.strip() for section in sections for line in section["lines"].splitlines()]
    found: dict[str, None] = {}
    for line in lines:
        found.update(dict.fromkeys(one for need in NEEDS if re.match(need.line, line) for one in need.adds))
        if kept := SETCAP.match(line):
            names = re.findall(r"cap_\w+", kept[1])
            found.update(dict.fromkeys(f"CapabilityBoundingSet={name.upper()}" for name in names))
        if HOME.search(f" {line}"):
            found["ProtectHome=read-only"] = None
    for directory in directories(lines):
        found.update(dict.fromkeys(_writable(directory)))
    # What the user says comes last, for of two settings systemd takes the last.
    return [*sorted(found), *(one for one in _of_user(unit) if one not in found)]


def directories(lines: t.Sequence[str]) -> list[str]:
    """Where HAProxy makes sockets and files of its own."""
    files = [one[1] for line in lines if (one := BACKING.match(line))]
    return sorted({str(PurePosixPath(path).parent) for path in [*_addresses.sockets("\n".join(lines)), *files]})


def _below(path: str, places: t.Iterable[str]) -> bool:
    return any(path == place or path.startswith(f"{place}/") for place in places)


def _writable(directory: str) -> list[str]:
    if _below(directory, HOMES):
        return ["ProtectHome=read-only", f"ReadWritePaths=-{directory}"]
    if _below(directory, RUN):
        return []
    private = ["PrivateTmp=no"] if _below(directory, TEMPORARY) else []
    return [*private, f"ReadWritePaths=-{directory}"]


def _of_user(unit: dict[str, t.Any]) -> list[str]:
    found = []
    for name, value in unit.items():
        if name == "raw":
            found += value
        elif isinstance(value, list):
            found += [f"{name}={'-' if name == 'ReadWritePaths' else ''}{one}" for one in value]
        elif value is not True:
            found.append(f"{name}={value or 'no'}")
    return found


def derive(sections: t.Iterable[dict[str, str]], unit: dict[str, t.Any]) -> dict[str, t.Any]:
    """Lines of the drop-in, the mark that the process carries, and what can be asked of the live node."""
    added = settings(sections, unit)
    pairs = [one.partition("=")[::2] for one in added]
    base = [{"why": why, "line": f"{name}={value}"} for name, value, why in SANDBOX]
    more = [name for key, name in pairs if key == "CapabilityBoundingSet"]
    return {
        "sandbox": base,
        "added": added,
        "mark": mark(added),
        "capabilities": sorted({*CAPABILITIES, *more}),
        "properties": {**WORDS, **{name: value for name, value in pairs if name in WORDS}},
    }


def mark(added: t.Iterable[str]) -> str:
    """One word, which needs no quotes in a unit."""
    return ",".join([VERSION, *(urllib.parse.quote(one, safe="/=@") for one in sorted(set(added)))])
