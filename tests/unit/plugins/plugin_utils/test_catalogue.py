# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue is consistent, docs/keywords.md says the same, and the command that compares it finds what is wrong."""

from __future__ import annotations

import collections
import importlib.util
import pathlib
import re
import typing as t

import pytest

from ansible_collections.hardened.balancer.plugins.plugin_utils._model import catalogue

ROOT = pathlib.Path(__file__).resolve().parents[4]
SPEC = importlib.util.spec_from_file_location("keywords", ROOT / "tools/keywords.py")
assert SPEC
assert SPEC.loader
tool = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(tool)

RECORDS = [
    *catalogue.KEYWORDS,
    *(a for family in catalogue.RULE_FAMILIES for a in catalogue.actions_of(family).values()),
]
REFERRED = {
    *("resolvers", "peers", "userlist", "cache", "ring", "mailers", "http-errors", "fcgi-app", "backend", "defaults"),
    *("file", "map", "table", "server"),
}
ARGUMENTS = "flag|int|time|size|onoff"


def rows() -> list[list[str]]:
    lines = (ROOT / "docs/keywords.md").read_text(encoding="utf-8").splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if re.match(r"\| \S+ \| `", line)]


def in_family(family: str) -> dict[str, catalogue.Record]:
    """What the table of the documentation calls a family."""
    if family in catalogue.RULE_FAMILIES:
        return dict(catalogue.actions_of(family))
    sections = {"proxies": ("defaults", "frontend", "backend")}.get(family, (family,))
    return {k.name: k for k in catalogue.KEYWORDS if not set(sections).isdisjoint(k.sections)}


def manual(version: str) -> t.Any:
    """What a manual would be read as that agrees with the catalogue."""
    at = catalogue.version(version)
    families = {
        family: {
            name for name, record in known.items() if catalogue.present(record.since, at) and name.split()[-1] != "lua"
        }
        for family, known in tool.of_catalogue().items()
    }
    return tool.Manual(version, families, {})


def test_every_row_of_the_documentation_agrees_with_the_catalogue() -> None:
    for family, name, older, newer, tier, key in rows():
        record = in_family(family)[name.strip("`")]
        cells = ["yes" if catalogue.present(record.since, at) else "no" for at in catalogue.MANUALS]
        assert [older, newer, tier] == [*cells, record.tier], (family, name)
        expected = record.reason or record.own_key
        assert not expected or key.strip("`") == expected, (family, name)


def test_the_documentation_has_every_keyword_and_action_once() -> None:
    found = collections.Counter((family, name.strip("`")) for family, name, *_cells in rows())
    assert set(found.values()) == {1}
    families = {family for family, _name in found}
    assert set(found) == {(family, name) for family in families for name in in_family(family)}
    assert families >= {*catalogue.RULE_FAMILIES, *(s for k in catalogue.KEYWORDS for s in k.sections)} - {
        *("defaults", "frontend", "backend")
    }


def test_no_section_has_a_keyword_twice() -> None:
    found = collections.Counter((k.name, section) for k in catalogue.KEYWORDS for section in k.sections)
    assert [place for place, times in found.items() if times > 1] == []


def test_no_two_keywords_of_a_section_are_one_variable() -> None:
    found = collections.Counter((k.key, section) for k in catalogue.KEYWORDS for section in k.sections)
    assert [place for place, times in found.items() if times > 1] == []


def test_every_cell_has_a_meaning() -> None:
    meant = re.compile(rf"@(?:{'|'.join(REFERRED)})|build:[A-Z0-9_]+|key:[a-z_]+|none:.+|secret|final|{ARGUMENTS}")
    assert [r for r in RECORDS if not all(meant.fullmatch(word) for word in r.kind)] == []
    assert [r for r in RECORDS if len([word for word in r.kind if re.fullmatch(ARGUMENTS, word)]) > 1] == []
    assert [r for r in RECORDS if r.since not in ("", "2.6", "3.0", "<3.0")] == []
    assert [r for r in RECORDS if not r.doc or r.doc.endswith(".") or "{" in r.doc] == []


def test_modes_and_sections_are_known() -> None:
    assert {k.mode for k in catalogue.KEYWORDS} == {"", "http", "tcp"}
    opened = {*catalogue.SECTIONS, "bind", "server"}
    assert {section for k in catalogue.KEYWORDS for section in k.sections} <= opened


