# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardened.balancer.plugins.plugin_utils._model import actions, catalogue, rules
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.line import File
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.problems import Problems
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.site import Site

PATH = "haproxy_frontends[0].http_request[2]"
SITE = Site(
    names={"condition": {"internal": "haproxy_conditions[0]"}},
    modes={},
    conditions={"internal": {"name": "internal", "source": ["10.0.0.0/8", "127.0.0.1/32"]}},
    certificates={},
    authorities={},
)


def check(family: str, value: t.Any) -> tuple[rules.Rule | None, list[str]]:
    problems = Problems()
    rule = rules.check_rule(family, value, PATH, problems)
    return rule, [str(problem).removeprefix(PATH) for problem in problems]


def lower(family: str, *values: t.Any, mode: str = "http") -> tuple[list[str], list[str]]:
    problems = Problems()
    key = family.replace("-", "_")
    checked = [rules.check_rule(family, value, f"here.{key}[{i}]", problems) for i, value in enumerate(values)]
    proxy = {"kind": "frontend", "name": "web", "path": "here", "mode": mode, key: checked}
    lines = rules.lines(proxy, key, SITE, problems)
    return [line.text for line in lines], [str(problem) for problem in problems]


@pytest.mark.parametrize(
    ("family", "value", "line"),
    [
        ("http-request", "deny if METH_TRACE", "deny if METH_TRACE"),
        ("http-request", "  set-var(txn.x) path  ", "set-var(txn.x) path"),
        ("http-request", "set-header x ' if '", "set-header x ' if '"),
        ("http-request", r"set-header x a\ if\ b if TRUE", r"set-header x a\ if\ b if TRUE"),
        ("http-request", "lua.mark a unless { src 10.0.0.0/8 } || X", "lua.mark a unless { src 10.0.0.0/8 } || X"),
        ("http-request", "track-sc7 src", "track-sc7 src"),
        ("http-request", {"deny": True}, "deny"),
        ("http-request", {"deny": {"status": 429}, "unless": "METH_GET"}, "deny deny_status 429 unless METH_GET"),
        (
            "http-request",
            {"deny": {"status": 418, "content_type": "text/plain", "body": "no", "headers": {"x": "a b"}}},
            "deny deny_status 418 content-type text/plain string no hdr x 'a b'",
        ),
        ("http-request", {"tarpit": {"status": 500}}, "tarpit deny_status 500"),
        ("http-request", {"deny": "deny_status 403 if TRUE"}, "deny deny_status 403 if TRUE"),
        ("http-request", {"redirect": {"location": "/x", "code": 308}}, "redirect location /x code 308"),
        ("http-request", {"redirect": "scheme https code 301"}, "redirect scheme https code 301"),
        (
            "http-request",
            {"return": {"status": 200, "content_type": "text/plain", "body": "fine"}},
            "return status 200 content-type text/plain string fine",
        ),
        ("http-request", {"auth": {"realm": "The office"}}, "auth realm 'The office'"),
        ("http-request", {"set_header": {"name": "X-A", "value": "a b"}}, "set-header X-A 'a b'"),
        ("http-response", {"add_header": {"name": "X-A", "value": "%[src]"}}, "add-header X-A %[src]"),
        ("http-after-response", {"del_header": {"name": "Server"}}, "del-header Server"),
        ("http-request", {"del_header": "x- -m beg"}, "del-header x- -m beg"),
        (
            "http-response",
            {"replace_header": {"name": "Location", "match": "^http:(.*)", "replace": r"https:\1"}},
            r"replace-header Location ^http:(.*) 'https:\1'",
        ),
        ("http-request", {"set_path": {"path": "/new"}}, "set-path /new"),
        ("http-request", {"set_path": "/new"}, "set-path /new"),
        ("http-request", {"replace_path": {"match": "^/a", "replace": "/b"}}, "replace-path ^/a /b"),
        ("http-request", {"set_query": {"query": "a=1&b=2"}}, "set-query a=1&b=2"),
        ("http-request", {"strip_prefix": "/api"}, r"replace-path '^/api(?:/(.*))?$' '/\1'"),
        ("http-request", {"strip_prefix": "/a.b/"}, r"replace-path '^/a\.b(?:/(.*))?$' '/\1'"),
        ("http-request", {"add_prefix": {"prefix": "/50%"}}, r"replace-path '^(/.*)$' '/50%%\1'"),
        (
            "http-request",
            {"replace_prefix": {"from": "/old", "to": "/new/"}},
            r"replace-path '^/old(/.*)?$' '/new\1'",
        ),
        ("http-request", {"replace_prefix": {"from": "/old", "to": "/"}}, r"replace-path '^/old(?:/(.*))?$' '/\1'"),
        ("http-request", {"set_var": {"name": "txn.x", "value": 'str("a b")'}}, """set-var(txn.x) 'str("a b")'"""),
        ("tcp-request", {"session": {"set_var": {"name": "sess.x", "value": "src"}}}, "session set-var(sess.x) src"),
        ("http-request", {"set_var_fmt": {"name": "txn.x", "value": "%[src] x"}}, "set-var-fmt(txn.x) '%[src] x'"),
        ("http-request", {"unset_var": {"name": "txn.x"}}, "unset-var(txn.x)"),
        ("http-request", {"set_var(txn.a_b)": "path"}, "set-var(txn.a_b) path"),
        ("http-request", {"lua.my_action": True}, "lua.my_action"),
        ("http-request", {"track_sc0": {"key": "src", "table": "clients"}}, "track-sc0 src table clients"),
        ("http-request", {"sc_inc_gpc0": "(0)"}, "sc-inc-gpc0(0)"),
        ("http-request", {"cache_use": "small"}, "cache-use small"),
        ("http-response", {"cache_store": {"name": "small"}}, "cache-store small"),
        ("http-request", {"set_map": "(maps/a.map) %[src] 1"}, "set-map(maps/a.map) %[src] 1"),
        ("http-request", {"set_nice": 5}, "set-nice 5"),
        ("http-request", {"silent_drop": True}, "silent-drop"),
        ("http-request", {"raw": "brand-new-thing a b"}, "brand-new-thing a b"),
        ("http-request", {"raw": "brand-new-thing", "if": "TRUE"}, "brand-new-thing if TRUE"),
        ("http-response", {"set_status": "201"}, "set-status 201"),
        ("tcp-request", "inspect-delay 5s", "inspect-delay 5s"),
        ("tcp-request", {"inspect_delay": "5s"}, "inspect-delay 5s"),
        ("tcp-request", {"connection": {"reject": True}, "if": "BAD"}, "connection reject if BAD"),
        ("tcp-request", {"connection": "reject if BAD"}, "connection reject if BAD"),
        ("tcp-request", {"content": {"track_sc1": {"key": "src"}}}, "content track-sc1 src"),
        ("tcp-response", {"content": {"close": True}}, "content close"),
        ("tcp-check", "expect string if", "expect string if"),
        ("tcp-check", {"send": r"PING\r\n"}, r"send PING\r\n"),
        ("http-check", {"send": "meth GET uri /"}, "send meth GET uri /"),
    ],
)
def test_rules(family: str, value: t.Any, line: str) -> None:
    assert lower(family, value) == ([f"{family} {line}"], [])


