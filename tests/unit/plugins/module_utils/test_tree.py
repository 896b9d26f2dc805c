# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trees as plain data."""

from __future__ import annotations

import pytest

from ansible_collections.hardened.balancer.plugins.module_utils import _tree
from ansible_collections.hardened.balancer.plugins.module_utils._tree import TreeError

MAIN = "haproxy.cfg"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ([{"path": "other", "content": ""}], "there is no haproxy.cfg among other"),
        ([], "there is no haproxy.cfg among them"),
        ([{"path": MAIN, "content": ""}, {"path": MAIN, "content": ""}], "'haproxy.cfg' is given twice"),
        ([{"path": MAIN, "content": ""}, {"path": "../x", "content": ""}], "'../x' is not a relative path"),
        ([{"path": "/etc/x", "content": ""}], "'/etc/x' is not a relative path"),
        ([{"path": ".sources.json", "content": ""}], "'.sources.json' is not a relative path"),
        (
            [{"path": MAIN, "content": ""}, {"path": "a", "content": ""}, {"path": "a/b", "content": ""}],
            "'a' is a file and the",
        ),
    ],
)
def test_files_that_are_none(files: list[dict[str, str]], message: str) -> None:
    with pytest.raises(TreeError, match=message):
        _tree.sources(files)


@pytest.mark.parametrize(
    ("line", "value", "expected"),
    [
        ("user x password @secret:a@", "plain", "user x password plain"),
        ("user x password @secret:a@", "two words", "user x password two\\x20words"),
        ('log-format "@secret:a@"', 'q"$', 'log-format "q\\x22\\x24"'),
        ("log-format 'it is @secret:a@'", "it's", "log-format 'it is it'\\''s'"),
        ("x \\' @secret:a@", "a b", "x \\' a\\x20b"),
        ("x @secret:a@ 'y' @secret:a@", "\u00e9", "x \\xc3\\xa9 'y' \\xc3\\xa9"),
    ],
)
def test_a_secret_in_the_configuration(line: str, value: str, expected: str) -> None:
    assert _tree.fill({MAIN: line}, {"a": value}) == {MAIN: expected}


def test_a_secret_in_another_file_is_as_it_is() -> None:
    assert _tree.fill({MAIN: "", "key": "@secret:p[0].k@"}, {"p[0].k": "a\nb '"})["key"] == "a\nb '"


def test_a_secret_that_nobody_gave() -> None:
    with pytest.raises(TreeError, match=r"no secret was given for: b in haproxy\.cfg; give it in haproxy_secrets"):
        _tree.fill({MAIN: "@secret:a@ @secret:b@"}, {"a": "x"})


@pytest.mark.parametrize("line", ["x '@secret:a@'", "x @secret:a@", 'x "@secret:a@"'])
@pytest.mark.parametrize("value", ["x\ny", "x\r", "x\n"])
def test_a_secret_of_lines_in_the_configuration(line: str, value: str) -> None:
    with pytest.raises(TreeError) as caught:
        _tree.fill({MAIN: f"  {line}\n"}, {"a": value})
    assert str(caught.value) == (
        f"the secret a has several lines, and haproxy.cfg takes one word of it: {line}; "
        "such a secret can stand in a certificate or in another file only"
    )


def test_a_secret_of_lines_in_a_file_is_shown_by_its_name() -> None:
    source = {MAIN: "", "certs/a.pem": "chain\n@secret:k@\n"}
    filled = _tree.fill(source, {"k": "one\ntwo"})
    assert filled["certs/a.pem"] == "chain\none\ntwo\n"
    assert _tree.shown(filled, source, filled, source) == source
    edited = {**filled, "certs/a.pem": "chain\none\nother\n"}
    assert _tree.shown(edited, source, filled, source)["certs/a.pem"] == f"{_tree.UNSHOWN}\n" * 3
    assert _tree.mask("read one\ntwo", {"k": "one\ntwo"}) == "read @secret:k@"


def test_digest() -> None:
    assert _tree.digest({MAIN: "x"}) == _tree.digest({MAIN: "x"})
    trees = [{MAIN: "x"}, {MAIN: "y"}, {MAIN: "x", "a": ""}, {MAIN: "x", "b": ""}, {MAIN: "", "a": "x"}, {MAIN: "xa"}]
    assert len({_tree.digest(tree) for tree in trees}) == len(trees)


def test_the_digest_of_a_tree_on_disk_is_its_name() -> None:
    files = {MAIN: "description hardened.balancer @digest@\n", "a": "@digest@"}
    name = _tree.digest(files)
    on_disk = _tree.named(files, name)
    assert name in on_disk[MAIN]
    assert _tree.digest(_tree.unnamed(on_disk, name)) == name


@pytest.mark.parametrize(
    ("present", "expected"),
    [
        ({MAIN: "x", "a": "y"}, []),
        ({MAIN: "x", "a": "y", "haproxy.cfg.dpkg-dist": "z"}, []),
        ({MAIN: "z", "a": "y"}, [MAIN]),
        ({MAIN: "x"}, ["a"]),
        ({MAIN: "x", "a": "y", "b": ""}, ["b"]),
    ],
)
def test_edited(present: dict[str, str], expected: list[str]) -> None:
    assert _tree.edited({MAIN: "x", "a": "y"}, present) == expected


SOURCE = {MAIN: "one\nuser @secret:a@\n"}
FILLED = {MAIN: "one\nuser hidden\n"}


@pytest.mark.parametrize(
    ("present", "record", "known", "expected"),
    [
        (FILLED, SOURCE, False, SOURCE),
        (FILLED, SOURCE, True, SOURCE),
        (FILLED, None, False, {MAIN: _tree.UNSHOWN + "\n"}),
        ({MAIN: "one\nuser other\n"}, SOURCE, True, {MAIN: f"one\n{_tree.UNSHOWN}\n"}),
        ({MAIN: "one\nuser hidden\n# by hand\n"}, SOURCE, True, {MAIN: f"one\nuser @secret:a@\n{_tree.UNSHOWN}\n"}),
        ({**FILLED, "key.pem": "private"}, SOURCE, True, {**SOURCE, "key.pem": _tree.UNSHOWN + "\n"}),
        ({MAIN: "one\n"}, {}, False, {MAIN: "one\n"}),
    ],
)
def test_what_may_be_shown(
    present: dict[str, str], record: dict[str, str] | None, known: bool, expected: dict[str, str]
) -> None:
    assert _tree.shown(present, record, FILLED if known else {}, SOURCE if known else {}) == expected


def test_diff_has_an_entry_for_each_file_that_differs() -> None:
    entries = _tree.diff_entries({MAIN: "a", "same": "x", "old": "o"}, {MAIN: "b", "same": "x", "new": "n"})
    assert [(e["before_header"], e["before"], e["after"]) for e in entries] == [
        (MAIN, "a", "b"),
        ("new", "", "n"),
        ("old", "o", ""),
    ]


def test_mask() -> None:
    assert _tree.mask("word 'a b' and a\\x20b", {"s": "a b", "empty": ""}) == "word '@secret:s@' and @secret:s@"


def test_a_line_is_quoted_with_its_section() -> None:
    text = "# made\nglobal\n    daemon\n\nfrontend web\n    mode http\n    nonsense\n"
    assert _tree.quoted(text, [3, 7, 7, 99]) == {3: ("global", "daemon"), 7: ("frontend web", "nonsense")}
