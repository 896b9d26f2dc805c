# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trees on disk: written aside, validated there, and mended where somebody edited the one in force.

Nothing is put in force here, see _haproxy_apply: only a file that somebody else left is kept by a second name.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import grp
import json
import os
import re
import shutil
import tempfile
import typing as t
from dataclasses import dataclass, field, replace
from pathlib import Path

from ansible_collections.hardened.balancer.plugins.module_utils import (
    _packages,
    _programs,
    _sandbox,
    _transaction,
    _tree,
    _tree_files,
    _unit,
    _verdict,
)
from ansible_collections.hardened.balancer.plugins.module_utils._files import STAGING, synced, write
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_process import (
    Live,
    Places,
    linked_digest,
)
from ansible_collections.hardened.balancer.plugins.module_utils._tree import Files, TreeError

ASIDE = ".before-hardened-balancer"
NAME = re.compile(r"[0-9a-f]{16}")
# Of those that were never in force the last one stays, to be looked at.
REFUSED_KEPT = 1
GROUP = re.compile(r"^\s*stats socket .*\bgroup (\S+)", re.MULTILINE)
STATE = ".state"
# The number of its format, and no server.
NO_STATE = "1\n"
POSITION = re.compile(r"haproxy\.cfg:(\d+)")
# What comes before the words of a warning; the number is the process that said it.
WARNS = "HAProxy warns: "
LEVEL = re.compile(r"^\[(WARNING|NOTICE|ALERT)\]\s*(?:\(\d+\)|\d+/\d+ \(\d+\))?\s*:?\s*(?:config : )?")


@dataclass(frozen=True)
class Request:
    source: Files
    secrets: t.Mapping[str, str] = field(default_factory=dict)
    keep: int = 5
    existing: str = "refuse"
    nofile: int | None = None
    sandbox: str | None = None
    dry: bool = False
    fatal: bool = True
    ports: t.Mapping[str, t.Any] = field(default_factory=dict)
    reach: t.Mapping[str, t.Any] = field(default_factory=dict)


def converge(request: Request, places: Places, live: Live, run: _programs.Run = _programs.run) -> dict[str, t.Any]:
    """Has the wanted tree on disk, and says what is needed to put it in force."""
    if request.dry:
        return _converge(request, places, live, run)
    with _transaction.alone(places):
        try:
            return _converge(request, places, live, run)
        except TreeError as exc:
            # The role writes the unit first: what is refused shall not leave its sandbox behind either.
            if told := _unit.go_back(places, run):
                raise TreeError(f"{exc}\n{told}", exc.quoted) from exc
            raise


def _converge(request: Request, places: Places, live: Live, run: _programs.Run) -> dict[str, t.Any]:
    filled = _tree.fill(request.source, request.secrets)
    digest = _tree.digest(filled)
    aside = _check_existing(request, places, run)
    in_force = linked_digest(places)
    before = _tree_files.read(Path(places.trees, in_force)) if in_force else None
    final = _tree.named(filled, digest)
    present = _tree_files.read(Path(places.trees, digest))
    wrong = sorted({*_tree.edited(final, present.files), *present.wrong_modes}) if present else [_tree.MAIN]
    # Mended in place where HAProxy may read it at any moment; another tree is written anew.
    edits = wrong if in_force == digest and present else []
    messages = present.said if present else []
    if wrong or in_force != digest or (request.fatal and messages):
        messages = _change(request, places, live, final, digest, edits, aside, run)
    # A dry run did not write the unit that it would have.
    live = replace(live, unit_sandbox=_sandbox.parse(request.sandbox)) if request.sandbox else live
    pending, reasons = _verdict.needed(live, digest, final, request.nofile, places, edited=bool(edits))
    if not request.dry:
        _keep_planned(request, Path(places.trees, digest))
        in_use = {digest, in_force, live.digest, live.started_with, _transaction.kept_digest(places)}
        _prune(places, request.keep, in_use)
    drift = _drift(live, in_force, edits)
    # Why a process is changed where no file is, or where it was not what the last run had left.
    why = reasons if drift or in_force == digest else []
    return {
        "changed": bool(wrong) or pending != "none",
        "written": bool(wrong),
        "digest": digest,
        "running": live.digest,
        "pending": pending,
        "reasons": reasons,
        "edited": edits,
        "drift": drift,
        "messages": messages,
        "warnings": [message for message in messages if message.startswith(WARNS)],
        "diff": _diff(request, before, in_force, digest, filled, why),
    }


