# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What single values may be: a table of kinds, each with the words for a message and a function that accepts."""

from __future__ import annotations

import ipaddress
import re
import typing as t

from . import catalogue, public_keys
from .shape import Shape

Answer = tuple[bool, t.Any]
NO: Answer = (False, None)

# HAProxy reads at most 64 words and refuses control characters; a line break would start a directive of its own.
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
LABEL = r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)"
HOSTNAME = re.compile(rf"{LABEL}(\.{LABEL})*\.?")
DURATION = re.compile(r"(?=.{2,12}$)[0-9]+(us|ms|s|m|h|d)")
PORTS = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")


def _matches(pattern: str, value: t.Any) -> Answer:
    return (True, value) if isinstance(value, str) and re.fullmatch(pattern, value) else NO


def _int(value: t.Any, shape: Shape) -> Answer:
    """Templates give text: digits are a number."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,10}", value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return NO
    if (shape.low is not None and value < shape.low) or (shape.high is not None and value > shape.high):
        return NO
    return True, value


def _bool(value: t.Any, shape: Shape) -> Answer:
    if isinstance(value, str) and value.lower() in ("true", "yes", "false", "no"):
        return True, value.lower() in ("true", "yes")
    return (True, value) if isinstance(value, bool) else NO


def _choice(value: t.Any, shape: Shape) -> Answer:
    """YAML reads a bare `no` as false."""
    value = "no" if value is False and "no" in shape.choices else value
    return (True, value) if isinstance(value, str) and value in shape.choices else NO


def _text(value: t.Any, shape: Shape) -> Answer:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return (True, value) if isinstance(value, str) and value and not CONTROL.search(value) else NO


def _word(value: t.Any, shape: Shape) -> Answer:
    """A number is one too."""
    given = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    return _matches(r"[^\s\x00-\x1f\x7f]+", given)


def _line(value: t.Any, shape: Shape) -> Answer:
    return (
        (True, value.strip())
        if isinstance(value, str) and value.strip() and not CONTROL.search(value.replace("\t", " ").strip())
        else NO
    )


def _ports(value: t.Any, shape: Shape) -> Answer:
    match = PORTS.fullmatch(str(value)) if isinstance(value, (str, int)) and not isinstance(value, bool) else None
    if not match:
        return NO
    low, high = int(match[1]), int(match[2] or match[1])
    return (True, [low, high]) if 1 <= low <= high <= 65535 else NO


def is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _host(value: t.Any, shape: Shape) -> Answer:
    if not isinstance(value, str):
        return NO
    bare = value.strip("[]")
    looks_numeric = re.fullmatch(r"[0-9.]+", bare) is not None
    return (True, bare) if is_address(bare) or (not looks_numeric and HOSTNAME.fullmatch(bare)) else NO


def _bind_address(value: t.Any, shape: Shape) -> Answer:
    if value == "*":
        return True, value
    bare = value.strip("[]") if isinstance(value, str) else ""
    return (True, str(ipaddress.ip_address(bare))) if is_address(bare) else NO


def _network(value: t.Any, shape: Shape) -> Answer:
    """Neither a zone, which no rule of a firewall takes, nor IPv4 written as IPv6, which matches no packet."""
    if not isinstance(value, str) or "%" in value:
        return NO
    try:
        network = ipaddress.ip_network(value)
    except ValueError:
        return NO
    mapped = network.version == 6 and network.network_address.ipv4_mapped is not None
    return NO if mapped else (True, str(network))


def _hostname(value: t.Any, shape: Shape) -> Answer:
    return (True, value.lower().rstrip(".")) if isinstance(value, str) and HOSTNAME.fullmatch(value) else NO


def _hostpattern(value: t.Any, shape: Shape) -> Answer:
    """A host name, or `*.` and one: every name below it; IPv6 addresses stand in brackets, as in a Host header."""
    if not isinstance(value, str):
        return NO
    if ":" in value and is_address(value.strip("[]")):
        return True, f"[{ipaddress.ip_address(value.strip('[]'))}]"
    star, bare = ("*.", value[2:]) if value.startswith("*.") else ("", value)
    return (True, star + bare.lower().rstrip(".")) if HOSTNAME.fullmatch(bare) else NO


def _regex(value: t.Any, shape: Shape) -> Answer:
    """Python's own reading finds what is broken; HAProxy's, by PCRE, has the last word."""
    accepted, text = _text(value, shape)
    if not accepted:
        return NO
    try:
        re.compile(text)
    except re.error:
        return NO
    return True, text


def _method(value: t.Any, shape: Shape) -> Answer:
    return (True, value.upper()) if isinstance(value, str) and re.fullmatch(r"[A-Za-z-]{1,32}", value) else NO


def _int_choice(value: t.Any, shape: Shape) -> Answer:
    accepted, text = _choice(str(value), shape) if not isinstance(value, bool) else NO
    return (True, int(text)) if accepted else NO


def _content(value: t.Any, shape: Shape) -> Answer:
    return (True, value) if isinstance(value, str) and value and "\0" not in value else NO


def _data_type(value: t.Any, shape: Shape) -> Answer:
    name, _bracket, rest = value.partition("(") if isinstance(value, str) else ("", "", "")
    known = catalogue.DATA_TYPES.get(name)
    return (True, value) if known and bool(rest) == bool(known.arguments) else NO


def _ssh_key(value: t.Any, shape: Shape) -> Answer:
    usable = isinstance(value, str) and not CONTROL.search(value.strip()) and public_keys.is_one(value)
    return (True, value.strip()) if usable else NO


def _balance(value: t.Any, shape: Shape) -> Answer:
    accepted, line = _line(value, shape)
    return (True, line) if accepted and re.split(r"[\s(]", line)[0] in catalogue.ALGORITHMS else NO


SCALARS: dict[str, tuple[str, t.Callable[[t.Any, Shape], Answer]]] = {
    "int": ("a whole number", _int),
    "bool": ("true or false", _bool),
    "choice": ("one of its choices", _choice),
    "text": ("text without line breaks", _text),
    "line": ("one line of text, as HAProxy reads it", _line),
    "word": ("text without blanks", _word),
    "token": ("a name of letters, digits and _.+~!-", lambda v, s: _matches(r"[A-Za-z0-9_.+~!-]+", v)),
    "name": ("a name of letters, digits and _.:-", lambda v, s: _matches(r"[A-Za-z0-9_.:-]+", v)),
    "user": ("a user name of lower-case letters, digits, _ and -", lambda v, s: _matches(r"[a-z_][a-z0-9_-]{0,31}", v)),
    "time": (
        "a number with its unit (us, ms, s, m, h, d), like 10s; HAProxy reads a bare number as milliseconds",
        lambda v, s: (True, v) if isinstance(v, str) and DURATION.fullmatch(v) else NO,
    ),
    "ports": ("a port from 1 to 65535, or a range like 8000-8010", _ports),
    "host": ("an IPv4 or IPv6 address, or a host name", _host),
    "bind_address": ("an IPv4 or IPv6 address, or *", _bind_address),
    "network": ("a network like 198.51.100.0/24, without host bits", _network),
    "hostname": ("a host name", _hostname),
    "hostpattern": ("a host name, or *. and a host name for every name below it", _hostpattern),
    "regex": ("a regular expression", _regex),
    "method": ("a method like GET", _method),
    "int_choice": ("one of its choices", _int_choice),
    "content": ("text", _content),
    "origin": (
        "an origin like https://app.example.com, or *",
        lambda v, s: _matches(r"\*|https?://[A-Za-z0-9.-]+(:[0-9]+)?", v),
    ),
    "data_type": ("what a stick table stores, with its period where it has one, like http_req_rate(10s)", _data_type),
    "filename": ("a name of letters, digits and _.-", lambda v, s: _matches(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", v)),
    "tree_path": (
        "a relative path of letters, digits and _.-/",
        lambda v, s: _matches(r"[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*", v),
    ),
    "path": ("an absolute path", lambda v, s: _matches(r"/[^\s\x00-\x1f\x7f]+", v)),
    "unit_path": (
        "an absolute path without .., blanks, quotes, backslashes and %, which systemd reads in its own way",
        lambda v, s: _matches(r"(?:/(?!\.\.?(?:/|$))[^\s\x00-\x1f\x7f\"'\\%/]*)+", v),
    ),
    "url_path": (
        "a path that begins with /, as it is sent: %20 for a blank, %C3%BC for an umlaut",
        lambda v, s: _matches(r"/[\x21-\x7e]*", v),
    ),
    "clock": (
        'false, or a time of day in quotes, like "03:30"',
        lambda v, s: (True, False) if v is False else _matches(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]", v),
    ),
    "sysctl": ("a number, text without line breaks, or null", lambda v, s: (True, v) if v is None else _text(v, s)),
    "ssh_key": ("one public key in OpenSSH's form, whole and without options: type, data, comment", _ssh_key),
    "balance": (f"an algorithm of HAProxy with its arguments ({', '.join(catalogue.ALGORITHMS)})", _balance),
}
