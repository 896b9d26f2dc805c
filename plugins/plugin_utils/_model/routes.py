# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes become `use_backend` lines: the first route that matches wins, in the order in which they are written.

HAProxy redirects and answers before it looks at any `use_backend`. So what is not sent to a backend goes to a small
backend of its own, which does nothing but answer: that keeps the order. Many routes that ask for nothing but a host
become one map, where that changes nothing of what they mean.
"""

from __future__ import annotations

import typing as t

from . import answers, conditions, fetches
from .conditions import Form
from .line import File, Line
from .problems import Problems, show
from .shapes.conditions import CONDITION
from .site import Site

# A chain of so few lines is as fast, and easier to read.
MAP_FROM = 16
ANSWERS = ("redirect", "respond", "maintenance")
TARGETS = ("backend", *ANSWERS)
ASKS = (*CONDITION.keys, "if")
INSPECT = ("tcp-request inspect-delay 5s", "tcp-request content accept if { req.ssl_hello_type 1 }")
# The beginning of TLS, where a balancer sees no name; the second: whether the server speaks before its client.
BLIND = {
    "pgsql": ("PostgreSQL asks for TLS by a message of its own", False),
    "mysql": ("in MySQL the server speaks first, and TLS begins later", True),
    "smtp": ("in SMTP the server speaks first, and TLS begins later, by STARTTLS", True),
    "ldap": ("LDAP asks for TLS by a message of its own", False),
}

Route = dict[str, t.Any]
Proxy = dict[str, t.Any]


class Generated(t.NamedTuple):
    """A backend that answers by itself."""

    name: str
    mode: str
    path: str
    lines: list[Line]


class Routing(t.NamedTuple):
    lines: list[Line]
    backends: list[Generated]
    files: list[File]


class _Step(t.NamedTuple):
    """A route, compiled: where to under which condition, in this order; or hosts of which a map may tell."""

    choices: list[tuple[str, Form]]
    path: str
    hosts: list[str] | None  # those that it asks for by name, all of them; None where it may match others
    target: str  # its only backend, if it asks for nothing but those hosts


def compile(frontend: Proxy, site: Site, problems: Problems) -> Routing:  # noqa: A001
    """The lines of the routes, and the backends and files that these name."""
    result = Routing([], [], [])
    tls = conditions.ends_tls(frontend)
    steps = []
    for i, route in enumerate(frontend.get("routes") or []):
        path = f"{frontend['path']}.routes[{i}]"
        if route:
            _check(route, frontend, path, problems)
            steps.append(_step(route, f"{frontend['name']}.routes.{i}", frontend, tls, path, site, result, problems))
    _check_sight(frontend, problems)
    fetch = fetches.HOST if frontend.get("mode") != "tcp" else fetches.sni_fetch("tcp", tls)
    runs = list(_runs(steps))
    for run in runs:
        if isinstance(run, _Step):
            result.lines.extend(_lines(run))
        else:
            _map(run, fetch, frontend["name"], run is runs[-1], result)
    return result


def inspection(proxy: Proxy, lines: t.Iterable[Line]) -> list[Line]:
    """In TCP mode a name can be seen only once the greeting has arrived.

    `lines` are the rules and routes of the section. These go behind its own rules: to accept ends them.
    """
    lines = list(lines)
    looks = next((line for line in lines if "req.ssl_" in line.text or "req_ssl_" in line.text), None)
    if proxy.get("mode") != "tcp" or looks is None:
        return []
    waits = any(line.text.startswith("tcp-request inspect-delay") for line in lines)
    return [Line(text, looks.path) for text in (INSPECT[1:] if waits else INSPECT)]


def check_protocols(frontends: list[Proxy], backends: list[Proxy], problems: Problems) -> None:
    """Routes by a name that the protocol behind does not tell in time; its check says which protocol that is."""
    checks = {b["name"]: b["check"] for b in backends if isinstance(b.get("check"), dict)}
    types = {name: check.get("type") for name, check in checks.items() if not check.get("port")}
    for frontend in frontends:
        if frontend.get("mode") != "tcp" or conditions.ends_tls(frontend):
            continue
        by_name = [(i, r) for i, r in enumerate(frontend.get("routes") or []) if r and r.get("sni")]
        for i, route in by_name:
            reason, _first = BLIND.get(str(types.get(route.get("backend"))), ("", False))
            if reason:
                problems.add(
                    f"{frontend['path']}.routes[{i}].sni",
                    f"sees no name: {reason}; give {show(route['backend'])} a port of its own, "
                    "or end TLS here (tls of the bind)",
                )
        reason, server_first = BLIND.get(str(types.get(frontend.get("default_backend"))), ("", False))
        if by_name and server_first:
            problems.add(
                f"{frontend['path']}.default_backend",
                f"waits for a greeting that does not come: {reason}; "
                f"give {show(frontend['default_backend'])} a frontend without sni",
            )


def _check(route: Route, frontend: Proxy, path: str, problems: Problems) -> None:
    told = problems.below(path)
    given = [key for key in ASKS if route.get(key)]
    targets = [key for key in TARGETS if route.get(key)]
    if not targets and not told:
        problems.add(path, f"leads nowhere; give one of: {', '.join(TARGETS)}")
    if len(targets) > 1 and targets != ["backend", "maintenance"]:
        problems.add(
            path,
            f"has {' and '.join(targets)}; a route leads to one of them, only maintenance may stand beside backend",
        )
    if not given and not told and "backend" in targets:
        problems.add(
            path,
            f"has no condition; give at least one of: {', '.join(ASKS)}; what matches nothing goes to default_backend",
        )
    if "if" in given and len(given) > 1:
        problems.add(
            f"{path}.if",
            f"stands beside {', '.join(given[:-1])}; a condition in HAProxy's words is the route's only one",
        )
    for key in ANSWERS:
        if not route.get(key) or problems.below(f"{path}.{key}"):
            continue
        if frontend.get("mode") == "tcp":
            problems.add(f"{path}.{key}", "needs mode: http; a connection in mode: tcp can only be sent to a backend")
        CHECKS[key](route[key], f"{path}.{key}", problems)


CHECKS: dict[str, t.Callable[[t.Any, str, Problems], None]] = {
    "redirect": answers.check_redirect,
    "respond": answers.check_respond,
    "maintenance": answers.check_maintenance,
}


def _check_sight(frontend: Proxy, problems: Problems) -> None:
    """Names that no bind of the frontend lets it see."""
    asks = [
        f"{frontend['path']}.routes[{i}].sni"
        for i, route in enumerate(frontend.get("routes") or [])
        if route and route.get("sni")
    ]
    if (
        not asks
        or conditions.ends_tls(frontend)
        or any(str(line).startswith("bind ") for line in frontend.get("raw") or [])
    ):
        return
    some = any(conditions.bind_ends_tls(bind) for bind in frontend.get("binds") or [] if bind)
    for path in asks:
        if frontend.get("mode") == "tcp" and some:
            problems.add(
                path,
                "is ambiguous: TLS ends at some binds of this frontend, and passes through others; make two frontends",
            )
        elif frontend.get("mode") == "http" and not some:
            problems.add(path, "can never match: no bind of this frontend has tls; in mode: http a name is a host")


def _step(
    route: Route, name: str, frontend: Proxy, tls: bool, path: str, site: Site, result: Routing, problems: Problems
) -> _Step:
    mode = frontend.get("mode") or "http"
    form = _asked(route, mode, tls, path, site, problems)
    choices = _choices(route, form, name, mode, path, site, result, problems)
    key = "host" if mode == "http" else "sni"
    asked = [word for word in ASKS if route.get(word)]
    hosts = [host for host in route.get(key) or [] if host]
    pure = asked == [key] and len(choices) == 1 and choices[0][1] is form and _are_exact(hosts)
    return _Step(choices, path, hosts or None, choices[0][0] if pure else "")


def _are_exact(hosts: list[str]) -> bool:
    return bool(hosts) and not any(host.startswith(("*", "[")) for host in hosts)


def _asked(route: Route, mode: str, tls: bool, path: str, site: Site, problems: Problems) -> Form:
    if route.get("if"):
        return conditions.of_line(route["if"], site, mode, f"{path}.if", problems, tls=tls)
    return conditions.of_mapping(route, mode, site, path, problems, tls=tls)


def _choices(
    route: Route, form: Form, name: str, mode: str, path: str, site: Site, result: Routing, problems: Problems
) -> list[tuple[str, Form]]:
    """The backends of a route: maintenance stands in front of its own, but for the networks that are excepted."""
    given = next((key for key in ANSWERS if route.get(key)), "")
    found: list[tuple[str, Form]] = []
    if given and mode == "http":
        excepted: list[str] = []
        if given == "redirect":
            words, files = answers.redirect(route[given]), list[File]()
        elif given == "respond":
            words, files = answers.respond(route[given], name)
        else:
            words, files, excepted = answers.maintenance(route[given], name)
        here = f"{path}.{given}"
        if name in site.names.get("backend", {}):
            problems.add(here, f"makes a backend of the name {show(name)}, which {site.names['backend'][name]} has")
        result.files.extend(files)
        lines = [Line("mode http", here), Line(f"http-request {words}", here)]
        result.backends.append(Generated(name, "http", here, lines))
        found.append((name, _without(form, excepted, mode, site, here, problems)))
    if route.get("backend"):
        found.append((route["backend"], form))
    return found


def _without(form: Form, networks: list[str], mode: str, site: Site, path: str, problems: Problems) -> Form:
    if not networks:
        return form
    outside = conditions.of_mapping({"not": {"source": networks}}, mode, site, f"{path}.except", problems)
    return conditions.both(form, outside, path, problems)


def _lines(step: _Step) -> list[Line]:
    return [
        Line(f"use_backend {target} if {condition}", step.path)
        for target, form in step.choices
        for condition in conditions.printed(form)
    ]


class _Run(t.NamedTuple):
    """Steps that a map tells apart, and those among them that are asked first."""

    front: list[_Step]
    mapped: list[_Step]
    hosts: dict[str, str]  # by host: its backend
    order: list[_Step]


def _runs(steps: list[_Step]) -> t.Iterator[_Step | _Run]:
    """A route that asks for other hosts than those before it may be asked in front of them; any other ends the run."""
    run = _Run([], [], {}, [])
    below: set[str] = set()
    for step in steps:
        if step.target:
            run.mapped.append(step)
            run.order.append(step)
            for host in step.hosts or []:
                run.hosts.setdefault(host, step.target)
                below.update(_above(host))
        elif step.hosts is not None and not any(host in run.hosts or host in below for host in step.hosts):
            run.front.append(step)
            run.order.append(step)
        else:
            yield from _ended(run)
            yield step
            run, below = _Run([], [], {}, []), set()
    yield from _ended(run)


def _above(host: str) -> t.Iterator[str]:
    """The wildcards that a host is below."""
    while "." in host:
        host = host.split(".", 1)[1]
        yield f"*.{host}"


def _ended(run: _Run) -> t.Iterator[_Step | _Run]:
    if len(run.hosts) < MAP_FROM:
        yield from run.order
    else:
        yield from run.front
        yield run


def _map(run: _Run, fetch: str, name: str, last: bool, result: Routing) -> None:
    """HAProxy ends at a name that is none, with the default backend: behind the last line that is what should be."""
    number = sum(file.path.startswith("maps/") for file in result.files)
    path = f"maps/routes-{name}.{number}.map"
    content = "".join(f"{host} {target}\n" for host, target in sorted(run.hosts.items()))
    result.files.append(File(path, content))
    found = f"{fetch},map_str({path})"
    here = run.mapped[0].path
    if last:
        # Asked by nobody: 2.6 opens the file of a bare %[] only after it has left default-path, that of an acl before.
        result.lines.append(Line(f"acl routes.{number} {found} -m found", here))
        result.lines.append(Line(f"use_backend %[{found}]", here))
    else:
        result.lines.append(Line(f"use_backend %[{found}] if {{ {found} -m found }}", here))
