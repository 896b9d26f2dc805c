# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers are brought to what is wished of them at run time: all in few exchanges, and looked at again afterwards.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import itertools
import time
import typing as t

from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_socket import Session, SocketError
from ansible_collections.hardened.balancer.plugins.module_utils._runtime import (
    RefusalError,
    Refused,
    Seen,
    Server,
    commands,
    look,
)
from ansible_collections.hardened.balancer.plugins.module_utils._runtime_servers import (
    Change,
    Form,
    form,
    is_ip,
    plan,
)

# What `show stat` calls hashes; whether one is static, only an attempt shows.
HASHES = ("source", "uri", "url_param", "hdr", "rdp-cookie", "hash", "unknown", "")
TAKES_NO_SERVERS = "must use a dynamic load balancing"
IN_USE = "still has connections"
NOT_IN_MAINTENANCE = "Only servers in maintenance"
GONE = ("Server deleted.", "No such server.")
PAUSE = 0.2


class ChangeError(Exception):
    """Everything that is wrong or did not work; `begun` says whether something was changed."""

    def __init__(self, problems: t.Sequence[str], begun: bool) -> None:
        self.begun = begun
        many = f"{len(problems)} problems" if len(problems) > 1 else "1 problem"
        state = "what was accepted stays in force" if begun else "nothing was changed"
        super().__init__("\n".join([f"{many}, {state}:", *(f"  {one}" for one in problems)]))


def converge(
    session: Session, given: t.Sequence[t.Mapping[str, t.Any]], wait: float = 0, healthy: float = 0, dry: bool = False
) -> list[Change]:
    seen = look(session)
    changes, problems = plan(given, seen)
    live = {(one.backend, one.name): one for one in seen.servers}
    problems += _static_hashes(session, changes, seen)
    if not dry:
        problems += _not_removable(session, changes, live)
    if problems:
        raise ChangeError(problems, begun=False)
    if not dry:
        try:
            _carry_out(session, changes, live, wait, healthy)
        except SocketError as exc:
            raise ChangeError([str(exc)], begun=True) from exc
    return changes


def _static_hashes(session: Session, changes: t.Iterable[Change], seen: Seen) -> list[str]:
    """Asks for a server without an address, which is refused either way, but static algorithms are refused first."""
    into = {one.backend: one for one in changes if one.before is None and one.after}
    asked = {name: one for name, one in into.items() if seen.algorithms[name] in HASHES}
    texts = [f"add server {one.name}" for one in asked.values()]
    answers = session.send(texts)
    return [str(Refused(*pair)) for pair in zip(texts, answers) if TAKES_NO_SERVERS in pair[1]]


def _not_removable(session: Session, changes: t.Iterable[Change], live: t.Mapping[t.Any, Server]) -> list[str]:
    """HAProxy says of a server that is not in maintenance whether maintenance is all that it lacks."""
    serving = [one for one in changes if one.after is None and one.before]
    serving = [one for one in serving if live[one.backend, one.server].admin != "maint"]
    texts = [f"del server {one.name}" for one in serving]
    pairs = zip(texts, session.send(texts))
    return [str(Refused(*pair)) for pair in pairs if NOT_IN_MAINTENANCE not in pair[1] and pair[1] not in GONE]


def _carry_out(
    session: Session, changes: t.Sequence[Change], live: t.Mapping[t.Any, Server], wait: float, healthy: float
) -> None:
    going = [one for one in changes if one.after is None and one.before]
    staying = [(one, one.after) for one in changes if one.after]
    texts = [text for one, after in staying for text in _first(one, after, live, healthy)]
    texts += [text for one in going for text in _last(one, live[one.backend, one.server])]
    problems = _tried(session, texts)
    if texts and len(problems) == len(texts):
        raise ChangeError(problems, begun=False)
    if not problems:
        problems += _removed(session, going, wait)
        problems += _idle(session, [one for one, after in staying if after.state in ("drain", "maint")], wait)
        problems += _healthy(session, staying, live, healthy)
    problems += [] if problems else _not_in_force(changes, look(session))
    if problems:
        raise ChangeError(problems, begun=True)


def _tried(session: Session, texts: t.Sequence[str]) -> list[str]:
    try:
        commands(session, texts)
    except RefusalError as exc:
        return [str(one) for one in exc.refused]
    return []


def _first(change: Change, after: Form, live: t.Mapping[t.Any, Server], healthy: float) -> list[str]:
    """All but what has to wait for the checks of the server."""
    server = live.get((change.backend, change.server))
    name, before, found = change.name, change.before, []
    if before is None:
        found += _added(change, after)
    else:
        if (before.address, before.port) != (after.address, after.port):
            found.append(f"set server {name} addr {after.address} port {after.port}")
        if before.weight != after.weight:
            found.append(f"set server {name} weight {change.wish.weight}")
    state = _state_meanwhile(change, after, healthy)
    if _has_check(change, server) and (before is None or _seen_afresh(change, after, healthy)):
        # Drained first: between maintenance and a health of `down` it would get traffic for a moment.
        found += [f"set server {name} state drain", f"set server {name} health down"]
        found += [f"set server {name} state {state}"] if state != "drain" else []
    elif state != (before.state if before else "maint"):
        found.append(f"set server {name} state {state}")
    return found


def _last(change: Change, server: Server) -> list[str]:
    """An agent that answers would put the server back."""
    agent = [f"disable agent {change.name}"] if server.agent else []
    return agent + ([f"set server {change.name} state maint"] if server.forced != "maint" else [])