def test_what_cannot_be_written_is_known_and_no_variable() -> None:
    barred = {k.name: k for k in catalogue.KEYWORDS if k.reason or k.own_key}
    assert {"bind", "use_backend", "server", "daemon", "http-request"} <= set(barred)
    for keyword in barred.values():
        for section in keyword.sections:
            assert catalogue.of_section(section).get(keyword.key) is not keyword
    assert barred["use_backend"].own_key == "routes"
    assert barred["daemon"].tier == "not applicable"
    assert "foreground" in barred["daemon"].reason


def test_a_listen_has_what_frontends_and_backends_have() -> None:
    both = {**catalogue.of_section("frontend"), **catalogue.of_section("backend")}
    assert catalogue.of_section("listen") == both
    assert {"capture_cookie", "cookie"} <= set(both)
    assert {"socket-stats", "redispatch"} <= set(catalogue.of_family("option", "listen"))


def test_smaller_sections_have_their_own() -> None:
    assert "nameserver" in catalogue.of_section("resolvers")
    assert set(catalogue.of_family("timeout", "resolvers")) == {"resolve", "retry"}
    assert catalogue.of_section("userlist").keys() == {"group"}


def test_tiers() -> None:
    keyword = {(k.name, k.sections[0]): k for k in catalogue.KEYWORDS}
    assert keyword["resolvers", "server"].refers == ("resolvers",)
    assert keyword["resolvers", "server"].tier == "typed"
    assert keyword["lua-load", "global"].builds == ("LUA",)
    assert keyword["stats auth", "defaults"].secret
    assert keyword["hash-type", "defaults"].tier == "known"
    assert keyword["maxconn", "global"].tier == "known"


def test_a_condition_has_its_acl_above_it_and_rules_their_order() -> None:
    order = {k.name: k.order for k in catalogue.KEYWORDS if {"frontend", "backend"} & set(k.sections)}
    conditional = ("monitor fail", "stats http-request", "stats admin", "stick on", "force-persist", "ignore-persist")
    assert all(order["acl"] < order[name] for name in conditional)
    names = ["acl", *catalogue.RULE_FAMILIES[:2], "redirect", "use_backend", "use-server"]
    assert names == sorted(names, key=order.__getitem__)
    assert order["use_backend"] > catalogue.RULES_ORDER > order["stick-table"]


def test_arguments_in_parentheses_follow_without_a_blank() -> None:
    tlv = catalogue.of_section("server")["set_proxy_v2_tlv_fmt"]
    assert tlv.line("(0x20) %[fc_rtt]") == "set-proxy-v2-tlv-fmt(0x20) %[fc_rtt]"
    assert tlv.line("x") == "set-proxy-v2-tlv-fmt x"
    assert catalogue.of_section("bind")["ssl"].line(True) == "ssl"


@pytest.mark.parametrize(
    ("since", "at", "expected"),
    [
        ("", (2, 4), True),
        ("2.6", (2, 4), False),
        ("2.6", (2, 6), True),
        ("2.6", (2, 8), True),
        ("2.9", (2, 6), False),
        ("2.9", (3, 0), True),
        ("3.0", (2, 6), False),
        ("3.0", (2, 8), None),
        ("3.0", (3, 0), True),
        ("3.0", (3, 2), None),
        ("<3.0", (2, 6), True),
        ("<3.0", (2, 4), None),
        ("<3.0", (3, 0), False),
    ],
)
def test_present(since: str, at: tuple[int, ...], expected: bool | None) -> None:
    assert catalogue.present(since, at) is expected


def test_actions_are_named_with_their_stage() -> None:
    tcp = catalogue.actions_of("tcp-request")
    assert {"connection reject", "session accept", "content use-service", "inspect-delay"} <= set(tcp)
    assert tcp["content accept"].final
    assert not tcp["connection track-sc0"].final
    assert tcp["connection track-sc0"].refers == ("table",)
    assert {"disable-on-404", "expect"} <= set(catalogue.actions_of("http-check"))
    assert catalogue.actions_of("http-request")["sc-inc-gpc"].since == "2.6"
    assert catalogue.actions_of("http-after-response")["sc-inc-gpc"].since == "3.0"


