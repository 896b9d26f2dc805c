# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The live system against what it should be. Each check is a function in one of the two tables at the end.

A check is given what is expected and what can be seen, and yields findings; one that fails does not stop the others.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import functools
import http.client
import socket
import stat
import typing as t
from pathlib import Path

from ansible_collections.hardened.balancer.plugins.module_utils import (
    _haproxy_process,
    _health,
    _kernel,
    _listeners,
    _nft,
    _nft_properties,
    _node,
    _programs,
    _sandbox,
    _spans,
    _ssh_wire,
    _upkeep,
)
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_process import Places
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_socket import SocketError, ask, parse_stat

ANSWER_SECONDS = 5.0
HEALTH_SECONDS = 15.0
LOG_SECONDS = 5.0
NAMED = 10
JOURNAL = "/var/log/journal"
FIREWALL_UNIT = "hardened-balancer-firewall"
WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}
PROTOCOLS = ("tcp", "udp")

Expect = t.Mapping[str, t.Any]
Row = dict[str, str]


class Finding(t.NamedTuple):
    name: str
    expected: str
    found: str
    ok: bool


class Seen:
    """What can be seen, each looked at once and only if somebody asks."""

    def __init__(self, places: Places, run: _programs.Run = _programs.run) -> None:
        self.places = places
        self.run = run

    @functools.cached_property
    def sshd(self) -> dict[str, str]:
        """A setting that adds up over the files has all its values."""
        found: dict[str, str] = {}
        for line in self.run(["sshd", "-T"]).out.splitlines():
            name, _blank, value = line.partition(" ")
            found[name] = f"{found[name]}\n{value}" if name in found else value
        return found

    @functools.cached_property
    def units(self) -> dict[str, dict[str, str]]:
        asked = [f"{FIREWALL_UNIT}.service", "haproxy.service", "ssh.service", "ssh.socket", *_upkeep.UNITS]
        properties = "--property=Id,ActiveState,UnitFileState,Listen,Restart,StartLimitIntervalUSec"
        return _node.parse_units(self.run(["systemctl", "show", *asked, properties]).out)

    @functools.cached_property
    def listeners(self) -> list[dict[str, t.Any]]:
        return _listeners.listeners(self.places.proc)

    @functools.cached_property
    def ssh_ports(self) -> list[int]:
        settings = "\n".join(f"{name} {one}" for name, value in self.sshd.items() for one in value.split("\n"))
        return _node.ssh_ports(settings, self.units, self.listeners)

    @functools.cached_property
    def table(self) -> list[_nft.Item]:
        return _nft.parse(self.run(_nft.LIST_OURS).out)

    @functools.cached_property
    def bans(self) -> list[_nft.Item]:
        return _nft.parse(self.run(_nft.LIST_BANS).out)

    @functools.cached_property
    def ruleset(self) -> list[_nft.Item]:
        return _nft.parse(self.run(_nft.LIST).out)

    @functools.cached_property
    def accepts(self) -> list[_nft.Accept]:
        return _nft.accepts(self.table)

    @functools.cached_property
    def live(self) -> _haproxy_process.Live:
        return _haproxy_process.observe(self.places, self.run)

    @functools.cached_property
    def unit(self) -> dict[str, str]:
        """HAProxy's, with all that systemd says of it."""
        return _haproxy_process.parse_properties(self.run(["systemctl", "show", "haproxy.service"]).out)

    def stats(self) -> list[Row]:
        """Anew each time: it is what changes while we wait."""
        return parse_stat(ask(self.places.admin_socket, "show stat"))

    def enabled(self, unit: str) -> bool:
        return self.units.get(f"{unit}.service", {}).get("UnitFileState") == "enabled"

    def active(self, unit: str) -> bool:
        return self.units.get(unit, {}).get("ActiveState") == "active"


Check = t.Callable[[Expect, Seen], t.Iterator[Finding]]


def prove(checks: t.Iterable[Check], expect: Expect, seen: Seen) -> list[Finding]:
    found: list[Finding] = []
    for check in checks:
        try:
            found += check(expect, seen)
        except Exception as exc:  # whatever a broken node makes a check stumble over, the others go on
            name = check.__name__.replace("_", " ")
            found.append(Finding(name, "an answer", f"{type(exc).__name__}: {exc}", False))
    return found


