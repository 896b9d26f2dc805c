# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role asks of the node, with programs that only say what they were asked."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import jinja2
import pytest

from tests.unit.roles.group import GPASSWD

ROLE = Path(__file__).parents[3] / "roles" / "ssh"
DROPIN = "etc/ssh/sshd_config.d/00-hardened-balancer.conf"
IN_FORCE = "port 22\npermitrootlogin no\nhostkey /etc/ssh/one\nhostkey /etc/ssh/two\nallowgroups balancer-admins\n"
LINES = "# a comment\n\nPermitRootLogin no\nHostKey /etc/ssh/one\nAllowGroups balancer-admins\n"
# Active units as arguments of their own; everything else that is asked is written down.
SYSTEMCTL = """\
#!/bin/sh
case "$*" in
*is-enabled*ssh.$MODE | *is-active*ssh.$MODE) exit 0 ;;
*is-active*ssh.service) [ "$MODE" = socket ] ;;
*is-enabled* | *is-active*) exit 1 ;;
show*StartLimit*) printf '%s\\n' "${LIMITS:-$UNIT}" ;;
show*) if grep -q daemon-reload "$SAID"; then printf '%s\\n' "${RELOADED:-$UNIT}"; else printf '%s\\n' "$UNIT"; fi ;;
*) echo "systemctl $*" >>"$SAID" ;;
esac
"""
SSHD = """\
#!/bin/sh
echo "sshd $*" >>"$SAID"
printf '%s' "$ANSWER"
"""
ID = 'case $1 in -*) exec /usr/bin/id "$@" ;; esac; [ "$1" != gone ]'
CONNECTIONS = """\
0 0 198.51.100.10:22 198.51.100.1:50000 users:(("sshd-session",pid=7,fd=4),("sshd-session",pid=6,fd=4))
0 0 [::ffff:198.51.100.10]:2022 [::ffff:198.51.100.2]:50000 users:(("sshd",pid=9,fd=4))
0 0 198.51.100.10:80 198.51.100.1:50001 users:(("haproxy",pid=8,fd=4))
0 0 [2001:db8::10]:22 [2001:db8::1]:50002 users:(("sshd",pid=9,fd=4))
"""


