# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that the inventory reaches through this balancer, which forwards nothing once it is locked down."""

from __future__ import annotations

import contextlib
import pathlib
import re
import shlex
import typing as t

from .problems import Problems

DEFAULT = 22
# Flags of ssh's that take no value may stand in one word with the option that follows.
OPTION = re.compile(r"-[46AaCfGgKkMNnqsTtVvXxYy]*([Jpo])(.*)", re.DOTALL)
NAMES = {"J": "proxyjump", "p": "port"}
SETTING = re.compile(r"\s*(\w+)\s*[=\s]\s*(.*)", re.DOTALL)
WORD = re.compile(r"[\s,\"'=]+")
# A number of its own or behind an option's letter, not a part of an address or of a name.
NUMBER = re.compile(r"(?<![\w.-])(?:-[A-Za-z])?(\d+)(?![\w.-])")


class Hop(t.NamedTuple):
    """`ports`: where it is asked, nothing for the usual one, several where nobody can tell which of them it is.
    `onward`: where it asks the hop behind it; None where that is the host itself."""

    host: str
    ports: tuple[int, ...] = ()
    onward: int | None = None


class Way(t.NamedTuple):
    """Through the node, by the words of one variable: those are not kept, for they may hold more than that."""

    path: str
    hosts: list[str]
    hops: list[tuple[int, ...]]
    onward: list[int]


def ways(inventory: dict[str, t.Any]) -> list[Way]:
    """One for all hosts that have the same words of the same variable."""
    name = inventory["name"]
    here = {name, *(str(one) for one in inventory.get("addresses", []))}
    grouped: dict[tuple[str, str], list[str]] = {}
    for host, variable, text in inventory.get("ssh_arguments", []):
        if host != name:
            grouped.setdefault((variable, text), []).append(host)
    found = []
    for (variable, text), hosts in grouped.items():
        ours = [hop for hop in hops(text) if hop.host in here]
        if ours:
            ends = _ends(text, hosts, inventory.get("ssh_ports") or {})
            onward = {port for hop in ours for port in ([hop.onward] if hop.onward else ends)}
            found.append(
                Way(f"hostvars[{hosts[0]}].{variable}", hosts, [hop.ports for hop in ours], sorted(onward)),
            )
    return found


def _ends(text: str, hosts: list[str], ports: dict[str, int]) -> set[int]:
    """The ports of the hosts themselves: Ansible's own variable comes before what its words for ssh say."""
    said = _port(_settings(_split(text))) or DEFAULT
    return {ports.get(host, said) for host in hosts}


def onward(through: list[Way]) -> list[int]:
    """Where administrators go on to from the node; a way that the inventory does not show leads to the usual port."""
    return sorted({port for way in through for port in way.onward} or {DEFAULT})


def check(name: str, through: list[Way], allowed: bool, problems: Problems) -> None:
    for way in () if allowed else through:
        others = f" (and {len(way.hosts) - 1} more)" if len(way.hosts) > 1 else ""
        problems.add(
            way.path,
            f"goes through {name}{others}, and a locked-down node forwards nothing: the way would be cut; "
            f"set ssh_jump_host: true for {name} to let its administrators through",
        )


def check_client(
    name: str, printed: str, others: t.Callable[[], t.Mapping[str, tuple[bool, t.Collection[str]]]], problems: Problems
) -> None:
    """What the client's own files say, of which the inventory knows nothing: `ssh -G` for this host.

    `others` are the balancers of this run: whether each lets administrators through, and its addresses.
    """
    found = {hop.host for hop in _led(line.partition(" ")[::2] for line in printed.splitlines())}
    for other, (allowed, addresses) in others().items() if found else ():
        if other != name and not allowed and found & {other, *addresses}:
            problems.add(
                f"hostvars[{name}]",
                f"is reached through {other} by the SSH client of this controller (ssh -G), and a locked-down node "
                f"forwards nothing: the way would be cut; set ssh_jump_host: true for {other} to let its "
                "administrators through",
            )


def hops(arguments: str) -> list[Hop]:
    """What ssh would go through, by its own words."""
    return _led(_settings(_split(arguments)))


def _led(settings: t.Iterable[tuple[str, str]]) -> list[Hop]:
    found = []
    for name, value in settings:
        if name == "proxyjump":
            places = [_place(word) for word in value.split(",")]
            after = [port or DEFAULT for _host, port in places[1:]]
            found += [
                Hop(host, (port,) if port else (), onward) for (host, port), onward in zip(places, [*after, None])
            ]
        if name == "proxycommand":
            found += _of_command(value)
    return found


def _of_command(command: str) -> list[Hop]:
    """Every word of it may be a host, for it may be any command; of ssh's own it is known what the port is."""
    words = _split(command)
    programs = [pathlib.PurePath(word).name for word in words]
    own = words[programs.index("ssh") + 1 :] if "ssh" in programs else None
    inner = _led(_settings(own or []))
    asked = tuple(map(int, NUMBER.findall(command))) if own is None else tuple(filter(None, [_port(_settings(own))]))
    for host, port in map(_place, WORD.split(command)):
        if host not in {hop.host for hop in inner}:
            inner.append(Hop(host, (port,) if port else asked))
    return inner


def _settings(words: list[str]) -> t.Iterator[tuple[str, str]]:
    """What -J, -p and -o say, as the names of ssh_config."""
    rest = iter(words)
    for word in rest:
        if not (match := OPTION.fullmatch(word)):
            continue
        value = match[2] or next(rest, "")
        if match[1] != "o":
            yield NAMES[match[1]], value
        elif setting := SETTING.fullmatch(value):
            yield setting[1].lower(), setting[2].strip('"')


def _port(settings: t.Iterable[tuple[str, str]]) -> int | None:
    """The first one counts."""
    return next((int(value) for name, value in settings if name == "port" and value.isdecimal()), None)


def _split(text: str) -> list[str]:
    """As a shell does; a quote that is not closed is somebody else's to refuse."""
    for end in ("", '"', "'"):
        with contextlib.suppress(ValueError):
            return shlex.split(text + end)
    return text.split()


def _place(word: str) -> tuple[str, int | None]:
    """user@host:port, ssh://user@host:port, [address]:port"""
    bare = word.strip().removeprefix("ssh://").rstrip("/").rpartition("@")[2]
    if bare.startswith("["):
        host, _bracket, port = bare[1:].partition("]")
    elif bare.count(":") == 1:
        host, _colon, port = bare.partition(":")
    else:
        host, port = bare, ""
    number = port.removeprefix(":")
    return host, int(number) if number.isdecimal() else None
