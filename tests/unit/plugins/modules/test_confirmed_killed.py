# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change that is killed before each of its steps ends as it was or as it is wanted, never in between."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import typing as t
from pathlib import Path

import pytest

from ansible_collections.hardened.balancer.plugins.module_utils import _confirmed_undo
from ansible_collections.hardened.balancer.plugins.module_utils._confirmed import Change, begin, confirm, undo
from ansible_collections.hardened.balancer.plugins.module_utils._confirmed_files import Place
from tests.unit.plugins.modules.confirmed_node import NEW, OLD, TOKEN, calls, change, file, live, make, node
from tests.unit.proof.killed import killed

MOST = 150
PROGRAMS = ("mv", "rm", "cp", "rmdir", "cmp", "sync", "flock", "systemctl", "sh", "logger", "readlink")
# Stays when a change is over: who holds the lock must find it, and how it ended is told later.
STAYS = {f"/var/lib/hardened-balancer/undo/ssh.{name}" for name in ("lock", "last", "confirmed")}
Found = dict[str, str]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Nothing here goes down with the power, so nothing need wait for the disk."""
    monkeypatch.setattr(os, "fsync", lambda _handle: None)
    made = node(tmp_path, monkeypatch)
    (tmp_path / "bin" / "sync").symlink_to("/bin/true")
    return made


def fresh(place: Place) -> Change:
    """The node as before the change, and the change: a file written, one made below a new directory, one removed."""
    shutil.rmtree(place.root)
    (Path(place.root).parent / "calls").unlink(missing_ok=True)
    make(place, "/etc/one", OLD, 0o604)
    make(place, "/etc/gone", OLD)
    make(place, "/live", OLD)
    return change(place, file("/etc/one"), file("/etc/new/two"), file("/etc/gone", None))


def content(path: Path) -> str:
    found = path.lstat()
    what = str(path.readlink()) if path.is_symlink() else path.read_text()
    return f"{stat.S_IMODE(found.st_mode):o} {found.st_uid} {what}"


def found(place: Place) -> Found:
    """Every file of the node."""
    paths = {f"/{path.relative_to(place.root)}": path for path in sorted(Path(place.root).rglob("*"))}
    return {name: content(path) for name, path in paths.items() if name not in STAYS and not _is_directory(path)}


def _is_directory(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def timer(place: Place) -> None:
    """Fires where one was armed, which it is before anything is changed."""
    called = (Path(place.root).parent / "calls").exists()
    if called and any(line.startswith("systemd-run") for line in calls(place)) and place.script.exists():
        subprocess.run(["sh", str(place.script)], check=False)


def boot(place: Place) -> None:
    """As systemd does: a unit that is linked and due, then what the files say is put in force, then the second unit."""
    for part, target in _confirmed_undo.WANTED_BY.items():
        unit = place.real(f"/etc/systemd/system/{target}.wants/hardened-balancer-boot-ssh{part}.service")
        if part == "-end" and place.real("/etc/one").exists():
            shutil.copyfile(place.real("/etc/one"), place.real("/live"))
        if not unit.exists() or not place.due:
            continue
        start = next(line for line in unit.read_text().splitlines() if line.startswith("ExecStart="))
        words = start.split(str(place.script))[1].strip().strip('"')
        subprocess.run(["sh", str(place.script), words], check=False)


def next_run(place: Place, wanted: Change) -> None:
    """By when no timer is left: the first run is dead and its time is over."""
    stopped = Path(place.root).parent / "no-systemctl"
    stopped.touch()
    begin(wanted, place, "another")
    stopped.unlink()
    assert live(place) == NEW
    if place.due:
        assert confirm(place, "another")["confirmed"]


def states(place: Place) -> tuple[Found, Found]:
    wanted = fresh(place)
    before = found(place)
    begin(wanted, place, TOKEN)
    confirm(place, TOKEN)
    return before, found(place)


# In turn, because each step costs time.
ENDS: tuple[t.Callable[[Place], None], ...] = (timer, boot)


def each_step(
    place: Place, prepare: t.Callable[[Place, Change], None], act: t.Callable[[Place, Change], object], end: str
) -> tuple[list[str], list[str]]:
    """Steps, and after which of them the node was found in between."""
    before, after = states(place)
    steps: list[str] = []
    wrong: list[str] = []
    for number in range(1, MOST):
        wanted = fresh(place)
        prepare(place, wanted)
        step = killed(lambda wanted=wanted: act(place, wanted), number, Path(place.root).parent / f"{end}-{number}")  # type: ignore[misc]
        if not step:
            break
        steps.append(step)
        if end == "timer or boot":
            ENDS[number % 2](place)
            seen = {name: what for name, what in found(place).items() if name in {**before, **after}}
            wrong += [f"before {step}: {set(seen.items()) ^ set(before.items())}"] * (seen not in (before, after))
            wrong += [f"before {step}: still due"] * place.due
            continue
        next_run(place, wanted)
        differing = set(found(place).items()) ^ set(after.items())
        wrong += [f"before {step}, then a run: {differing}"] * bool(differing)
    return steps, wrong


def nothing(_place: Place, _wanted: Change) -> None:
    return None


def begun(place: Place, wanted: Change) -> None:
    begin(wanted, place, TOKEN)


@pytest.mark.parametrize("end", ["timer or boot", "next run"])
def test_a_change_killed_anywhere_before_it_is_confirmed(place: Place, end: str) -> None:
    steps, wrong = each_step(place, nothing, lambda p, w: begin(w, p, TOKEN), end)
    assert wrong == []
    assert 40 < len(steps) < MOST - 1


@pytest.mark.parametrize("end", ["timer or boot", "next run"])
def test_a_confirmation_killed_anywhere(place: Place, end: str) -> None:
    steps, wrong = each_step(place, begun, lambda p, _w: confirm(p, TOKEN), end)
    assert wrong == []
    assert 8 < len(steps) < MOST - 1


def undo_killed(place: Place, number: int, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Each program that the script starts may be its last: a stand-in kills the script at the one of that number."""
    stands = Path(place.root).parent / f"stands-{number}"
    stands.mkdir()
    count = stands / "count"
    for name in PROGRAMS:
        real = shutil.which(name)
        stand = stands / name
        stand.write_text(
            f'#!/bin/sh\necho x >>"{count}"\n[ "$(wc -l <"{count}")" -ne {number} ] || '
            f'{{ kill -9 "$(cat "{stands}/script")"; exit 1; }}\nexec "{real}" "$@"\n'
        )
        stand.chmod(0o755)
    with monkeypatch.context() as patched:
        patched.setenv("PATH", f"{stands}:{os.environ['PATH']}")
        begun_as = 'echo $$ >"$1"; exec /bin/sh "$2" "a reason"'
        words = ["/bin/sh", "-c", begun_as, "-", f"{stands}/script", str(place.script)]
        return subprocess.run(words, check=False).returncode != 0


def again(place: Place) -> None:
    assert undo(place, TOKEN)["complete"]


def confirmation(place: Place) -> None:
    answer = confirm(place, TOKEN)
    assert answer["confirmed"] or (answer["undone"] and answer["complete"])


@pytest.mark.parametrize("end", ["what comes next", "next run"])
def test_an_undo_killed_anywhere(place: Place, end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = states(place)
    for number in range(1, MOST):
        wanted = fresh(place)
        begun(place, wanted)
        if not undo_killed(place, number, monkeypatch):
            break
        if end == "next run":
            next_run(place, wanted)
            assert found(place) == after, number
            continue
        (again, boot, confirmation)[number % 3](place)
        seen = {name: what for name, what in found(place).items() if name in {**before, **after}}
        assert seen in (before, after), number
        assert not place.due
    assert 15 < number < MOST - 1
