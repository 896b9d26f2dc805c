# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters of a server as words of the runtime API, which gives a new server nothing of default-server.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import ipaddress
import re

# Letters that a file of HAProxy and its runtime API read as the same.
PLAIN = re.compile(r"[A-Za-z0-9_.,:/=+@%()\[\]*^~|-]+")
NAME = re.compile(r"[A-Za-z0-9_.:-]+")
MAX_WEIGHT = 256
# The words of a command; HAProxy forgets those beyond.
MAX_WORDS = 64

FLAGS = frozenset(
    (
        *("agent-check", "allow-0rtt", "backup", "check", "check-send-proxy", "check-ssl", "disabled", "enabled"),
        *("force-sslv3", "force-tlsv10", "force-tlsv11", "force-tlsv12", "force-tlsv13", "check-via-socks4"),
        *("no-sslv3", "no-tlsv10", "no-tlsv11", "no-tlsv12", "no-tlsv13", "no-ssl-reuse", "no-tls-tickets"),
        *("send-proxy", "send-proxy-v2", "send-proxy-v2-ssl", "send-proxy-v2-ssl-cn", "ssl", "ssl-reuse"),
        *("tfo", "tls-tickets", "stick", "non-stick", "no-check", "no-check-ssl", "no-agent-check", "no-backup"),
        *("no-send-proxy", "no-send-proxy-v2", "no-send-proxy-v2-ssl", "no-send-proxy-v2-ssl-cn", "no-ssl"),
        *("no-tfo", "no-verifyhost"),
    )
)
# What `add server` takes, in every release that we know.
TAKEN = frozenset(
    (
        *("addr", "agent-addr", "agent-check", "agent-inter", "agent-port", "agent-send", "allow-0rtt", "alpn"),
        *("backup", "ca-file", "check", "check-alpn", "check-proto", "check-send-proxy", "check-sni", "check-ssl"),
        *("ciphers", "ciphersuites", "downinter", "error-limit", "fall", "fastinter", "id", "inter", "maxconn"),
        *("force-sslv3", "force-tlsv10", "force-tlsv11", "force-tlsv12", "force-tlsv13", "no-ssl-reuse"),
        *("maxqueue", "minconn", "no-sslv3", "no-tlsv10", "no-tlsv11", "no-tlsv12", "no-tlsv13", "no-tls-tickets"),
        *("observe", "on-error", "on-marked-down", "on-marked-up", "pool-low-conn", "pool-max-conn"),
        *("pool-purge-delay", "port", "proto", "proxy-v2-options", "rise", "send-proxy", "send-proxy-v2"),
        *("send-proxy-v2-ssl", "send-proxy-v2-ssl-cn", "slowstart", "sni", "ssl", "ssl-max-ver", "ssl-min-ver"),
        *("tfo", "tls-tickets", "verify", "verifyhost", "weight", "ws"),
    )
)
# What these say of how a name is found has no meaning for an address, and no server is added without one.
WITHOUT_MEANING = frozenset(("init-addr", "resolvers", "resolve-prefer", "resolve-net", "resolve-opts"))
# Words that take back others, and leave what HAProxy does by itself.
TAKEN_BACK = {
    "enabled": "disabled",
    "no-agent-check": "agent-check",
    "no-backup": "backup",
    "no-check": "check",
    "no-send-proxy": "send-proxy",
    "no-send-proxy-v2": "send-proxy-v2",
    "no-send-proxy-v2-ssl": "send-proxy-v2-ssl",
    "no-send-proxy-v2-ssl-cn": "send-proxy-v2-ssl-cn",
    "no-tfo": "tfo",
    "ssl-reuse": "no-ssl-reuse",
}
# Each of them adds to the ones before.
ADDED_UP = ("proxy-v2-options",)
# A server of a file starts with these. In 2.6 one that is added would keep no idle connection.
BY_ITSELF = {
    "inter": "2s",
    "fall": "3",
    "rise": "2",
    "pool-max-conn": "-1",
    "pool-purge-delay": "5s",
}
PROXIED = ("send-proxy", "send-proxy-v2", "send-proxy-v2-ssl", "send-proxy-v2-ssl-cn")
OBSERVED = {"error-limit": "10", "on-error": "fail-check"}
WHY_NOT = {
    "cookie": "a server with a cookie cannot be added at run time",
    "crl-file": "files are read at the start only",
    "crt": "files are read at the start only",
    "disabled": "it would have to end in a maintenance that only the file gives",
    "source": "the rights that a source needs are kept at the start only",
    "track": "what a server tracks is settled at the start",
}

