# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The language of requests: what it reads, and that everything that it can expect can fail."""

from __future__ import annotations

import json
import typing as t

import pytest

from tests.topics import examples, judge, language
from tests.topics.client import Answer

TOLD = {
    "names": ["api1"],
    "source": "198.51.100.10",
    "proxy": ["v2", "198.51.100.50"],
    "name": "api.example.com",
    "alpn": "h2",
    "certificate": "balancer.example.com",
    "method": "GET",
    "path": "/a?b=c",
    "headers": [["x-a", "1"], ["x-b", "2"], ["x-b", "3"]],
    "body": "text",
}


def answer(**changed: t.Any) -> Answer:
    found = Answer(
        status=200,
        headers=[("x-worker", "api1"), ("location", "https://b.example.com/"), ("set-cookie", "a=1; path=/")],
        body=json.dumps(TOLD).encode(),
        seconds=1.5,
        certificate="www.example.com",
        alpn="h2",
    )
    for key, value in changed.items():
        setattr(found, key, value)
    return found


# What holds of that answer, and what does not.
HOLDS = [
    ("200", "201"),
    ("200 from api1 or api2", "200 from api2"),
    ("200 to https://b.example.com/", "200 to https://c.example.com/"),
    ("from api1", "from worker1"),
    ("api1", "api2"),
    ("to https://b.example.com/", "to https://b.example.com"),
    ("sends x-a: 1", "sends x-a: 2"),
    ("sends x-b: 2, 3", "sends x-b: 2"),
    ("sends x-a: *", "sends x-c: *"),
    ("sends no x-c", "sends no x-a"),
    ("sends GET /a?b=c", "sends GET /a"),
    ("sends PROXY v2 from 198.51.100.50", "sends PROXY v1 from 198.51.100.50"),
    ("sends from 198.51.100.10", "sends from 198.51.100.11"),
    ('sends "text"', 'sends "tex"'),
    ("sends h2", "sends http/1.1"),
    ("sends the name api.example.com", "sends the name www.example.com"),
    ("sends the certificate of balancer.example.com", "sends the certificate of www.example.com"),
    ("gets set-cookie: a=1*", "gets set-cookie: a=1"),
    ("gets no server", "gets no location"),
    ('gets "api1"', 'gets "api3"'),
    ("gets h2", "gets http/1.1"),
    ("gets the certificate of www.example.com", "gets the certificate of api.example.com"),
    ('logs "GET /"', 'logs "POST /"'),
    ("logs JSON with a: 1 and b: x y", "logs JSON with a: 1 and b: x"),
    ("within 2s", "within 1s"),
    ("after 1s", "after 2s"),
    ("still open", "closed"),
    ("from one worker", "from another worker"),
    ("from the same worker", "from another worker"),
    ("1 times api1", "2 times api1"),
    ("about 2 times 200", "about 9 times 200"),
    ('says "api1"', 'says "api3"'),
]
LOGS = ["1 GET / 200", '<134>1 {"a": 1, "b": "x y"}']


def judged(expected: str, **changed: t.Any) -> list[str]:
    step = language.read(f"GET http://www.example.com/ -> {expected}")[0]
    return judge.judge(step, [answer(**changed)], [answer()], lambda: LOGS, asked=1)


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "LOG_PATIENCE", 0)


@pytest.mark.parametrize(("right", "wrong"), HOLDS)
def test_an_expectation_holds_or_does_not(right: str, wrong: str) -> None:
    assert judged(right) == []
    assert len(judged(wrong)) == 1


def test_workers_are_asked_or_not() -> None:
    assert len(judged("asks no worker")) == 1


def test_nothing_is_logged_or_something_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "QUIET", 0)
    step = language.read("GET http://www.example.com/ -> logs nothing")[0]
    assert judge.judge(step, [answer()], [], list, asked=1) == []
    assert len(judge.judge(step, [answer()], [], lambda: ["GET / HTTP/1.1"], asked=1)) == 1


@pytest.mark.parametrize("outcome", ["refused", "closed", "no answer", "TLS fails"])
def test_what_never_came_holds_nothing_else(outcome: str) -> None:
    nothing = Answer(outcome)
    step = language.read(f"GET http://www.example.com/ -> {outcome}")[0]
    assert judge.judge(step, [nothing], [], list, asked=0) == []
    for right, _wrong in HOLDS:
        if not right.startswith(("within", "after", "logs")):
            step = language.read(f"GET http://www.example.com/ -> {right}")[0]
            failed = judge.judge(step, [nothing], [answer()], list, asked=0)
            assert failed, right


def test_several_lines_are_one_request() -> None:
    steps = language.read(
        "GET http://www.example.com/ -> 200\n    -> sends x: a, b, sends no y\n\n# a remark\nstop a, b"
    )
    assert [step.kind for step in steps] == ["ask", "stop"]
    assert [kind for kind, _words in steps[0].expectations] == ["status", "sends", "sends_no"]
    assert steps[0].expectations[1][1] == ("x", "a, b")


def test_details_of_a_client() -> None:
    text = "(from 198.51.100.60, cookie: a=1; b=2, accept: x, y, as anna, user bob:open sesame, h2)"
    step = language.read(f"3 at once GET http://www.example.com/ {text} -> 200")[0]
    assert (step.times, step.at_once) == (3, True)
    assert step.details == (
        ("from", "198.51.100.60"),
        ("header", "cookie: a=1; b=2"),
        ("header", "accept: x, y"),
        ("as", "anna"),
        ("user", "bob:open sesame"),
        ("h2", "h2"),
    )


@pytest.mark.parametrize(
    "line",
    [
        "GET http://www.example.com/",
        "GET http://www.example.com/ -> maybe not",
        "GET http://www.example.com/ (loudly) -> 200",
        "stop worker1 -> 200",
        "anna",
        "FETCH http://www.example.com/ -> 200",
    ],
)
def test_what_cannot_be_read_is_told(line: str) -> None:
    with pytest.raises(language.LanguageError):
        language.read(line)


def test_the_sample_of_the_index_is_read() -> None:
    text = (examples.PAGES.parent / "README.md").read_text(encoding="utf-8")
    block = next(block for block in examples.blocks(text) if "GET http" in block.text)
    assert [step.kind for step in language.read(block.text)] == ["ask"] * 5 + ["stop", "ask"]
