# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runtime API as calls that work or say why not: what a command answers is compared with what it has to answer.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import contextlib
import re
import typing as t

from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_socket import (
    Session,
    SocketError,
    parse_servers,
    parse_stat,
    shortened,
    word,
)

# A command by its first words, and all that it answers when it worked, in 2.6 and in 3.0.
_MOVED = r"IP changed from '[^']*' to '[^']*'|port changed from '[^']*' to '[^']*'|no need to change the (?:addr|port)"
EXPECTED = tuple(
    (re.compile(command + r"(?:\s|$)"), re.compile(answer, re.DOTALL))
    for command, answer in (
        (r"set server \S+ addr", rf"nothing changed|(?:{_MOVED})(?:, (?:{_MOVED}))?(?: by '[^']*')?"),
        (r"set server \S+ (?:weight|state|health|agent|check-port|check-addr|agent-port|agent-addr|agent-send)", r""),
        (r"set maxconn (?:server|frontend|global)", r""),
        (r"(?:enable|disable) (?:server|health|agent)", r""),
        (r"shutdown sessions server", r""),
        (r"add server", r"(?:.*\n)?New server registered\."),
        (r"del server", r"Server deleted\."),
        (r"wait \S+ srv-removable", r"Done\."),
        (r"(?:add|set|del|clear|commit) (?:map|acl)", r""),
        (r"prepare (?:map|acl)", r"New version created: [0-9]+"),
        (r"show (?:map|acl)(?: @[0-9]+)? \S+", r"(?:0x[0-9a-f]+ .*)?"),
        (r"show (?:map|acl)$", r"# id \(file\) description(?:\n.*)?"),
        (r"show version", r"[0-9]+\.[0-9]+\S*"),
        (r"show info", r"Name: .*\nVersion: .*"),
        (r"show stat", r"# pxname,svname,.*"),
        (r"show servers state", r"1\n# be_id .*"),
        (r"show servers conn", r"# bkname/svname .*"),
        (r"show table$", r"(?:# table: .*)?"),
        (r"show table \S+", r"# table: .*"),
        (r"show ssl cert$", r"(?:# filename|# transaction).*|"),
        (r"show ssl cert \S+", r"Filename: .*"),
        (r"show backend", r"# name(?:\n.*)?"),
    )
)
DYNAMIC = "a dynamic algorithm (roundrobin, leastconn, first, random, hashes with `hash-type consistent`)"
# HAProxy's words, and what its administrator can do about them.
WAYS_OUT = (
    ("Permission denied", "the socket needs `level admin` (stats socket PATH level admin)"),
    ("allocate memory", "certificates are shown to `level operator` and above (stats socket PATH level admin)"),
    ("only accepts weights", f"its algorithm is static: give 0% or 100%, or use {DYNAMIC}"),
    ("must use a dynamic load balancing", f"add the server to the configuration, or use {DYNAMIC}"),
    ("pointing to it", "track, use-server or the like names it: take it out of the configuration"),
    ("Only servers in maintenance", "set its state to maint first"),
    ("still has connections", "wait until its sessions have ended, or end them"),
    ("Health check was not configured", "the server needs `check`"),
    ("Unknown command", "this release of HAProxy lacks it"),
)

FORCED_MAINTENANCE, MAINTENANCE = 0x01, 0x23
FORCED_DRAIN, DRAIN = 0x08, 0x18
CHECK_ENABLED = 0x04
# Starting slowly, and running.
UP = ("1", "2")


class Refused(t.NamedTuple):
    command: str
    words: str

    def __str__(self) -> str:
        hints = [hint for said, hint in WAYS_OUT if said in self.words]
        said = shortened(self.words.strip(), 500) or "nothing"
        return "; ".join([f"{shortened(self.command)!r}: HAProxy answers {said!r}", *hints])


class RefusalError(Exception):
    """What HAProxy would not do, each with its own words."""

    def __init__(self, refused: t.Sequence[Refused]) -> None:
        self.refused = tuple(refused)
        super().__init__("\n".join(str(one) for one in self.refused))


class Server(t.NamedTuple):
    backend: str
    name: str
    id: int
    address: str
    port: int
    weight: int
    configured_weight: int
    admin: str
    status: str
    check: bool
    sessions: int
    queued: int
    algorithm: str
    # What somebody asked for, as opposed to what the server has from one that it tracks, or from DNS.
    forced: str
    up: bool
    agent: bool
    backup: bool
    fqdn: str


class Seen(t.NamedTuple):
    servers: list[Server]
    # Of every backend and listen, those without servers too.
    algorithms: dict[str, str]
    # `show stat`, by proxy and by server, FRONTEND or BACKEND.
    rows: dict[tuple[str, str], dict[str, str]]


class Map(t.NamedTuple):
    id: int
    name: str
    entries: int


class Entry(t.NamedTuple):
    reference: str
    key: str
    value: str


def expected(text: str) -> re.Pattern[str]:
    for command, answer in EXPECTED:
        if command.match(text):
            return answer
    raise ValueError(f"{text!r}: no entry in EXPECTED says what it answers")