@pytest.mark.parametrize(
    ("family", "value", "text"),
    [
        ("http-request", 5, ": holds 5, which must be a line of HAProxy's or an action"),
        ("http-request", "a\nb", ": must be one line of text, as HAProxy reads it"),
        (
            "http-request",
            "set-header x #fff",
            ": has a quote that is not closed, or a # outside quotes, where HAProxy would stop reading",
        ),
        ("http-request", "redirct x", ": holds 'redirct', which is no action of http-request; did you mean redirect?"),
        ("http-request", "http-request deny", ": begins with http-request, which is written in front of it anyway"),
        ("http-request", "deny if", ": ends with if; the condition is missing"),
        (
            "http-request",
            "set-status 201",
            ": holds 'set-status', which is no action of http-request; it is one of http-response, http-after-response",
        ),
        ("tcp-request", "content", ": says where and not what; content needs an action behind it"),
        (
            "tcp-request",
            "content acceptx",
            ": holds 'acceptx', which is no action of tcp-request content; did you mean accept?",
        ),
        (
            "tcp-request",
            "reject",
            ": holds 'reject', which is no action of tcp-request by itself; say where: connection, session, content",
        ),
        (
            "tcp-request",
            {"accept": True},
            ".accept: is no action of tcp-request by itself; say where: connection, session, content; "
            "what only a newer HAProxy has goes into raw",
        ),
        (
            "http-request",
            {"redirct": {}},
            ".redirct: is no action of http-request; did you mean redirect?; what only a newer HAProxy has goes into",
        ),
        ("http-request", {}, ": must have one action; found none"),
        ("http-request", {"deny": True, "if": "A", "unless": "B"}, ": has both if and unless, and a rule has one"),
        (
            "http-request",
            {"deny": True, "allow": True},
            ": must have one action; found deny, allow",
        ),
        ("http-request", {"deny": {"statusx": 1}}, ".deny.statusx: unknown key; did you mean status?"),
        ("http-request", {"deny": True, "if": 5.5}, ".if: holds 5.5, which must be one line of text"),
        ("http-request", {"deny": "if A", "if": "B"}, ".if: stands beside a line that has its own if"),
        ("http-request", {"deny": True, "if": {"hosts": "a"}}, ".if.hosts: unknown key; did you mean host?"),
        ("http-request", {"deny": {"status": 418}}, ".deny.status: holds 418, for which HAProxy has no page; give"),
        ("http-request", {"set_header": {"name": "a"}}, ".set_header.value: is missing"),
        ("http-request", {"set_header": {"name": "a b", "value": "c"}}, ".set_header.name: holds 'a b', which must be"),
        ("http-request", {"redirect": {}}, ".redirect: sends clients where they are already"),
        ("http-request", {"return": {"status": 204, "body": "a"}}, ".return.body: stands beside status: 204"),
        ("http-request", {"strip_prefix": "api"}, ".strip_prefix: holds 'api', which must be a path"),
        ("http-request", {"set_var": {"name": "x", "value": "path"}}, ".set_var.name: holds 'x', which must be proc."),
        ("http-request", {"replace_path": {"match": "(", "replace": "b"}}, ".replace_path.match: holds '('"),
        ("http-request", {"set_nice": [1]}, ".set_nice: holds a list, which must be one line of text"),
        ("tcp-request", {"content": True}, ".content: holds true, which must be a line, or one action"),
        ("tcp-check", {"send": "a", "if": "b"}, ".if: stands beside a step of tcp-check, which has no condition"),
    ],
)
def test_rules_that_cannot_be(family: str, value: t.Any, text: str) -> None:
    rule, problems = check(family, value)
    assert rule is None
    assert len(problems) == 1
    assert problems[0].startswith(text)


