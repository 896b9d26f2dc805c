# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import itertools
import random
import typing as t

import pytest

from ansible_collections.hardened.balancer.plugins.plugin_utils._model import conditions, shapes
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.check import check
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.conditions import Form, Literal
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.problems import Problems
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.site import Site

HOST = "req.hdr(host),field(1,:),lower,rtrim(.)"


def site(**named: dict[str, t.Any]) -> Site:
    problems = Problems()
    checked = {name: check(shapes.CONDITION, value, name, problems) for name, value in named.items()}
    assert problems == []
    places = {name: f"haproxy_conditions[{i}]" for i, name in enumerate(named)}
    return Site(names={"condition": places}, modes={}, conditions=checked, certificates={}, authorities={})


def of_mapping(
    condition: dict[str, t.Any], mode: str = "http", named: Site | None = None
) -> tuple[list[str], list[str]]:
    problems = Problems()
    checked = check(shapes.CONDITION, condition, "here", problems)
    form = conditions.of_mapping(checked, mode, named or site(), "here", problems)
    return conditions.printed(form), [str(p) for p in problems]


def of_line(line: str, mode: str = "http", named: Site | None = None) -> tuple[list[str], list[str]]:
    problems = Problems()
    form = conditions.of_line(line, named or site(), mode, "here", problems)
    return conditions.printed(form), [str(p) for p in problems]


@pytest.mark.parametrize(
    ("condition", "line"),
    [
        ({"host": "API.example.com."}, f"{{ {HOST} -m str api.example.com }}"),
        (
            {"host": ["a.example", "*.B.example"]},
            f"{{ {HOST} -m str a.example }} or {{ {HOST} -m end .b.example }}",
        ),
        ({"host": "2001:DB8::1"}, "{ req.hdr(host),field(1,]),lower -m str [2001:db8::1 }"),
        ({"path": "/a"}, "{ path -m str /a }"),
        ({"path_prefix": ["/v2/", "/"]}, "{ path,concat(/) -m beg /v2/ / }"),
        ({"path_suffix": [".png", ".jpg"]}, "{ path -m end .png .jpg }"),
        ({"path_regex": "^/(a|b) c$"}, "{ path -m reg '^/(a|b) c$' }"),
        ({"method": ["get", "HEAD"]}, "{ method GET HEAD }"),
        ({"header": {"name": "X-Beta"}}, "{ req.hdr(X-Beta) -m found }"),
        ({"header": {"name": "X-A", "value": "-f x"}}, "{ req.hdr(X-A) -m str -- '-f x' }"),
        ({"header": {"name": "ua", "contains": "(KHTML, like"}}, "{ req.fhdr(ua) -m sub '(KHTML, like' }"),
        (
            {"header": [{"name": "a", "prefix": "x", "suffix": "y"}, {"name": "b", "regex": "^z{1,2}$"}]},
            "{ req.hdr(a) -m beg x } { req.hdr(a) -m end y } { req.hdr(b) -m reg '^z{1,2}$' }",
        ),
        ({"cookie": {"name": "canary", "value": 1}}, "{ req.cook(canary) -m str 1 }"),
        ({"query": {"name": "v", "value": ["1", "2"]}}, "{ url_param(v) -m str 1 2 }"),
        ({"query": {"name": "debug"}}, "{ query -m reg '(^|[&;])debug([=&;]|$)' }"),
        ({"source": ["10.0.0.0/8", "2001:db8::/32"]}, "{ src 10.0.0.0/8 2001:db8::/32 }"),
        ({"sni": "A.example"}, "{ ssl_fc_sni,lower -m str a.example }"),
        ({"not": {"path": "/a", "method": "GET"}}, "!{ path -m str /a } or !{ method GET }"),
        ({"not": {"host": ["a.x", "*.x"]}}, f"!{{ {HOST} -m str a.x }} !{{ {HOST} -m end .x }}"),
        (
            {"any": [{"path": "/a"}, {"path": "/b", "method": "GET"}]},
            "{ path -m str /a } or { path -m str /b } { method GET }",
        ),
        (
            {"method": "GET", "any": [{"path": "/a"}, {"path": "/b"}]},
            "{ method GET } { path -m str /a } or { method GET } { path -m str /b }",
        ),
        ({"all": [{"path": "/a"}, {"not": {"not": {"path": "/a"}}}]}, "{ path -m str /a }"),
        ({}, "TRUE"),
    ],
)
def test_keys(condition: dict[str, t.Any], line: str) -> None:
    assert of_mapping(condition) == ([line], [])


