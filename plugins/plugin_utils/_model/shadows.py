# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes that can never match, because routes before them take all that they ask for.

A route is looked at as pairs of a host and a path, under what else it asks. A pair is taken if a route before it asks
for the same or a wider one, and for nothing else or the same else. Wider ones are looked up by name, from the nearest
to the widest, so that this takes as long for the last of ten thousand routes as for the first.
"""

from __future__ import annotations

import itertools
import typing as t

from .problems import Problems, show
from .shapes.conditions import CONDITION
from .site import Site

Route = dict[str, t.Any]
Path = tuple[str, str]  # ("path" or "path_prefix", what is asked)
ANY = "*"
ANY_PATH: Path = ("path_prefix", "")
# Routes of so many pairs are not looked at: their product is no mistake that a person makes.
MOST_PAIRS = 50_000
NAMED = 3
# Under what else a route asks: by host, by path, the place of the first route that takes the pair.
Taken = dict[t.Hashable, dict[str, dict[Path, str]]]


def check(frontend: dict[str, t.Any], site: Site, problems: Problems) -> None:
    key = "sni" if frontend.get("mode") == "tcp" else "host"
    taken: Taken = {}
    for i, route in enumerate(frontend.get("routes") or []):
        if not route or _is_broken(route):
            continue
        place = f"{frontend['path']}.routes[{i}]"
        hosts = route.get(key) or [ANY]
        paths = _paths(route)
        if not paths:
            problems.add(place, "can never match: none of its paths lies below its path_prefix")
            continue
        if len(hosts) * len(paths) > MOST_PAIRS or (route.get("backend") is None and not _answers(route)):
            continue
        rest = _rest(route, key)
        found = [_taken_by(host, path, rest, taken) for host, path in itertools.product(hosts, paths)]
        if all(found):
            _tell(place, [place for place in dict.fromkeys(found) if place], problems)
        elif paths == [ANY_PATH] and not rest:
            _tell_doubled(f"{place}.{key}", hosts, taken, problems)
        if not _lets_some_pass(route):
            for host, path in itertools.product(hosts, paths):
                taken.setdefault(rest, {}).setdefault(host, {}).setdefault(path, place)


def _tell(place: str, takers: list[str], problems: Problems) -> None:
    more = f" and {len(takers) - NAMED} more" if len(takers) > NAMED else ""
    verb = "is asked first, takes" if len(takers) == 1 else "are asked first, take"
    problems.add(place, f"can never match: {', '.join(takers[:NAMED])}{more}, which {verb} all of it")


def _tell_doubled(path: str, hosts: list[str], taken: Taken, problems: Problems) -> None:
    """Of a route that asks for nothing but hosts, each is its own: one that never leads here is a mistake."""
    for host in hosts:
        taker = _taken_by(host, ANY_PATH, (), taken)
        if taker:
            problems.add(path, f"holds {show(host)}, which {taker} takes, a route that is asked first")


def _is_broken(route: Route) -> bool:
    """What is wrong with it was told; what it asks for is not known."""
    asks = any(route.get(key) for key in (*CONDITION.keys, "if"))
    return (not asks and not _answers(route)) or any(
        value is None or (isinstance(value, list) and None in value) for value in route.values()
    )


def _answers(route: Route) -> bool:
    return any(route.get(key) for key in ("redirect", "respond", "maintenance"))


def _lets_some_pass(route: Route) -> bool:
    """A maintenance page without a backend, but for some: these go on to the next route."""
    maintenance = route.get("maintenance")
    return not route.get("backend") and isinstance(maintenance, dict) and bool(maintenance.get("except"))


def _paths(route: Route) -> list[Path]:
    """What is asked of the path; both, where both are given, must hold."""
    exact = route.get("path") or []
    prefixes = [path.rstrip("/") for path in route.get("path_prefix") or []]
    if not exact:
        return [("path_prefix", prefix) for prefix in prefixes] or [ANY_PATH]
    return [("path", path) for path in exact if not prefixes or any(f"{path}/".startswith(f"{p}/") for p in prefixes)]


def _rest(route: Route, key: str) -> t.Hashable:
    asked = (name for name in (*CONDITION.keys, "if") if name not in (key, "path", "path_prefix") and route.get(name))
    return tuple((name, _frozen(route[name])) for name in asked)


def _frozen(value: t.Any) -> t.Hashable:
    if isinstance(value, dict):
        return tuple(sorted((key, _frozen(element)) for key, element in value.items()))
    if isinstance(value, list):
        return tuple(sorted((_frozen(element) for element in value), key=repr))
    return repr(value)


def _taken_by(host: str, path: Path, rest: t.Hashable, taken: Taken) -> str:
    for known in (taken.get((), {}), taken.get(rest, {})):
        if not known:
            continue
        for wider in _hosts_over(host):
            paths = known.get(wider)
            if not paths:
                continue
            if path in paths:
                return paths[path]
            for prefix in _prefixes_over(path[1]):
                if ("path_prefix", prefix) in paths:
                    return paths["path_prefix", prefix]
    return ""


def _hosts_over(host: str) -> t.Iterator[str]:
    yield host
    bare = host[2:] if host.startswith("*.") else host
    while "." in bare:
        bare = bare.split(".", 1)[1]
        yield f"*.{bare}"
    yield ANY


def _prefixes_over(path: str) -> t.Iterator[str]:
    """From the path itself to everything: all that it lies below, segment by segment."""
    slashed = f"{path}/"
    for i in range(len(slashed) - 1, -1, -1):
        if slashed[i] == "/":
            yield slashed[:i]
