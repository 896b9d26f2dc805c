# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardened.balancer.plugins.plugin_utils._model import answers
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.line import File
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.problems import Problems


def told(check: t.Callable[[t.Any, str, Problems], None], value: t.Any) -> list[str]:
    problems = Problems()
    check(value, "here", problems)
    return [str(problem) for problem in problems]


@pytest.mark.parametrize(
    ("given", "location"),
    [
        ({"scheme": "https"}, r"'https://%[req.hdr(host),regsub(:\d+$,)]%[pathq]'"),
        ({"scheme": "https", "port": 8443}, r"'https://%[req.hdr(host),regsub(:\d+$,)]:8443%[pathq]'"),
        ({"scheme": "https", "host": "a.example"}, "https://a.example%[pathq]"),
        ({"host": "a.example"}, r"""'//a.example%[req.hdr(host),regsub("^.*?(:\d+|)$",\1)]%[pathq]'"""),
        ({"host": "a.example", "port": 81}, "//a.example:81%[pathq]"),
        ({"path": "/a%20b"}, """'/a%%20b%[pathq,regsub("^[^?]*",)]'"""),
        ({"path": "/a", "drop_query": True}, "/a"),
        ({"drop_query": True}, "%[path]"),
        ({"location": "https://a.example%[path]?x=1"}, "https://a.example%[path]?x=1"),
        ({"location": "/a b"}, "'/a b'"),
    ],
)
def test_redirects(given: dict[str, t.Any], location: str) -> None:
    assert answers.redirect(given) == f"redirect location {location} code 302"
    assert answers.redirect({**given, "code": 308}) == f"redirect location {location} code 308"


def test_a_redirect_that_cannot_be() -> None:
    assert told(answers.check_redirect, {"code": 301}) == [
        "here: sends clients where they are already; give at least one of: scheme, host, port, path, location"
    ]
    assert told(answers.check_redirect, {"location": "/", "host": "a", "drop_query": True}) == [
        "here.location: stands beside host, drop_query; it is the whole address by itself"
    ]
    assert told(answers.check_redirect, {"scheme": None}) == []
    assert told(answers.check_redirect, None) == []


def test_an_answer_of_one_line_stands_in_the_configuration() -> None:
    given = {"status": 404, "content_type": "text/plain", "body": "it's gone", "headers": {"x-b": "2 3", "x-a": "1"}}
    assert answers.respond(given, "web.routes.0") == (
        r"return status 404 content-type text/plain string 'it'\''s gone' hdr x-a 1 hdr x-b '2 3'",
        [],
    )


def test_an_answer_without_a_body_has_no_type() -> None:
    assert answers.respond({"status": 204, "content_type": "text/plain"}, "x") == ("return status 204", [])


@pytest.mark.parametrize("body", ["a\nb", "x" * 501, "@secret:token@"])
def test_other_answers_are_files(body: str) -> None:
    words, files = answers.respond({"status": 200, "content_type": "text/plain", "body": body}, "web.routes.0")
    assert words == "return status 200 content-type text/plain file answers/web.routes.0.txt"
    assert files == [File("answers/web.routes.0.txt", body)]


def test_names_of_files_never_meet() -> None:
    names = ["a:b", "a-b", "a--b", "a-3a-b", "a.b", "a_b"]
    assert len({answers.file_name(name) for name in names}) == len(names)
    assert answers.file_name("a:b") == "a-3a-b"


def test_answers_that_cannot_be() -> None:
    assert told(answers.check_respond, {"status": 204, "body": "x"}) == [
        "here.body: stands beside status: 204, an answer that has no body"
    ]
    assert told(answers.check_respond, {"body": "ü" * 7501}) == [
        "here.body: has 15002 bytes; an answer of HAProxy's own may have 15000: serve it from a worker"
    ]
    assert told(answers.check_respond, {"headers": {"x y": "z"}}) == [
        "here.headers: holds 'x y', which is no name of a header"
    ]
    assert told(answers.check_maintenance, {"body": "x" * 20000}) == [
        "here.body: has 20000 bytes; an answer of HAProxy's own may have 15000: serve it from a worker"
    ]


def test_maintenance() -> None:
    words, files, excepted = answers.maintenance(True, "web.maintenance")
    assert words.startswith("return status 503 content-type 'text/html; charset=utf-8' string '<!doctype html>")
    assert words.endswith("' hdr cache-control no-store hdr retry-after 600")
    assert (files, excepted) == ([], [])
    given = {"body": "<p>\nback\n", "retry_after": 60, "except": ["10.0.0.0/8", None]}
    words, files, excepted = answers.maintenance(given, "web.maintenance")
    assert "file answers/web.maintenance.html hdr cache-control no-store hdr retry-after 60" in words
    assert files == [File("answers/web.maintenance.html", "<p>\nback\n")]
    assert excepted == ["10.0.0.0/8"]
