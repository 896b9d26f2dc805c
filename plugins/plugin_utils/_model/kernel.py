# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's settings as data, each with its reason and where it comes from, and what of them a node gets."""

from __future__ import annotations

import typing as t

from .problems import show, suggest

NR_OPEN = "fs.nr_open"
RESERVED = "net.ipv4.ip_local_reserved_ports"
ACCEPT_RA = "net.ipv6.conf.*.accept_ra"
FORWARDING = ("net.ipv4.ip_forward", "net.ipv6.conf.*.forwarding")
# In a container everything else is the host's.
OF_THE_NETWORK = "net."
PRIVILEGED = 1024

Node = t.Mapping[str, t.Any]


class Setting(t.NamedTuple):
    """`least`: a higher value that the node has already is kept."""

    key: str
    value: str
    why: str
    source: str
    least: bool = False


# The first of these comes first: writing it sets others back. A * is every network interface, with those to come.
SECURITY = (
    Setting("net.ipv4.ip_forward", "0", "a balancer ends connections, it routes no packets", "CIS, lynis"),
    Setting("net.ipv6.conf.*.forwarding", "0", "likewise", "CIS, lynis"),
    Setting("net.ipv4.conf.*.accept_redirects", "0", "nobody on the network bends our routes", "CIS, lynis"),
    Setting("net.ipv4.conf.*.secure_redirects", "0", "nor does a gateway", "CIS, lynis"),
    Setting("net.ipv4.conf.*.send_redirects", "0", "only routers send them", "CIS, lynis"),
    Setting("net.ipv4.conf.*.accept_source_route", "0", "the sender does not choose the way", "CIS, lynis"),
    Setting(
        "net.ipv4.conf.*.rp_filter",
        "2",
        "drops sources that nothing leads to; 1 drops also who comes in by another interface than answers leave by",
        "RFC 3704 for hosts with several interfaces; CIS and lynis: 1",
    ),
    Setting("net.ipv4.conf.*.log_martians", "1", "impossible addresses are seen in the log", "CIS, lynis"),
    Setting("net.ipv4.icmp_echo_ignore_broadcasts", "1", "not part of an amplification", "CIS, lynis"),
    Setting("net.ipv4.icmp_ignore_bogus_error_responses", "1", "does not fill the log", "CIS, lynis"),
    Setting("net.ipv4.tcp_syncookies", "1", "new connections in a SYN flood", "CIS, lynis"),
    Setting("net.ipv6.conf.*.accept_redirects", "0", "nobody on the network bends our routes", "CIS, lynis"),
    Setting("net.ipv6.conf.*.accept_source_route", "0", "the sender does not choose the way", "CIS, lynis"),
    Setting(ACCEPT_RA, "0", "nobody on the network announces a route; kept where the node lives by it", "CIS"),
    Setting("net.core.bpf_jit_harden", "2", "no code of an attacker's in compiled filters", "lynis"),
    Setting("kernel.randomize_va_space", "2", "addresses that nobody can foresee", "CIS, lynis"),
    Setting("kernel.kptr_restrict", "2", "no addresses of the kernel for anybody", "lynis"),
    Setting("kernel.dmesg_restrict", "1", "nor by its log", "lynis"),
    Setting("kernel.yama.ptrace_scope", "1", "a process looks only into its children", "CIS, lynis", True),
    Setting("kernel.sysrq", "0", "no keys that kill or reboot on a console", "lynis"),
    Setting("kernel.unprivileged_bpf_disabled", "1", "no programs of users in the kernel", "lynis"),
    Setting("kernel.perf_event_paranoid", "3", "no performance counters for users", "lynis", True),
    Setting("kernel.core_uses_pid", "1", "a core does not overwrite another", "lynis"),
    Setting("dev.tty.ldisc_autoload", "0", "users load no line disciplines", "lynis"),
    Setting("fs.suid_dumpable", "0", "no cores of privileged programs", "CIS, lynis"),
    Setting("fs.protected_hardlinks", "1", "no links to files of others", "CIS, lynis"),
    Setting("fs.protected_symlinks", "1", "no following of links that others laid in /tmp", "CIS, lynis"),
    Setting("fs.protected_fifos", "2", "nor writing into their pipes", "lynis"),
    Setting("fs.protected_regular", "2", "nor into their files", "lynis"),
)
CAPACITY = (
    Setting(NR_OPEN, "", "what HAProxy's unit may open (LimitNOFILE)", "computed with maxconn", least=True),
    Setting("fs.file-max", "2097152", "open files of all processes", "two per connection", least=True),
    Setting(
        "net.core.somaxconn", "65535", "HAProxy asks for a backlog of maxconn, the kernel cuts it", "ip-sysctl", True
    ),
    Setting("net.ipv4.tcp_max_syn_backlog", "65535", "half-open connections of a listener", "ip-sysctl", True),
    Setting(
        "net.core.netdev_max_backlog", "16384", "packets of a burst, before the kernel gets to them", "measured", True
    ),
    Setting("net.ipv4.tcp_synack_retries", "3", "what a SYN flood makes us send", "HAProxy's sample"),
    Setting("net.ipv4.tcp_fin_timeout", "30", "connections that the other side does not end", "HAProxy's sample"),
    Setting("net.ipv4.ip_local_port_range", "1024 65023", "connections to one worker: 64,000", "HAProxy's sample"),
    Setting(RESERVED, "", "our listeners above 1024: no connection to a worker takes their port", "ip-sysctl"),
    Setting("net.ipv4.tcp_tw_reuse", "1", "a port that waits is used again for the same worker", "HAProxy's sample"),
    Setting("net.ipv4.tcp_max_tw_buckets", "131072", "ended connections that are remembered", "ip-sysctl", True),
    Setting("net.ipv4.tcp_max_orphans", "65536", "ended connections with data under way", "ip-sysctl", True),
    Setting("net.netfilter.nf_conntrack_max", "262144", "a full table drops SSH too", "nf_conntrack-sysctl", True),
    Setting(
        "net.netfilter.nf_conntrack_tcp_timeout_established", "86400", "5 days fill the table", "nf_conntrack-sysctl"
    ),
)
CLASSES = {"security": SECURITY, "capacity": CAPACITY}
SETTINGS = {setting.key: setting for settings in CLASSES.values() for setting in settings}
# What others set and we do not.
LEFT_ALONE = (
    ("net.ipv4.tcp_timestamps=0", "costs PAWS, tcp_tw_reuse and full SYN cookies; the kernel's offsets are random"),
    ("net.ipv4.tcp_rmem, tcp_wmem", "a low maximum slows far clients; what is idle holds no buffer"),
    ("net.ipv4.tcp_mem", "the kernel computes it from the memory"),
    ("net.ipv6.conf.*.dad_transmits=0", "an address that two nodes have goes unnoticed"),
    ("kernel.modules_disabled=1", "nftables loads modules when it needs them"),
    ("user.max_user_namespaces=0", "sandboxes of services use them"),
    ("net.ipv4.tcp_challenge_ack_limit", "opens a side channel"),
)


