# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the proof looks at: the live system, each part once and only if somebody asks.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import functools
import typing as t

from ansible_collections.hardened.balancer.plugins.module_utils import (
    _haproxy_process,
    _listeners,
    _nft,
    _node,
    _programs,
    _served,
    _ssh_doors,
    _upkeep,
)
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_process import Places
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_socket import ask, parse_stat

FIREWALL_UNIT = "hardened-balancer-firewall"

Expect = t.Mapping[str, t.Any]
Row = dict[str, str]


class Finding(t.NamedTuple):
    name: str
    expected: str
    found: str
    ok: bool


class Seen:
    """What can be seen, each looked at once and only if somebody asks."""

    def __init__(self, places: Places, run: _programs.Run = _programs.run) -> None:
        self.places = places
        self.run = run

    @functools.cached_property
    def sshd(self) -> dict[str, str]:
        """A setting that adds up over the files has all its values."""
        found: dict[str, str] = {}
        for line in self.run(["sshd", "-T"]).out.splitlines():
            name, _blank, value = line.partition(" ")
            found[name] = f"{found[name]}\n{value}" if name in found else value
        return found

    @functools.cached_property
    def units(self) -> dict[str, dict[str, str]]:
        asked = [f"{FIREWALL_UNIT}.service", "haproxy.service", "ssh.service", "ssh.socket", *_upkeep.UNITS]
        properties = "--property=Id,ActiveState,UnitFileState,Listen,MainPID,Restart,StartLimitIntervalUSec"
        return _node.parse_units(self.run(["systemctl", "show", *asked, properties]).out)

    @functools.cached_property
    def listeners(self) -> list[dict[str, t.Any]]:
        master = _haproxy_process.number(self.units.get("haproxy.service", {}).get("MainPID"))
        return _listeners.told_apart(_served.listeners(self.places), master, self.places.proc)

    @functools.cached_property
    def ssh_ports(self) -> list[int]:
        settings = "\n".join(f"{name} {one}" for name, value in self.sshd.items() for one in value.split("\n"))
        return _ssh_doors.ports(settings, self.units, self.listeners)

    @functools.cached_property
    def table(self) -> list[_nft.Item]:
        return _nft.parse(self.run(_nft.LIST_OURS).out)

    @functools.cached_property
    def bans(self) -> list[_nft.Item]:
        return _nft.parse(self.run(_nft.LIST_BANS).out)

    @functools.cached_property
    def ruleset(self) -> list[_nft.Item]:
        return _nft.parse(self.run(_nft.LIST).out)

    @functools.cached_property
    def accepts(self) -> list[_nft.Accept]:
        return _nft.accepts(self.table)

    @functools.cached_property
    def live(self) -> _haproxy_process.Live:
        return _haproxy_process.observe(self.places, self.run)

    @functools.cached_property
    def unit(self) -> dict[str, str]:
        """HAProxy's, with all that systemd says of it."""
        return _haproxy_process.parse_properties(self.run(["systemctl", "show", "haproxy.service"]).out)

    def stats(self) -> list[Row]:
        """Anew each time: it is what changes while we wait."""
        return parse_stat(ask(self.places.admin_socket, "show stat"))

    def enabled(self, unit: str) -> bool:
        return self.units.get(f"{unit}.service", {}).get("UnitFileState") == "enabled"

    def active(self, unit: str) -> bool:
        return self.units.get(unit, {}).get("ActiveState") == "active"


def listed(values: t.Iterable[t.Any], empty: str = "none", most: int = 100) -> str:
    words = [str(value) for value in values]
    more = [f"and {len(words) - most} more"] if len(words) > most else []
    return ", ".join([*words[:most], *more]) or empty
