# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pairs of trees: what the runtime API does about their difference, or why it cannot."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest

from ansible_collections.hardened.balancer.plugins.module_utils import _delta
from ansible_collections.hardened.balancer.plugins.module_utils._delta import Op
from tests.unit.effort import is_linear

GOLDEN = Path(__file__).parents[3] / "golden"
VERSION = (2, 6, 12)
DIGESTS = "0123456789abcdef", "fedcba9876543210"
OLD = """\
global
    description hardened.balancer @digest@
    default-path origin /etc/haproxy/trees/@digest@
    stats socket /run/haproxy/admin.sock level admin
defaults slow
    default-server inter 9s
    balance static-rr
defaults
    default-server inter 2s fall 3 init-addr last,libc,none
    timeout client 30s
frontend web
    mode http
    bind *:80
    http-request return status 403 if { req.hdr(x-secret) 'hush # hush' }
    use_backend %[hdr(host),lower,map_str(maps/hosts.map)] if { hdr(host),lower,map_str(maps/hosts.map) -m found }
    use_backend %[path,map_beg(/etc/haproxy/trees/@digest@/maps/paths.map,site)]
    http-request deny if { src -f lists/bad.txt }
    http-request deny if { src,map_ip(maps/both.map) -m found } || { src -f maps/both.map }
    http-request set-map(maps/own.map) %[src] 1 if { path,map_str(maps/own.map) -m str x }
backend site
    mode http
    balance roundrobin
    default-server weight 10 check
    server a 198.51.100.1:80 id 1
    server b 198.51.100.2:80 id 2 weight 20
    server c 198.51.100.3:80 id 3
backend sticky
    mode http
    cookie node insert attr "SameSite=Lax"
    server a 198.51.100.1:80 check id 1 cookie a
    server b 198.51.100.2:80 check id 2 cookie b weight 5
backend fixed from slow
    mode tcp
    server a 198.51.100.1:80 check id 1
    server b 198.51.100.2:80 check id 2
backend hashed
    mode http
    balance source
    server a 198.51.100.1:80 check id 1
backend consistent
    balance hdr(host)
    hash-type consistent
    server a 198.51.100.1:80 check id 1 ssl verify none sni str(x)
    server b [2001:db8::2]:80 check id 2 on-marked-down shutdown-sessions agent-check agent-port 8
backend spare
    server a 198.51.100.1:80 id 1
    server b 198.51.100.2:80 id 2 backup
    server c 198.51.100.3:80 id 3 backup
backend names
    server a web.example.com:80 id 1 resolvers dns
    server b 198.51.100.2:80 id 2 resolvers dns
    server c 198.51.100.3:80 id 3
    server d 198.51.100.4:80 id 4 track site/c
    server e 198.51.100.4:80 id 5 disabled
listen both
    bind *:81
    balance leastconn
    server "q" 198.51.100.1:80 id 1
    server b 198.51.100.2:80 id 2 maxconn 4 # two
listen other
    balance random(2)
    server a 198.51.100.1:80 id 1
"""
FILES = {
    "maps/hosts.map": "# hosts\na.example.com site\nb.example.com sticky\n",
    "maps/paths.map": "/ site\n",
    "maps/both.map": "198.51.100.1 x\n",
    "maps/own.map": "",
    "maps/unused.map": "a b\n",
    "lists/bad.txt": "198.51.100.9\n",
    "errors/503.http": "HTTP/1.1 503\r\n\r\n",
}
STARTED = ("pool-max-conn", "-1", "pool-purge-delay", "5s")
NEW_LINE = "    server n 198.51.100.9:80 {}\n"


def tree(text: str, digest: str, **files: str) -> dict[str, str]:
    named = {name.replace("__", "."): content for name, content in files.items()}
    return {**FILES, **named, "haproxy.cfg": text.replace("@digest@", digest)}


def difference(*edits: tuple[str, str], files: dict[str, str] | None = None) -> tuple[list[Op], str]:
    text = OLD
    for before, after in edits:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    old = tree(OLD, DIGESTS[0])
    return _delta.between(old, {**tree(text, DIGESTS[1]), **(files or {})}, VERSION)


