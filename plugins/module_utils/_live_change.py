# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes a running HAProxy as _delta says.

A server that is added gets no request before its check has passed. One that is removed gets none from the moment on at
which others are there to answer, and goes when its sessions have ended.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import contextlib
import itertools
import re
import time
import typing as t

from ansible_collections.hardened.balancer.plugins.module_utils import _runtime
from ansible_collections.hardened.balancer.plugins.module_utils._delta import Op
from ansible_collections.hardened.balancer.plugins.module_utils._delta_sections import relative
from ansible_collections.hardened.balancer.plugins.module_utils._delta_servers import address
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_socket import Session, SocketError

# A thousand commands take a tenth of a second; a machine that is short of everything gets this many seconds.
PATIENCE = 30.0
PAUSE = 0.1
MOMENT = 5.0
SHOWN = 5
# What `del server` answers while the server still has sessions, connections or requests that wait for it.
BUSY = "still has connections"

TIME = re.compile(r"([0-9]+)([a-z]+)?")
UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class LiveChangeError(Exception):
    """Says what did not work; the process may be between the two trees now."""


def apply(ops: t.Sequence[Op], socket_path: str, wait: float) -> None:
    """All of it, or LiveChangeError. `wait`: seconds for sessions to end; checks of new servers may take longer."""
    kinds: dict[str, list[Op]] = {}
    for op in ops:
        kinds.setdefault(op.kind, []).append(op)
    removed = kinds.get("remove", [])
    try:
        with Session(socket_path, PATIENCE) as session:
            healthy = _healthy(session) if removed else {}
            texts = [text for op in ops if op.kind in COMMANDS for text in COMMANDS[op.kind](op)]
            _runtime.commands(session, texts)
            _await_addresses(session, kinds.get("address", []))
            for op in kinds.get("map", []):
                _replace(session, op)
            if removed:
                _await_others(session, removed, healthy, max([wait, *map(_first_checks, kinds.get("add", []))]))
                _remove(session, removed, wait)
    except _runtime.RefusalError as exc:
        beyond = len(exc.refused) - SHOWN
        said = [*map(str, exc.refused[:SHOWN]), *([f"and {beyond} commands more"] if beyond > 0 else [])]
        raise LiveChangeError("\n".join(said)) from exc
    except (SocketError, ValueError) as exc:
        raise LiveChangeError(str(exc)) from exc


def _added(op: Op) -> list[str]:
    """Through drain: between maintenance and a health of `down` it would be asked for a moment, unchecked."""
    where = f"{op.backend}/{op.name}"
    found = [f"add server {where} {' '.join(op.words)}"]
    if "check" in op.marks:
        found += [f"enable health {where}", f"set server {where} state drain", f"set server {where} health down"]
    if "agent" in op.marks:
        found.append(f"enable agent {where}")
    return [*found, f"set server {where} state ready"]


def _weighted(op: Op) -> list[str]:
    return [f"set server {op.backend}/{op.name} weight {op.words[0]}"]


def _moved(op: Op) -> list[str]:
    return [f"set server {op.backend}/{op.name} addr {op.words[0]} port {op.words[1]}"]


COMMANDS: dict[str, t.Callable[[Op], list[str]]] = {"add": _added, "weight": _weighted, "address": _moved}


def _await_addresses(session: Session, ops: list[Op]) -> None:
    """3.0 answers first, and moves the server a moment later."""
    wanted = {(op.backend, op.name): address(_place(*op.words)) for op in ops}
    deadline = time.monotonic() + MOMENT
    while wanted:
        live = {(one.backend, one.name): address(_place(one.address, one.port)) for one in _runtime.servers(session)}
        wanted = {where: place for where, place in wanted.items() if live.get(where) != place}
        if wanted and time.monotonic() >= deadline:
            names = _listed(["/".join(where) for where in wanted])
            raise LiveChangeError(f"{names}: the address is not the new one after {MOMENT:g} seconds")
        if wanted:
            time.sleep(PAUSE)


def _place(host: str, port: object) -> str:
    return f"{host}:{port}"


def _replace(session: Session, op: Op) -> None:
    # The process knows it by its whole path, if its own tree said that.
    found = [one for one in _runtime.maps(session) if relative(one.name) == relative(op.name)]
    if len(found) != 1:
        raise LiveChangeError(f"the running process has {len(found)} maps with the name {op.name}")
    _runtime.replace_map(session, found[0].id, op.entries)


def _healthy(session: Session) -> dict[str, set[str]]:
    """The servers of each backend that answer requests."""
    found: dict[str, set[str]] = {}
    for one in _runtime.servers(session):
        if one.admin == "ready" and one.status.startswith(("UP", "no check")):
            found.setdefault(one.backend, set()).add(one.name)
    return found


def _first_checks(op: Op) -> float:
    """Seconds until a server that is added can be up: its first check comes as late as one of a server that is down."""
    given = dict(zip(op.words[1:], op.words[2:]))
    seconds = {name: _seconds(given.get(name, "0")) for name in ("inter", "downinter", "fastinter")}
    between = seconds["fastinter"] or seconds["inter"]
    return min(
        PATIENCE, max(seconds["inter"], seconds["downinter"]) + _seconds(given.get("rise", "2") + "s") * between + 1
    )


