# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import concurrent.futures
import errno
import os
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.hardened.balancer.plugins.module_utils import _confirmed, _confirmed_files, _session
from ansible_collections.hardened.balancer.plugins.module_utils._confirmed import (
    begin,
    confirm,
    sshd_session,
    undo,
)
from ansible_collections.hardened.balancer.plugins.module_utils._confirmed_commands import run_shell
from ansible_collections.hardened.balancer.plugins.module_utils._confirmed_files import (
    ConfirmedError,
    File,
    Place,
    difference,
    wanted_file,
)
from ansible_collections.hardened.balancer.plugins.module_utils._confirmed_undo import read_last
from ansible_collections.hardened.balancer.plugins.modules.confirmed import change_of
from tests.unit.plugins.modules.confirmed_node import (
    NEW,
    OLD,
    TOKEN,
    calls,
    change,
    file,
    live,
    make,
    node,
    timer_fires,
)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return node(tmp_path, monkeypatch)


def test_nothing_to_do_is_one_step_and_leaves_no_trace(place: Place) -> None:
    make(place, "/etc/one", NEW, 0o640)
    result = begin(change(place), place, TOKEN)
    assert (result["changed"], result["applied"], result["files"], result["diff"]) == (False, False, [], [])
    dry = begin(change(place), place, TOKEN, check_mode=True)
    assert (dry["changed"], dry["undone_before"], dry["held"]) == (False, "", None)
    assert not place.kept.exists()
    assert not (Path(place.root).parent / "calls").exists()


def test_a_change_is_kept_when_it_is_confirmed(place: Place) -> None:
    make(place, "/etc/one")
    result = begin(change(place), place, TOKEN)
    assert result["changed"]
    assert result["applied"]
    assert result["files"] == ["/etc/one"]
    assert live(place) == NEW
    assert place.real("/etc/one").stat().st_mode & 0o7777 == 0o640
    assert place.state.stat().st_mode & 0o7777 == 0o700
    assert place.kept.stat().st_mode & 0o7777 == 0o700
    assert {path.stat().st_mode & 0o077 for path in place.kept.iterdir() if path.is_file()} == {0}

    assert confirm(place, TOKEN)["confirmed"]
    assert calls(place)[-1] == "systemctl stop hardened-balancer-undo-ssh.timer"
    assert not place.kept.exists()
    assert timer_fires(place).returncode != 0
    assert place.real("/etc/one").read_bytes() == NEW


def test_the_timer_is_armed_before_the_first_file_is_written(place: Place) -> None:
    stand_in = Path(place.root).parent / "bin" / "systemd-run"
    stand_in.write_text(f'{stand_in.read_text()}cat "{place.real("/etc/one")}" >"{place.root}/seen"\n')
    make(place, "/etc/one")
    begin(change(place), place, TOKEN)
    assert (Path(place.root) / "seen").read_bytes() == OLD
    [armed] = [line for line in calls(place) if line.startswith("systemd-run")]
    for part in ("--collect", "--unit=hardened-balancer-undo-ssh", "--on-active=60s", "AccuracySec=100ms"):
        assert part in armed


def test_an_undo_that_is_killed_runs_again_by_its_timer_and_at_boot(place: Place) -> None:
    make(place, "/etc/one")
    begin(change(place), place, TOKEN)
    [armed] = [line for line in calls(place) if line.startswith("systemd-run")]
    [at_boot] = place.real("/etc/systemd/system").glob("hardened-balancer-boot-*-end.service")
    service = at_boot.read_text().partition("[Service]")[2]
    for setting in ("Restart=on-abnormal", "RestartSec=3s"):
        assert f" --property={setting} " in armed
        assert setting in service.splitlines()


def test_an_unconfirmed_change_is_undone_files_directories_and_live(place: Place) -> None:
    make(place, "/etc/one", OLD, 0o604)
    link = place.real("/etc/link")
    link.symlink_to("elsewhere")
    files = (file("/etc/one"), file("/etc/new/deep/two"), file("/etc/link"), file("/etc/gone", None))
    make(place, "/etc/gone")
    result = begin(change(place, *files), place, TOKEN)
    assert result["files"] == ["/etc/one", "/etc/new/deep/two", "/etc/link", "/etc/gone"]
    assert place.real("/etc/new/deep/two").read_bytes() == NEW
    assert not place.real("/etc/gone").exists()

    assert timer_fires(place).returncode == 0
    assert live(place) == OLD
    assert place.real("/etc/one").stat().st_mode & 0o7777 == 0o604
    assert link.readlink() == Path("elsewhere")
    assert place.real("/etc/gone").read_bytes() == OLD
    assert not place.real("/etc/new").exists()
    answer = confirm(place, TOKEN)
    assert (answer["confirmed"], answer["pending"], answer["undone"], answer["complete"]) == (False, False, True, True)
    assert answer["why"] == "not confirmed over a new connection within 60 s"
    assert any(line.startswith("logger") and "the previous state is back" in line for line in calls(place))