def test_counters_know_what_must_be_stored() -> None:
    assert catalogue.COUNTERS["sc_http_req_rate"] == ("http_req_rate",)
    assert catalogue.COUNTERS["sc0_get_gpc0"] == ("gpc0", "gpc")
    assert catalogue.COUNTERS["src_kbytes_in"] == ("bytes_in_cnt",)
    assert catalogue.DATA_TYPES["gpc_rate"].arguments == ("count", "period")
    actions = {name for name in catalogue.COUNTERS if "-" in name}
    assert actions == {name for name in catalogue.actions_of("http-request") if name.startswith("sc-")}


def test_a_table_with_a_missing_cell_is_refused() -> None:
    with pytest.raises(ValueError, match="6 columns"):
        list(catalogue._cells("maxconn | g |", 6))


def test_manuals_that_agree_are_accepted() -> None:
    assert tool.compare([manual("2.6"), manual("3.0")]) == []


@pytest.mark.parametrize("version", ["2.6", "3.0"])
def test_a_keyword_that_only_one_side_has_is_named(version: str) -> None:
    told = manual(version)
    told.families["bind"].add("brand-new")
    told.families["http-request"].discard("deny")
    assert tool.compare([told]) == [
        "bind: brand-new is not in the catalogue",
        f"http-request: deny has no since, but the manual of {version} does not have it",
    ]


def test_a_wrong_since_is_named() -> None:
    older = manual("2.6")
    older.families["server"] |= {"curves"}
    older.families["bind"] -= {"process"}
    assert tool.compare([older, manual("3.0")]) == [
        "bind: process has since '<3.0', but the manual of 2.6 does not have it",
        "server: curves has since '3.0', but the manual of 2.6 has it",
    ]


def test_a_keyword_in_other_sections_is_named() -> None:
    told = manual("3.0")
    told.ticks["cookie"] = "b"
    assert tool.compare([told]) == ["proxies: cookie is in db, the manual has it in b"]


@pytest.mark.parametrize(
    ("heading", "family", "expected"),
    [
        ("no option redispatch", "proxies", ("option redispatch",)),
        ("capture request header <name> len <length>", "proxies", ("capture request header",)),
        ("compression algo <algorithm> ...", "proxies", ("compression algo",)),
        ("persist rdp-cookie(<name>)", "proxies", ("persist rdp-cookie",)),
        ("external-check [preserve-env]", "global", ("external-check",)),
        ("external-check command <command>", "proxies", ("external-check command",)),
        ("set-proxy-v2-tlv-fmt(<id>) <fmt>", "server", ("set-proxy-v2-tlv-fmt",)),
        ("stick", "server", ("stick",)),
        ("timeout <event> <time>", "resolvers", ("timeout resolve", "timeout retry")),
    ],
)
def test_headings_are_read(heading: str, family: str, expected: tuple[str, ...]) -> None:
    assert tool.keyword_of(heading, family) == expected


@pytest.mark.parametrize("heading", ["option <name>", "timeout", "{ weird } <x>", "capture request <what>"])
def test_a_heading_that_cannot_be_read_is_an_error(heading: str) -> None:
    with pytest.raises(tool.UnreadableError, match="no keyword can be read"):
        tool.keyword_of(heading, "proxies")


def test_prose_is_no_heading() -> None:
    lines = [
        "The settings are",
        "the following ones.",
        "",
        "crt <cert>",
        "  A file.",
        "",
        "alpn <x>",
        "npn <x>",
        "  Two.",
    ]
    assert [heading for heading, _body in tool.headings(lines)] == ["crt <cert>", "alpn <x>", "npn <x>"]


def test_a_row_of_the_matrix_that_cannot_be_read_is_an_error() -> None:
    frame = "------------+-----+-----"
    assert tool.matrix([frame, "acl  X (!)  X  X  X", "log  (*)  X  X  X  -", frame]) == {"acl": "dfb", "log": "df"}
    for row in ("acl   X   X", "acl  X  -  X  -"):
        with pytest.raises(tool.UnreadableError):
            tool.matrix([frame, row, frame])


def test_a_manual_that_is_cut_off_is_an_error(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "configuration.txt"
    path.write_text("   HAProxy\n          version 3.0\n\n5.1. Bind options\n-----------------\n\nssl\n  TLS\n")
    with pytest.raises(tool.UnreadableError):
        tool.read(path)
    path.write_text("something else\n")
    with pytest.raises(tool.UnreadableError, match="no version"):
        tool.read(path)


def test_the_least_counts_are_those_of_2_6() -> None:
    told = manual("2.6")
    assert {family: len(told.families[family]) for family in tool.AT_LEAST} == tool.AT_LEAST
