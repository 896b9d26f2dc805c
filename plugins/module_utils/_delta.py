# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the runtime API has to do so that a process of one tree is as one of another; or why only a reload can do it.

Whenever there is a doubt, it is a reload. Reasons name keywords and places, no values: these may be secrets.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.hardened.balancer.plugins.module_utils import _delta_sections as sections
from ansible_collections.hardened.balancer.plugins.module_utils import _delta_servers as servers
from ansible_collections.hardened.balancer.plugins.module_utils._delta_sections import Section
from ansible_collections.hardened.balancer.plugins.module_utils._tree import DIGEST, MAIN, Files

OLDEST = (2, 6)
ALGORITHMS = ("roundrobin", "leastconn", "first", "random")
HASHES = ("source", "uri", "url_param", "hdr", "hash", "rdp-cookie")
# HAProxy's own bound; beyond it, only its start says so.
ROUND_ROBIN = 4095
# A keyword of the section or of its defaults, and why it keeps servers from being added and removed.
KEEPS = (
    ("cookie", "cookies name its servers, and a server that is added can have none"),
    ("persist", "its clients are bound to servers by a cookie"),
    ("use-server", "use-server may name its servers"),
    ("server-template", "it has servers of a template beside them"),
    ("dispatch", "it has dispatch"),
    ("option external-check", "programs that check are prepared at the start"),
    ("disabled", "it is disabled"),
)


class Op(t.NamedTuple):
    """One change. `name` is the server's, or the path of the map within the tree."""

    kind: str  # weight, address, add, remove, map
    backend: str
    name: str
    # weight: the weight. address, remove: address, port. add: what stands behind the name of the server.
    words: tuple[str, ...] = ()
    entries: tuple[tuple[str, str], ...] = ()
    # add: which checks are to be switched on (check, agent); remove: agent, and sessions, which maintenance would end.
    marks: frozenset[str] = frozenset()


ORDER = ("add", "weight", "address", "map", "remove")


class OnlyReload(Exception):  # noqa: N818 - no error, an answer
    """Says why."""


def between(old: Files, new: Files, version: tuple[int, ...]) -> tuple[list[Op], str]:
    """What to do, in its order, and no reason; or nothing, and why only a reload can do it."""
    try:
        found = _between(old, new, version)
    except (OnlyReload, servers.UnreadableError) as exc:
        return [], str(exc)
    return sorted(found, key=lambda op: ORDER.index(op.kind)), ""


def _between(old: Files, new: Files, version: tuple[int, ...]) -> list[Op]:
    texts = sections.without_digest(old), sections.without_digest(new)
    changed = [path for path in sorted({*old, *new} - {MAIN}) if old.get(path) != new.get(path)]
    if not changed and texts[0] == texts[1]:
        return []
    if tuple(version[:2]) < OLDEST:
        raise OnlyReload(f"HAProxy {'.'.join(map(str, version))} cannot change servers while it runs, 2.6 is the first")
    if re.search(r"^\s*\.(?:if|elif|else|endif)\b", texts[0] + "\n" + texts[1], re.MULTILINE):
        raise OnlyReload(f"{MAIN} has conditions of HAProxy's (.if): only HAProxy knows what holds")
    before, after = sections.sections(texts[0]), sections.sections(texts[1])
    _same_sections(before, after)
    found = [_map(path, old, new, texts[0]) for path in changed]
    tracked = _tracked(before)
    for one, other, lines in zip(before, after, sections.effective(before)):
        _same_lines(one, other)
        if one.servers != other.servers:
            found += _servers(one, other, lines, tracked)
    return found


def _same_sections(before: list[Section], after: list[Section]) -> None:
    titles = [one.title for one in before], [one.title for one in after]
    for title in titles[1]:
        if title not in titles[0]:
            raise OnlyReload(f"{title} is new")
    for title in titles[0]:
        if title not in titles[1]:
            raise OnlyReload(f"{title} is gone")
    if titles[0] != titles[1]:
        raise OnlyReload("the order of the sections is another")


def _same_lines(one: Section, other: Section) -> None:
    if one.parent != other.parent:
        raise OnlyReload(f"{one.title} is made from other defaults")
    if one.lines == other.lines:
        return
    differ = next((pair for pair in zip(one.lines, other.lines) if pair[0] != pair[1]), None)
    longer = one.lines if len(one.lines) > len(other.lines) else other.lines
    line = differ[1] if differ else longer[min(len(one.lines), len(other.lines))]
    raise OnlyReload(f"{one.title}: its lines differ, the first at {line.split()[0]}")