def line(section: str, name: str) -> str:
    """A server's line, as it stands."""
    found = re.search(rf"^(?:backend|listen) {section}\b.*?^(    server {name} .*?\n)", OLD, re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


def edit(section: str, name: str, after: str) -> tuple[list[Op], str]:
    """Another line for one server; the sections have lines in common."""
    start = OLD.index(f" {section}\n") if f" {section}\n" in OLD else OLD.index(f" {section} from")
    position = OLD.index(line(section, name), start)
    text = OLD[:position] + after + OLD[position + len(line(section, name)) :]
    return _delta.between(tree(OLD, DIGESTS[0]), tree(text, DIGESTS[1]), VERSION)


def added(section: str, words: str, name: str = "n", address: str = "198.51.100.9:80") -> tuple[list[Op], str]:
    """A server more, in front of the others' end."""
    names = re.findall(
        r"    server (\S+)", OLD[OLD.index(f" {section}") :].partition("\nbackend ")[0].partition("\nlisten ")[0]
    )
    last = line(section, names[-1])
    return edit(section, names[-1], f"{last}    server {name} {address} {words}\n")


def test_what_is_the_same() -> None:
    assert difference() == ([], "")
    assert difference(("backend hashed\n", "# a comment\n\nbackend hashed\n")) == ([], "")
    assert difference(("    balance leastconn\n", "\tbalance leastconn  \n")) == ([], "")


@pytest.mark.parametrize(
    ("section", "name", "after", "expected"),
    [
        ("site", "a", "    server a 198.51.100.1:80 id 1 weight 0\n", [Op("weight", "site", "a", ("0",))]),
        ("site", "b", "    server b 198.51.100.2:80 id 2\n", [Op("weight", "site", "b", ("10",))]),
        ("site", "a", "    server a 198.51.100.1:80 id 1 weight 10\n", []),
        ("site", "a", "    server a 198.51.100.1:81 id 1\n", [Op("address", "site", "a", ("198.51.100.1", "81"))]),
        ("site", "a", "    server a [2001:db8::0:1]:80 id 1\n", [Op("address", "site", "a", ("2001:db8::1", "80"))]),
        (
            "site",
            "a",
            "    server a 198.51.100.7:81 id 1 weight 256\n",
            [Op("weight", "site", "a", ("256",)), Op("address", "site", "a", ("198.51.100.7", "81"))],
        ),
        ("consistent", "b", line("consistent", "b").replace("db8::2", "db8:0::2"), []),
        # A weight and an address leave the cookies of a section as they are.
        ("sticky", "b", line("sticky", "b").replace("weight 5", "weight 6"), [Op("weight", "sticky", "b", ("6",))]),
        (
            "sticky",
            "a",
            line("sticky", "a").replace(".1:", ".8:"),
            [Op("address", "sticky", "a", ("198.51.100.8", "80"))],
        ),
        ("fixed", "a", line("fixed", "a").replace(":80", ":90"), [Op("address", "fixed", "a", ("198.51.100.1", "90"))]),
        ("site", "b", "", [Op("remove", "site", "b", ("198.51.100.2", "80"), marks=frozenset({"check"}))]),
        (
            "consistent",
            "b",
            "",
            [Op("remove", "consistent", "b", ("2001:db8::2", "80"), marks=frozenset({"check", "agent", "sessions"}))],
        ),
        ("other", "a", "", [Op("remove", "other", "a", ("198.51.100.1", "80"))]),
        ("spare", "c", "", [Op("remove", "spare", "c", ("198.51.100.3", "80"))]),
        ("spare", "a", "", [Op("remove", "spare", "a", ("198.51.100.1", "80"))]),
    ],
)
def test_what_one_line_does(section: str, name: str, after: str, expected: list[Op]) -> None:
    assert edit(section, name, after) == (expected, "")


def test_servers_are_added() -> None:
    """With what default-server lines say, with what HAProxy does by itself, and with none that it does not take."""
    found, why = added("site", "id 9 init-addr none resolvers dns no-backup enabled maxconn 3")
    assert why == ""
    words = (
        "198.51.100.9:80",
        *STARTED,
        "inter",
        "2s",
        "fall",
        "3",
        "weight",
        "10",
        "check",
        "id",
        "9",
        "maxconn",
        "3",
    )
    first = ("rise", "2")
    assert found == [Op("add", "site", "n", (words[0], *first, *words[1:]), marks=frozenset({"check"}))]
    found, why = added(
        "consistent", "id 9 ssl verify none observe layer7 on-error mark-down", address="[2001:db8:0::1]:80"
    )
    assert why == ""
    assert found[0].words[0] == "[2001:db8::1]:80"
    assert " ".join(found[0].words).endswith("fall 3 id 9 ssl verify none observe layer7 on-error mark-down")
    assert " ".join(found[0].words).count("error-limit 10") == 1
    assert found[0].marks == frozenset()
    assert added("spare", "id 9 backup")[1] == ""
    found, why = added("other", "check id 9 agent-check agent-port 7 on-marked-down shutdown-sessions")
    assert found[0].marks == frozenset({"check", "agent", "sessions"})


def test_adding_comes_first_and_removing_last() -> None:
    found, why = difference(
        ("    server b 198.51.100.2:80 id 2 weight 20\n", "    server b 198.51.100.7:80 id 2 weight 21\n"),
        ("    balance random(2)\n", "    balance random(2)\n    server new 198.51.100.3:80 id 3\n"),
        ("    server a 198.51.100.1:80 check id 1 ssl verify none sni str(x)\n", ""),
        files={"maps/hosts.map": "a.example.com site\n"},
    )
    assert why == ""
    assert [(op.kind, op.backend, op.name) for op in found] == [
        ("add", "other", "new"),
        ("weight", "site", "b"),
        ("address", "site", "b"),
        ("map", "", "maps/hosts.map"),
        ("remove", "consistent", "a"),
    ]


def test_maps() -> None:
    text = "# c\n #k v\n\n  a\tb  c \t\r\nkey#1 v#1\nä\v\fü\n"
    expected = (("#k", "v"), ("a", "b  c"), ("key#1", "v#1"), ("ä", "ü"))
    assert difference(files={"maps/hosts.map": text}) == ([Op("map", "", "maps/hosts.map", entries=expected)], "")
    assert difference(files={"maps/hosts.map": "#\n"}) == ([Op("map", "", "maps/hosts.map")], "")
    # This one is named by its whole path, with the digest in it.
    other = (("/", "other"),)
    assert difference(files={"maps/paths.map": "/ other\n"}) == (
        [Op("map", "", "maps/paths.map", entries=other)],
        "",
    )


@pytest.mark.parametrize(
    ("path", "text", "why"),
    [
        ("maps/hosts.map", "a.example.com\n", "maps/hosts.map: its entry 1 has no value"),
        ("maps/hosts.map", "a b\nc d\x01e\n", "maps/hosts.map: its entry 2 holds letters that cannot be sent"),
        ("maps/both.map", "x y\n", "maps/both.map differs, and is more than a map"),
        ("maps/own.map", "x y\n", "maps/own.map differs, and the configuration itself writes to this map"),
        ("maps/unused.map", "x y\n", "maps/unused.map differs, and is no map"),
        ("maps/new.map", "x y\n", "maps/new.map is new"),
        ("lists/bad.txt", "x\n", "lists/bad.txt differs, and is no map"),
        ("errors/503.http", "x\n", "errors/503.http differs, and is no map"),
        ("certificates/a.pem", "x\n", "certificates/a.pem is new"),
    ],
)
def test_files_that_only_a_reload_reads(path: str, text: str, why: str) -> None:
    found, said = difference(files={path: text})
    assert (found, said[: len(why)]) == ([], why)


def test_a_file_that_is_gone() -> None:
    old = tree(OLD, DIGESTS[0])
    new = {path: text for path, text in tree(OLD, DIGESTS[1]).items() if path != "maps/unused.map"}
    assert _delta.between(old, new, VERSION) == ([], "maps/unused.map is gone")


@pytest.mark.parametrize(
    ("section", "name", "after", "why"),
    [
        ("site", "a", "    server a 198.51.100.1:80 id 4\n", "server site/a has other parameters: id"),
        ("site", "a", "    server a 198.51.100.1:80 id 1 maxconn 3 backup\n", "has other parameters: maxconn, backup"),
        ("site", "a", "    server a 198.51.100.1:80\n", "server site/a has other parameters: id"),
        ("site", "a", "    server a 198.51.100.1:80 id 1 weight 257\n", "has a weight that is not one of 0 to 256"),
        ("site", "a", "    server a 198.51.100.1:80 id 1 weight\n", "weight has no value"),
        ("site", "a", "    server a web.example.com:80 id 1\n", "not both are an IP address with a port"),
        ("site", "a", "    server a 198.51.100.1 id 1\n", "not both are an IP address with a port"),
        ("site", "a", "    server a 198.51.100.1:0 id 1\n", "not both are an IP address with a port"),
        ("site", "a", "    server a 198.51.100.1:65536 id 1\n", "not both are an IP address with a port"),
        ("site", "a", "    server a 0.0.0.0:80 id 1\n", "not both are an IP address with a port"),
        ("site", "a", "    server a unix@/run/a id 1\n", "not both are an IP address with a port"),
        ("site", "a", "    server a 198.51.100.1:+1 id 1\n", "not both are an IP address with a port"),
        ("names", "a", line("names", "a").replace("web.", "www."), "not both are an IP address with a port"),
        ("names", "a", line("names", "a").replace("web.example.com", "198.51.100.1"), "not both are an IP address"),
        ("site", "c", "", "server site/c is removed, and others take its state (track)"),
        ("names", "a", "", "server names/a is removed, and HAProxy's resolvers hold on to it"),
        ("names", "b", "", "server names/b is removed, and HAProxy's resolvers hold on to it"),
        ("fixed", "a", "", "backend fixed: servers are added or removed, and its algorithm is a static one"),
        ("fixed", "a", line("fixed", "a").replace("id 1", "id 1 weight 7"), "its algorithm is a static one"),
        ("hashed", "a", line("hashed", "a").replace("id 1", "id 1 weight 7"), "its algorithm is a static one"),
        ("hashed", "a", "", "backend hashed: servers are added or removed, and its algorithm is a static one"),
        ("consistent", "b", line("consistent", "b").replace("id 2", "id 2 weight 7"), "its agent says what part"),
        ("sticky", "a", "", "cookies name its servers"),
        ("spare", "a", "    server a 198.51.100.1:80 id 1 backup\n", "server spare/a has other parameters: backup"),
        ("both", "b", "", "what stands behind 4 is quoted, or holds letters"),
        ("both", "b", line("both", "b").replace("4", "5"), "what stands behind 4 is quoted, or holds letters"),
        ("both", '"q"', "", 'the name "q" holds letters that the runtime API reads otherwise'),
        ("site", "a", "    server a 198.51.100.1:80 id 1\n    server a 198.51.100.2:80 id 9\n", "the name of two"),
        ("other", "a", line("other", "a").replace(":80", ":81"), "listen other: all its servers move"),
    ],
)
def test_lines_of_servers_that_only_a_reload_reads(section: str, name: str, after: str, why: str) -> None:
    found, said = edit(section, name, after)
    assert found == []
    assert why in said


@pytest.mark.parametrize(
    ("section", "words", "why"),
    [
        ("site", "check", "server site/n is added, and has no id"),
        ("site", "id 1", "server site/n is added, and has the id of another"),
        ("site", "id 9 cookie n", "has cookie: a server with a cookie cannot be added at run time"),
        ("site", "id 9 disabled", "has disabled: it would have to end in a maintenance that only the file gives"),
        ("site", "id 9 track site/a", "has track: what a server tracks is settled at the start"),
        ("site", "id 9 weight 300", "its weight is not one of 0 to 256"),
        ("site", "id 9 source 198.51.100.1", "has source: the rights that a source needs"),
        ("site", "id 9 crt x.pem ssl", "has crt: files are read at the start only"),
        ("site", "id 9 no-check-ssl", "has no-check-ssl: the runtime API does not take it"),
        ("site", "id 9 newest-keyword 5", "has newest-keyword: the runtime API does not take it"),
        ("site", "id 9 maxconn", "maxconn has no value"),
        ("site", "id 9 sni str(a\\ b)", "what stands behind sni is quoted, or holds letters"),
        ("site", 'id 9 sni "${NAME}"', "what stands behind sni is quoted, or holds letters"),
        ("site", "id 9 ssl ca-file /etc/haproxy/trees/@digest@/a.pem", "needs a file that is read at the start only"),
        ("sticky", "id 9", "backend sticky: servers are added or removed, and cookies name its servers"),
        ("fixed", "id 9", "its algorithm is a static one"),
        ("hashed", "id 9", "its algorithm is a static one"),
    ],
)
def test_servers_that_only_a_start_brings(section: str, words: str, why: str) -> None:
    found, said = added(section, words)
    assert found == []
    assert why in said


@pytest.mark.parametrize(
    "address", ["web.example.com:80", "198.51.100.9", "198.51.100.9:80-90", "*:80", "[::]:80", ":80"]
)
def test_addresses_that_only_a_start_reads(address: str) -> None:
    assert "its address is not an IP address with a port" in added("site", "id 9", address=address)[1]


def test_a_command_has_a_bound() -> None:
    words = " ".join(f"proxy-v2-options {name}" for name in (f"a{n}" for n in range(25)))
    assert "has more words than a command can have" in added("site", f"id 9 {words}")[1]


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("    bind *:81\n", "    bind *:82\n", "listen both: its lines differ, the first at bind"),
        ("    bind *:81\n", "    bind *:81\n    bind *:82\n", "listen both: its lines differ, the first at bind"),
        ("    timeout client 30s\n", "", "defaults: its lines differ, the first at timeout"),
        ("    default-server inter 9s\n", "    default-server inter 8s\n", "defaults slow: its lines differ"),
        ("admin.sock level admin", "admin.sock level user", "global: its lines differ, the first at stats"),
        ("'hush # hush'", "'loud # loud'", "frontend web: its lines differ, the first at http-request"),
        ("backend hashed\n", "backend rehashed\n", "backend rehashed is new"),
        ("backend fixed from slow\n", "backend fixed\n", "backend fixed is made from other defaults"),
        ("listen other\n    balance random(2)\n    server a 198.51.100.1:80 id 1\n", "", "listen other is gone"),
        ("    balance random(2)\n", "    balance random(3)\n", "listen other: its lines differ, the first at balance"),
        ("global\n", ".if true\n.endif\nglobal\n", "haproxy.cfg has conditions of HAProxy's"),
    ],
)
def test_lines_that_only_a_reload_reads(before: str, after: str, why: str) -> None:
    found, said = difference((before, after))
    assert found == []
    assert said.startswith(why)
    assert "hush" not in said
    assert "loud" not in said