def _added(change: Change, after: Form) -> list[str]:
    wish, words = change.wish, (change.wish.params or "").split()
    host = f"[{after.address}]" if ":" in after.address else after.address
    port = f":{after.port}" if after.port else ""
    weight = ["weight", wish.weight] if wish.weight and not wish.weight.endswith("%") else []
    found = [" ".join(["add server", change.name, host + port, *words, *weight])]
    if wish.weight and not weight:
        found.append(f"set server {change.name} weight {wish.weight}")
    checks = (("check", "health"), ("agent-check", "agent"))
    return found + [f"enable {what} {change.name}" for keyword, what in checks if keyword in words]


def _state_meanwhile(change: Change, after: Form, healthy: float) -> str:
    """In maintenance nothing is checked: who is to be seen healthy first waits drained."""
    return "drain" if after.state == "ready" and _seen_afresh(change, after, healthy) else after.state


def _seen_afresh(change: Change, after: Form, healthy: float) -> bool:
    """Of a server without traffic the last check says nothing: it may be older than what was done to the server."""
    state = change.before.state if change.before else "maint"
    return bool(healthy) and after.state != "maint" and state != "ready"


def _has_check(change: Change, server: Server | None) -> bool:
    if server:
        return server.check
    words = (change.wish.params or "").split()
    return "check" in words and "track" not in words


def _removed(session: Session, going: t.Sequence[Change], wait: float) -> list[str]:
    """3.0 could wait for one server itself; asking again does it in both releases, and for all at a time."""
    left = {f"del server {one.name}": one for one in going}
    problems: list[str] = []
    ports = itertools.cycle(("1", "2"))
    deadline = time.monotonic() + wait
    while left:
        answers = dict(zip(left, session.send(list(left))))
        problems += [
            str(Refused(text, said)) for text, said in answers.items() if said not in GONE and IN_USE not in said
        ]
        left = {text: one for text, one in left.items() if IN_USE in answers[text]}
        if not left or time.monotonic() >= deadline:
            break
        problems += _tried(session, _idle_ones_closed(session, left.values(), next(ports)))
        time.sleep(PAUSE)
    problems += _tried(
        session, [f"set server {one.name} addr {_address(one)}" for one in left.values() if wait and _movable(one)]
    )
    hint = f"after {wait:g} s; give wait more seconds" if wait else "and wait is 0 seconds; give more"
    more = [f"{one.name}: it is in maintenance, but has connections {hint}, or end them" for one in left.values()]
    return problems + more


def _idle_ones_closed(session: Session, going: t.Iterable[Change], port: str) -> list[str]:
    """2.6 keeps connections for later, and the server with them, for up to half a minute; not at another address."""
    busy = {(one.backend, one.name) for one in look(session).servers if one.sessions + one.queued}
    return [
        f"set server {one.name} addr {one.before.address} port {port}"
        for one in going
        if one.before and _movable(one) and (one.backend, one.server) not in busy
    ]


def _movable(change: Change) -> bool:
    """A server that is found by its name has no address that could be given back."""
    return change.before is not None and is_ip(change.before.address)


def _address(change: Change) -> str:
    return f"{change.before.address} port {change.before.port}" if change.before else ""


def _idle(session: Session, leaving: t.Sequence[Change], wait: float) -> list[str]:
    if not wait:
        return []
    left, deadline = {(one.backend, one.server): 0 for one in leaving}, time.monotonic() + wait
    while left:
        servers = look(session).servers
        counts = {(one.backend, one.name): one.sessions + one.queued for one in servers}
        left = {name: counts[name] for name in left if counts.get(name)}
        if not left or time.monotonic() >= deadline:
            break
        time.sleep(PAUSE)
    return [f"{'/'.join(name)}: {count} sessions are left after {wait:g} s" for name, count in left.items()]


def _healthy(
    session: Session, staying: t.Sequence[tuple[Change, Form]], live: t.Mapping[t.Any, Server], healthy: float
) -> list[str]:
    """Traffic only for those that came up; the others stay drained, as they are."""
    if not healthy:
        return []
    waiting = {
        (one.backend, one.server): (one, after)
        for one, after in staying
        if _seen_afresh(one, after, healthy) or after.state == "ready"
    }
    deadline = time.monotonic() + healthy
    problems: list[str] = []
    while waiting:
        servers = {(one.backend, one.name): one for one in look(session).servers}
        up = [name for name in waiting if name in servers and servers[name].up]
        ready = [one for one, after in map(waiting.pop, up) if _state_meanwhile(one, after, healthy) != after.state]
        problems += _tried(session, [f"set server {one.name} state ready" for one in ready])
        if not waiting or time.monotonic() >= deadline:
            break
        time.sleep(PAUSE)
    for name, (change, after) in waiting.items():
        status = servers[name].status if name in servers else "gone"
        state = _state_meanwhile(change, after, healthy)
        problems.append(f"{change.name}: not healthy after {healthy:g} s, it is {status}; it stays {state}")
    return problems


def _not_in_force(changes: t.Iterable[Change], seen: Seen) -> list[str]:
    """What HAProxy accepted is not always what it has: an agent, DNS or somebody else can have been faster."""
    live = {(one.backend, one.name): form(one) for one in seen.servers}
    return [
        f"{one.name}: it is {live.get((one.backend, one.server)) or 'absent'} afterwards, not {one.after or 'absent'}"
        for one in changes
        if not _as_wished(one, live.get((one.backend, one.server)))
    ]


def _as_wished(change: Change, now: Form | None) -> bool:
    if now is None or change.after is None:
        return now is change.after
    wished = {key for key in Form._fields if getattr(change.wish, key) is not None} - {"state"}
    if change.wish.state in ("ready", "drain", "maint"):
        wished.add("state")
    return all(getattr(now, key) == getattr(change.after, key) for key in wished)