def _drift(live: Live, in_force: str | None, edits: list[str]) -> list[str]:
    """What somebody else did since the last run; draining and weights at run time are an operator's right."""
    found = [f"edited: {', '.join(edits)}"] if edits else []
    if in_force is None:
        return found
    if not live.active:
        return [*found, "HAProxy does not run"]
    runs = live.digest or "not ours"
    return [*found, f"what runs is {runs}, what lies there is {in_force}"] if live.digest != in_force else found


def _diff(
    request: Request,
    before: _tree_files.OnDisk | None,
    in_force: str | None,
    digest: str,
    filled: Files,
    why: list[str],
) -> list[dict[str, str]]:
    if before is None or in_force is None:
        return _tree.diff_entries({}, request.source)
    present = _tree.unnamed(before.files, in_force)
    same = in_force == digest
    old = _tree.shown(present, before.record, filled if same else {}, request.source if same else {})
    rotated = {path for path in filled if _tree.names_in(request.source[path]) and present.get(path) != filled[path]}
    loose = [
        {"prepared": f"{path}: others may read or own it; it is root's, with the mode 0600\n"}
        for path in (before.wrong_modes if same else [])
    ]
    process = [{"prepared": f"the process of HAProxy: {'; '.join(why)}\n"}] if why else []
    return [*_tree.diff_entries(old, request.source, rotated), *loose, *process]


def _check_existing(request: Request, places: Places, run: _programs.Run) -> str | None:
    """Where a configuration that is somebody else's goes; None where there is none."""
    regular = Path(places.link).is_file() and not Path(places.link).is_symlink()
    conffiles = _packages.parse(run(_packages.query(["haproxy"])).out).conffiles if regular else {}
    if _packages.configuration(places.link, places.trees, conffiles) != "foreign":
        return None
    aside = places.link + ASIDE
    if request.existing != "keep_aside":
        raise TreeError(
            f"{places.link} was written by somebody else. Nothing was changed. "
            f"Set haproxy_existing_configuration to keep_aside to keep it as {aside}, or move it away"
        )
    if os.path.lexists(aside) and not _same(places.link, aside):
        raise TreeError(
            f"{places.link} was written by somebody else, and {aside}, where it would be kept, exists already. "
            "Nothing was changed. Move one of them away"
        )
    return aside


def _same(one: str, other: str) -> bool:
    return os.path.samestat(Path(one).lstat(), Path(other).lstat())


def _change(
    request: Request,
    places: Places,
    live: Live,
    final: Files,
    digest: str,
    edits: list[str],
    aside: str | None,
    run: _programs.Run,
) -> list[str]:
    if not Path(places.program).exists():
        if request.dry:
            return [f"{places.program} is not installed yet: the configuration was not validated"]
        raise TreeError(f"{places.program} does not exist: install the package haproxy first. Nothing was changed")
    missing = [name for name in GROUP.findall(final[_tree.MAIN]) if not _group_exists(name)]
    if missing and request.dry:
        return [f"the group {missing[0]} does not exist yet: the configuration was not validated"]
    if request.dry:
        with tempfile.TemporaryDirectory() as scratch:
            return _validate(request, places, final, digest, Path(scratch), run)
    trees = Path(places.trees)
    trees.mkdir(mode=0o700, parents=True, exist_ok=True)
    trees.chmod(0o700)
    staging = Path(tempfile.mkdtemp(prefix=STAGING, dir=trees))
    try:
        messages = _validate(request, places, final, digest, staging, run)
        if edits:
            _mend(places, live, final, request.source, digest, edits)
        else:
            _install(places, final, request.source, digest, staging)
        _write_beside(Path(places.trees, digest), _tree_files.SAID, messages)
        if aside and not os.path.lexists(aside):
            os.link(places.link, aside, follow_symlinks=False)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return messages


def _group_exists(name: str) -> bool:
    try:
        grp.getgrnam(name)
    except KeyError:
        return False
    return True


