# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where frontends listen: printed, counted for the firewall, and checked against each other."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.hardened.balancer.plugins.module_utils import _spans

from . import certificates
from .line import Line
from .problems import Problems
from .scalars import is_address
from .section import Section, parameters
from .site import Site
from .words import host, quote

Bind = dict[str, t.Any]
ANY4, ANY6 = "0.0.0.0", "::"
RAW_BIND = re.compile(r"^(dgram-)?bind\s+(\S+)(.*)$")
RAW_ADDRESS = re.compile(
    r"^(?:(?:ipv[46]|tcp[46]?)@)?(?:\[?(?P<address>[0-9a-fA-F:.]*|\*)\]?):(?P<low>[0-9]+)(?:-(?P<high>[0-9]+))?$"
)
QUIC_ADDRESS = re.compile(r"^quic[46]@")
NOT_PLAIN = re.compile(r"\b(ssl|accept-proxy)\b")
TRANSPARENT = re.compile(r"\btransparent\b")
RAW_TLS = re.compile(r"^bind\s.*\bssl\b")
HTTPS_PORT = 443
# What clients are offered in TLS where HTTP is spoken.
ALPN = ("h2", "http/1.1")
# Keywords of a bind that `tls` prints.
OF_TLS = ("ssl", "crt", "alpn", "strict_sni", "ca_file", "verify")


class Listener(t.NamedTuple):
    """One address and range of ports that a section listens on.

    `sources`: who alone may come, None for everybody; `transparent`: it need not be an address of the node.
    """

    address: str
    low: int
    high: int
    protocol: str
    frontend: str
    mode: str
    path: str
    plain: bool
    kind: str = "frontend"
    sources: tuple[str, ...] | None = None
    quiet: bool = False
    transparent: bool = False

    @property
    def local(self) -> bool:
        return self.address.startswith("127.") or self.address == "::1"

    @property
    def ports(self) -> str:
        return str(self.low) if self.low == self.high else f"{self.low}-{self.high}"

    def overlaps(self, other: Listener) -> bool:
        if self.protocol != other.protocol or self.high < other.low or other.high < self.low:
            return False
        if (":" in self.address) != (":" in other.address):
            return False
        return self.address == other.address or {self.address, other.address} & {ANY4, ANY6} != set()


def lines(proxy: dict[str, t.Any], site: Site, problems: Problems) -> list[Line]:
    """One for each address; where QUIC is asked for, one more."""
    result = []
    for i, bind in enumerate(proxy.get("binds") or []):
        if not bind:
            continue
        path = _path(proxy, bind, i)
        tls = _tls(proxy, bind, path, site, problems)
        extra = "".join(f" {word}" for word in parameters(bind, "bind"))
        for where in _places(bind):
            result.append(Line(f"bind {where}{tls}{extra}", path))
            if _quic(bind) and bind.get("port"):
                quic = _tls(proxy, {**bind, "tls": {**bind["tls"], "alpn": ["h3"]}}, path, site, Problems())
                result.append(Line(f"bind {_by_quic(where)}{quic}{extra}", path))
    return result


def _path(proxy: dict[str, t.Any], bind: Bind, i: int) -> str:
    """Binds that are made of another key say which."""
    return str(bind.get("path") or f"{proxy['path']}.binds[{i}]")


def _places(bind: Bind) -> list[str]:
    if bind.get("socket"):
        return [bind["socket"]]
    if not bind.get("port"):
        return []
    return [f"{_where(address, bind['port'])}{_v6only(address)}" for address in addresses(bind)]


def _tls(proxy: dict[str, t.Any], bind: Bind, path: str, site: Site, problems: Problems) -> str:
    tls = bind.get("tls")
    if not tls:
        return ""
    here = str(bind.get("tls_path") or f"{path}.tls")
    words = ["ssl"]
    for i, name in enumerate(tls.get("certificates") or []):
        file = certificates.path_of(name, site, f"{here}.certificates[{i}]", problems)
        words += [f"crt {quote(file)}"] if file else []
    alpn = tls.get("alpn") or (ALPN if proxy.get("mode") == "http" else ())
    words += [f"alpn {','.join(filter(None, alpn))}"] if any(alpn) else []
    words += ["strict-sni"] if tls.get("strict_sni") else []
    authority = certificates.authority_path(tls.get("client_authority"), site, f"{here}.client_authority", problems)
    words += [f"ca-file {authority} verify required"] if authority else []
    for key in OF_TLS:
        if bind.get(key):
            problems.add(f"{path}.{key}", "stands beside tls, which says the same; write it in one of the two places")
    if tls.get("quic") and proxy.get("mode") != "http":
        problems.add(f"{here}.quic", "needs mode: http; HTTP/3 is the only protocol that HAProxy speaks over QUIC")
    return f" {' '.join(words)}"