Parameters = list[tuple[str, ...]]


class UnreadableError(Exception):
    """Says what keeps a server's line from being understood."""


def parameters(text: str) -> Parameters:
    """One element for each keyword, with its value."""
    words = text.split()
    odd = [] if PLAIN.fullmatch("".join(words)) else [word for word in words if not PLAIN.fullmatch(word)]
    if odd:
        raise UnreadableError(
            f"{_keyword(words, odd[0])} is quoted, or holds letters that the runtime API reads otherwise"
        )
    found: Parameters = []
    rest = iter(words)
    for word in rest:
        if word in FLAGS:
            found.append((word,))
            continue
        value = next(rest, None)
        if value is None:
            raise UnreadableError(f"{word} has no value")
        found.append((word, value))
    return found


def _keyword(words: list[str], odd: str) -> str:
    """What stands in front of a word, because the word itself may be a secret."""
    position = words.index(odd)
    return f"what stands behind {words[position - 1]}" if position else "its first word"


def merged(shared: Parameters, own: Parameters) -> Parameters:
    """What default-server lines and a server's own line come to, in HAProxy's order: the later word wins."""
    found: dict[object, tuple[str, ...]] = {}
    for one in [*shared, *own]:
        key: object = one if one[0] in ADDED_UP else TAKEN_BACK.get(one[0], one[0])
        found.pop(key, None)
        if one[0] not in TAKEN_BACK:
            found[key] = one
    return list(found.values())


def value(of: Parameters, keyword: str) -> str | None:
    return next((one[1] for one in of if one[0] == keyword and len(one) > 1), None)


def has(of: Parameters, keyword: str) -> bool:
    return any(one[0] == keyword for one in of)


def weight(of: Parameters) -> str:
    return value(of, "weight") or "1"


def address(text: str) -> tuple[str, int] | None:
    """Address and port of a server whose line states both as they are; None for names, sockets, offsets, ranges."""
    host, _colon, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return None
    if not re.fullmatch(r"[1-9][0-9]{0,4}", port) or int(port) > 65535 or found.is_unspecified or "%" in host:
        return None
    return str(found), int(port)


def _as_traffic(of: Parameters) -> Parameters:
    """Checks at the server's own address and port go the way of its traffic; 2.6 forgets that for one that is added."""
    if not has(of, "check") or has(of, "port") or has(of, "addr"):
        return []
    proxied = any(has(of, keyword) for keyword in PROXIED)
    wanted = {"check-ssl": has(of, "ssl"), "check-send-proxy": proxied}
    return [(keyword,) for keyword, holds in wanted.items() if holds and not has(of, keyword)]


def words_to_add(where: str, of: Parameters) -> tuple[list[str], str]:
    """The words behind `add server` without the address; or why the runtime API cannot add such a server."""
    kept = [one for one in of if one[0] not in WITHOUT_MEANING]
    for one in kept:
        if one[0] not in TAKEN:
            why = WHY_NOT.get(one[0], "the runtime API does not take it for a server that is added")
            return [], f"server {where} is added, and has {one[0]}: {why}"
    if not (value(of, "id") or "").isdigit():
        return [], f"server {where} is added, and has no id"
    if not weight(of).isdigit() or int(weight(of)) > MAX_WEIGHT:
        return [], f"server {where} is added, and its weight is not one of 0 to {MAX_WEIGHT}"
    started = {**BY_ITSELF, **(OBSERVED if has(of, "observe") else {})}
    kept = [*((key, one) for key, one in started.items() if not has(kept, key)), *kept, *_as_traffic(kept)]
    words = [word for one in kept for word in one]
    if len(words) + 4 > MAX_WORDS:
        return [], f"server {where} is added, and has more words than a command can have"
    return words, ""
