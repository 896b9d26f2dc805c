# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardened.balancer.plugins.plugin_utils._model import checks, shapes
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.check import check
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.problems import Problems


def draw(given: t.Any, **more: t.Any) -> tuple[list[str], str, list[str]]:
    problems = Problems()
    backend = check(shapes.BACKEND, {"name": "b", "check": given, **more}, "b", problems)
    lines, words = checks.lines({**backend, "path": "b"}, problems)
    return [line.text for line in lines], words, [str(p) for p in problems]


@pytest.mark.parametrize(
    ("given", "lines", "words"),
    [
        (True, [], ""),
        (False, [], ""),
        ({"inter": "500ms", "fall": 2}, [], "inter 500ms fall 2"),
        (
            {"type": "http", "uri": "/healthz", "host": "a.example.com", "inter": "500ms", "fall": 2},
            [
                "option httpchk",
                "http-check send meth GET uri /healthz ver HTTP/1.1 hdr Host a.example.com",
                "http-check expect status 200-399",
            ],
            "inter 500ms fall 2",
        ),
        (
            {"type": "http", "method": "HEAD", "uri": "/a#c", "expect": "status 200", "port": 8008},
            ["option httpchk", "http-check send meth HEAD uri '/a#c'", "http-check expect status 200"],
            "port 8008",
        ),
        ({"type": "tls"}, [], "check-ssl verify none"),
        (
            {"type": "tls", "host": "a.example.com", "rise": 1},
            [],
            "rise 1 check-ssl verify none check-sni a.example.com",
        ),
        ({"type": "pgsql", "user": "check"}, ["option pgsql-check user check"], ""),
        ({"type": "mysql", "user": "check"}, ["option mysql-check user check"], ""),
        ({"type": "mysql"}, ["option mysql-check"], ""),
        ({"type": "redis"}, ["option redis-check"], ""),
        ({"type": "smtp"}, ["option smtpchk EHLO localhost"], ""),
        ({"type": "smtp", "hello": "HELO lb.example.com"}, ["option smtpchk HELO lb.example.com"], ""),
        ({"type": "ldap"}, ["option ldap-check"], ""),
    ],
)
def test_checks(given: t.Any, lines: list[str], words: str) -> None:
    assert draw(given) == (lines, words, [])


def test_redis_is_asked_for_its_role() -> None:
    """The quotes keep a password one word of HAProxy's, and one argument of Redis'."""
    assert draw({"type": "redis", "password": "@secret:redis@", "role": "master"})[0] == [
        "option tcp-check",
        "tcp-check send 'AUTH \"@secret:redis@\"'\\r\\n",
        "tcp-check expect string +OK",
        "tcp-check send PING\\r\\n",
        "tcp-check expect string +PONG",
        "tcp-check send 'INFO replication'\\r\\n",
        "tcp-check expect string role:master",
        "tcp-check send QUIT\\r\\n",
        "tcp-check expect string +OK",
    ]


def test_where_traffic_is_tls_too_its_certificate_is_verified() -> None:
    assert draw({"type": "tls"}, tls={"name": "a.example.com"})[1] == "check-ssl"


def test_a_script_keeps_its_order_and_knows_where_each_step_is_from() -> None:
    steps = [
        {"words": words, "when": None, "path": ""} for words in ("connect", "send PING\\r\\n", "expect string +PONG")
    ]
    given = {"path": "b", "check": {"type": "script", "steps": [*steps, None], "inter": "1s"}}
    problems = Problems()
    lines, words = checks.lines(given, problems)
    assert [(line.text, line.path) for line in lines] == [
        ("option tcp-check", "b.check"),
        ("tcp-check connect", "b.check.steps[0]"),
        ("tcp-check send PING\\r\\n", "b.check.steps[1]"),
        ("tcp-check expect string +PONG", "b.check.steps[2]"),
    ]
    assert (words, problems) == ("inter 1s", [])


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"uri": "/"}, "b.check.uri: goes with type: http; this check is of type: tcp"),
        ({"type": "ldap", "user": "a"}, "b.check.user: goes with type: pgsql or mysql; this check is of type: ldap"),
        ({"type": "http", "role": "master"}, "b.check.role: goes with type: redis; this check is of type: http"),
        ({"type": "pgsql"}, "b.check.user: is missing: a check of type pgsql needs it"),
        ({"type": "script"}, "b.check.steps: is missing: a check of type script needs it"),
    ],
)
def test_refused(given: dict[str, t.Any], problem: str) -> None:
    assert draw(given)[2] == [problem]


def test_a_step_has_no_condition() -> None:
    step = {"words": "send PING", "when": {"word": "if", "condition": "{ always_true }"}, "path": ""}
    problems = Problems()
    checks.lines({"path": "b", "check": {"type": "script", "steps": [step]}}, problems)
    assert [problem.path for problem in problems] == ["b.check.steps[0].if"]


@pytest.mark.parametrize("kind", ["tcp", "http", "tls", "pgsql", "mysql", "redis", "smtp", "ldap", "script", None])
def test_broken_values_are_passed_over(kind: str | None) -> None:
    keys = ("uri", "method", "host", "expect", "user", "hello", "password", "role", "steps", "port", "inter", "fall")
    own = {key: None for key in keys if kind in checks.OF_TYPES.get(key, (kind,))}
    problems = Problems()
    checks.lines({"path": "b", "check": {**own, "type": kind}}, problems)
    assert problems == []
    assert checks.lines({"path": "b", "check": None}, problems) == ([], "")
