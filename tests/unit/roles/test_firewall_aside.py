# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other firewalls, kept aside and brought back: real tables of a kernel, in a network of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from shlex import quote

import pytest

from ansible_collections.hardened.balancer.plugins.module_utils import _firewalls

from .test_firewall import OPEN, ROLE, needs_a_kernel, ruleset

pytestmark = [
    needs_a_kernel,
    pytest.mark.skipif(not shutil.which("iptables-nft"), reason="keeps tables of iptables: needs it"),
]
# Says what it was asked; firewalld is a file and a table, our own unit loads the rules.
SYSTEMCTL = """\
#!/bin/sh
cd "$ROOT" || exit
echo "systemctl $*" >>said
case "$*" in
*is-active*firewalld) [ -e firewalld ] ;;
show*ConsistsOf*firewalld) echo fail2ban.service other.service ;;
*is-active*other.service) exit 3 ;;
stop*firewalld) rm firewalld && nft delete table inet firewalld ;;
start*firewalld) touch firewalld && nft add table inet firewalld ;;
reload-or-restart*) nft -f node/etc/hardened-balancer/firewall.nft ;;
esac
"""
# And whether ours and theirs filter while it is asked.
NFT = """\
#!/bin/sh
case "$REFUSED$*" in
yes*tables.nft) exit 1 ;;
'-f -' | 'delete table inet hardened_balancer')
    ours=$(/usr/sbin/nft list tables | grep -c 'table inet hardened_balancer$')
    echo "nft $*: ours $ours, theirs $(/usr/sbin/nft list tables | grep -cv hardened_balancer)" >>"$ROOT/said"
    ;;
esac
exec /usr/sbin/nft "$@"
"""
PRELUDE = """\
aside=$PWD/aside coming=$PWD/aside/coming pointer=$PWD/undo
rules=$PWD/node/etc/hardened-balancer/firewall.nft
candidate() { unshare --net sh -c "nft -f \\"\\$1\\" && $listed" - "$STAGED$rules"; }
begin() {
    check && cp -r "$STAGED$PWD/node" . && apply && in_force
}
undone() {
    rm node/etc/hardened-balancer/firewall.nft
    (unset STAGED && apply)
}
theirs() { nft -s list ruleset | awk '/^table .* hardened_balancer/ { skip = 1 } !skip { print } /^}/ { skip = 0 }'; }
"""
BY_HAND = """\
table inet theirs {
    set friends {
        type ipv4_addr
        flags interval
        elements = { 198.51.100.0/24, 203.0.113.7 }
    }

    chain input {
        type filter hook input priority filter + 10; policy drop;
        iif "lo" accept comment "not xt: ours"
        ip saddr @friends counter accept
        tcp dport { 22, 80 } limit rate 5/second accept
    }
}
"""
BY_IPTABLES = (
    "iptables-nft -P INPUT DROP",
    "iptables-nft -A INPUT -p tcp --dport 22 -m conntrack --ctstate NEW -m comment --comment mine -j ACCEPT",
    "iptables-nft -A INPUT -m limit --limit 3/min -j LOG --log-prefix '[no] '",
    "ip6tables-nft -A INPUT -m addrtype --dst-type MULTICAST -j RETURN",
)
BY_NFT = ("nft -f theirs.nft",)
LEGACY = ("iptables-legacy -P INPUT DROP", "iptables-legacy -A INPUT -p tcp --dport 22 -j ACCEPT")