def test_the_undo_may_run_again_after_it_was_cut_off(place: Place) -> None:
    make(place, "/etc/one")
    begin(change(place), place, TOKEN)
    place.real("/etc/one").unlink()
    script = place.script.read_text()
    assert timer_fires(place).returncode == 0
    place.kept.mkdir()
    place.script.write_text(script)
    assert subprocess.run(["sh", str(place.script)], check=False).returncode == 0
    assert place.real("/etc/one").read_bytes() == OLD


def test_a_refused_candidate_changes_nothing_and_shows_what_the_check_said(place: Place) -> None:
    make(place, "/etc/one")
    refusing = change(place, check='grep -c new "$STAGED/etc/one"; ls -l "$STAGED/etc/one"; exit 3')
    with pytest.raises(ConfirmedError, match="the check refused the new files; nothing was changed") as refused:
        begin(refusing, place, TOKEN)
    assert "-rw-r-----" in str(refused.value)
    assert "secret" not in str(refused.value)
    assert place.real("/etc/one").read_bytes() == OLD
    assert not place.kept.exists()
    assert not list(place.real("/run").iterdir())


def test_a_failed_apply_is_undone_at_once(place: Place) -> None:
    make(place, "/etc/one")
    failing = f'grep -q old "{place.real("/etc/one")}" || {{ echo no such unit; exit 4; }}'
    with pytest.raises(ConfirmedError) as failed:
        begin(change(place, apply=failing), place, TOKEN)
    assert "could not be put in force: no such unit" in str(failed.value)
    assert "undone at once: the node is back on what it had before" in str(failed.value)
    assert "secret" not in str(failed.value)
    assert place.real("/etc/one").read_bytes() == OLD
    assert not place.kept.exists()


def test_an_undo_that_cannot_apply_says_so_and_still_puts_the_files_back(place: Place) -> None:
    make(place, "/etc/one")
    with pytest.raises(ConfirmedError, match="the previous state could not be put in force; broken") as failed:
        begin(change(place, apply="echo broken; exit 1"), place, TOKEN)
    assert "is back on what it had before" not in str(failed.value)
    assert place.real("/etc/one").read_bytes() == OLD
    last = read_last(place)
    assert last is not None
    assert not last.complete


def test_an_undo_that_cannot_apply_at_once_does_so_a_little_later(place: Place) -> None:
    make(place, "/etc/one")
    busy = place.real("/busy")
    again = change(place)
    begin(change(place, apply=f'rm "{busy}" 2>/dev/null && exit 1; {again.apply}'), place, TOKEN)
    busy.touch()
    assert timer_fires(place).returncode == 0
    assert live(place) == OLD
    last = read_last(place)
    assert last is not None
    assert last.complete


def test_a_change_that_is_not_in_force_after_its_apply_is_undone(place: Place) -> None:
    make(place, "/etc/one")
    with pytest.raises(ConfirmedError, match="applied, but the live system does not match them: it is not"):
        begin(change(place, in_force="echo it is not; false"), place, TOKEN)
    assert live(place) == OLD


def test_a_hanging_apply_is_ended() -> None:
    assert run_shell("sleep 60 & wait", seconds=1).text == "(ended after 1 s)"


def test_right_files_that_are_not_in_force_are_applied_again(place: Place) -> None:
    make(place, "/etc/one", NEW, 0o640)
    mending = change(place, in_force=f'cmp -s "$STAGED/etc/one" "{place.real("/live")}"')
    foreseen = begin(mending, place, TOKEN, check_mode=True)
    assert (foreseen["mended"], foreseen["found"]) == (True, "nothing, exit code 2")
    assert live(place) is None
    result = begin(mending, place, TOKEN)
    assert (result["changed"], result["mended"], result["applied"], result["files"]) == (True, True, True, [])
    assert live(place) == NEW
    assert confirm(place, TOKEN)["confirmed"]
    assert not begin(mending, place, TOKEN)["changed"]