def test_a_rule_says_where_it_is_from_and_what_it_does() -> None:
    rule, _problems = check("tcp-request", {"content": {"accept": True}, "if": "A"})
    assert rule == {
        "words": "content accept",
        "when": {"word": "if", "condition": "A"},
        "path": PATH,
        "action": "content accept",
        "typed": True,
    }


def test_long_answers_are_files() -> None:
    rule, _problems = check("http-request", {"return": {"body": "a\nb"}})
    assert rule
    file = File("answers/haproxy_frontends.0.http_request.2.return.txt", "a\nb")
    assert rule["words"].endswith(f"file {file.path}")
    assert rules.files({"http_request": [None, rule]}) == [file]


def test_conditions_by_name_are_written_out() -> None:
    inside = "{ src 10.0.0.0/8 127.0.0.1/32 }"
    assert lower("http-request", "deny if !internal METH_POST") == ([f"http-request deny if !{inside} METH_POST"], [])
    assert lower("http-request", {"silent_drop": True, "unless": "internal"}) == (
        [f"http-request silent-drop if !{inside}"],
        [],
    )
    assert lower("http-request", {"deny": True, "if": {"condition": "internal", "method": "POST"}})[1] == []


def test_what_ends_the_rules_may_stand_there_twice_what_does_not_may_not() -> None:
    hosts = [f"h{i}.example" for i in range(150)]
    lines, problems = lower("http-request", {"deny": {"status": 403}, "if": {"host": hosts}})
    assert problems == []
    assert all(len(line.split()) <= rules.WORDS for line in lines)
    assert sorted(word for line in lines for word in line.split() if word.endswith(".example")) == sorted(hosts)
    lines, problems = lower("http-request", {"add_header": {"name": "a", "value": "b"}, "if": {"host": hosts}})
    assert len(problems) == 1
    assert problems[0].startswith("here.http_request[0].if: is too long")


def test_too_many_words_are_told() -> None:
    line = "set-header x y if { src " + " ".join(f"10.0.0.{i}" for i in range(60)) + " }"
    assert lower("http-request", line)[1] == [
        "here.http_request[0]: has a condition of 63 words, where this rule leaves room for 59: HAProxy reads 64 of a "
        "line; put the values into haproxy_patterns and compare with -f"
    ]


def test_rules_behind_an_end_are_told() -> None:
    assert lower("http-request", "deny", "set-header a b")[1] == [
        "here.http_request[1]: is never reached: here.http_request[0] ends these rules for every request"
    ]
    assert lower("http-request", "deny if A", "set-header a b", "allow")[1] == []
    assert lower("tcp-request", "connection accept", "content reject", "inspect-delay 1s")[1] == []
    assert lower("tcp-request", "content accept", "content reject")[1] != []


def test_the_table_is_of_actions_that_the_catalogue_has() -> None:
    known = {name.rpartition(" ")[2] for family in catalogue.RULE_FAMILIES for name in catalogue.actions_of(family)}
    assert {name for name, _keys in actions.ACTIONS.values()} <= known


def test_every_action_of_the_catalogue_is_a_key_and_a_line() -> None:
    for family in catalogue.RULE_FAMILIES:
        for name in catalogue.actions_of(family):
            place, _blank, action = name.rpartition(" ")
            inner: t.Any = {action.replace("-", "_"): "x y"}
            assert check(family, {place: inner} if place else inner)[1] == []
            assert check(family, f"{name} x y")[1] == []