def test_what_contradicts_itself_never_holds() -> None:
    form = conditions.of_mapping({"path": ["/a"], "not": {"path": ["/a"]}}, "http", site(), "here", Problems())
    assert form == conditions.NEVER
    assert conditions.printed(form) == []
    assert conditions.one_line(form, "here", Problems()) == "FALSE"


def test_what_a_shorter_alternative_covers_is_left_out() -> None:
    assert of_line("A B or A or B A C") == (["A"], [])
    assert of_line("A TRUE or FALSE B") == (["A"], [])
    assert of_line("A or TRUE") == (["TRUE"], [])


def test_names_in_tcp_mode() -> None:
    assert of_mapping({"sni": "*.a.example"}, "tcp")[0] == ["{ req.ssl_sni,lower -m end .a.example }"]
    form = conditions.of_mapping({"sni": ["a.example"]}, "tcp", site(), "here", Problems(), tls=True)
    assert conditions.printed(form) == ["{ ssl_fc_sni,lower -m str a.example }"]
    assert of_mapping({"source": "10.0.0.0/8", "any": [{"host": "a"}]}, "tcp")[1] == [
        "here.any[0].host: needs mode: http; a frontend in mode: tcp sees no request, only sni"
    ]


@pytest.mark.parametrize(
    ("line", "printed"),
    [
        ("METH_TRACE or HTTP_1.0", "METH_TRACE or HTTP_1.0"),
        ("A !B || { path /x y } !{ src -f patterns/a.lst }", "A !B or { path /x y } !{ src -f patterns/a.lst }"),
        ("! A !!B", "!A B"),
        ("{ req.hdr(x) -m str '} or' \"a b\" c\\ d }", "{ req.hdr(x) -m str '} or' \"a b\" c\\ d }"),
        ("A A or A", "A"),
    ],
)
def test_lines_in_the_words_of_haproxy(line: str, printed: str) -> None:
    assert of_line(line) == ([printed], [])


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("{ path /x", "has a brace that is not closed; braces are words of their own, with blanks around them"),
        ("A }", "has a closing brace without its opening one"),
        ("A or", "has nothing on one side of an or"),
        ("A and B", "has and, which HAProxy does not know: conditions that must all hold stand side by side"),
        ("{ path 'x }", "has a quote that is not closed, or a # outside quotes, where HAProxy would stop reading"),
        ("A # B", "has a quote that is not closed, or a # outside quotes, where HAProxy would stop reading"),
    ],
)
def test_lines_that_cannot_be_read(line: str, text: str) -> None:
    assert of_line(line)[1] == [f"here: {text}"]


def test_named_conditions_are_written_out() -> None:
    named = site(
        internal={"source": ["10.0.0.0/8"]},
        api={"path_prefix": "/api", "not": {"condition": "internal"}},
    )
    internal, prefix = "{ src 10.0.0.0/8 }", "{ path,concat(/) -m beg /api/ }"
    assert of_mapping({"condition": ["api"], "method": "GET"}, named=named)[0] == [
        f"{{ method GET }} {prefix} !{internal}"
    ]
    assert of_line("!api METH_GET", named=named)[0] == [f"!{prefix} METH_GET or {internal} METH_GET"]


def test_a_named_condition_may_ask_for_a_path() -> None:
    assert of_line("home", named=site(home={"path": ["/"]}))[0] == ["{ path -m str / }"]


def test_names_that_do_not_exist_and_circles() -> None:
    named = site(a={"condition": "b"}, b={"any": [{"condition": "c"}]}, c={"not": {"condition": "a"}})
    assert of_mapping({"condition": ["aa", "c"]}, named=named)[1] == [
        "here.condition: holds 'aa', no condition has this name; did you mean a?; haproxy_conditions: a, b, c",
        "haproxy_conditions[0].condition: asks for itself: a -> b -> c -> a",
    ]
    problems = Problems()
    conditions.check_named(named, problems)
    assert [str(p) for p in problems] == ["haproxy_conditions[0].condition: asks for itself: a -> b -> c -> a"]


def test_named_conditions_by_themselves() -> None:
    problems = Problems()
    conditions.check_named(site(METH_GET={"path": "/"}, empty={}, good={"host": "a"}), problems)
    assert [p.path for p in problems] == ["haproxy_conditions[0].name", "haproxy_conditions[1]"]


