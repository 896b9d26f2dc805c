# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wished of servers at run time, against those that HAProxy has: what there is to do, and every mistake.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
import typing as t

from ansible_collections.hardened.balancer.plugins.module_utils._runtime import Seen, Server

STATES = ("ready", "drain", "maint", "present", "absent")
NAME = re.compile(r"[A-Za-z0-9_.:-]+")
WEIGHT = re.compile(r"[0-9]{1,5}%?")
MAX_WEIGHT = 256
MAX_PORT = 65535
# Those of which the name says it: a hash is static or not by its `hash-type`, which HAProxy does not show.
STATIC = ("static-rr",)
# What cannot be said of a server that goes.
OF_A_SERVER_THAT_STAYS = ("weight", "address", "port", "params")

Name = tuple[str, str]


class Wish(t.NamedTuple):
    """One server of one backend; None is left as it is."""

    state: str | None = None
    weight: str | None = None
    address: str | None = None
    port: int | None = None
    params: str | None = None


class Form(t.NamedTuple):
    """What of a server is compared and shown."""

    state: str
    weight: int
    address: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.state}, weight {self.weight}, {host}:{self.port}"


class Change(t.NamedTuple):
    backend: str
    server: str
    wish: Wish
    before: Form | None
    after: Form | None

    @property
    def name(self) -> str:
        return f"{self.backend}/{self.server}"


def plan(given: t.Sequence[t.Mapping[str, t.Any]], seen: Seen) -> tuple[list[Change], list[str]]:
    """What there is to do, and all problems at once."""
    problems: list[str] = []
    wishes: dict[Name, Wish] = {}
    live = {(one.backend, one.name): one for one in seen.servers}
    for number, item in enumerate(given):
        path = f"servers[{number}]"
        wrong = mistakes(item)
        targets = [] if wrong else _targets(item, live, seen, wrong)
        wish = Wish(**{key: item.get(key) for key in Wish._fields})
        for target in targets:
            wishes[target] = _merged(wishes.get(target), wish, f"{target[0]}/{target[1]}", wrong)
        problems += [f"{path}: {one}" for one in wrong]
    changes = []
    for (backend, server), wish in wishes.items():
        before = live.get((backend, server))
        wrong = _impossible(wish, before, seen.algorithms[backend])
        problems += [f"{backend}/{server}: {one}" for one in wrong]
        if not wrong:
            changes.append(Change(backend, server, wish, form(before) if before else None, _after(wish, before)))
    return changes, problems


def mistakes(item: t.Mapping[str, t.Any]) -> list[str]:
    """What is wrong with one item whatever HAProxy has."""
    state, weight, address, port = (item.get(key) for key in ("state", "weight", "address", "port"))
    found = [
        f"{key}: {item[key]!r} is no name, which is letters, digits and . _ : -"
        for key in ("backend", "server")
        if item.get(key) is not None and not NAME.fullmatch(item[key])
    ]
    if all(item.get(key) is None for key in ("state", "weight", "address", "port")):
        found.append("nothing is wished; give state, weight, address or port")
    if weight is not None and not _is_weight(weight):
        found.append(f"weight: {weight!r} is neither 0 to {MAX_WEIGHT} nor a percentage of the configured one, 50% say")
    if port is not None and not 0 < port <= MAX_PORT:
        found.append(f"port: {port} is not within 1 to {MAX_PORT}")
    if address is not None and not _ip(address):
        found.append(f"address: {address!r} is no IP address; only the configuration can have names resolved")
    if state == "present" and item.get("backend") is None:
        found.append("present needs backend: where is the server to be?")
    if item.get("params") is not None and state != "present":
        found.append("params are those of a new server: they need state: present")
    if state == "absent" and (surplus := [key for key in OF_A_SERVER_THAT_STAYS[:3] if item.get(key) is not None]):
        found.append(f"{', '.join(surplus)}: makes no sense with state: absent")
    return found


def _is_weight(text: str) -> bool:
    return bool(WEIGHT.fullmatch(text)) and (text.endswith("%") or int(text) <= MAX_WEIGHT)


def is_ip(text: str) -> bool:
    return _ip(text) is not None