def test_check_mode_runs_no_check_and_touches_nothing(place: Place) -> None:
    make(place, "/etc/one")
    result = begin(change(place, check="false", in_force="false"), place, TOKEN, check_mode=True)
    assert result["changed"]
    assert not result["applied"]
    assert result["diff"] == [
        {"before_header": "/etc/one", "after_header": "/etc/one", "before": "old secret\n", "after": "new secret\n"}
    ]
    assert place.real("/etc/one").read_bytes() == OLD
    assert not place.state.exists()


def test_without_a_timer_nothing_is_changed(place: Place) -> None:
    (Path(place.root).parent / "no-systemd-run").touch()
    make(place, "/etc/one")
    with pytest.raises(ConfirmedError, match="took no timer for the undo, so nothing was changed"):
        begin(change(place), place, TOKEN)
    assert place.real("/etc/one").read_bytes() == OLD
    assert not place.kept.exists()


def test_the_change_of_a_dead_run_is_undone_first_and_reported(place: Place) -> None:
    make(place, "/etc/one")
    begin(change(place), place, TOKEN)
    (Path(place.root).parent / "no-systemctl").touch()
    other = change(place, file("/etc/two"))
    assert begin(other, place, "another", check_mode=True)["undone_before"].startswith("would be undone first")
    result = begin(other, place, "another")
    assert "ended before it confirmed it" in result["undone_before"]
    assert place.real("/etc/one").read_bytes() == OLD
    assert place.real("/etc/two").read_bytes() == NEW
    assert not confirm(place, TOKEN)["confirmed"]
    assert confirm(place, "another")["confirmed"]