def _quic(bind: Bind) -> bool:
    return bool((bind.get("tls") or {}).get("quic"))


def _by_quic(where: str) -> str:
    return f"quic6@{where}" if where.startswith("[") else f"quic4@{where}"


def advertised(proxy: dict[str, t.Any]) -> list[Line]:
    """Browsers ask by TCP first, and learn from an answer that QUIC is served too."""
    found = []
    for i, bind in enumerate(proxy.get("binds") or []):
        if bind and _quic(bind) and bind.get("port"):
            value = f"'h3=\":{bind['port'][0]}\"; ma=86400'"
            found.append(Line(f"http-after-response set-header alt-svc {value}", f"{_path(proxy, bind, i)}.tls.quic"))
    return found[:1]


def addresses(bind: dict[str, t.Any]) -> list[str]:
    """Those that could be read: what is wrong with the others has been told."""
    given = [a for a in bind["address"] or [] if a] if "address" in bind else ["*"]
    return [*given, *(["::"] if bind.get("ipv6") and "::" not in given else [])]


def _where(address: str, ports: list[int]) -> str:
    low, high = ports
    span = str(low) if low == high else f"{low}-{high}"
    return f"{host(address)}:{span}"


def _v6only(address: str) -> str:
    """Without it `[::]` would take the IPv4 wildcard as well, and conflict with it."""
    return " v6only" if address == "::" else ""


def listeners(proxy: dict[str, t.Any], problems: Problems) -> list[Listener]:
    """Every place that a frontend or a listen listens at, those of raw bind lines too; a backend has none."""
    found = []
    common = _common(proxy)
    for i, bind in enumerate(proxy.get("binds") or []):
        if not bind:
            continue
        here = _path(proxy, bind, i)
        if bool(bind.get("port")) == bool(bind.get("socket")):
            if not problems.below(here):
                problems.add(here, "must have either port or socket")
            continue
        if bind.get("socket"):
            if bind.get("sources"):
                problems.add(f"{here}.sources", "stands beside socket, which only this node can reach")
            continue
        plain = not (
            any(bind.get(word) for word in ("tls", "ssl", "accept_proxy")) or NOT_PLAIN.search(bind.get("raw") or "")
        )
        low, high = bind["port"]
        given = [network for network in bind.get("sources") or [] if network]
        sources = tuple(_spans.networks(given)) if "sources" in bind else None
        for address in addresses(bind):
            one = Listener(
                ANY4 if address == "*" else address,
                low,
                high,
                "tcp",
                path=here,
                plain=plain,
                sources=sources,
                transparent=bool(bind.get("transparent") or TRANSPARENT.search(bind.get("raw") or "")),
                **common,
            )
            found.append(one)
            if _quic(bind):
                found.append(one._replace(protocol="udp", plain=False))
    for i, raw in enumerate(proxy.get("raw") or []):
        found += _of_raw(raw or "", f"{proxy['path']}.raw[{i}]", common, problems)
    return found


def check_https(proxies: list[dict[str, t.Any]], found: list[Listener], problems: Problems) -> None:
    """Who is sent to https must find it here, or have come through a proxy that ends TLS and is known."""
    if any(one.low <= HTTPS_PORT <= one.high for one in found) or any(_ends_tls(proxy) for proxy in proxies):
        return
    for proxy in proxies:
        trusted = any((proxy.get("forwarded") or {}).get("trusted") or [])
        if proxy.get("redirect_https") and proxy.get("mode") != "tcp" and not trusted:
            problems.add(
                f"{proxy['path']}.redirect_https",
                "sends every request to https, and nothing here serves that: no bind has tls, none is on port "
                f"{HTTPS_PORT}; where a proxy in front ends TLS, name it in forwarded.trusted",
            )


def _ends_tls(proxy: dict[str, t.Any]) -> bool:
    """As keys say it, or a line as HAProxy has it."""
    binds = [bind for bind in proxy.get("binds") or [] if bind]
    lines = [*(f"bind {bind.get('raw') or ''}" for bind in binds), *(line or "" for line in proxy.get("raw") or [])]
    return any(bind.get("tls") or bind.get("ssl") for bind in binds) or any(RAW_TLS.match(line) for line in lines)