def _map(path: str, old: Files, new: Files, text: str) -> Op:
    if path not in old or path not in new:
        raise OnlyReload(f"{path} is {'gone' if path in old else 'new'}")
    names = sections.maps(text).get(path, [])
    if not names or not sections.only_a_map(path, text):
        raise OnlyReload(f"{path} differs, and is {'more than a map' if names else 'no map'}")
    if len(names) > 1:
        raise OnlyReload(f"{path} differs, and is named in {len(names)} ways")
    if path in sections.written(text):
        raise OnlyReload(f"{path} differs, and the configuration itself writes to this map")
    entries = sections.entries(new[path])
    for number, (key, value) in enumerate(entries, start=1):
        if not value:
            raise OnlyReload(f"{path}: its entry {number} has no value, the runtime API takes none without")
        if any(ord(letter) < 32 or letter == "\x7f" for letter in key + value):
            raise OnlyReload(f"{path}: its entry {number} holds letters that cannot be sent to the runtime API")
    return Op("map", "", path, entries=tuple(entries))


def _tracked(parts: list[Section]) -> set[str]:
    """Servers whose state others take, as backend/server."""
    found: set[str] = set()
    for part in parts:
        lines = [*part.lines, *part.servers.values()]
        for words in (line.split() for line in lines if "track" in line):
            names = [name for keyword, name in zip(words, words[1:]) if keyword == "track"]
            found.update(name if "/" in name else f"{part.name}/{name}" for name in names)
    return found


def _servers(old: Section, new: Section, lines: tuple[str, ...], tracked: set[str]) -> list[Op]:
    """The order of servers is not compared: the algorithms that allow all this give it no meaning but for backups."""
    if old.twice or new.twice:
        raise OnlyReload(f"{old.title}: {(old.twice or new.twice)[0]} is the name of two servers")
    added = [name for name in new.servers if name not in old.servers]
    removed = [name for name in old.servers if name not in new.servers]
    kept = [name for name in new.servers if name in old.servers and old.servers[name] != new.servers[name]]
    found: list[Op] = []
    for name in (old.name, *kept, *added, *removed):
        if not servers.NAME.fullmatch(name):
            raise OnlyReload(f"{old.title}: the name {name} holds letters that the runtime API reads otherwise")
    dynamic = _dynamic(lines)
    shared = [one for line in lines if line.split()[0] == "default-server" for one in servers.parameters(_behind(line))]
    for name in kept:
        found += _kept(f"{old.name}/{name}", old, new, name, dynamic, shared, lines)
    _somebody_stays(old, new, found)
    if not added and not removed:
        return found
    _check_section(old, new, lines, dynamic)
    everyone = {name: servers.merged(shared, servers.parameters(_behind(text))) for name, text in old.servers.items()}
    everyone.update((name, servers.merged(shared, servers.parameters(_behind(new.servers[name])))) for name in added)
    _check_backups(old, new, everyone)
    identifiers = {servers.value(everyone[name], "id") for name in old.servers}
    for name in added:
        if servers.value(everyone[name], "id") in identifiers:
            raise OnlyReload(f"server {old.name}/{name} is added, and has the id of another")
        identifiers.add(servers.value(everyone[name], "id"))
        found.append(_add(old.name, name, new.servers[name], everyone[name]))
    for name in removed:
        if f"{old.name}/{name}" in tracked:
            raise OnlyReload(f"server {old.name}/{name} is removed, and others take its state (track)")
        found.append(_remove(old.name, name, old.servers[name], everyone[name]))
    return found


def _somebody_stays(old: Section, new: Section, found: list[Op]) -> None:
    """What the check says of a server is of its old address for a while: nobody would notice that none answers."""
    moved = {op.name for op in found if op.kind == "address"}
    if moved and moved >= set(old.servers) & set(new.servers):
        raise OnlyReload(f"{old.title}: all its servers move")


def _behind(text: str) -> str:
    """The parameters, without the address."""
    return "".join(text.split(maxsplit=1)[1:])


def _dynamic(lines: tuple[str, ...]) -> str:
    """The algorithm, if it takes servers and weights while it runs."""
    said = re.split(r"[\s(]", sections.last(lines, "balance") or "roundrobin")[0]
    consistent = (sections.last(lines, "hash-type") or "").split()[:1] == ["consistent"]
    return said if said in ALGORITHMS or (said in HASHES and consistent) else ""