class Node:
    """A directory that stands for a node."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "bin").mkdir()
        for name, text in (("systemctl", SYSTEMCTL), ("sshd", SSHD)):
            (root / "bin" / name).write_text(text)
            (root / "bin" / name).chmod(0o755)
        (root / "bin" / "ss").write_text(f"#!/bin/sh\ncat <<'END'\n{CONNECTIONS}END\n")
        (root / "bin" / "ss").chmod(0o755)
        for name, text in (("gpasswd", GPASSWD), ("getent", 'echo "$2:x:990:$(cat members)"'), ("id", ID)):
            (root / "bin" / name).write_text(f"#!/bin/sh\n{text}\n")
            (root / "bin" / name).chmod(0o755)
        (root / "members").write_text("alice,bob")
        for directory in ("staged", "node"):
            (root / directory / DROPIN).parent.mkdir(parents=True)
        (root / "said").touch()

    def write(self, text: str) -> None:
        (self.root / "staged" / DROPIN).write_text(text)

    def run(self, command: str, mode: str = "service", **answers: str) -> subprocess.CompletedProcess[str]:
        script = f". '{ROLE}/files/ssh.sh'; moduli='{self.root}/ours/moduli'; {self.group}; {command}"
        environment = {
            "PATH": f"{self.root}/bin:/usr/bin:/bin",
            "LC_ALL": "C",
            "MODE": mode,
            "SAID": f"{self.root}/said",
            "STAGED": f"{self.root}/staged",
            "UNIT": "Restart=always\nStartLimitIntervalUSec=0",
            "ANSWER": IN_FORCE,
            **answers,
        }
        return subprocess.run(
            ["sh", "-c", script], env=environment, capture_output=True, text=True, check=False, timeout=30
        )

    @property
    def group(self) -> str:
        return f"left='{self.root}/state/left'; cd '{self.root}'; administrators='alice bob'"

    @property
    def said(self) -> list[str]:
        return (self.root / "said").read_text().splitlines()


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


def test_the_drop_in_is_the_plan() -> None:
    environment = jinja2.Environment(trim_blocks=True, undefined=jinja2.StrictUndefined)
    template = environment.from_string((ROLE / f"templates/{DROPIN}.j2").read_text())
    sections: list[dict[str, Any]] = [{"title": "One.", "lines": "A b\nC d e"}, {"title": "Two.", "lines": "F g"}]
    text = template.render(balancer_plan={"ssh": {"profile": "strict", "version": "9.2", "sections": sections}})
    assert text.splitlines()[1].endswith("Profile strict, for OpenSSH 9.2.")
    assert text.splitlines()[2:] == ["", "# One.", "A b", "C d e", "", "# Two.", "F g"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (IN_FORCE, ""),
        (
            IN_FORCE.replace("permitrootlogin no", "permitrootlogin yes"),
            "PermitRootLogin is to be no, but sshd has: permitrootlogin yes",
        ),
        (
            IN_FORCE.replace("hostkey /etc/ssh/one\n", ""),
            "HostKey is to be /etc/ssh/one, but sshd has: hostkey /etc/ssh/two",
        ),
        (f"{IN_FORCE}allowgroups staff\n", "AllowGroups has another group: staff"),
        (f"{IN_FORCE}denyusers games\ndenyusers nobody\n", "DenyUsers shuts nobody out"),
        (f"{IN_FORCE}denyusers no*@198.51.100.*\n", "DenyUsers shuts nobody out"),
        (f"{IN_FORCE}denyusers nobody@203.0.113.0/24\n", ""),
        (f"{IN_FORCE}denyusers *@198.51.100.0/24\n", "DenyUsers shuts nobody out"),
        (f"{IN_FORCE}denyusers *@!198.51.100.1,198.51.100.0/24\n", ""),
        (f"{IN_FORCE}denygroups games\ndenygroups no*p\n", "DenyGroups shuts nobody out, a member of nogroup"),
        (f"{IN_FORCE}allowusers root\nallowusers ops@*\n", "AllowUsers leaves nobody out: root ops@*"),
        (f"{IN_FORCE}allowusers root\nallowusers nob?dy@198.51.100.1/32\n", ""),
    ],
)
def test_what_another_file_overrules_is_named(node: Node, answer: str, said: str) -> None:
    node.write(LINES)
    done = node.run("id() { echo nogroup; }; in_force nobody 198.51.100.1", ANSWER=answer)
    assert (done.returncode, done.stdout.splitlines()[1:]) == ((1, [said]) if said else (0, []))


@pytest.mark.parametrize(
    ("client", "here"),
    [
        ("198.51.100.1", "laddr=198.51.100.10,lport=22"),
        ("198.51.100.2", "laddr=198.51.100.10,lport=2022"),
        ("2001:db8::1", "laddr=2001:db8::10,lport=22"),
        ("203.0.113.1", "laddr=127.0.0.1,lport=22"),
    ],
)
def test_the_server_is_asked_about_a_login_where_this_run_came_in(node: Node, client: str, here: str) -> None:
    node.write(LINES)
    assert node.run(f"in_force ops {client}").returncode == 0
    assert node.said == [f"sshd -T -C user=ops,host={client},addr={client},{here}"]


LOOKED_FOR = "AuthorizedKeysFile has ops's keys looked for where none are"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("authorizedkeysfile .ssh/authorized_keys .ssh/authorized_keys2", ""),
        ("authorizedkeysfile /nowhere/%u %h/.ssh/authorized_keys", ""),
        ("authorizedkeysfile %h/.ssh/empty", f"{LOOKED_FOR}: %h/.ssh/empty"),
        ("authorizedkeysfile /nowhere/%u", f"{LOOKED_FOR}: /nowhere/%u"),
        ("authorizedkeysfile none\nauthorizedkeyscommand none\ntrustedusercakeys none", f"{LOOKED_FOR}: none"),
        ("authorizedkeysfile none\nauthorizedkeyscommand /usr/bin/sss_ssh_authorizedkeys", ""),
        ("authorizedkeysfile none\ntrustedusercakeys /etc/ssh/ca.pub", ""),
    ],
)
def test_keys_that_are_looked_for_elsewhere_open_nothing(node: Node, settings: str, said: str) -> None:
    node.write(LINES)
    keys = node.root / "home" / ".ssh" / "authorized_keys"
    keys.parent.mkdir(parents=True)
    keys.write_text("ssh-ed25519 AAAA ops\n")
    (keys.parent / "empty").touch()
    passwd = f"getent() {{ [ $1 = group ] || echo 'ops:x:7:7::{node.root}/home:/bin/sh'; }}"
    account = f"{passwd}; id() {{ echo 7; }}; runuser() {{ false; }}"
    done = node.run(f"{account}; in_force ops 198.51.100.1", ANSWER=f"{IN_FORCE}{settings}\n")
    assert (done.returncode, done.stdout.splitlines()[1:]) == ((1, [said]) if said else (0, []))


@pytest.mark.parametrize(
    ("listens", "client", "left"),
    [
        ("0.0.0.0:22 [::]:22", "198.51.100.1", ""),
        ("198.51.100.10:22", "198.51.100.1", ""),
        ("0.0.0.0:22", "2001:db8::1", "[2001:db8::10]:22"),
        ("[::]:22", "198.51.100.1", "198.51.100.10:22"),
        ("[::]:22", "2001:db8::1", ""),
        ("127.0.0.1:22", "198.51.100.1", "198.51.100.10:22"),
        ("0.0.0.0:2022", "198.51.100.1", "198.51.100.10:22"),
        ("0.0.0.0:2022", "198.51.100.2", ""),
        ("0.0.0.0:80", "198.51.100.1", "198.51.100.10:22"),
        # From the console, or over a connection that is none of sshd's.
        ("0.0.0.0:2022", "203.0.113.1", ""),
    ],
)
def test_a_server_that_would_leave_where_the_run_came_in_is_named(
    node: Node, listens: str, client: str, left: str
) -> None:
    answer = "".join(f"listenaddress {one}\n" for one in listens.split())
    done = node.run(f'stays "$ANSWER" {client}', ANSWER=answer)
    assert done.returncode == bool(left)
    assert done.stdout.startswith(f"sshd would leave {left}, where this run came in, for {listens}," if left else "")
    assert node.run(f'stays "$ANSWER" {client}', "socket", ANSWER=answer).returncode == 0


def test_a_server_that_a_limit_could_leave_stopped_is_not_in_force(node: Node) -> None:
    node.write(LINES)
    done = node.run("in_force ops 198.51.100.1", UNIT="Restart=on-failure\nStartLimitIntervalUSec=10s")
    assert done.returncode == 1
    assert done.stdout.strip().endswith("Restart=on-failure StartLimitIntervalUSec=10s")


ANEW = ["systemctl stop ssh.service", "systemctl restart ssh.socket", "systemctl start ssh.service"]
SOCKETS = """\
  sl  local_address rem_address   st
   0: 00000000:0016 00000000:0000 0A
   1: 0A6433C6:08AE 016433C6:9C56 01
   2: 00000000000000000000000000000000:C350 00000000000000000000000000000000:0000 0A