class Node:
    """A directory and a network that stand for a node."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for directory in ("bin", "node/etc/hardened-balancer", f"staged{root}/node/etc/hardened-balancer"):
            (root / directory).mkdir(parents=True)
        for name, text in (("systemctl", SYSTEMCTL), ("nft", NFT)):
            (root / "bin" / name).write_text(text)
            (root / "bin" / name).chmod(0o755)
        self.staged("node/etc/hardened-balancer/firewall.nft", ruleset(**OPEN))
        self.staged("node/etc/hardened-balancer/firewall-failsafe.nft", ruleset(**OPEN, template="firewall-failsafe"))
        (root / "theirs.nft").write_text(BY_HAND)

    def staged(self, path: str, text: str) -> None:
        place = Path(f"{self.root}/staged{self.root}", path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)

    def run(self, *script: str, **others: str) -> subprocess.CompletedProcess[str]:
        given = {"names": "theirs", "tables": "", "legacy": "", "units": "", "files": "", **others}
        lines = [f"aside_{name}={quote(text)}" for name, text in given.items()]
        lines.append(f"restore_script={quote((ROLE / 'files/restore.sh').read_text())}")
        lines += [(ROLE / "files" / name).read_text() for name in ("aside.sh", "firewall.sh")]
        lines += [
            "failsafe=$PWD/node/etc/hardened-balancer/firewall-failsafe.nft before=$PWD/live.nft",
            PRELUDE,
            *(f"{{ {one}\n}} || exit" for one in script),
        ]
        return subprocess.run(
            ["unshare", "--net", "sh", "-c", "\n".join(lines)],
            cwd=self.root,
            env={
                **os.environ,
                "PATH": f"{self.root}/bin:{os.environ['PATH']}",
                "STAGED": f"{self.root}/staged",
                "ROOT": str(self.root),
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def did(self, *script: str, **others: str) -> str:
        done = self.run(*script, **others)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @property
    def said(self) -> list[str]:
        return (self.root / "said").read_text().splitlines()

    @property
    def kept(self) -> list[Path]:
        return sorted((self.root / "aside").iterdir())


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


@pytest.mark.parametrize(
    ("made", "given"),
    [
        (BY_NFT, {"tables": "inet theirs"}),
        (BY_IPTABLES, {"tables": "ip filter\nip6 filter"}),
        ((*BY_NFT, *BY_IPTABLES), {"tables": "ip filter\nip6 filter\ninet theirs"}),
        (LEGACY, {"legacy": "iptables"}),
    ],
)
def test_what_filtered_is_gone_and_an_undo_brings_it_back(
    node: Node, made: tuple[str, ...], given: dict[str, str]
) -> None:
    # iptables makes the chains of a table that were not there, too.
    saved = "for one in nft legacy; do iptables-$one-save -t filter | grep -v '^#'; done"
    state = f"{{ theirs | essence | sort; {saved}; :; }} 2>/dev/null"
    node.did(
        *made,
        f"{state} >before",
        "begin",
        "nft -s list tables >meanwhile",
        "iptables-legacy-save -t filter | grep ^:INPUT >legacy || :",
        "undone",
        f"{state} >after",
        "nft list tables >at_the_end",
        **given,
    )
    read = {path.name: path.read_text() for path in node.root.iterdir() if path.is_file()}
    assert read["after"] == read["before"]
    assert "22" in read["before"]
    assert read["meanwhile"] == "table inet hardened_balancer_bans\ntable inet hardened_balancer\n"
    assert "DROP" not in read["legacy"]
    assert "hardened_balancer" not in read["at_the_end"]


def test_there_is_always_one_of_them(node: Node) -> None:
    node.did(*BY_NFT, "begin", "undone", tables="inet theirs")
    assert [line for line in node.said if line.startswith("nft")] == [
        "nft -f -: ours 1, theirs 1",
        "nft delete table inet hardened_balancer: ours 1, theirs 1",
    ]


def test_who_asks_is_told_what_is_not_switched_off_yet(node: Node) -> None:
    done = node.run(
        *("begin", *BY_NFT, *LEGACY, "touch firewalld", "in_force"),
        tables="inet theirs\nip none",
        legacy="iptables\nip6tables",
        units="firewalld\nnetfilter-persistent",
    )
    assert done.returncode == 1
    assert done.stdout == "not switched off yet: table inet theirs, iptables (legacy), firewalld\n"


def test_one_command_brings_it_back_beside_ours(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    node.did(
        *(*BY_NFT, "theirs >before", "begin", "rm undo", "cp -a aside kept"),
        *("sh aside/*/restore.sh", "theirs >after", "nft list tables >tables"),
        tables="inet theirs",
        names="table inet theirs",
    )
    assert (node.root / "after").read_text() == (node.root / "before").read_text()
    assert "table inet hardened_balancer\n" in (node.root / "tables").read_text()
    monkeypatch.setattr(_firewalls, "ASIDE", str(node.root / "aside"))
    assert _firewalls.kept_aside() == []
    monkeypatch.setattr(_firewalls, "ASIDE", str(node.root / "kept"))
    (place,) = (node.root / "kept").iterdir()
    assert _firewalls.kept_aside() == [{"names": ["table inet theirs"], "place": str(place)}]
    assert {path.stat().st_mode & 0o077 for path in (place.parent, place, *place.iterdir())} == {0}


def test_the_same_firewall_is_kept_once(node: Node) -> None:
    tables = "ip filter\nip6 filter"
    node.did(*BY_IPTABLES, "begin", "rm undo", *BY_IPTABLES, "begin", tables=tables)
    assert len(node.kept) == 1
    node.did(*BY_IPTABLES, "iptables-nft -A INPUT -j DROP", "begin", tables=tables)
    assert len(node.kept) == 2


def test_where_nothing_is_to_do_nothing_is_kept(node: Node) -> None:
    node.did("begin", "check", "in_force", tables="inet theirs", legacy="iptables", units="firewalld")
    assert not (node.root / "aside").exists()


def test_an_undo_before_anything_was_switched_off(node: Node) -> None:
    node.did(*BY_NFT, "theirs >before", "check", "(unset STAGED; apply)", "theirs >after", tables="inet theirs")
    assert (node.root / "after").read_text() == (node.root / "before").read_text()
    assert node.kept == []


def test_files_come_back_and_what_was_not_there_goes(node: Node) -> None:
    conf, dropin = "node/etc/nftables.conf", "node/etc/firewalld.service.d/hardened-balancer.conf"
    (node.root / conf).write_text("theirs\n")
    (node.root / conf).chmod(0o755)
    for path in (conf, dropin):
        node.staged(path, "ours\n")
    listed = "\n".join(f"{node.root}/{path}" for path in (conf, dropin))
    node.did("begin", f"cp {conf} meanwhile", "rm undo", "sh aside/*/restore.sh", files=listed)
    assert (node.root / "meanwhile").read_text() == "ours\n"
    assert (node.root / conf).read_text() == "theirs\n"
    assert (node.root / conf).stat().st_mode & 0o777 == 0o755
    assert not (node.root / dropin).parent.exists()
    assert "systemctl daemon-reload" in node.said


def test_firewalld_goes_and_comes_as_a_program(node: Node) -> None:
    made = ("touch firewalld", "nft add table inet firewalld", "nft add chain inet firewalld one")
    node.did(*made, "begin", "[ ! -e firewalld ]", "undone", units="firewalld", tables="inet firewalld")
    (place,) = node.kept
    assert "chain one" in (place / "firewalld.nft").read_text()
    assert not (place / "tables.nft").exists()
    calls = [line for line in node.said if line.startswith(("systemctl start", "systemctl stop firewalld"))]
    # With it goes what is a part of it.
    assert calls == ["systemctl stop firewalld", "systemctl start fail2ban.service", "systemctl start firewalld"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("nft add rule ip filter INPUT tcp dport { 1, 2 } drop", "table ip filter has rules of iptables, and"),
        # As of an interface that is gone.
        ("export REFUSED=yes", "another firewall would not come back as it is (theirs)"),
    ],
)
def test_what_would_not_come_back_is_not_taken(node: Node, more: str, said: str) -> None:
    done = node.run(
        *(*BY_NFT, *BY_IPTABLES, more, "theirs >before", "check || { theirs >after; exit 9; }"),
        tables="ip filter\ninet theirs",
    )
    assert done.returncode == 9
    assert said in done.stdout
    assert (node.root / "after").read_text() == (node.root / "before").read_text()


def test_a_way_back_that_fails_is_told(node: Node) -> None:
    done = node.run(*BY_NFT, "begin", "export REFUSED=yes", "undone", tables="inet theirs")
    assert done.returncode == 1
    assert "tables.nft could not be brought back" in done.stderr