def test_a_change_that_may_still_be_confirmed_is_nobody_elses_to_undo(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(place, "/etc/one")
    begin(change(place), place, TOKEN)
    # A clock that somebody sets, forth and back, moves no bound.
    for now in (0.0, 4e9):
        monkeypatch.setattr(time, "time", lambda now=now: now)
        answer = begin(change(place, file("/etc/two")), place, "another")
        assert (answer["changed"], answer["applied"]) == (False, False)
        assert answer["held"]["by"].endswith(" on the node itself")
        assert 0 < answer["held"]["seconds"] <= 60
    foreseen = begin(change(place, file("/etc/two")), place, "another", check_mode=True)["held"]
    assert (foreseen["by"], foreseen["seconds"] <= answer["held"]["seconds"]) == (answer["held"]["by"], True)
    assert place.real("/etc/one").read_bytes() == NEW
    assert not confirm(place, "another")["confirmed"]
    assert confirm(place, TOKEN)["confirmed"]
    assert begin(change(place, file("/etc/two")), place, "another")["applied"]


def test_who_holds_the_node_is_told_with_his_address(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_session, "user", lambda _line, _sudo: "ops")
    monkeypatch.setattr(_session, "client", lambda _proc, _line: {"address": "198.51.100.9", "port": 40022})
    make(place, "/etc/one")
    begin(change(place), place, TOKEN)
    assert begin(change(place, file("/etc/two")), place, "another")["held"]["by"] == "ops from 198.51.100.9"


@pytest.mark.parametrize(("lost", "undone"), [("token", False), ("holder", True)])
def test_what_was_cut_off_while_it_was_armed_holds_nobody_up(place: Place, lost: str, undone: bool) -> None:
    """The timer runs before the token is there, and a version before ours left no word of who made the change."""
    make(place, "/etc/one")
    begin(change(place), place, TOKEN)
    (place.kept / lost).unlink()
    result = begin(change(place, file("/etc/two")), place, "another")
    assert (result["applied"], bool(result["undone_before"])) == (True, undone)
    assert place.real("/etc/two").read_bytes() == NEW
    assert confirm(place, "another")["confirmed"]


def test_what_a_dead_run_left_and_no_undo_takes_back_stops_the_next(place: Place) -> None:
    make(place, "/etc/one")
    begin(change(place), place, TOKEN)
    (Path(place.root).parent / "no-systemctl").touch()
    place.script.write_text("exit 1\n")
    with pytest.raises(ConfirmedError, match=r"undoing that failed: the script left no message. Look at .*/undo/ssh"):
        begin(change(place, file("/etc/two")), place, "another")
    assert not place.real("/etc/two").exists()
    assert place.due


def boot_units(place: Place) -> list[str]:
    return sorted(path.name for path in place.real("/etc/systemd/system").rglob("hardened-balancer-boot-*"))


def test_the_next_boot_undoes_before_network_and_ssh(place: Place) -> None:
    make(place, "/etc/one")
    begin(change(place), place, TOKEN)
    unit = place.real("/etc/systemd/system/sysinit.target.wants/hardened-balancer-boot-ssh-files.service")
    lines = unit.read_text().splitlines()
    before = {name for line in lines if line.startswith("Before=") for name in line.removeprefix("Before=").split()}
    assert {"network-pre.target", "ssh.service", "ssh.socket", "hardened-balancer-firewall.service"} <= before
    # Other firewalls, whose files come back.
    assert {"nftables.service", "ufw.service", "firewalld.service", "netfilter-persistent.service"} <= before
    assert "DefaultDependencies=no" in lines
    assert f"ConditionPathExists=|{place.token}" in lines

    # Before anything runs: files, and no command that would wait for what waits for us.
    assert subprocess.run(["sh", str(place.script), "boot"], check=False).returncode == 0
    assert place.real("/etc/one").read_bytes() == OLD
    assert live(place) == NEW
    assert calls(place)[-1] == "systemctl daemon-reload"
    assert subprocess.run(["sh", str(place.script), "another reason"], check=False).returncode == 0
    assert live(place) == OLD
    assert boot_units(place) == []
    answer = confirm(place, TOKEN)
    assert (answer["undone"], answer["complete"], answer["why"]) == (
        True,
        True,
        "the node went down before it was confirmed",
    )


def test_a_node_that_came_up_again_confirms_nothing_that_it_has_put_back(place: Place) -> None:
    make(place, "/etc/one")
    begin(change(place), place, TOKEN)
    subprocess.run(["sh", str(place.script), "boot"], check=False)
    answer = confirm(place, TOKEN)
    assert (answer["confirmed"], answer["undone"], answer["complete"]) == (False, True, True)


def test_a_confirmed_change_leaves_no_unit_for_the_boot(place: Place) -> None:
    make(place, "/etc/one")
    begin(change(place), place, TOKEN)
    assert len(boot_units(place)) == 4
    confirm(place, TOKEN)
    assert boot_units(place) == []
    assert [path.name for path in place.real("/etc").iterdir()] == ["one", "systemd"]


@pytest.mark.parametrize("full", ["undo/ssh/files", "undo/ssh/.undo.sh.new", "undo/ssh/.token.new", "boot-ssh-files"])
def test_a_full_disk_is_refused_before_anything_is_touched(
    place: Place, monkeypatch: pytest.MonkeyPatch, full: str
) -> None:
    make(place, "/etc/one")
    fsync = os.fsync

    def take_no_more(handle: int) -> None:
        path = str(Path(f"/proc/self/fd/{handle}").readlink())
        if full in path:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", take_no_more)
    with pytest.raises(ConfirmedError, match=r"No space left on device.*so nothing was changed. Make room"):
        begin(change(place), place, TOKEN)
    assert place.real("/etc/one").read_bytes() == OLD
    assert live(place) is None
    assert not place.kept.exists()
    assert boot_units(place) == []
    assert [path.name for path in place.real("/etc").iterdir() if path.is_file()] == ["one"]


@pytest.mark.parametrize("directory", ["/run", "/var/lib/hardened-balancer/undo"])
def test_a_directory_that_takes_nothing_is_refused_before_anything_is_touched(place: Place, directory: str) -> None:
    make(place, "/etc/one")
    make(place, directory)
    with pytest.raises(ConfirmedError, match=r"could not be written to .*, so nothing was changed"):
        begin(change(place), place, TOKEN)
    assert place.real("/etc/one").read_bytes() == OLD


def test_the_undo_needs_no_room_on_the_disk(place: Place) -> None:
    make(place, "/etc/one", OLD, 0o604)
    begin(change(place, apply="true"), place, TOKEN)
    full = Path(place.root).parent / "bin" / "cp"
    full.write_text("#!/bin/sh\nexit 1\n")
    full.chmod(0o755)
    assert timer_fires(place).returncode == 0
    assert place.real("/etc/one").read_bytes() == OLD
    assert place.real("/etc/one").stat().st_mode & 0o7777 == 0o604


def test_a_file_whose_original_somebody_took_away_comes_from_the_copy(place: Place) -> None:
    make(place, "/etc/one", OLD, 0o604)
    begin(change(place), place, TOKEN)
    place.beside("/etc/one").unlink()
    assert timer_fires(place).returncode == 0
    assert place.real("/etc/one").read_bytes() == OLD
    assert place.real("/etc/one").stat().st_mode & 0o7777 == 0o604


def test_a_disk_that_is_full_at_the_last_file_has_changed_none(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    make(place, "/etc/one")
    make(place, "/etc/two")
    written = _confirmed_files.write_new

    def take_no_more(path: Path, content: bytes, mode: int, uid: int, gid: int) -> None:
        if path == place.coming("/etc/two"):
            assert place.real("/etc/one").read_bytes() == OLD
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written(path, content, mode, uid, gid)

    monkeypatch.setattr(_confirmed_files, "write_new", take_no_more)
    with pytest.raises(ConfirmedError, match=r"No space left on device.*It was undone at once"):
        begin(change(place, file("/etc/one"), file("/etc/two")), place, TOKEN)
    assert [path.name for path in place.real("/etc").iterdir() if path.is_file()] == ["one", "two"]


def test_rubbish_of_a_run_that_died_before_it_armed_is_no_pending_undo(place: Place) -> None:
    make(place, "/etc/one")
    (place.kept / "files").mkdir(parents=True)
    assert begin(change(place), place, TOKEN)["undone_before"] == ""
    assert confirm(place, TOKEN)["confirmed"]


def test_rubbish_is_cleared_where_nothing_is_to_do_either(place: Place) -> None:
    """A unit for the boot that nobody needs, and the new files, which may hold a secret."""
    make(place, "/etc/one")
    begin(change(place), place, TOKEN)
    place.token.unlink()
    left = place.real("/run/hardened-balancer-staged-ssh.left")
    left.mkdir()
    others = place.real("/run/hardened-balancer-staged-sudo.left")
    others.mkdir()
    assert not begin(change(place), place, "another")["changed"]
    assert (place.kept.exists(), boot_units(place), left.exists(), others.exists()) == (False, [], False, True)


def test_a_login_from_before_the_change_cannot_confirm_it(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    make(place, "/etc/one")
    before = _confirmed.ticks() - 1
    monkeypatch.setattr(_confirmed, "sshd_session", lambda root: before)
    begin(change(place), place, TOKEN)
    answer = confirm(place, TOKEN)
    assert (answer["confirmed"], answer["pending"]) == (False, True)
    assert answer["why"] == "the SSH connection is older than the change"
    monkeypatch.setattr(_confirmed, "sshd_session", lambda root: _confirmed.ticks())
    assert confirm(place, TOKEN)["confirmed"]


def test_a_confirmation_whose_answer_was_lost_may_be_asked_for_again(place: Place) -> None:
    make(place, "/etc/one")
    begin(change(place), place, TOKEN)
    assert confirm(place, TOKEN)["confirmed"]
    assert confirm(place, TOKEN) == {"confirmed": True, "pending": False, "why": ""}
    assert not confirm(place, "another")["confirmed"]
    begin(change(place, file("/etc/two")), place, "another")
    undo(place, "another")
    assert not confirm(place, "another")["confirmed"]


def test_a_first_step_whose_answer_was_lost_may_be_asked_for_again(place: Place) -> None:
    make(place, "/etc/one")
    first = begin(change(place), place, TOKEN)
    again = begin(change(place), place, TOKEN)
    assert again.keys() == first.keys()
    assert (again["applied"], again["held"]) == (True, None)
    assert confirm(place, TOKEN)["confirmed"]


def test_the_undo_step_waits_for_a_change_that_is_still_being_made(place: Place) -> None:
    make(place, "/etc/one")
    slow = change(place, check=f'touch "{place.root}/began"; sleep 1')
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        made = pool.submit(begin, slow, place, TOKEN)
        while not Path(place.root, "began").exists():
            time.sleep(0.01)
        answer = undo(place, TOKEN)
        assert made.result()["applied"]
    assert (answer["undone"], answer["complete"]) == (True, True)
    assert place.real("/etc/one").read_bytes() == OLD


def test_the_undo_step_only_knows_its_own_token(place: Place) -> None:
    make(place, "/etc/one")
    begin(change(place), place, TOKEN)
    assert not undo(place, "another")["undone"]
    assert place.real("/etc/one").read_bytes() == NEW
    assert undo(place, TOKEN)["undone"]
    assert place.real("/etc/one").read_bytes() == OLD


def test_the_session_is_found_above_sudo(tmp_path: Path) -> None:
    for pid, name, parent in ((40, "python3 (x)", 30), (30, "sudo", 20), (20, "sshd-session", 10), (10, "sshd", 1)):
        (tmp_path / "proc" / str(pid)).mkdir(parents=True)
        rest = " ".join(str(number) for number in range(5, 22))
        (tmp_path / "proc" / str(pid) / "stat").write_text(f"{pid} ({name}) S {parent} {rest} {pid}00 0 0\n")
    assert sshd_session(str(tmp_path), 40) == 2000
    assert sshd_session(str(tmp_path), 10) == 1000
    assert sshd_session(str(tmp_path), 7) is None


def test_the_difference_of_attributes_has_its_own_title() -> None:
    entry = difference(file("/etc/one", NEW, 0o600), file("/etc/one", NEW, 0o644))
    assert entry["before_header"] == "/etc/one (attributes)"
    assert "mode: 0600" in entry["before"]
    assert "mode: 0644" in entry["after"]


def test_a_directory_in_the_way_is_refused(place: Place) -> None:
    place.real("/etc/one").mkdir()
    with pytest.raises(ConfirmedError, match="/etc/one is a directory on this node"):
        begin(change(place), place, TOKEN)


def test_what_is_neither_a_file_nor_a_link_is_refused(place: Place) -> None:
    os.mkfifo(place.real("/etc/one"))
    with pytest.raises(ConfirmedError, match="/etc/one is neither a file nor a link on this node; move it away"):
        begin(change(place), place, TOKEN)
    assert not place.kept.exists()


@pytest.mark.skipif(os.getuid() != 0, reason="gives files to another user")
def test_owners_are_as_wanted_and_come_back(place: Place) -> None:
    path = make(place, "/etc/one")
    os.chown(path, 65531, 65532)
    begin(change(place, replace(file("/etc/one"), uid=65533, gid=65534)), place, TOKEN)
    assert (path.stat().st_uid, path.stat().st_gid) == (65533, 65534)
    assert timer_fires(place).returncode == 0
    assert (path.stat().st_uid, path.stat().st_gid) == (65531, 65532)


def test_what_an_earlier_attempt_left_is_in_nobodys_way(place: Place) -> None:
    make(place, "/etc/one")
    place.coming("/etc/one").write_text("half")
    assert begin(change(place), place, TOKEN)["applied"]
    assert place.real("/etc/one").read_bytes() == NEW


def test_files_that_come_and_go_are_shown_as_such(place: Place) -> None:
    make(place, "/etc/gone")
    both = begin(change(place, file("/etc/one"), file("/etc/gone", None)), place, TOKEN, check_mode=True)["diff"]
    assert [(one["before_header"], one["after_header"]) for one in both] == [
        ("/etc/one (absent)", "/etc/one"),
        ("/etc/gone", "/etc/gone (absent)"),
    ]


OPTION = {"path": "/etc/one", "state": "present", "content": "x", "mode": "0600", "owner": "0", "group": "0"}


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"path": "etc/one"}, "is not a plain absolute path"),
        ({"path": "/etc/../one"}, "is not a plain absolute path"),
        ({"mode": "u=rw"}, "is not octal"),
        ({"owner": "nobody-here"}, "no account 'nobody-here' on this node"),
        ({"group": "nobody-here"}, "no group 'nobody-here' on this node"),
    ],
)
def test_wrong_files_are_refused(option: dict[str, str], message: str) -> None:
    with pytest.raises(ConfirmedError, match=message):
        wanted_file({**OPTION, **option})


PARAMS = {
    "name": "ssh",
    "files": [OPTION],
    "check": "true",
    "apply": "true",
    "in_force": "",
    "timeout": 60,
    "token": "t",
}


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"name": "../ssh"}, "not made of lower-case letters"),
        ({"timeout": 5}, "too short for a new connection"),
        ({"token": ""}, "its action plugin takes part"),
    ],
)
def test_wrong_parameters_are_refused(params: dict[str, object], message: str) -> None:
    with pytest.raises(ConfirmedError, match=message):
        change_of({**PARAMS, **params})


def test_parameters_become_a_change() -> None:
    assert change_of(PARAMS).files == (File("/etc/one", b"x"),)
    gone = {**OPTION, "state": "absent"}
    assert change_of({**PARAMS, "files": [gone]}).files == (File("/etc/one", kind="absent"),)