def reserved(listeners: t.Iterable[tuple[int, int]]) -> str:
    """Ports that no connection of ours may come from, as the kernel prints them: sorted and merged."""
    merged: list[list[int]] = []
    for low, high in sorted((low, high) for low, high in listeners if high > PRIVILEGED):
        if merged and low <= merged[-1][1] + 1:
            merged[-1][1] = max(high, merged[-1][1])
        else:
            merged.append([low, high])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in merged)


def values(given: t.Mapping[str, str | None], computed: t.Mapping[str, str], node: Node) -> dict[str, str]:
    """What this node is to have, in order."""
    running = node.get("kernel", {}).get("values", {})
    found: dict[str, str | None] = {}
    for key, setting in SETTINGS.items():
        value = computed.get(key, setting.value)
        found[key] = _at_least(value, running.get(key, "")) if setting.least else value
    if node.get("lives_by_ra"):
        del found[ACCEPT_RA]
    found.update(given)
    return {
        key: " ".join(value.split())
        for key, value in found.items()
        if value is not None and (key.startswith(OF_THE_NETWORK) or not node.get("container"))
    }


def _at_least(value: str, running: str) -> str:
    return str(max(int(value), int(running))) if running.isdecimal() else value


def differing(wanted: t.Mapping[str, str], node: Node) -> list[str]:
    """What runs with another value and can be set."""
    kernel = node.get("kernel", {"values": {}, "fixed": []})
    return [
        key
        for key, value in wanted.items()
        if key in kernel["values"] and key not in kernel["fixed"] and kernel["values"][key] != value
    ]


def notes(wanted: t.Mapping[str, str], given: t.Mapping[str, t.Any], node: Node) -> list[str]:
    """What stops working with it, if somebody uses it, and what this kernel does not know."""
    kernel = node.get("kernel", {"values": {}, "fixed": []})
    unknown = [
        f"baseline_sysctl.{key}: this kernel has no such setting now, as where its module is not loaded"
        + suggest(key, SETTINGS, "set")
        for key in given
        if key in wanted and key in kernel["fixed"] and key not in kernel["values"]
    ]
    return unknown + [
        f"the node routes packets ({key} is {show(node['kernel']['values'][key])}), which ends with this run; "
        f"baseline_sysctl: {{{key}: null}} leaves it alone"
        for key in differing(wanted, node)
        if key in FORWARDING and key not in given
    ]


def lines(wanted: t.Mapping[str, str]) -> str:
    """A pattern is no match for what another file says of one name, so that those which others name have their own."""
    found = {}
    for key, value in wanted.items():
        found[key] = value
        for name in ("all", "default") if ".*." in key else ():
            explicit = key.replace(".*.", f".{name}.")
            found[explicit] = wanted.get(explicit, value)
    return "\n".join(f"{key} = {value}".rstrip() for key, value in found.items())