def _seconds(text: str) -> float:
    match = TIME.fullmatch(text)
    return int(match[1]) * UNITS.get(match[2] or "ms", 0) if match else 0


def _await_others(session: Session, removed: list[Op], before: dict[str, set[str]], wait: float) -> None:
    """Nobody leaves before somebody else is there, where anybody was."""
    leaving: dict[str, set[str]] = {}
    for op in removed:
        leaving.setdefault(op.backend, set()).add(op.name)
    staying = {one.backend for one in _runtime.servers(session) if one.name not in leaving.get(one.backend, ())}
    open_ones = {name: names for name, names in leaving.items() if before.get(name) and name in staying}
    deadline = time.monotonic() + wait
    while True:
        healthy = _healthy(session)
        open_ones = {name: names for name, names in open_ones.items() if not healthy.get(name, set()) - names}
        if not open_ones:
            return
        if time.monotonic() >= deadline:
            raise LiveChangeError(
                f"of {', '.join(sorted(open_ones))} no server that stays came up within {wait:g} seconds"
            )
        time.sleep(PAUSE)


def _remove(session: Session, removed: list[Op], wait: float) -> None:
    deadline = time.monotonic() + wait
    states = {(one.backend, one.name): one.forced for one in _runtime.servers(session)}
    try:
        _drained(session, [op for op in removed if "sessions" in op.marks], deadline)
        texts = [f"disable agent {op.backend}/{op.name}" for op in removed if "agent" in op.marks]
        texts += [f"set server {op.backend}/{op.name} state maint" for op in removed]
        _runtime.commands(session, texts)
        left = [f"{op.backend}/{op.name}" for op in _deleted(session, removed, deadline)]
        if left:
            raise LiveChangeError(f"{_listed(left)}: connections are still open after {wait:g} seconds")
    except (LiveChangeError, SocketError, _runtime.RefusalError):
        _returned(session, removed, states)
        raise


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more}"


def _drained(session: Session, ops: list[Op], deadline: float) -> None:
    """Maintenance would end the sessions of these."""
    if not ops:
        return
    _runtime.commands(session, [f"set server {op.backend}/{op.name} state drain" for op in ops])
    names = {(op.backend, op.name) for op in ops}
    while True:
        busy = [
            f"{one.backend}/{one.name}"
            for one in _runtime.servers(session)
            if (one.backend, one.name) in names and one.sessions + one.queued
        ]
        if not busy:
            return
        if time.monotonic() >= deadline:
            raise LiveChangeError(f"{_listed(busy)}: sessions that maintenance would end are still open")
        time.sleep(PAUSE)


def _deleted(session: Session, ops: list[Op], deadline: float) -> list[Op]:
    """Those that are still there in the end. 3.0 could wait by itself, for one server at a time."""
    ports = itertools.cycle(("1", "2"))
    while True:
        answers = session.send([f"del server {op.backend}/{op.name}" for op in ops])
        refused = [(op, said) for op, said in zip(ops, answers) if said != "Server deleted."]
        others = [(op, said) for op, said in refused if BUSY not in said]
        if others:
            op, said = others[0]
            raise LiveChangeError(f"del server {op.backend}/{op.name}: HAProxy answers {said!r}")
        ops = [op for op, _said in refused]
        if not ops or time.monotonic() >= deadline:
            return ops
        port = next(ports)
        _runtime.commands(session, [text for op in ops for text in _closed(op, port)])
        time.sleep(PAUSE)


def _closed(op: Op, port: str) -> list[str]:
    """Another address makes 2.6 close connections that are kept for later; they would hold the server for long."""
    where = f"{op.backend}/{op.name}"
    checked = [f"disable health {where}"] if "check" in op.marks else []
    return [*checked, f"set server {where} addr {op.words[0]} port {port}"] if op.words else []


def _returned(session: Session, ops: list[Op], states: dict[tuple[str, str], str]) -> None:
    """Whoever could not be removed works on: the process may have to go on with the tree of before."""
    with contextlib.suppress(SocketError, _runtime.RefusalError):
        there = {(one.backend, one.name) for one in _runtime.servers(session)}
        left = [op for op in ops if (op.backend, op.name) in there]
        session.send([text for op in left if op.words for text in _moved(op)])
        with contextlib.suppress(LiveChangeError):
            _await_addresses(session, [op for op in left if op.words])
        texts = []
        for op in left:
            where = f"{op.backend}/{op.name}"
            texts += [f"enable health {where}"] if "check" in op.marks else []
            texts += [f"enable agent {where}"] if "agent" in op.marks else []
            texts.append(f"set server {where} state {states.get((op.backend, op.name), 'ready')}")
        session.send(texts)


def release(ops: t.Sequence[Op], socket_path: str) -> None:
    """After a change that was cut off: nobody stays in the maintenance that it was in for its sake, over a reload."""
    try:
        with Session(socket_path, PATIENCE) as session:
            there = {(one.backend, one.name) for one in _runtime.servers(session) if one.forced != "ready"}
            added = [op for op in ops if op.kind == "add" and (op.backend, op.name) in there]
            session.send([text for op in added for text in _added(op)[1:]])
            _returned(session, [op for op in ops if op.kind == "remove"], {})
    except (SocketError, _runtime.RefusalError) as exc:
        raise LiveChangeError(str(exc)) from exc
