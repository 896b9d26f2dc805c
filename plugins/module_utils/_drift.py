# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers and maps of a running HAProxy that are not as in a tree, and what would put them right.

Who is in maintenance or drained is nobody's drift: an operator wants that.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import typing as t

from ansible_collections.hardened.balancer.plugins.module_utils import _delta_sections as sections
from ansible_collections.hardened.balancer.plugins.module_utils import _delta_servers as parameters
from ansible_collections.hardened.balancer.plugins.module_utils import _runtime
from ansible_collections.hardened.balancer.plugins.module_utils._delta import Op
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_socket import Session
from ansible_collections.hardened.balancer.plugins.module_utils._tree import Files

PATIENCE = 30.0


class Drift(t.NamedTuple):
    """What is not as in the tree; without `ops` only a reload puts it right."""

    text: str
    ops: tuple[Op, ...] = ()


def found(files: Files, socket_path: str) -> list[Drift]:
    """SocketError, RefusalError or ValueError where the process does not say."""
    text = sections.without_digest(files)
    with Session(socket_path, PATIENCE) as session:
        return [*_servers(text, session), *_maps(files, text, session)]


def _servers(text: str, session: Session) -> t.Iterator[Drift]:
    live: dict[str, dict[str, _runtime.Server]] = {}
    for one in _runtime.servers(session):
        live.setdefault(one.backend, {})[one.name] = one
    parts = sections.sections(text)
    for part, lines in zip(parts, sections.effective(parts)):
        if part.kind not in sections.BALANCING or sections.last(lines, "disabled") is not None:
            continue
        present = live.get(part.name, {})
        shared = " ".join(line.split(maxsplit=1)[1] for line in lines if line.startswith("default-server "))
        for name, line in part.servers.items():
            if name not in present:
                yield Drift(f"server {part.name}/{name} is missing")
            else:
                yield from _server(line, shared, present.pop(name))
        if not any(line.startswith("server-template ") for line in lines):
            yield from (Drift(f"server {part.name}/{name} is not of this tree") for name in present)


def _server(line: str, shared: str, live: _runtime.Server) -> t.Iterator[Drift]:
    where = f"server {live.backend}/{live.name}"
    place, _blank, rest = line.partition(" ")
    wanted = parameters.address(place)
    if wanted is not None and wanted != parameters.address(f"{live.address}:{live.port}"):
        back = Op("address", live.backend, live.name, (wanted[0], str(wanted[1])))
        yield Drift(f"{where} is at {live.address} port {live.port}, not at {wanted[0]} port {wanted[1]}", (back,))
    try:
        own = parameters.merged(parameters.parameters(shared), parameters.parameters(rest))
    except parameters.UnreadableError:
        # Such a server is never changed at run time.
        return
    identifier = parameters.value(own, "id")
    if identifier is not None and int(identifier) != live.id:
        yield Drift(f"{where} has the id {live.id}, not {identifier}")
    weight = int(parameters.weight(own))
    # What an agent says of the weight is not in any file.
    if weight != live.weight and not parameters.has(own, "agent-check"):
        # A static algorithm takes no other than the whole of what it was started with.
        said = "100%" if weight == live.configured_weight else str(weight)
        back = Op("weight", live.backend, live.name, (said,))
        yield Drift(f"{where} has the weight {live.weight}, not {weight}", (back,))


def _maps(files: Files, text: str, session: Session) -> t.Iterator[Drift]:
    live = {sections.relative(one.name): one for one in _runtime.maps(session)}
    for path in sorted(set(sections.maps(text)) & set(files) - sections.written(text)):
        if path not in live:
            yield Drift(f"map {path} is missing")
            continue
        wanted, present = sections.entries(files[path]), _runtime.map_entries(session, live[path].id)
        if wanted != present:
            missing, beyond = len(set(wanted) - set(present)), len(set(present) - set(wanted))
            counted = f"{missing} entries are missing, {beyond} are not of this tree"
            told = counted if missing or beyond else "the order of its entries is another"
            yield Drift(f"map {path}: {told}", (Op("map", "", live[path].name, entries=tuple(wanted)),))