def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _targets(item: t.Mapping[str, t.Any], live: t.Mapping[Name, Server], seen: Seen, problems: list[str]) -> list[Name]:
    backend, server, state = item.get("backend"), item["server"], item.get("state")
    if backend is not None and backend not in seen.algorithms:
        problems.append(f"backend: HAProxy has none named {backend!r}{nearest(backend, seen.algorithms)}")
        return []
    if state == "present" and backend is not None:
        return [(backend, server)]
    # A name is looked up, where all are searched only for those that were given without their backend.
    if backend is not None:
        found = [(backend, server)] if (backend, server) in live else []
    else:
        found = [name for name in live if name[1] == server]
    if not found and state != "absent":
        others = [name[1] for name in live if backend in (None, name[0])]
        has = "no backend has a" if backend is None else f"backend {backend} has no"
        problems.append(f"server: {has} server {server!r}{nearest(server, others)}")
    return found


def nearest(name: str, known: t.Iterable[str]) -> str:
    """For the end of a message: who could have been meant, else who there is."""
    names = sorted(set(known))
    if alike := difflib.get_close_matches(name, names, n=3):
        return f"; did you mean {' or '.join(alike)}?"
    if not names:
        return "; there are none"
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return f"; there are {', '.join(names[:10])}{more}"


def _merged(first: Wish | None, second: Wish, name: str, problems: list[str]) -> Wish:
    if first is None:
        return second
    merged = first._asdict()
    for key, value in second._asdict().items():
        if merged[key] is not None and value not in (None, merged[key]):
            problems.append(f"{key}: {value} for {name}, which an earlier item wants to be {merged[key]}")
        merged[key] = merged[key] if value is None else value
    return Wish(**merged)


def _impossible(wish: Wish, before: Server | None, algorithm: str) -> list[str]:
    found = []
    if before is None and wish.state == "present":
        if wish.address is None:
            found.append("address: a server that is to be added needs one")
        if algorithm in STATIC:
            found.append(f"balance {algorithm} takes no servers at run time; add it to the configuration")
    if before is not None and wish.weight is not None and algorithm in STATIC:
        weight = weight_of(wish.weight, before.configured_weight)
        if weight not in (0, before.configured_weight):
            found.append(f"weight: balance {algorithm} takes 0% and 100% at run time, not {wish.weight}")
    if wish.weight is not None and (
        problem := _vanishes(wish.weight, before.configured_weight if before else _given_weight(wish))
    ):
        found.append(problem)
    if before is not None and wish.port is not None and wish.address is None and not _ip(before.address):
        found.append(f"port: give address too, the server has {before.address} now")
    return found


def weight_of(text: str, configured: int) -> int:
    """As HAProxy reckons."""
    return min(MAX_WEIGHT, configured * int(text[:-1]) // 100) if text.endswith("%") else int(text)


def _vanishes(text: str, configured: int) -> str | None:
    """A part of a small weight is none, and one without weight gets no request."""
    if not text.endswith("%") or text == "0%" or not configured or weight_of(text, configured):
        return None
    return (
        f"weight: {text} of the configured weight {configured} is less than 1, which is no request at all; "
        "configure larger weights, 100 say, or give 0 if that is what is meant"
    )


def _given_weight(wish: Wish) -> int:
    configured = re.search(r"(?:^|\s)weight\s+([0-9]+)", wish.params or "")
    return int(configured[1]) if configured else 1


def form(server: Server) -> Form:
    return Form(server.forced, server.weight, server.address, server.port)


def _after(wish: Wish, before: Server | None) -> Form | None:
    if wish.state == "absent":
        return None
    if before is None:
        weight = weight_of(wish.weight or "100%", _given_weight(wish))
        return Form("ready", weight, str(_ip(wish.address or "")), wish.port or 0)
    now = form(before)
    same_address = wish.address is None or _ip(wish.address) == _ip(now.address)
    return Form(
        state=now.state if wish.state in (None, "present") else str(wish.state),
        weight=now.weight if wish.weight is None else weight_of(wish.weight, before.configured_weight),
        address=now.address if same_address else str(_ip(str(wish.address))),
        port=now.port if wish.port is None else wish.port,
    )


def lines(changes: t.Iterable[Change], side: str) -> str:
    """One side of the diff."""
    found = [f"{one.name}: {getattr(one, side) or 'absent'}\n" for one in changes if one.before != one.after]
    return "".join(sorted(found))
