# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who gets in by SSH, and how.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import typing as t

from ansible_collections.hardened.balancer.plugins.module_utils import _node, _ssh_wire
from ansible_collections.hardened.balancer.plugins.module_utils._proof_seen import Expect, Finding, Seen, listed

ANSWER_SECONDS = 5.0
WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def ssh_settings(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    for name, wanted in expect["ssh"].items():
        found = ", ".join(seen.sshd.get(name, "no answer of sshd -T").split("\n"))
        yield Finding(f"sshd {name}", str(wanted), found, found == str(wanted))


def ssh_serves(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    active = seen.active("ssh.service") or seen.active("ssh.socket")
    heard = listening(seen)
    silent = [port for port in seen.ssh_ports if port not in heard]
    state = "active" if active else "neither ssh.service nor ssh.socket is active"
    yield Finding("sshd runs", "active", state, active)
    yield Finding(
        "sshd listens",
        f"port {listed(seen.ssh_ports)}",
        f"silent: {listed(silent)}",
        bool(seen.ssh_ports) and not silent,
    )


def listening(seen: Seen) -> list[int]:
    open_ports = {one["port"] for one in seen.listeners if one["protocol"] == "tcp"}
    return [port for port in seen.ssh_ports if port in open_ports]


def ssh_ports(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    """What another sshd of the node has is not ours to say."""
    wanted, closed = expect["ssh_ports"]["listens"], expect["ssh_ports"]["closes"]
    if wanted:
        found = [port for port in listening(seen) if port in (*wanted, *closed)]
        yield Finding("sshd has the ports", listed(wanted), listed(found), found == wanted)


def ssh_offers(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    """What the running server says to everybody, whatever its files say."""
    doors = [one for one in seen.listeners if one["protocol"] == "tcp" and one["port"] in seen.ssh_ports]
    # IPv4 first: an address of IPv6 may be there where nothing reaches it.
    for door in sorted(doors, key=lambda one: ":" in one["address"])[:1]:
        found = _offered(door)
        for name, wanted in expect["ssh_offered"].items():
            # Of types of host keys that it may use, a server offers those of which it has a key.
            right = found[name] == wanted.split(",")
            if name == "host_keys":
                right = bool(found[name]) and set(found[name]) <= set(wanted.split(","))
            yield Finding(f"sshd offers {name.replace('_', ' ')}", wanted, ",".join(found[name]) or "none", right)


def _offered(door: t.Mapping[str, t.Any]) -> dict[str, list[str]]:
    return _ssh_wire.offered(WILDCARDS.get(door["address"], door["address"]), door["port"], ANSWER_SECONDS)


def ssh_comes_back(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    unit = seen.units.get("ssh.service", {})
    found = f"Restart={unit.get('Restart')}, StartLimitIntervalUSec={unit.get('StartLimitIntervalUSec')}"
    wanted = "Restart=always, StartLimitIntervalUSec=0"
    yield Finding("ssh.service is always started again", wanted, found, found == wanted)


def administrators(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    wanted = sorted(expect["administrators"])
    group = expect["admin_group"]
    members = _node.members(group)
    found = "no such group" if members is None else listed(members)
    yield Finding(f"members of {group}", listed(wanted), found, members == wanted)
    for name in wanted:
        answer = seen.run(["runuser", "-u", name, "--", "sudo", "-n", "-k", "true"])
        yield Finding(
            f"sudo for {name}", "works without a password", answer.said or f"exit code {answer.rc}", answer.rc == 0
        )