def _validate(
    request: Request, places: Places, final: Files, digest: str, directory: Path, run: _programs.Run
) -> list[str]:
    """HAProxy reads the whole tree where it was staged; its names of files are relative to there."""
    tree = f"{places.trees}/{digest}"
    # HAProxy warns of each server that it is told to be down: nothing of that is a fault of the configuration.
    main = final[_tree.MAIN].replace(tree, str(directory)).replace(places.state, str(directory / STATE))
    write(directory / STATE, NO_STATE)
    _write_all(directory, {**final, _tree.MAIN: main})
    strict = ["-dW"] if request.fatal else []
    answer = run([places.program, "-c", *strict, "-f", str(directory / _tree.MAIN)])
    directory.joinpath(STATE).unlink(missing_ok=True)
    said = _tree.mask(answer.said.replace(f"{directory}/", ""), request.secrets)
    if answer.rc == 0:
        return messages_of(said)
    quoted = _tree.quoted(request.source[_tree.MAIN], map(int, POSITION.findall(said)))
    raise TreeError(
        "HAProxy refuses the configuration. Nothing was changed, what runs goes on.\n"
        + "\n".join(
            [
                said or f"haproxy -c ended with {answer.rc} and said nothing",
                *(f"line {number}: {line.text}" for number, line in quoted.items()),
            ]
        )
        + "\nMend the inventory where these lines come from and run again",
        list(quoted.values()),
    )


def messages_of(said: str) -> list[str]:
    """Without what changes from one run to the next, and without what HAProxy says of itself."""
    found = []
    for line in said.splitlines():
        level = LEVEL.match(line)
        if level and level[1] == "WARNING":
            found.append(WARNS + line[level.end() :])
        elif not level and line not in ("", "Configuration file is valid", "Warnings were found."):
            found.append(line)
    return found


def _mend(places: Places, live: Live, final: Files, source: Files, digest: str, edits: list[str]) -> None:
    """File by file: the tree is in force, and HAProxy may be reloaded by somebody else at any moment."""
    if live.worker is not None:
        write(places.rewritten, f"{live.worker}\n")
    tree = Path(places.trees, digest)
    for path in edits:
        target = tree / path
        if target.is_dir() and not target.is_symlink():
            shutil.rmtree(target)
        if path in final:
            write(target, final[path])
        else:
            target.unlink(missing_ok=True)
    _write_record(tree, source)
    _set_modes(tree)


def _install(places: Places, final: Files, source: Files, digest: str, staging: Path) -> None:
    tree = Path(places.trees, digest)
    found = _tree_files.read(tree)
    if found and not _tree.edited(final, found.files) and not found.wrong_modes:
        os.utime(tree)
        return
    _write_all(staging, final)
    _write_record(staging, source)
    if tree.is_symlink():
        tree.unlink()
    elif tree.exists():
        shutil.rmtree(tree)
    staging.rename(tree)
    synced(Path(places.trees))


def _write_all(directory: Path, files: Files) -> None:
    for path, text in files.items():
        write(directory / path, text)
    _set_modes(directory)


def _write_record(directory: Path, source: Files) -> None:
    write(directory / _tree.SOURCES, _tree.recorded(source))


def _keep_planned(request: Request, tree: Path) -> None:
    """Also where no file of the tree differs: whom a port is open to is not written in it."""
    for name, planned in ((_tree_files.PORTS, request.ports), (_tree_files.REACH, request.reach)):
        if _tree_files.read_planned(tree, name) != (planned or None):
            _write_beside(tree, name, planned)


def _write_beside(tree: Path, name: str, content: t.Any) -> None:
    path = tree / name
    if not content:
        path.unlink(missing_ok=True)
        return
    write(path, json.dumps(content))
    path.chmod(0o600)


def _set_modes(directory: Path) -> None:
    for path in [directory, *directory.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o700 if path.is_dir() else 0o600)
            os.chown(path, os.geteuid(), os.getegid())


def _prune(places: Places, keep: int, needed: set[str | None]) -> None:
    """Old trees beyond `keep`, and what a run that was killed has left. One that was refused takes no place of them."""
    trees = Path(places.trees)
    for leftover in [*trees.rglob(f"{STAGING}*"), *Path(places.link).parent.glob(f"*{STAGING}*")]:
        if leftover.is_dir() and not leftover.is_symlink():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            leftover.unlink(missing_ok=True)
    ours = [path for path in trees.iterdir() if NAME.fullmatch(path.name)]
    ours.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    history = set(_transaction.proven(places))
    proven, refused = ([tree for tree in ours if (tree.name in history) == whether] for whether in (True, False))
    for tree in [*proven[keep:], *refused[REFUSED_KEPT:]]:
        if tree.name not in needed:
            shutil.rmtree(tree, ignore_errors=True)