def report(found: list[Finding]) -> str:
    failed = [one for one in found if not one.ok]
    lines = [f"  {one.name}: expected {one.expected}, found {one.found}" for one in failed]
    return "\n".join([f"{len(failed)} of {len(found)} checks of the live node failed:", *lines])


def _listed(values: t.Iterable[t.Any], empty: str = "none", most: int = 100) -> str:
    words = [str(value) for value in values]
    more = [f"and {len(words) - most} more"] if len(words) > most else []
    return ", ".join([*words[:most], *more]) or empty


# The lock-down.


def ssh_settings(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    for name, wanted in expect["ssh"].items():
        found = ", ".join(seen.sshd.get(name, "no answer of sshd -T").split("\n"))
        yield Finding(f"sshd {name}", str(wanted), found, found == str(wanted))


def ssh_serves(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    active = seen.active("ssh.service") or seen.active("ssh.socket")
    open_ports = {one["port"] for one in seen.listeners if one["protocol"] == "tcp"}
    silent = [port for port in seen.ssh_ports if port not in open_ports]
    state = "active" if active else "neither ssh.service nor ssh.socket is active"
    yield Finding("sshd runs", "active", state, active)
    yield Finding(
        "sshd listens",
        f"port {_listed(seen.ssh_ports)}",
        f"silent: {_listed(silent)}",
        bool(seen.ssh_ports) and not silent,
    )


def ssh_offers(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    """What the running server says to everybody, whatever its files say."""
    doors = [one for one in seen.listeners if one["protocol"] == "tcp" and one["port"] in seen.ssh_ports]
    # IPv4 first: an address of IPv6 may be there where nothing reaches it.
    for door in sorted(doors, key=lambda one: ":" in one["address"])[:1]:
        found = _offered(door)
        for name, wanted in expect["ssh_offered"].items():
            # Of types of host keys that it may use, a server offers those of which it has a key.
            right = found[name] == wanted.split(",")
            if name == "host_keys":
                right = bool(found[name]) and set(found[name]) <= set(wanted.split(","))
            yield Finding(f"sshd offers {name.replace('_', ' ')}", wanted, ",".join(found[name]) or "none", right)


def _offered(door: t.Mapping[str, t.Any]) -> dict[str, list[str]]:
    return _ssh_wire.offered(WILDCARDS.get(door["address"], door["address"]), door["port"], ANSWER_SECONDS)


def ssh_comes_back(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    unit = seen.units.get("ssh.service", {})
    found = f"Restart={unit.get('Restart')}, StartLimitIntervalUSec={unit.get('StartLimitIntervalUSec')}"
    wanted = "Restart=always, StartLimitIntervalUSec=0"
    yield Finding("ssh.service is always started again", wanted, found, found == wanted)


def firewall_drops(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    chain = _nft.input_chain(seen.table)
    policy = chain.get("policy") if chain else "no chain at the input hook of table inet hardened_balancer"
    yield Finding("firewall policy", "drop", str(policy), policy == "drop")


def firewall_output(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    chains = _nft_properties.chains_at(seen.table, "output", _nft.OURS)
    found = [str(chain.get("policy")) for chain in chains if chain.get("type") == "filter" and chain.get("prio") == 0]
    yield Finding("firewall policy, outgoing", expect["output"], _listed(found), found == [expect["output"]])


def firewall_lets_administrators_in(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    networks = expect["management_networks"]
    for port in seen.ssh_ports:
        rules = [one for one in seen.accepts if _covers(one, "tcp", port)]
        anywhere = any(one.sources is None for one in rules)
        sources = set(_nft.networks(source for one in rules for source in one.sources or ()))
        wanted = set(_nft.networks(networks))
        right = (sources == wanted and not anywhere) if networks else anywhere
        found = "anywhere" if anywhere else _listed(sorted(sources), "nowhere")
        yield Finding(f"SSH on port {port} is open to", _listed(sorted(wanted), "anywhere"), found, right)


def _covers(one: _nft.Accept, protocol: str, port: int) -> bool:
    return one.protocol in (protocol, "any") and any(low <= port <= high for low, high in one.ports)


def firewall_opens_no_more(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    """Than what is served now and what will be; who exactly may reach it is a matter of the service."""
    ports = expect.get("ports", {})
    for protocol in PROTOCOLS:
        ssh = [(p, p) for p in seen.ssh_ports] if protocol == "tcp" else []
        served = [(p, p) for p in _served(seen, protocol)]
        allowed = _spans.merged([*_spans.read(ports.get(protocol, [])), *served, *ssh])
        planned = _spans.narrow_of(ports.get("restricted", []), protocol)
        wide, narrow = _nft.opened(seen.accepts, protocol)
        beside = [(piece, sources) for span, sources in narrow for piece in _spans.minus([span], allowed)]
        more = [
            *_spans.minus(wide, allowed),
            *(span for span, sources in beside if not _are_of(span, sources, planned)),
        ]
        shared = [(low, high) for (low, high), _sources in narrow if not _spans.minus([(low, high)], allowed)]
        expected = [*_spans.text(allowed), *_restricted_text(planned, allowed)]
        found = [*_spans.text([*wide, *shared]), *_restricted_text(beside, wide)]
        yield Finding(f"firewall, open {protocol} ports", f"no more than {_listed(expected)}", _listed(found), not more)


def _are_of(span: _nft.Span, sources: t.Collection[str], planned: list[_spans.Narrow]) -> bool:
    """Whether the plan opens all of these ports to all of these networks."""
    of_them = [ports for ports, named in planned if _spans.contains(named, sources)]
    return not _spans.minus([span], of_them)


def _restricted_text(narrow: list[_spans.Narrow], wide: t.Sequence[_nft.Span] = ()) -> list[str]:
    return [
        f"{', '.join(_spans.text(spans))} (from {', '.join(sources) or 'nowhere'})"
        for sources, spans in _spans.restrictions(wide, narrow)
    ]


def _served(seen: Seen, protocol: str) -> list[int]:
    return [
        one["port"]
        for one in seen.listeners
        if one["process"] == "haproxy" and one["protocol"] == protocol and not _listeners.is_loopback(one["address"])
    ]


def no_other_firewall(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    others = _nft.filters(seen.ruleset)
    found = "; ".join(f"{one['name']} ({one['detail']})" for one in others)
    left = expect.get("existing_firewall") == "leave"
    yield Finding("filters that are not ours", "left alone" if left else "none", found or "none", left or not others)


def firewall_bans(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    found = _nft_properties.bans_at(seen.bans)
    yield Finding("firewall, bans", "ban4, ban6", _listed(sorted(found)), found >= {"ban4", "ban6"})


def firewall_at_boot(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    enabled = seen.enabled(FIREWALL_UNIT)
    yield Finding(f"{FIREWALL_UNIT} at boot", "enabled", "enabled" if enabled else "not enabled", enabled)


def administrators(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    wanted = sorted(expect["administrators"])
    group = expect["admin_group"]
    members = _node.members(group)
    found = "no such group" if members is None else _listed(members)
    yield Finding(f"members of {group}", _listed(wanted), found, members == wanted)
    for name in wanted:
        answer = seen.run(["runuser", "-u", name, "--", "sudo", "-n", "-k", "true"])
        yield Finding(
            f"sudo for {name}", "works without a password", answer.said or f"exit code {answer.rc}", answer.rc == 0
        )


def kernel_settings(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    """As they run, whatever the files say; what cannot be set here is not ours."""
    wanted = _kernel.parse(expect["baseline"]["sysctl"])
    values, fixed = _kernel.read(list(wanted), seen.places.proc)
    ours = [key for key in wanted if key not in fixed]
    wrong = [
        f"{key} is {values.get(key, 'unreadable')}, not {wanted[key]}" for key in ours if values.get(key) != wanted[key]
    ]
    yield Finding("settings of the kernel", f"{len(ours)} as planned", _listed(wrong, "all of them"), not wrong)


def updates(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    if not expect["baseline"]["updates"]:
        return
    timer = seen.units.get(_upkeep.TIMER, {})
    state = f"{timer.get('UnitFileState') or 'missing'}, {timer.get('ActiveState') or 'inactive'}"
    yield Finding("timer of updates", "enabled, active", state, state == "enabled, active")
    name = "APT::Periodic::Unattended-Upgrade"
    said = seen.run(["apt-config", "dump", "--format=%v", name]).out.strip()
    yield Finding(f"apt, {name}", "1", said or "not set", said == "1")


def time_is_kept(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    """Whether it is right depends on others; that somebody sets it does not."""
    unit = expect["baseline"]["time"]
    if unit:
        enabled = _upkeep.enabled(seen.units, unit)
        yield Finding(f"time by {unit}", "enabled", "enabled" if enabled else "not enabled", enabled)


def bans(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    if expect["baseline"]["fail2ban"]:
        answer = seen.run(["fail2ban-client", "status", "sshd"])
        yield Finding("fail2ban watches sshd", "it does", answer.said or f"exit code {answer.rc}", answer.rc == 0)


def log_is_kept(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    kept = bool(list(Path(JOURNAL).glob("*/system.journal")))
    yield Finding("the journal is kept over a boot", "it is", "it is" if kept else f"none in {JOURNAL}", kept)


# The service.


def configuration_in_force(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    linked = _haproxy_process.linked_digest(seen.places)
    running = seen.live.digest
    yield Finding(
        "configuration in force",
        linked or "a tree of ours",
        running or "none of ours",
        linked is not None and running == linked,
    )


def open_files(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    wanted, found = expect["nofile"], seen.live.nofile
    yield Finding(
        "open files of HAProxy", f"at least {wanted}", str(found or "no process"), bool(found and found >= wanted)
    )


def sandbox_of_the_unit(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    """What a start would give, by all drop-ins of the unit together."""
    if "sandbox" not in expect:
        return
    wanted, unit = expect["sandbox"]["properties"], seen.unit
    held = {name.upper() for name in unit.get("CapabilityBoundingSet", "").split()}
    yield Finding(
        "capabilities of haproxy.service",
        _listed(expect["sandbox"]["capabilities"]),
        _listed(sorted(held)),
        held == set(expect["sandbox"]["capabilities"]),
    )
    wrong = {name: unit.get(name) for name, value in wanted.items() if unit.get(name, value) != value}
    found = _listed(f"{name}={value}" for name, value in wrong.items())
    also = f" (drop-ins: {unit.get('DropInPaths', 'none')})" if wrong else ""
    yield Finding("sandbox of haproxy.service", "as planned", f"{found}{also}" if wrong else "it is", not wrong)


def sandbox_of_the_process(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    """What the kernel says of the master and of the worker."""
    if "sandbox" not in expect:
        return
    left = _sandbox.leftover(seen.live.sandbox, seen.live.unit_sandbox)
    kept = {one.partition("=")[2] for one in left if one.startswith("CapabilityBoundingSet=")}
    of_init = _sandbox.capabilities(_sandbox.read_status(seen.places.proc, 1))
    allowed = {*expect["sandbox"]["capabilities"], *kept} & of_init
    gains = expect["sandbox"]["properties"].get("NoNewPrivileges") == "no" or "NoNewPrivileges=no" in left
    for name, pid in (("master", seen.live.master), ("worker", seen.live.worker)):
        status = _sandbox.read_status(seen.places.proc, pid) if pid else {}
        found = _sandbox.capabilities(status)
        yield Finding(
            f"capabilities of HAProxy's {name}",
            _listed(sorted(allowed)),
            _listed(sorted(found)) if status else "no process",
            bool(status) and found == allowed,
        )
        locked = status.get("Seccomp") == "2" and (gains or status.get("NoNewPrivs") == "1")
        said = f"NoNewPrivs {status.get('NoNewPrivs')}, Seccomp {status.get('Seccomp')}"
        yield Finding(f"HAProxy's {name} is confined", "NoNewPrivs 1, Seccomp 2", said, locked)


def binds(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    held = {(one["protocol"], one["address"], one["port"]): one for one in seen.listeners}
    for bind in expect["binds"]:
        ports = range(bind["low"], bind["high"] + 1)
        silent = [port for port in ports if not _is_ours(held.get((bind["protocol"], bind["address"], port)))]
        spans = _nft.ports_text((port, port) for port in silent)
        found = f"not on {_listed(spans)}" if silent else "it does"
        yield Finding(f"{_named(bind)} listens on {_where(bind)}", "it does", found, not silent)


def _named(bind: t.Mapping[str, t.Any]) -> str:
    return f"{bind.get('kind', 'frontend')} {bind['frontend']}"


def _is_ours(listener: t.Mapping[str, t.Any] | None) -> bool:
    return listener is not None and listener["process"] == "haproxy"


def _where(bind: t.Mapping[str, t.Any]) -> str:
    address = f"[{bind['address']}]" if ":" in bind["address"] else bind["address"]
    span = str(bind["low"]) if bind["low"] == bind["high"] else f"{bind['low']}-{bind['high']}"
    return f"{bind['protocol']} {address}:{span}"


def listens_nowhere_else(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    more = [
        f"{one['protocol']} {one['address']}:{one['port']}"
        for one in seen.listeners
        if one["process"] == "haproxy"
        and not _listeners.is_loopback(one["address"])
        and not any(_is_at(bind, one) for bind in expect["binds"])
    ]
    yield Finding("HAProxy listens elsewhere", "nowhere", _listed(more, "nowhere"), not more)


def _is_at(bind: t.Mapping[str, t.Any], one: t.Mapping[str, t.Any]) -> bool:
    same = (bind["protocol"], bind["address"]) == (one["protocol"], one["address"])
    return same and bool(bind["low"] <= one["port"] <= bind["high"])


def firewall_opens_exactly(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    """Besides SSH, which has a check of its own."""
    for protocol in PROTOCOLS:
        ssh = [(port, port) for port in seen.ssh_ports] if protocol == "tcp" else []
        wanted = _spans.read(expect["ports"].get(protocol, []))
        wide, narrow = _nft.opened(seen.accepts, protocol)
        # A port of SSH that the inventory serves on another address too.
        shared = [port for port in ssh if _spans.within(port, wanted)]
        spans = [*_spans.minus(wide, ssh), *shared]
        planned = _spans.narrow_of(expect["ports"].get("restricted", []), protocol)
        texts = [
            [*_spans.text(of_all), *_restricted_text(_without(of_some, ssh), of_all)]
            for of_all, of_some in ((wanted, planned), (spans, narrow))
        ]
        right = texts[0] == texts[1]
        yield Finding(f"firewall, served {protocol} ports", _listed(texts[0]), _listed(texts[1]), right)


def firewall_rates(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    """Of what is open to all: where nothing is, there is nobody to slow down."""
    given = expect["firewall"]["syn_rate"]
    wanted = (
        {(f"syn_rate{v}", given["rate"], given["burst"]) for v in "46"} if given and expect["ports"]["tcp"] else set()
    )
    found = {one for one in _nft_properties.rates(seen.table) if one[0].startswith("syn_")}
    expected, actual = (
        _listed(f"{name} {rate}/s, {burst} at once" for name, rate, burst in sorted(one)) for one in (wanted, found)
    )
    yield Finding("firewall, new connections of one source", expected, actual, found == wanted)


def firewall_bypasses(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    """What is not tracked, in each direction: half of a connection that is tracked is a record that never ends."""
    wanted = expect["firewall"]["bypass"]
    places = {
        (address, int(port))
        for family in ("workers4", "workers6")
        for address, _dot, port in (one.split(" ") for one in expect["firewall"][family].split(", ") if one)
    }
    for hook in ("prerouting", "output"):
        found = _nft_properties.untracked(seen.table, hook)
        ports = {p: _spans.read(expect["ports"].get(p, [])) if wanted else [] for p in PROTOCOLS}
        right = {p: _spans.merged(ports[p]) for p in PROTOCOLS} == {p: _spans.merged(found.ports[p]) for p in PROTOCOLS}
        right = right and found.places == (places if wanted else set())
        expected = _untracked_text(ports, places if wanted else set())
        yield Finding(f"firewall, not tracked at {hook}", expected, _untracked_text(found.ports, found.places), right)


def _untracked_text(ports: t.Mapping[str, list[_nft.Span]], places: t.Collection[tuple[str, int]]) -> str:
    of_ports = [f"{span}/{protocol}" for protocol in PROTOCOLS for span in _spans.text(ports[protocol])]
    return _listed([*of_ports, *(f"{address} port {port}" for address, port in sorted(places))], most=NAMED)


def _without(narrow: list[_spans.Narrow], hidden: list[_nft.Span]) -> list[_spans.Narrow]:
    return [(piece, sources) for span, sources in narrow for piece in _spans.minus([span], hidden) if sources]


def front_doors(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    for bind in expect["binds"]:
        if bind["protocol"] != "tcp":
            continue
        name = f"{_named(bind)} at {_where(bind)}"
        if bind["mode"] == "http" and bind["plain"]:
            yield Finding(name, "an answer", *_request(bind, seen))
        else:
            yield Finding(name, "a connection", *_connect(bind))


def _target(bind: t.Mapping[str, t.Any]) -> tuple[str, int]:
    return WILDCARDS.get(bind["address"], bind["address"]), bind["low"]


def _request(bind: t.Mapping[str, t.Any], seen: Seen) -> tuple[str, bool]:
    address, port = _target(bind)
    host = f"[{address}]" if ":" in address else address
    before = _server_errors(seen)
    connection = http.client.HTTPConnection(address, port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/", headers={"Host": host, "User-Agent": "hardened.balancer proof"})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as exc:
        return f"{type(exc).__name__}: {exc}", False
    finally:
        connection.close()
    if status != 503 or not lacks_servers(before, _server_errors(seen)):
        return str(status), True
    return "503, no server is available", False


def lacks_servers(before: dict[str, int], after: dict[str, int]) -> bool:
    """Whether a 503 came from HAProxy for want of a server: a backend counted it, and none of its servers did."""
    grown = {kind: after[kind] > before[kind] for kind in after}
    return grown["backends"] and not grown["servers"]


def _server_errors(seen: Seen) -> dict[str, int]:
    try:
        rows = seen.stats()
    except SocketError:
        rows = []
    kinds = {"backends": "1", "servers": "2"}
    return {
        kind: sum(int(row["hrsp_5xx"]) for row in rows if row["type"] == number and row["hrsp_5xx"].isdecimal())
        for kind, number in kinds.items()
    }


def _connect(bind: t.Mapping[str, t.Any]) -> tuple[str, bool]:
    try:
        with socket.create_connection(_target(bind), timeout=ANSWER_SECONDS):
            return "a connection", True
    except OSError as exc:
        return str(exc), False


def backends(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    rows: list[Row] = []

    def settled() -> bool:
        rows[:] = seen.stats()
        return all(
            any(_health.is_healthy(row) for row in of) or not any(_health.is_new(row) for row in of)
            for of in grouped(rows)
        )

    def grouped(found: list[Row]) -> list[list[_health.Row]]:
        return [_health.servers_of(found, backend["name"]) for backend in expect["backends"] if backend["servers"]]

    _haproxy_process.wait_until(settled, HEALTH_SECONDS, pause=0.2)
    for backend in expect["backends"]:
        yield from _backend(backend, _health.servers_of(rows, backend["name"]), expect.get("require_healthy", True))


def _backend(backend: t.Mapping[str, t.Any], rows: list[_health.Row], required: bool) -> t.Iterator[Finding]:
    name = f"backend {backend['name']}"
    servers = backend["servers"].split()
    missing = sorted(set(servers) - {row["svname"] for row in rows})
    yield Finding(f"{name}, servers", _listed(servers), f"missing: {_listed(missing)}", not missing)
    if servers:
        states = _listed(f"{row['svname']} {_health.state_of(row)}" for row in rows)
        healthy = any(_health.is_healthy(row) for row in rows)
        yield Finding(f"{name}, health", "at least one healthy server", states, healthy or not required)


def starts_at_boot(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    enabled = seen.enabled("haproxy")
    yield Finding("HAProxy at boot", "enabled", "enabled" if enabled else "not enabled", enabled)


def logs_arrive(expect: Expect, seen: Seen) -> t.Iterator[Finding]:
    """The requests of this proof are in the journal; where there is none that is logged, the way to it is open."""
    if not expect.get("journal", True):
        return
    worker = seen.live.worker
    if worker is None:
        yield Finding("log of HAProxy", "lines in the journal", "no process", False)
        return
    query = ["journalctl", "--quiet", "--boot", "--lines=1", "--output=cat", "_TRANSPORT=syslog", f"_PID={worker}"]
    asked = any(b["mode"] == "http" and b["plain"] and not b.get("quiet") for b in expect["binds"])
    arrived = _haproxy_process.wait_until(lambda: bool(seen.run(query).out.strip()), LOG_SECONDS if asked else 0)
    if not arrived and not asked:
        arrived = _sees_log(seen.places.proc, worker)
    found = "they arrive" if arrived else f"no line of process {worker}"
    yield Finding("log of HAProxy", "lines in the journal", found, arrived)


def _sees_log(proc: str, worker: int) -> bool:
    """From inside the chroot of the process."""
    try:
        return stat.S_ISSOCK(Path(proc, str(worker), "root/dev/log").stat().st_mode)
    except OSError:
        return False


def summary(seen: Seen) -> dict[str, t.Any]:
    try:
        rows = seen.stats()
    except SocketError:
        rows = []
    served = (
        (one["protocol"], one["address"], one["port"], one["process"])
        for one in seen.listeners
        if not _listeners.is_loopback(one["address"])
        and any(_covers(accept, one["protocol"], one["port"]) for accept in seen.accepts)
    )
    servers = _health.by_backend(rows)
    return {
        "until_restart": _sandbox.leftover(seen.live.sandbox, seen.live.unit_sandbox),
        "frontends": [{"name": row["pxname"], "status": row["status"]} for row in rows if row["type"] == "0"],
        "backends": [_workers(row["pxname"], servers.get(row["pxname"], [])) for row in rows if row["type"] == "1"],
        "open": [
            {
                "protocol": protocol,
                "address": address,
                "port": port,
                "process": process,
                "sources": _from(seen, protocol, port),
            }
            for protocol, address, port, process in served
        ],
    }


def _workers(backend: str, rows: list[_health.Row]) -> dict[str, t.Any]:
    """Some by name, all by number: a backend may have thousands."""
    serving = [row["svname"] for row in rows if _health.serves(row)]
    away = [
        f"{row['svname']} {row['status']} {_health.check_of(row)}".rstrip() for row in rows if not _health.serves(row)
    ]
    return {
        "name": backend,
        "workers": len(rows),
        "serving": len(serving),
        "named": serving[:NAMED],
        "away": away[:NAMED],
    }


def _from(seen: Seen, protocol: str, port: int) -> list[str] | None:
    """Who alone may come; None for everybody."""
    found = [one.sources for one in seen.accepts if _covers(one, protocol, port)]
    if None in found:
        return None
    return _spans.networks(source for sources in found for source in sources or ())


LOCKDOWN: tuple[Check, ...] = (
    ssh_settings,
    ssh_serves,
    ssh_offers,
    ssh_comes_back,
    firewall_drops,
    firewall_output,
    firewall_lets_administrators_in,
    firewall_opens_no_more,
    no_other_firewall,
    firewall_bans,
    firewall_at_boot,
    administrators,
    kernel_settings,
    updates,
    time_is_kept,
    log_is_kept,
    bans,
)
SERVICE: tuple[Check, ...] = (
    configuration_in_force,
    open_files,
    sandbox_of_the_unit,
    sandbox_of_the_process,
    binds,
    listens_nowhere_else,
    firewall_opens_exactly,
    firewall_rates,
    firewall_bypasses,
    front_doors,
    backends,
    starts_at_boot,
    logs_arrive,
)
SCOPES = {"lockdown": LOCKDOWN, "service": SERVICE}