def _common(proxy: dict[str, t.Any]) -> dict[str, t.Any]:
    options = {"dontlog-normal": bool(proxy.get("silent"))}
    options.update({o["name"]: not o["no"] for o in proxy.get("options") or [] if o})
    return {
        "frontend": proxy["name"],
        "mode": proxy.get("mode") or "http",
        "kind": proxy.get("kind") or "frontend",
        "quiet": options.get("dontlog-normal", False),
    }


def of_section(section: Section, problems: Problems) -> list[Listener]:
    """Those of a section that is no proxy: a receiver of log lines, say, or one that was written raw."""
    common = {"frontend": section.name, "mode": "tcp", "kind": section.kind, "quiet": True}
    return [one for line in section.lines for one in _of_raw(line.text, line.path, common, problems)]


def _of_raw(raw: str, path: str, common: dict[str, t.Any], problems: Problems) -> list[Listener]:
    match = RAW_BIND.match(raw)
    if not match:
        return []
    plain = not NOT_PLAIN.search(match[3])
    found = []
    for word in match[2].split(","):
        protocol = "udp" if match[1] or QUIC_ADDRESS.match(word) else "tcp"
        where = RAW_ADDRESS.match(QUIC_ADDRESS.sub("", word))
        if where is None:
            if not word.startswith(("/", "unix@", "abns@", "fd@")):
                problems.add(
                    path,
                    "is a bind from which no address and port can be told, so the firewall cannot follow; use binds",
                )
            continue
        address = where["address"] or "*"
        if address != "*" and not is_address(address):
            problems.add(path, "is a bind whose address is neither IPv4 nor IPv6; use binds")
            continue
        low = int(where["low"])
        found.append(
            Listener(
                ANY4 if address == "*" else address,
                low,
                int(where["high"] or low),
                protocol,
                path=path,
                plain=plain and protocol == "tcp",
                transparent=bool(TRANSPARENT.search(match[3])),
                **common,
            )
        )
    return found


def check_conflicts(all_listeners: list[Listener], problems: Problems) -> None:
    """HAProxy accepts two frontends on one port, and then spreads requests over both by chance."""
    ordered = sorted(range(len(all_listeners)), key=lambda i: (all_listeners[i].low, i))
    active: list[int] = []
    for i in ordered:
        new = all_listeners[i]
        active = [j for j in active if all_listeners[j].high >= new.low]
        for j in active:
            first, second = sorted((i, j))
            old, late = all_listeners[first], all_listeners[second]
            if old.overlaps(late):
                problems.add(
                    late.path,
                    f"listens on {_say(late)}, which overlaps {_say(old)} of {old.kind} {old.frontend} ({old.path})",
                )
        active.append(i)


def check_sources(all_listeners: list[Listener], problems: Problems) -> None:
    """The firewall knows ports: one that is open to everybody at one address is so at every other."""
    outside = [one for one in all_listeners if not one.local]
    narrow = [one for one in outside if one.sources is not None]
    for one in narrow:
        for other in outside:
            shared = one.protocol == other.protocol and one.low <= other.high and other.low <= one.high
            if shared and not one.overlaps(other) and other.sources != one.sources:
                problems.add(
                    one.path,
                    f"lets some networks only into port {one.ports}, and {other.path} lets others in at another "
                    "address of it: the firewall knows ports, so give both the same, or one of them another port",
                )
                break


def _say(listener: Listener) -> str:
    address = "*" if listener.address == ANY4 else host(listener.address)
    return f"{address}:{listener.ports}"


def open_ports(all_listeners: list[Listener]) -> dict[str, t.Any]:
    """What the firewall has to open: to all by protocol, and to some alone. Loopback opens nothing."""
    result: dict[str, t.Any] = {}
    restricted = []
    for protocol in ("tcp", "udp"):
        found = [one for one in all_listeners if one.protocol == protocol and not one.local]
        wide = [(one.low, one.high) for one in found if one.sources is None]
        narrow = [((one.low, one.high), one.sources) for one in found if one.sources is not None]
        result[protocol] = [str(low) if low == high else f"{low}-{high}" for low, high in sorted(set(wide))]
        restricted += _spans.as_written(protocol, _spans.restrictions(wide, narrow))
    return {**result, "restricted": restricted}