def test_the_order_of_sections_and_backups() -> None:
    start = OLD.index("listen other")
    moved = OLD[: OLD.index("listen both")] + OLD[start:] + OLD[OLD.index("listen both") : start]
    assert _delta.between(tree(OLD, DIGESTS[0]), tree(moved, DIGESTS[1]), VERSION) == (
        [],
        "the order of the sections is another",
    )
    last = line("spare", "c")
    assert edit("spare", "c", last + "    server d 198.51.100.4:80 id 4 backup\n")[1] == ""
    for after in ("    server d 198.51.100.4:80 id 4 backup\n" + last,):
        assert edit("spare", "c", after) == ([], "backend spare: the order of its backups is another")


@pytest.mark.parametrize(
    ("keyword", "why"),
    [
        ("cookie x insert", "cookies name its servers"),
        ("persist rdp-cookie", "bound to servers by a cookie"),
        ("use-server a if TRUE", "use-server may name its servers"),
        ("server-template t 3 web.example.com:80", "servers of a template"),
        ("option external-check", "programs that check are prepared at the start"),
        ("disabled", "it is disabled"),
        ("mode log", "its mode is neither tcp nor http"),
        ("balance static-rr", "its algorithm is a static one"),
        ("balance log-sticky", "its algorithm is a static one"),
        ("server z 198.51.100.3:80 id 3\n    default-server inter 1s", "a default-server stands below a server"),
    ],
)
def test_sections_that_keep_their_servers(keyword: str, why: str) -> None:
    """In the section itself, and where its defaults have it."""
    texts = [f"backend web\n    {keyword}\n    server a 198.51.100.1:80 id 1\n"]
    if "server " not in keyword and "use-server" not in keyword and "server-" not in keyword:
        texts.append(f"defaults\n    {keyword}\nbackend web\n    server a 198.51.100.1:80 id 1\n")
        texts.append(f"defaults x\n    {keyword}\ndefaults\nbackend web from x\n    server a 198.51.100.1:80 id 1\n")
    for text in texts:
        found, said = _delta.between(
            {"haproxy.cfg": text}, {"haproxy.cfg": f"{text}    server b 198.51.100.2:80 id 2\n"}, VERSION
        )
        assert found == []
        assert why in said
    server = "    server a 198.51.100.1:80 id 1\n"
    taken_back = f"defaults\n    option external-check\nbackend web\n    no option external-check\n{server}"
    new = {"haproxy.cfg": f"{taken_back}    server b 198.51.100.2:80 id 2\n"}
    assert _delta.between({"haproxy.cfg": taken_back}, new, VERSION)[1] == ""


