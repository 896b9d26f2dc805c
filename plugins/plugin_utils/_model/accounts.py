# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts that are no administrator's: sudo without a password would make root of whoever breaks into the service."""

from __future__ import annotations

import typing as t

from .problems import Problems, show

# What Debian and Ubuntu make themselves, and services that a balancer may have; of others the node knows.
SERVICES = (
    *("daemon", "bin", "sys", "sync", "games", "man", "lp", "mail", "news", "uucp", "proxy", "www-data", "backup"),
    *("list", "irc", "gnats", "nobody", "messagebus", "polkitd", "syslog", "rsyslog", "sshd", "tcpdump", "tss"),
    *("uuidd", "usbmux", "landscape", "pollinate", "fwupd-refresh", "ntp", "ntpsec", "chrony", "dnsmasq", "unbound"),
    *("haproxy", "hacluster", "keepalived", "nginx", "postfix", "postgres", "prometheus", "telegraf", "zabbix"),
)
PREFIXES = ("systemd-", "_")
# Debian's FIRST_UID: what is below was made for services.
FIRST_OF_PEOPLE = 1000
OF_A_SERVICE = "whoever breaks into the service would be root; name an account of its own"


def is_service(name: str) -> bool:
    return name in SERVICES or name.startswith(PREFIXES)


def judge(administrators: t.Iterable[dict[str, t.Any]], node: dict[str, t.Any], problems: Problems) -> None:
    """What the node knows of them. Whom this run logs in as is nobody's service, whatever its number."""
    for i, name in enumerate(one["name"] for one in administrators):
        path = f"balancer_administrators[{i}].name"
        if shell := node.get("services", {}).get(name):
            problems.add(
                path,
                f"holds {show(name)}, and nobody logs in to that account of the node: its shell is {shell}; "
                f"name another one, or if it is a person's: usermod --shell /bin/bash {name}",
            )
            continue
        uid = (node["users"].get(name) or {}).get("uid", FIRST_OF_PEOPLE)
        if uid == 0:
            problems.add(
                path, f"holds {show(name)}, who is root on the node, and may not log in any more after the lock-down"
            )
        elif uid < FIRST_OF_PEOPLE and name != node["user"]:
            problems.add(
                path, f"holds {show(name)}, an account of the system on the node (its number is {uid}); {OF_A_SERVICE}"
            )
