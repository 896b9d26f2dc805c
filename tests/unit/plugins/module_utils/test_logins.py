# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import grp
import os
import pwd
import tempfile
from pathlib import Path

import pytest

from ansible_collections.hardened.balancer.plugins.module_utils import _logins

NOW = 20000 * 24 * 60 * 60.0
RIGHT = {"loose": [], "unreadable": [], "options": [], "expired": False, "new_password": False}


def entry(home: Path, uid: int | None = None) -> pwd.struct_passwd:
    me = pwd.getpwuid(os.getuid())
    return pwd.struct_passwd((me.pw_name, "x", me.pw_uid if uid is None else uid, 65533, "", str(home), "/bin/sh"))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh/authorized_keys").write_text("ssh-ed25519 AAAAone ops@example.com\n")
    home.chmod(0o755)
    (home / ".ssh").chmod(0o700)
    (home / ".ssh/authorized_keys").chmod(0o600)
    return home


def test_an_account_that_is_right(home: Path) -> None:
    assert _logins.login(entry(home), "") == RIGHT
    assert _logins.login(entry(home / "nowhere"), "") == RIGHT


@pytest.mark.parametrize("name", ["", ".ssh", ".ssh/authorized_keys"])
def test_what_others_may_write_to_is_loose(home: Path, name: str) -> None:
    path = home / name
    path.chmod(0o777)
    found = _logins.login(entry(home), "")["loose"]
    assert found == [{"path": str(path), "found": "may be written by others (mode 0777)"}]


@pytest.mark.parametrize(
    ("members", "primary", "trusted"),
    [([], ["ops"], True), (["ops"], [], True), (["eve"], ["ops"], False), ([], ["ops", "eve"], False)],
)
def test_a_group_of_ones_own_may_write(
    home: Path, monkeypatch: pytest.MonkeyPatch, members: list[str], primary: list[str], trusted: bool
) -> None:
    numbers = {"ops": os.getuid(), "eve": 65530}
    gid = home.stat().st_gid
    accounts = [
        pwd.struct_passwd((name, "x", uid, gid if name in primary else 65533, "", "/", "/bin/sh"))
        for name, uid in numbers.items()
    ]
    monkeypatch.setattr(pwd, "getpwall", lambda: accounts)
    monkeypatch.setattr(grp, "getgrgid", lambda _gid: grp.struct_group(("ops", "x", gid, members)))
    home.chmod(0o775)
    assert bool(_logins.login(entry(home), "")["loose"]) != trusted


def test_what_belongs_to_somebody_else_is_loose_unless_that_is_root(home: Path) -> None:
    found = _logins.login(entry(home, uid=65530), "")["loose"]
    assert bool(found) == (os.getuid() != 0)
    if os.getuid() == 0:
        os.chown(home, 65531, 65531)
        [one] = _logins.login(entry(home, uid=65530), "")["loose"]
        assert one == {"path": str(home), "found": "belongs to the account of number 65531"}


def test_what_the_account_cannot_read_itself() -> None:
    """Where everybody gets to: into pytest's own directories nobody else does, whatever is in them."""
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch, "home")
        keys = home / ".ssh/authorized_keys"
        keys.parent.mkdir(parents=True)
        keys.write_text("ssh-ed25519 AAAAone ops@example.com\n")
        other = entry(home, uid=65530)

        def unreadable(**modes: int) -> list[str]:
            usual = {"scratch": 0o755, "home": 0o755, "ssh": 0o755, "keys": 0o644, **modes}
            for name, path in {"scratch": home.parent, "home": home, "ssh": keys.parent, "keys": keys}.items():
                path.chmod(usual[name])
            found: list[str] = _logins.login(other, "")["unreadable"]
            return found

        assert unreadable() == unreadable(home=0o711, ssh=0o711) == []
        for modes in ({"keys": 0o600}, {"ssh": 0o700}, {"home": 0o750}, {"scratch": 0o700}):
            assert unreadable(**modes) == [str(keys)], modes
        unreadable()
        found = keys.stat()
        keys.chmod(0o040)
        assert _logins._may(keys, 65530, {found.st_gid}, 4)
        assert not _logins._may(keys, 65530, {found.st_gid + 1}, 4)
        keys.chmod(0o004)
        assert not _logins._may(keys, 65530, {found.st_gid}, 4)
        assert _logins._may(keys, 0, set(), 4)
        assert not _logins._may(home / "none", 65530, set(), 4)


def test_options_of_keys() -> None:
    lines = (
        "# no key\n"
        "ssh-ed25519 AAAAone from=me\n"
        'from="198.51.100.0/24,!198.51.100.9",command="echo \\"a b\\"",no-pty ssh-rsa AAAAtwo== x\n'
        "restrict ssh-ed25519 AAAAthree\n"
        "garbage\n"
    )
    assert _logins.key_options(lines) == [
        {
            "key": "ssh-rsa AAAAtwo==",
            "options": {"from": "198.51.100.0/24,!198.51.100.9", "command": 'echo \\"a b\\"', "no-pty": ""},
        },
        {"key": "ssh-ed25519 AAAAthree", "options": {"restrict": ""}},
    ]


@pytest.mark.parametrize(
    ("line", "expired", "new_password"),
    [
        ("ops:!:19000:0:99999:7:::", False, False),
        ("ops:!:19000:0:99999:7::20000:", True, False),
        ("ops:!:19000:0:99999:7::20001:", False, False),
        ("ops:!:0:0:99999:7:::", False, True),
        ("ops:!:19000:0:90:7:::", False, True),
        ("ops:!:19910:0:90:7:::", False, False),
        ("ops:!:19909:0:90:7:::", False, True),
        ("ops:!:19999:0:0:7:::", False, True),
        ("ops:!::0:90:7:::", False, False),
        ("ops:!:19000:0:-1:7::-1:", False, False),
        ("other:!:0:0:90:7::1:", False, False),
        ("", False, False),
    ],
)
def test_the_end_of_an_account(line: str, expired: bool, new_password: bool) -> None:
    assert _logins.age(f"root:*::0:::::\n{line}\n", "ops", 20000) == {"expired": expired, "new_password": new_password}


def test_what_nobody_may_look_at_stops_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "stat", refused)
    assert _logins.login(entry(home), "") == RIGHT