def test_releases_and_bounds() -> None:
    text = "backend web\n" + "".join(f"    server s{n} 198.51.100.1:{n + 1} id {n + 1}\n" for n in range(4095))
    more = {"haproxy.cfg": f"{text}    server t 198.51.100.1:80 id 5000\n"}
    assert "roundrobin takes 4095" in _delta.between({"haproxy.cfg": text}, more, VERSION)[1]
    least = {path: body.replace("backend web\n", "backend web\n    balance leastconn\n") for path, body in more.items()}
    old = {"haproxy.cfg": text.replace("backend web\n", "backend web\n    balance leastconn\n")}
    assert [op.name for op in _delta.between(old, least, (3, 0))[0]] == ["t"]
    assert _delta.between(old, least, (2, 4, 22))[1].startswith("HAProxy 2.4.22 cannot")
    assert _delta.between(old, old, (2, 4, 22)) == ([], "")


def test_our_own_configurations() -> None:
    """A server more in each backend of the examples: added, or a reason that is one of those above."""
    reasons = set()
    for path in sorted(GOLDEN.glob("*/*/haproxy.cfg")):
        text = path.read_text()
        other = {str(one.relative_to(path.parent)): one.read_text() for one in path.parent.rglob("*") if one.is_file()}
        titles = re.findall(r"^(?:backend|listen) (\S+)", text, re.MULTILINE)
        for title in titles:
            block = re.search(rf"^(?:backend|listen) {re.escape(title)}\b.*\n(?:    .*\n)+", text, re.MULTILINE)
            assert block
            if "    server " not in block[0]:
                continue
            more = f"{block[0]}    server another 198.51.100.99:99 check id 4711\n"
            old = {**other, "haproxy.cfg": text.replace("@digest@", DIGESTS[0])}
            new = {**other, "haproxy.cfg": text.replace(block[0], more).replace("@digest@", DIGESTS[1])}
            found, why = _delta.between(old, new, VERSION)
            assert bool(found) != bool(why)
            reasons.add(re.sub(r"^\S+ \S+: ", "", why))
    assert reasons == {
        "",
        "servers are added or removed, and cookies name its servers, and a server that is added can have none",
    }


