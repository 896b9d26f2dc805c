# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a key of a condition asks of a request, as anonymous ACLs of HAProxy. All is compared as it was sent."""

from __future__ import annotations

import re
import typing as t

from .problems import Problems, show
from .words import quote

# The Host as RFC 9110 means it: without the case, the port and the dot of the root.
HOST = "req.hdr(host),field(1,:),lower,rtrim(.)"
# An IPv6 address is full of colons: `[::1]:80` is told by what stands in front of its closing bracket.
HOST6 = "req.hdr(host),field(1,]),lower"
# With a slash behind it a path begins with /v2/ exactly when it is /v2 or lies below it.
PATH_BY_SEGMENT = "path,concat(/)"
SNI = {"tcp": "req.ssl_sni,lower", "http": "ssl_fc_sni,lower"}

HTTP_ONLY = (
    *("host", "path", "path_prefix", "path_suffix", "path_regex"),
    *("method", "header", "cookie", "query"),
)
KEYS = (*HTTP_ONLY, "source", "sni", "condition", "any", "all", "not")
METHODS = {"value": "str", "prefix": "beg", "suffix": "end", "contains": "sub", "regex": "reg"}
# A regular expression's own commas do not ask for one in the header.
QUANTIFIER = re.compile(r"\{[0-9]*,[0-9]*\}")

Alternatives = list[str]


def given(condition: dict[str, t.Any]) -> list[str]:
    """The usable keys of a condition, in the order in which they are asked."""
    return [key for key in KEYS if condition.get(key)]


def sni_fetch(mode: str, tls: bool) -> str:
    """Where TLS ends here the name is known; else it is seen in the greeting that passes."""
    return SNI["http"] if tls else SNI[mode]


def literals(key: str, value: t.Any, mode: str, tls: bool, path: str, problems: Problems) -> t.Iterator[Alternatives]:
    """The tests of one key: of each item one alternative must hold."""
    if key in ("header", "cookie", "query"):
        for i, named in enumerate(value):
            if named and named.get("name"):
                yield from _named(key, named, path if len(value) == 1 else f"{path}[{i}]", problems)
        return
    values = _usable(value, path, problems)
    if key in ("path", "path_prefix"):
        _without_query(values, path, problems)
    if key in ("host", "sni"):
        yield _names(HOST if key == "host" else sni_fetch(mode, tls), key, values, path, problems)
        return
    fetch, method, words = {
        "path": ("path", "str", values),
        "path_prefix": (PATH_BY_SEGMENT, "beg", [prefix.rstrip("/") + "/" for prefix in values]),
        "path_suffix": ("path", "end", values),
        "path_regex": ("path", "reg", values),
        "method": ("method", "", values),
        "source": ("src", "", values),
    }[key]
    if words:
        yield [any_of(fetch, method, words)]


def any_of(fetch: str, method: str, values: t.Collection[str]) -> str:
    # A value that begins with a dash would be read as a flag, -f among them, which reads a file.
    stop = " --" if any(value.startswith("-") for value in values) else ""
    how = f" -m {method}" if method else ""
    return f"{{ {fetch}{how}{stop} {' '.join(_word(value) for value in values)} }}"


def _word(value: str) -> str:
    """Behind `--` a dash is none of a flag; quotes say so to those who read the line."""
    return f"'{value}'" if value.startswith("-") and quote(value) == value else quote(value)


def _names(fetch: str, key: str, values: list[str], path: str, problems: Problems) -> Alternatives:
    """Names as they are, names below a name, and addresses of IPv6, which stand in brackets."""
    exact = [v for v in values if not v.startswith(("*.", "["))]
    below = [v[1:] for v in values if v.startswith("*.")]
    addresses = [v.rstrip("]") for v in values if v.startswith("[")]
    if addresses and key == "sni":
        problems.add(path, "holds an address, which no TLS greeting names")
    return [
        any_of(*part) for part in ((fetch, "str", exact), (fetch, "end", below), (HOST6, "str", addresses)) if part[2]
    ]


def _named(key: str, named: dict[str, t.Any], path: str, problems: Problems) -> t.Iterator[Alternatives]:
    name = named["name"]
    asked = [(how, _usable(named[how], f"{path}.{how}", problems)) for how in METHODS if named.get(how)]
    if not asked:
        yield [_present(key, name)]
    for how, values in asked:
        if not values:
            continue
        if key != "header":
            fetch = f"req.cook({name})" if key == "cookie" else f"url_param({name})"
            yield [any_of(fetch, METHODS[how], values)]
            continue
        # HAProxy takes a header apart at its commas: what has one itself is looked for in the whole of it.
        apart = [v for v in values if "," not in QUANTIFIER.sub("", v)]
        whole = [v for v in values if v not in apart]
        parts = ((f"req.hdr({name})", apart), (f"req.fhdr({name})", whole))
        yield [any_of(fetch, METHODS[how], found) for fetch, found in parts if found]


def _present(key: str, name: str) -> str:
    if key == "query":
        # url_param sees `?name=`, not `?name` alone.
        return f"{{ query -m reg {quote(f'(^|[&;]){re.escape(name)}([=&;]|$)')} }}"
    return f"{{ {'req.hdr' if key == 'header' else 'req.cook'}({name}) -m found }}"


def _usable(values: list[t.Any], path: str, problems: Problems) -> list[str]:
    found = [value for value in values if value is not None]
    if any(value in ("{", "}") for value in found):
        problems.add(path, "is a brace, which HAProxy cannot compare with; use if")
    return [value for value in dict.fromkeys(found) if value not in ("{", "}")]


def _without_query(values: list[str], path: str, problems: Problems) -> None:
    for value in values:
        if "?" in value or "#" in value:
            problems.add(path, f"holds {show(value)}, which no path is: it ends in front of ? and #; ask with query")
