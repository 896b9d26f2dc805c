# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pairs of trees: what the runtime API does about their difference, or why it cannot."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ansible_collections.hardened.balancer.plugins.module_utils import _delta
from ansible_collections.hardened.balancer.plugins.module_utils._delta import Op

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
        r"    server (\S+)", OLD[OLD.index(f" {section}") :].split("\nbackend ")[0].split("\nlisten ")[0]
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
