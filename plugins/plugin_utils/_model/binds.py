# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where frontends listen: printed, counted for the firewall, and checked against each other."""

from __future__ import annotations

import re
import typing as t

from .problems import Problems
from .scalars import is_address
from .workers import parameters

ANY4, ANY6 = "0.0.0.0", "::"
RAW_BIND = re.compile(r"^bind\s+(\S+)(.*)$")
RAW_ADDRESS = re.compile(
    r"^(?:(?:ipv[46]|tcp[46]?)@)?(?:\[?(?P<address>[0-9a-fA-F:.]*|\*)\]?):(?P<low>[0-9]+)(?:-(?P<high>[0-9]+))?$"
)
QUIC_ADDRESS = re.compile(r"^quic[46]@")


class Listener(t.NamedTuple):
    """One address and range of ports that a frontend listens on."""

    address: str
    low: int
    high: int
    protocol: str
    frontend: str
    mode: str
    path: str
    plain: bool

    @property
    def local(self) -> bool:
        return self.address.startswith("127.") or self.address == "::1"

    @property
    def ports(self) -> str:
        return str(self.low) if self.low == self.high else f"{self.low}-{self.high}"

    def overlaps(self, other: Listener) -> bool:
        if self.protocol != other.protocol or self.high < other.low or other.high < self.low:
            return False
        if (":" in self.address) != (":" in other.address):
            return False
        return self.address == other.address or {self.address, other.address} & {ANY4, ANY6} != set()


def lines(binds: list[dict[str, t.Any]]) -> list[str]:
    result = []
    for bind in binds:
        extra = "".join(f" {word}" for word in parameters(bind, "bind"))
        if bind.get("socket"):
            result.append(f"bind {bind['socket']}{extra}")
            continue
        result += [f"bind {_where(address, bind['port'])}{_v6only(address)}{extra}" for address in addresses(bind)]
    return result


def addresses(bind: dict[str, t.Any]) -> list[str]:
    """Those that could be read: what is wrong with the others has been told."""
    given = [a for a in bind["address"] or [] if a] if "address" in bind else ["*"]
    return [*given, *(["::"] if bind.get("ipv6") and "::" not in given else [])]


def _where(address: str, ports: list[int]) -> str:
    low, high = ports
    span = str(low) if low == high else f"{low}-{high}"
    return f"[{address}]:{span}" if ":" in address else f"{address}:{span}"


def _v6only(address: str) -> str:
    """Without it `[::]` would take the IPv4 wildcard as well, and conflict with it."""
    return " v6only" if address == "::" else ""


def listeners(frontend: dict[str, t.Any], path: str, problems: Problems) -> list[Listener]:
    """Every place that the frontend listens at, those of raw bind lines too."""
    found = []
    for i, bind in enumerate(frontend.get("binds") or []):
        here = f"{path}.binds[{i}]"
        if not bind:
            continue
        if bool(bind.get("port")) == bool(bind.get("socket")):
            if not any(p.path.startswith(here) for p in problems):
                problems.add(here, "must have either port or socket")
            continue
        if bind.get("socket"):
            continue
        plain = not any(bind.get(word) for word in ("ssl", "accept_proxy")) and not re.search(
            r"\b(ssl|accept-proxy)\b", bind.get("raw") or ""
        )
        low, high = bind["port"]
        for address in addresses(bind):
            found.append(
                Listener(
                    ANY4 if address == "*" else address,
                    low,
                    high,
                    "tcp",
                    frontend["name"],
                    frontend["mode"],
                    here,
                    plain,
                )
            )
    for i, raw in enumerate(frontend.get("raw") or []):
        found += _of_raw(raw, frontend, f"{path}.raw[{i}]", problems)
    return found


def _of_raw(raw: str | None, frontend: dict[str, t.Any], path: str, problems: Problems) -> list[Listener]:
    match = RAW_BIND.match(raw or "")
    if not match:
        return []
    plain = not re.search(r"\b(ssl|accept-proxy)\b", match[2])
    found = []
    for word in match[1].split(","):
        protocol = "udp" if QUIC_ADDRESS.match(word) else "tcp"
        where = RAW_ADDRESS.match(QUIC_ADDRESS.sub("", word))
        if where is None:
            if not word.startswith(("/", "unix@", "abns@", "fd@")):
                problems.add(
                    path,
                    "is a bind from which no address and port can be told, so the firewall cannot follow; use binds",
                )
            continue
        address = where["address"] or "*"
        if address != "*" and not is_address(address):
            problems.add(path, "is a bind whose address is neither IPv4 nor IPv6; use binds")
            continue
        low = int(where["low"])
        found.append(
            Listener(
                ANY4 if address == "*" else address,
                low,
                int(where["high"] or low),
                protocol,
                frontend["name"],
                frontend["mode"],
                path,
                plain and protocol == "tcp",
            )
        )
    return found


def check_conflicts(all_listeners: list[Listener], problems: Problems) -> None:
    """HAProxy accepts two frontends on one port, and then spreads requests over both by chance."""
    ordered = sorted(range(len(all_listeners)), key=lambda i: (all_listeners[i].low, i))
    active: list[int] = []
    for i in ordered:
        new = all_listeners[i]
        active = [j for j in active if all_listeners[j].high >= new.low]
        for j in active:
            first, second = sorted((i, j))
            old, late = all_listeners[first], all_listeners[second]
            if old.overlaps(late):
                problems.add(
                    late.path,
                    f"listens on {_say(late)}, which overlaps {_say(old)} of frontend {old.frontend} ({old.path})",
                )
        active.append(i)


def _say(listener: Listener) -> str:
    address = {ANY4: "*", ANY6: "[::]"}.get(
        listener.address, f"[{listener.address}]" if ":" in listener.address else listener.address
    )
    return f"{address}:{listener.ports}"


def open_ports(all_listeners: list[Listener]) -> dict[str, list[str]]:
    """What the firewall has to open, by protocol; a listener on loopback opens nothing."""
    spans: dict[str, set[tuple[int, int]]] = {"tcp": set(), "udp": set()}
    for listener in all_listeners:
        if not listener.local:
            spans[listener.protocol].add((listener.low, listener.high))
    return {
        protocol: [str(low) if low == high else f"{low}-{high}" for low, high in sorted(found)]
        for protocol, found in spans.items()
    }
