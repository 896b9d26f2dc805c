# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an inventory may say of the kernel: names as systemd-sysctl reads them, and values that a node survives."""

from __future__ import annotations

import fnmatch
import posixpath
import re
import typing as t

from ansible_collections.hardened.balancer.plugins.module_utils import _kernel

from .kernel import NR_OPEN, SETTINGS
from .problems import Problems, show, suggest

Given = t.Mapping[str, t.Any]

KEY = re.compile(r"[a-z][a-z0-9_]*(?:[./][A-Za-z0-9_*/:@-]+)+")
MODULES = "kernel/modules_disabled"
PORT_RANGE = "net/ipv4/ip_local_port_range"
RP_FILTER = "net.ipv4.conf.*.rp_filter"
RP_FILTER_OF_ALL = re.compile(r"net/ipv4/conf/(?:all|default)/rp_filter")
RP_FILTER_OF_ONE = re.compile(r"net/ipv4/conf/[^*/]+/rp_filter")
# Below it the node does not do its work, or cannot be reached.
FLOORS: dict[str, tuple[int, str]] = {
    NR_OPEN: (1024, "no unit starts that may open more"),
    "fs.file-max": (65536, "no process opens anything when they are used up"),
    "net.core.somaxconn": (128, "connections that wait are dropped"),
    "net.ipv4.tcp_max_syn_backlog": (128, "connections that begin are dropped"),
    "net.core.netdev_max_backlog": (100, "packets are dropped"),
    "net.netfilter.nf_conntrack_max": (1024, "a full table drops SSH too"),
}
OURS = {_kernel.relative(key): key for key in SETTINGS}


def check(given: Given, path: str, problems: Problems) -> None:
    for key, value in given.items():
        here = f"{path}.{key}"
        # The file below /proc/sys that a key names, however it is written.
        name = _kernel.relative(key)
        if not KEY.fullmatch(key) or posixpath.normpath(name) != name:
            problems.add(here, "is no key of the kernel, like net.core.somaxconn")
        elif key not in SETTINGS and name in OURS:
            problems.add(here, f"is a setting of ours under another name; write {OURS[name]}")
        elif covers(name, MODULES) and str(value) not in ("0", "None"):
            which = "" if name == MODULES else ", and is kernel.modules_disabled too"
            problems.add(
                here,
                f"holds {show(value)}{which}; only 0 or null goes: the firewall's modules are loaded when it is, "
                "at each boot",
            )
        elif value is None and key not in SETTINGS and not problems.below(here):
            problems.add(
                here,
                f"holds null, which leaves out a setting of ours, and we do not set it{suggest(key, SETTINGS, 'set')}",
            )
        elif value is not None and (why := _wrong(key, name, str(value), given)):
            problems.add(here, f"holds {show(value)}, {why}")


def covers(pattern: str, name: str) -> bool:
    """As glob(3): a * stays in its directory."""
    parts, wanted = pattern.split("/"), name.split("/")
    return len(parts) == len(wanted) and all(fnmatch.fnmatchcase(one, part) for part, one in zip(parts, wanted))


def _wrong(key: str, name: str, value: str, given: Given) -> str:
    if key in FLOORS:
        least, why = FLOORS[key]
        return "" if value.isdecimal() and int(value) >= least else f"which must be {least} or more: {why}"
    if key in SETTINGS and _count(SETTINGS[key].value) not in (0, _count(value)):
        return f"which must be like ours: {SETTINGS[key].value}"
    if name == PORT_RANGE:
        low, high = map(int, value.split())
        return "" if 0 < low < high < 65536 else "which must be the first and the last port, of 1 to 65535"
    return _outweighed(name, value, given)


def _outweighed(name: str, value: str, given: Given) -> str:
    """Whoever says the pattern too, or names an interface, means the difference."""
    of_interfaces = SETTINGS[RP_FILTER].value
    meant = RP_FILTER in given or any(_of_one_interface(_kernel.relative(key)) for key in given)
    if not RP_FILTER_OF_ALL.fullmatch(name) or meant or value == of_interfaces:
        return ""
    return (
        f"and the kernel takes the higher one of all and of the interface, which is {of_interfaces}; write {RP_FILTER}"
    )


def _of_one_interface(name: str) -> bool:
    return RP_FILTER_OF_ONE.fullmatch(name) is not None and not RP_FILTER_OF_ALL.fullmatch(name)


def _count(text: str) -> int:
    """How many numbers it is; 0 where it is something else, or computed."""
    words = text.split()
    return len(words) if words and all(re.fullmatch(r"-?[0-9]+", word) for word in words) else 0


def judge(given: Given, nofile: int, node: t.Mapping[str, t.Any], problems: Problems) -> None:
    """In a container it is the host's, and not set."""
    value = str(given.get(NR_OPEN))
    if value.isdecimal() and int(value) < nofile and not node.get("container"):
        problems.add(
            f"baseline_sysctl.{NR_OPEN}",
            f"holds {show(value)}, and HAProxy's unit may open {nofile} (LimitNOFILE), with which it would not start; "
            "leave it out, it is raised as far as that needs",
        )