@pytest.mark.parametrize("release", ["debian-12", "debian-13"])
def test_the_map_of_our_routes(release: str) -> None:
    tree = GOLDEN / "forty-hosts" / release
    files = {str(one.relative_to(tree)): one.read_text() for one in tree.rglob("*") if one.is_file()}
    path = "maps/routes-web.0.map"
    lines = [*files[path].splitlines(), "new.example.com bakery"]
    new = {**files, path: "".join(f"{line}\n" for line in lines)}
    entries = tuple((line.split()[0], line.split()[1]) for line in lines)
    assert _delta.between(files, new, VERSION) == ([Op("map", "", path, entries=entries)], "")


def one_more_in_each(backends: int, servers: int) -> tuple[str, str]:
    shared = "    balance leastconn\n    default-server inter 2s fall 3 rise 2 maxconn 30\n"
    text = "".join(
        f"backend b{n}\n{shared}"
        + "".join(f"    server s{m} 198.51.{n}.{m % 250}:{m + 80} check id {m + 1} weight 5\n" for m in range(servers))
        for n in range(backends)
    )
    return text, text.replace("    server s5 ", "    server t 198.51.100.1:80 id 999\n    server s5 ")


def test_a_few_among_ten_thousand_servers() -> None:
    text, more = one_more_in_each(100, 100)
    found, why = _delta.between({"haproxy.cfg": text}, {"haproxy.cfg": more}, VERSION)
    assert (len(found), why) == (100, "")


@pytest.mark.parametrize("in_one_backend", [True, False])
def test_servers_are_not_compared_each_with_each(in_one_backend: bool) -> None:
    def work(number: int) -> t.Callable[[], t.Any]:
        text, more = one_more_in_each(1, number) if in_one_backend else one_more_in_each(number // 10, 10)
        return lambda: _delta.between({"haproxy.cfg": text}, {"haproxy.cfg": more}, VERSION)

    assert is_linear(work)