"""
TWO = "Listen=[::]:50000 (Stream)\nListen=0.0.0.0:22 (Stream)\nListen=[::]:22 (Stream)"


@pytest.mark.parametrize(
    ("mode", "ports", "listen", "said"),
    [
        ("service", "", "", ""),
        ("service", "22 50000", "", ""),
        # Of a connection that is open it is no door.
        ("service", "22 2222", "", "nothing listens on port 2222, which is to be SSH's"),
        ("socket", "22 50000", TWO, ""),
        ("socket", "", TWO, ""),
        ("socket", "22", TWO, "ssh.socket is to listen on 22, but has: 22 50000; a file of its own overrules ours"),
        ("socket", "22 2222", TWO.replace("50000", "2222"), "nothing listens on port 2222"),
    ],
)
def test_ports_that_are_wanted_are_open(node: Node, mode: str, ports: str, listen: str, said: str) -> None:
    node.write(LINES)
    (node.root / "sockets").write_text(SOCKETS)
    command = f"open_sockets='{node.root}/sockets /nonexistent'; sleep() {{ :; }}; in_force ops 198.51.100.1 '{ports}'"
    done = node.run(command, mode, UNIT=listen, LIMITS="Restart=always\nStartLimitIntervalUSec=0")
    assert done.returncode == (1 if said else 0), done.stdout
    assert done.stdout.startswith(said)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (TWO, TWO, ["systemctl try-restart ssh.service"]),
        (TWO, TWO.replace("50000", "22"), ANEW),
        # It was told before and did not take it.
        (
            TWO.replace("50000", "2"),
            TWO.replace("50000", "2"),
            ANEW,
        ),
    ],
)
def test_the_socket_is_opened_anew_where_its_ports_change(
    node: Node, before: str, after: str, expected: list[str]
) -> None:
    (node.root / "sockets").write_text(SOCKETS)
    command = f"open_sockets='{node.root}/sockets'; dropin=/dev/null; apply"
    assert node.run(command, "socket", UNIT=before, RELOADED=after).returncode == 0
    assert node.said == ["systemctl daemon-reload", "sshd -t", *expected]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("service", ["systemctl daemon-reload", "systemctl reload ssh.service"]),
        # On a reload the server would want the port for itself, and die.
        ("socket", ["systemctl daemon-reload", "sshd -t", "systemctl try-restart ssh.service"]),
        ("nothing", ["systemctl daemon-reload", "systemctl --quiet enable ssh.service", "systemctl start ssh.service"]),
    ],
)
def test_what_runs_takes_the_settings(node: Node, mode: str, expected: list[str]) -> None:
    assert node.run("dropin=/dev/null; apply", mode).returncode == 0
    assert node.said == expected


def test_the_groups_are_there_as_long_as_they_are_named(node: Node) -> None:
    ours = node.root / "ours" / "moduli"
    node.write(f"{LINES}ModuliFile {ours}\n")
    package = (
        "# 2020 2 6 100 4096 5 no\n2020 2 6 100 2047 2 small\n2020 2 6 100 3071 2 large\n2020 2 6 100 8191 2 larger\n"
    )
    (node.root / "moduli").write_text(package)
    take = f"large_moduli() {{ awk '!/^#/ && $5 >= 3071' '{node.root}/moduli'; }}"
    named = f"{take}; dropin='{node.root}/staged/{DROPIN}'"
    answer = f"{IN_FORCE}modulifile {ours}\n"

    assert node.run(f"{named}; apply").returncode == 0
    assert ours.read_text() == "2020 2 6 100 3071 2 large\n2020 2 6 100 8191 2 larger\n"
    assert node.run(f"{take}; in_force ops 198.51.100.1", ANSWER=answer).returncode == 0
    ours.write_text("")
    assert "does not hold the groups" in node.run(f"{take}; in_force ops 198.51.100.1", ANSWER=answer).stdout
    assert node.run("dropin=/dev/null; apply").returncode == 0
    assert not ours.parent.exists()


def test_an_undo_reloads_the_server_whatever_else_fails(node: Node) -> None:
    node.write(f"{LINES}ModuliFile {node.root}/ours/moduli\n")
    named = f"dropin='{node.root}/staged/{DROPIN}'"
    for fails in (
        "large_moduli() { return 1; }",
        'systemctl() { case $1 in daemon-*) false ;; *) command systemctl "$@" ;; esac; }',
    ):
        there = "" if "moduli" in fails else "put_moduli() { :; }; "
        assert node.run(f"{there}{fails}; {named}; apply").returncode == 1
        assert "systemctl reload ssh.service" not in node.said
        # What could not be done is told all the same.
        assert node.run(f"{there}{fails}; {named}; apply", STAGED="").returncode == 1
        assert "systemctl reload ssh.service" in node.said
        (node.root / "said").write_text("")


def test_an_undo_writes_no_groups_that_are_there(node: Node) -> None:
    ours = node.root / "ours" / "moduli"
    node.write(f"{LINES}ModuliFile {ours}\n")
    named = f"large_moduli() {{ echo one; }}; dropin='{node.root}/staged/{DROPIN}'"
    assert node.run(f"{named}; apply").returncode == 0
    assert node.run(f"{named}; mv() {{ return 1; }}; apply", STAGED="").returncode == 0
    assert node.said.count("systemctl reload ssh.service") == 2


def test_a_socket_that_fails_does_not_leave_the_server_stopped(node: Node) -> None:
    fails = 'systemctl() { command systemctl "$@"; case "$*" in restart*) false ;; esac; }; all_listen() { false; }'
    done = node.run(f"{fails}; dropin=/dev/null; apply", "socket")
    assert done.returncode == 1
    assert node.said[-3:] == ANEW


@pytest.mark.parametrize(
    ("staged", "active", "banned"), [("", "true", True), ("", "false", False), ("candidate", "true", False)]
)
def test_an_undo_lifts_the_ban_of_who_tried_to_confirm(node: Node, staged: str, active: str, banned: bool) -> None:
    asked = f'systemctl() {{ case $* in *fail2ban*) {active} ;; *) command systemctl "$@" ;; esac; }}'
    (node.root / "bin" / "fail2ban-client").write_text('#!/bin/sh\necho "fail2ban-client $*" >>"$SAID"\n')
    (node.root / "bin" / "fail2ban-client").chmod(0o755)
    done = node.run(f"{asked}; dropin=/dev/null; apply ops 198.51.100.1", STAGED=staged)
    assert done.returncode == 0
    assert ("fail2ban-client unban 198.51.100.1" in node.said) == banned


@pytest.mark.parametrize(
    ("before", "after", "undone"),
    [
        ("alice,bob", "alice,bob", "alice,bob"),
        ("carol,alice,bob,dora", "alice,bob", "alice,bob,carol,dora"),
        ("alice,gone", "alice", "alice"),
        ("", "", ""),
    ],
)
def test_who_is_no_administrator_any_more_leaves_until_an_undo(
    node: Node, before: str, after: str, undone: str
) -> None:
    (node.root / "members").write_text(before)
    assert node.run("mkdir -p state; leaving >$left && let_go").returncode == 0
    assert (node.root / "members").read_text() == after
    assert node.run("unset STAGED; let_go; let_go").returncode == 0
    assert ",".join(sorted({*(node.root / "members").read_text().split(",")})) == undone


def test_it_is_not_in_force_while_somebody_is_left_who_is_to_leave(node: Node) -> None:
    node.write(LINES)
    assert node.run("in_force ops 198.51.100.1 ''").returncode == 0
    (node.root / "members").write_text("alice,carol,bob,dora")
    done = node.run("in_force ops 198.51.100.1 ''")
    assert (done.returncode, done.stdout) == (
        1,
        "balancer-admins has members who are no administrators any more: carol dora\n",
    )
