# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.hardened.balancer.plugins.plugin_utils._model import references
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.line import Line
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.problems import Problems
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.section import Section
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.site import Site

NAMES = {
    "backend": {"b": "haproxy_backends[0]"},
    "frontend": {"f": "haproxy_frontends[0]"},
    "listen": {"l": "haproxy_listens[0]"},
    "condition": {"internal": "haproxy_conditions[0]"},
    "cache": {"small": "haproxy_caches[0]"},
}
SITE = Site(names=NAMES, modes={"b": "http"}, conditions={}, certificates={}, authorities={})
BACKEND = [
    "server one 198.51.100.7:80 check",
    "server-template app 2 app.example.com:80",
    "server two [::1]:80 track b/one",
]


def told(line: str, kind: str = "backend", name: str = "b", before: Problems | None = None) -> list[str]:
    problems = Problems(before or [])
    backend = Section("backend", "b", "b", [Line(text, "b.servers") for text in BACKEND])
    here = Section(kind, name, "x", [Line(line, "x.key[0]")])
    if (kind, name) == ("backend", "b"):
        here = backend._replace(lines=[*backend.lines, *here.lines])
    references.check_lines([here] if here.name == "b" else [backend, here], SITE, ["maps/a.map"], problems)
    return [problem.text for problem in problems]


@pytest.mark.parametrize(
    "line",
    [
        "use-server one if { path /a }",
        "use-server app2 unless { path /a }",
        "use-server %[var(txn.server)] if TRUE",
        "server three 198.51.100.8:80 track one",
        "server three 198.51.100.8:80 track b/app1",
        "http-request deny if { srv_is_up(b/one) } or { srv_conn(two) gt 5 }",
        "http-request deny if { fe_conn(f) gt 5 } || { fe_conn(l) gt 5 } { nbsrv(b) eq 0 }",
        "http-request set-header X-A 'if nothing holds' if METH_GET",
        r"use_backend b if { req.hdr(X-A) -m str -- '-f /etc/x '\''y'\''' }",
        "http-request redirect location /a,map(maps/a.map) if { path_reg ^/a{2}$ }",
        "http-request cache-use small if { path '/a if b' }",
        "description words if there are any",
    ],
)
def test_what_is_there(line: str) -> None:
    assert told(line) == []


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("use-server tow if TRUE", "names 'tow', no server of b has this name; did you mean two?; servers: "),
        ("server x 198.51.100.8:80 track onne", "names 'onne', no server of b has this name; did you mean one?"),
        ("http-request deny if { srv_is_up(app3) }", "names 'app3', no server of b has this name; did you mean "),
        ("http-request deny if { srv_is_up(c/one) }", "names 'c', no backend has this name; backends: b"),
        ("http-request deny if { fe_conn(b) gt 5 }", "names 'b', no frontend has this name; haproxy_frontends: f, l"),
        (
            "http-request deny if internl",
            "uses the condition 'internl', which nothing here defines; did you mean internal?",
        ),
        (
            "http-request deny if METH_GTE",
            "uses the condition 'METH_GTE', which nothing here defines; did you mean METH_GET or METH_TRACE?",
        ),
        (
            "use-server one if internal",
            "uses the condition 'internal', which is known in routes and rules only; an acl",
        ),
        ("http-request deny if { path /a", "has a brace that is not closed"),
        ("http-request deny if { path '/a }", "has a quote that is not closed"),
        (
            "http-request set-var(a) path,map(maps/b.map)",
            "names the file 'maps/b.map', which is not in the tree; did you mean maps/a.map?",
        ),
        (f"acl a path {' '.join('/' * 62)}", "makes a line of 65 words, and HAProxy reads 64"),
    ],
)
def test_what_is_not_there_is_told_once(line: str, text: str) -> None:
    (problem,) = told(line)
    assert problem.startswith(text)
    before = Problems()
    before.add("x.key[0].inside", problem)
    assert told(line, before=before) == [problem] if "file" not in text else True


def test_what_was_told_of_a_part_is_not_told_of_its_line() -> None:
    before = Problems()
    before.add("x.key[0].cache", "holds 'smaal', no cache has this name")
    assert told("http-request cache-use smaal", before=before) == ["holds 'smaal', no cache has this name"]
    assert len(told("http-request cache-use large", before=before)) == 2