def commands(session: Session, texts: t.Sequence[str], timeout: float | None = None) -> list[str]:
    """All answers; if any was not what it has to be, all of those that were not."""
    wanted = [expected(text) for text in texts]
    answers = session.send(texts, timeout)
    refused = [Refused(*one) for pattern, *one in zip(wanted, texts, answers) if not pattern.fullmatch(one[1])]
    if refused:
        raise RefusalError(refused)
    return answers


def command(session: Session, text: str, timeout: float | None = None) -> str:
    return commands(session, [text], timeout)[0]


@contextlib.contextmanager
def opened(where: str | Session) -> t.Iterator[Session]:
    """A socket's path is opened for the one question; a session stays open."""
    if isinstance(where, Session):
        yield where
    else:
        with Session(where) as session:
            yield session


def servers(where: str | Session) -> list[Server]:
    """All of them, in the order of HAProxy's backends and of the servers in each."""
    return look(where).servers


def look(where: str | Session) -> Seen:
    with opened(where) as session:
        state, stat = commands(session, ["show servers state", "show stat"])
    rows = {(row["pxname"], row["svname"]): row for row in parse_stat(stat)}
    lines = parse_servers(state)
    if len(lines) != len(state.splitlines()[2:]):
        raise RefusalError([Refused("show servers state", state)])
    algorithms = {proxy: row.get("algo", "") for (proxy, name), row in rows.items() if name == "BACKEND"}
    try:
        return Seen([_server(line, rows) for line in lines], algorithms, rows)
    except (KeyError, ValueError) as exc:
        raise RefusalError([Refused("show servers state", f"{exc}: {state}")]) from exc


def _server(line: t.Mapping[str, str], rows: t.Mapping[tuple[str, str], t.Mapping[str, str]]) -> Server:
    row = rows.get((line["be_name"], line["srv_name"]), {})
    admin = int(line["srv_admin_state"])
    return Server(
        backend=line["be_name"],
        name=line["srv_name"],
        id=int(line["srv_id"]),
        address=line["srv_addr"],
        port=int(line["srv_port"]),
        weight=int(line["srv_uweight"]),
        configured_weight=int(line["srv_iweight"]),
        admin=_admin(admin, MAINTENANCE, DRAIN),
        status=row.get("status", ""),
        check=bool(int(line["srv_check_state"]) & CHECK_ENABLED),
        sessions=int(row.get("scur") or 0),
        queued=int(row.get("qcur") or 0),
        algorithm=rows.get((line["be_name"], "BACKEND"), {}).get("algo", ""),
        forced=_admin(admin, FORCED_MAINTENANCE, FORCED_DRAIN),
        up=line["srv_op_state"] in UP,
        agent=line["srv_agent_state"] != "0",
        backup=row.get("bck") == "1",
        fqdn="" if line["srv_fqdn"] == "-" else line["srv_fqdn"],
    )


def _admin(flags: int, maintenance: int, drain: int) -> str:
    if flags & maintenance:
        return "maint"
    return "drain" if flags & drain else "ready"


MAP_LINE = re.compile(r"(-?[0-9]{1,10}) \((.*?)\) .*?(?: curr_ver=[0-9]+ next_ver=[0-9]+ entry_cnt=([0-9]{1,19}))?")
ENTRY_LINE = re.compile(r"(0x[0-9a-f]+) (\S+) ?(.*)")


def maps(where: str | Session) -> list[Map]:
    """The maps that have a file or another name."""
    with opened(where) as session:
        lines = command(session, "show map").splitlines()[1:]
    found = [MAP_LINE.fullmatch(line) for line in lines]
    if unread := [line for line, match in zip(lines, found) if not match]:
        raise RefusalError([Refused("show map", line) for line in unread])
    return [Map(int(one[1]), one[2], int(one[3] or 0)) for one in found if one]


def map_entries(where: str | Session, identifier: int) -> list[tuple[str, str]]:
    return [(one.key, one.value) for one in map_lines(where, identifier)]


def map_lines(where: str | Session, identifier: int) -> list[Entry]:
    """In HAProxy's order; the reference names an entry where its key cannot."""
    with opened(where) as session:
        answer = command(session, f"show map #{identifier}", timeout=30)
    found: list[Entry] = []
    for line in answer.split("\n") if answer else []:
        if match := ENTRY_LINE.fullmatch(line):
            found.append(Entry(match[1], match[2], match[3]))
        elif found:
            # A value that was given over the socket may hold a line end.
            found[-1] = found[-1]._replace(value=f"{found[-1].value}\n{line}")
        else:
            raise RefusalError([Refused(f"show map #{identifier}", answer)])
    return found


def replace_map(session: Session, identifier: int, entries: t.Iterable[tuple[str, str]]) -> None:
    """All at once for whoever asks the map: the new ones are gathered beside those in force."""
    version = command(session, f"prepare map #{identifier}").rpartition(" ")[2]
    added = [f"add map @{version} #{identifier} {word(key)} {word(value)}" for key, value in entries]
    try:
        commands(session, added)
        command(session, f"commit map @{version} #{identifier}")
    except RefusalError:
        with contextlib.suppress(RefusalError, SocketError):
            command(session, f"clear map @{version} #{identifier}")
        raise
