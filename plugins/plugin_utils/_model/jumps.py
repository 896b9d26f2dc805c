# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that the inventory reaches through this balancer, which forwards nothing once it is locked down."""

from __future__ import annotations

import re
import typing as t

from .problems import Problems

# -J a,b; -o ProxyJump=a; -o "ProxyCommand ssh -W %h:%p a": what follows, up to the next option of ssh's.
JUMP = re.compile(r"(?:^|\s)-J\s*(\S+)|(?i:proxyjump)[=\s]\s*(\S+)|(?i:proxycommand)[=\s](.*)", re.DOTALL)
# user@host:port, ssh://user@host:port, [address]:port
WORD = re.compile(r"[\s,\"'=]+")


# Hosts by the variable, and the words in it that lead through the node.
Ways = dict[tuple[str, str], list[str]]


def ways(inventory: dict[str, t.Any]) -> Ways:
    name = inventory["name"]
    here = {name, *(str(one) for one in inventory.get("addresses", []))}
    through: Ways = {}
    for host, variable, text in inventory.get("ssh_arguments", []):
        if host != name and here & hops(text):
            through.setdefault((variable, text), []).append(host)
    return through


def check(name: str, through: Ways, allowed: bool, problems: Problems) -> None:
    """One problem for all hosts that have the same words of the same variable."""
    for (variable, _text), hosts in through.items() if not allowed else ():
        others = f" (and {len(hosts) - 1} more)" if len(hosts) > 1 else ""
        problems.add(
            f"hostvars[{hosts[0]}].{variable}",
            f"goes through {name}{others}, and a locked-down node forwards nothing: the way would be cut; "
            f"set ssh_jump_host: true for {name} to let its administrators through",
        )


def check_client(
    name: str, printed: str, others: t.Callable[[], t.Mapping[str, tuple[bool, t.Collection[str]]]], problems: Problems
) -> None:
    """What the client's own files say, of which the inventory knows nothing: `ssh -G` for this host.

    `others` are the balancers of this run: whether each lets administrators through, and its addresses.
    """
    found = hops("\n".join(line for line in printed.splitlines() if line.startswith(("proxyjump ", "proxycommand "))))
    for other, (allowed, addresses) in others().items() if found else ():
        if other != name and not allowed and found & {other, *addresses}:
            problems.add(
                f"hostvars[{name}]",
                f"is reached through {other} by the SSH client of this controller (ssh -G), and a locked-down node "
                f"forwards nothing: the way would be cut; set ssh_jump_host: true for {other} to let its "
                "administrators through",
            )


def hops(arguments: str) -> set[str]:
    """Names and addresses that ssh would go through; of a command every word, for it may be any."""
    found = set()
    for match in JUMP.finditer(arguments):
        for word in WORD.split(" ".join(part for part in match.groups() if part)):
            found.add(_host(word))
    return found


def _host(word: str) -> str:
    bare = word.removeprefix("ssh://").rpartition("@")[2]
    if bare.startswith("["):
        return bare[1:].partition("]")[0]
    return bare.partition(":")[0] if bare.count(":") == 1 else bare