def _kept(
    where: str, old: Section, new: Section, name: str, dynamic: str, shared: servers.Parameters, lines: tuple[str, ...]
) -> list[Op]:
    texts = old.servers[name], new.servers[name]
    was, now = (servers.parameters(_behind(text)) for text in texts)
    rest = [[one for one in of if one[0] != "weight"] for of in (was, now)]
    if rest[0] != rest[1]:
        differ = [one[0] for one in [*rest[0], *rest[1]] if (one in rest[0]) != (one in rest[1])] or ["their order"]
        raise OnlyReload(f"server {where} has other parameters: {', '.join(dict.fromkeys(differ))}")
    full = [servers.merged(shared, of) for of in (was, now)]
    found = []
    weights = [servers.weight(of) for of in full]
    if weights[0] != weights[1]:
        if not dynamic:
            raise OnlyReload(f"server {where} has another weight, and its algorithm is a static one")
        if servers.has(full[1], "agent-check"):
            raise OnlyReload(f"server {where} has another weight, and its agent says what part of it holds")
        if not weights[1].isdigit() or int(weights[1]) > servers.MAX_WEIGHT:
            raise OnlyReload(f"server {where} has a weight that is not one of 0 to {servers.MAX_WEIGHT}")
        found.append(Op("weight", old.name, name, (str(int(weights[1])),)))
    places = [text.split(maxsplit=1)[0] for text in texts]
    if places[0] != places[1]:
        if servers.has(full[1], "hash-key"):
            raise OnlyReload(f"server {where} has another address, and its place in hashes may come from that")
        found += _moved(where, old.name, name, places, lines)
    return found


def _moved(where: str, backend: str, name: str, places: list[str], lines: tuple[str, ...]) -> list[Op]:
    read = [servers.address(place) for place in places]
    if read[0] is None or read[1] is None:
        raise OnlyReload(f"server {where} has another address, and not both are an IP address with a port")
    if "dynamic" in (sections.last(lines, "cookie") or "").split():
        raise OnlyReload(f"server {where} has another address, and its cookie is made from that")
    return [Op("address", backend, name, (read[1][0], str(read[1][1])))] if read[0] != read[1] else []


def _check_section(old: Section, new: Section, lines: tuple[str, ...], dynamic: str) -> None:
    changes = f"{old.title}: servers are added or removed, and"
    if not dynamic:
        raise OnlyReload(f"{changes} its algorithm is a static one")
    for keyword, why in KEEPS:
        if sections.last(lines, keyword) is not None:
            raise OnlyReload(f"{changes} {why}")
    if (sections.last(lines, "mode") or "tcp") not in ("tcp", "http"):
        raise OnlyReload(f"{changes} its mode is neither tcp nor http")
    if old.late:
        raise OnlyReload(f"{changes} a default-server stands below a server")
    if dynamic == "roundrobin" and len(new.servers) > ROUND_ROBIN:
        raise OnlyReload(f"{changes} roundrobin takes {ROUND_ROBIN} servers at the most")


def _check_backups(old: Section, new: Section, everyone: dict[str, servers.Parameters]) -> None:
    """The first of the backups is used, and one that is added stands behind all others."""
    before, after = ([name for name in one.servers if servers.has(everyone[name], "backup")] for one in (old, new))
    kept = [name for name in before if name in new.servers]
    added = [name for name in new.servers if name in set(after) - set(before)]
    if after != kept + added:
        raise OnlyReload(f"{old.title}: the order of its backups is another")


def _add(backend: str, name: str, text: str, parameters: servers.Parameters) -> Op:
    where = f"{backend}/{name}"
    place = servers.address(text.split(maxsplit=1)[0]) if text else None
    if place is None:
        raise OnlyReload(f"server {where} is added, and its address is not an IP address with a port")
    words, why = servers.words_to_add(where, parameters)
    if why:
        raise OnlyReload(why)
    if any(DIGEST in word for word in words):
        raise OnlyReload(f"server {where} is added, and needs a file that is read at the start only")
    host = f"[{place[0]}]" if ":" in place[0] else place[0]
    return Op("add", backend, name, (f"{host}:{place[1]}", *words), marks=_marks(parameters))


def _remove(backend: str, name: str, text: str, parameters: servers.Parameters) -> Op:
    where = f"{backend}/{name}"
    if servers.has(parameters, "resolvers"):
        raise OnlyReload(f"server {where} is removed, and HAProxy's resolvers hold on to it")
    place = servers.address(text.split(maxsplit=1)[0])
    if place is None:
        raise OnlyReload(f"server {where} is removed, and its address is not an IP address with a port")
    return Op("remove", backend, name, (place[0], str(place[1])), marks=_marks(parameters))


def _marks(parameters: servers.Parameters) -> frozenset[str]:
    ends = servers.value(parameters, "on-marked-down") == "shutdown-sessions"
    found = {"check": servers.has(parameters, "check"), "agent": servers.has(parameters, "agent-check")}
    return frozenset([*(name for name, holds in found.items() if holds), *(["sessions"] if ends else [])])