def test_a_named_condition_of_http_where_it_is_used() -> None:
    named = site(api={"path": "/"}, outer={"condition": "api"})
    assert of_line("outer", "tcp", named)[1] == [
        "here: holds 'outer', whose path needs mode: http; a frontend in mode: tcp sees no request, only sni"
    ]


def test_values_that_cannot_be_compared() -> None:
    told = of_mapping({"header": {"name": "a", "value": ["{", "b"]}, "path": "/a?b=c"})[1]
    assert told == [
        "here.path: holds '/a?b=c', which no path is: it ends in front of ? and #; ask with query",
        "here.header.value: is a brace, which HAProxy cannot compare with; use if",
    ]


def test_the_normal_form_is_bounded() -> None:
    pairs = [{"path": f"/{i}", "method": f"M{chr(65 + i)}"} for i in range(9)]
    assert "comes to more than 256 combinations" in of_mapping({"not": {"any": pairs}})[1][0]
    assert of_mapping({"not": {"any": pairs[:8]}})[1] == []


def test_values_that_must_all_fail_fit_into_one_line() -> None:
    assert "here: comes to 106 words in one line" in of_mapping({"not": {"path": [f"/{i}" for i in range(101)]}})[1][0]


def test_long_lists_are_spread_over_lines() -> None:
    hosts, paths = [f"h{i}" for i in range(100)], [f"/p {i}" for i in range(30)]
    problems = Problems()
    form = conditions.of_mapping(
        {"host": hosts, "path_suffix": paths, "method": ["GET"]}, "http", site(), "p", problems
    )
    lines = conditions.printed(form)
    assert max(len(line.replace("p ", "p").split()) for line in lines) <= 60
    pairs = {(h, p) for line in lines for h in hosts for p in paths if f" {h} " in line and f"'{p}'" in line}
    assert len(pairs) == 3000
    assert "'" in lines[0]
    assert max(len(line.replace("p ", "p").split()) for line in conditions.printed(form, 30)) <= 30
    assert problems == []
    conditions.one_line(form, "rule", problems)
    assert "may not be doubled" in problems[0].text


def test_random_conditions_keep_their_meaning() -> None:
    """Against a reading of their own of what any, all and not mean."""
    dice = random.Random(3)
    names = "abcde"

    def grow(depth: int) -> t.Any:
        kind = dice.choice(("atom", "any", "all", "not")) if depth else "atom"
        if kind == "atom":
            return {"path": [f"/{dice.choice(names)}"]}
        if kind == "not":
            return {"not": grow(depth - 1)}
        return {kind: [grow(depth - 1) for _i in range(dice.randint(1, 3))]}

    def holds(condition: dict[str, t.Any], facts: dict[str, bool]) -> bool:
        ((key, value),) = condition.items()
        if key == "path":
            return facts[value[0]]
        if key == "not":
            return not holds(value, facts)
        return {"any": any, "all": all}[key](holds(one, facts) for one in value)

    def found(form: Form, facts: dict[str, bool]) -> bool:
        values = {f"{{ path -m str {path} }}": value for path, value in facts.items()}
        return any(all(values[words] != no for no, words in conjunction) for conjunction in form)

    for _round in range(400):
        condition = grow(3)
        problems = Problems()
        form = conditions.of_mapping(condition, "http", site(), "here", problems)
        assert problems == []
        for values in itertools.product((True, False), repeat=len(names)):
            facts = {f"/{name}": value for name, value in zip(names, values)}
            assert found(form, facts) == holds(condition, facts)
            assert found(conditions.negated(form), facts) != holds(condition, facts)


def test_both_and_either() -> None:
    a, b = [[Literal(False, "A")]], [[Literal(True, "B")]]
    assert conditions.printed(conditions.both(a, b)) == ["A !B"]
    assert conditions.printed(conditions.either(a, b)) == ["A or !B"]
    assert conditions.of_when(None, "http", site(), "here", Problems()) == conditions.ALWAYS
    assert conditions.printed(conditions.of_when("A", "http", site(), "here", Problems())) == ["A"]


@pytest.mark.parametrize(
    "broken", [{"any": [None]}, {"host": [None]}, {"header": [None, {"name": None}]}, {"not": None}]
)
def test_broken_values_raise_nothing(broken: dict[str, t.Any]) -> None:
    conditions.printed(conditions.of_mapping(broken, "http", site(), "here", Problems()))
