# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HAProxy as it runs, and what has to happen so that it runs what lies on disk.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import re
import time
import typing as t
from dataclasses import dataclass, replace
from pathlib import Path

from ansible_collections.hardened.balancer.plugins.module_utils import _programs
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_socket import (
    Processes,
    SocketError,
    ask,
    digest_of,
    parse_info,
    parse_proc,
    parse_servers,
)

UNIT = "haproxy.service"
PROPERTIES = (
    "LoadState",
    "ActiveState",
    "UnitFileState",
    "MainPID",
    "NeedDaemonReload",
    "LimitNOFILE",
    "BindReadOnlyPaths",
)
HARD_LIMIT = re.compile(r"^Max open files\s+\S+\s+(\S+)", re.MULTILINE)
LOG_SOCKET = "/dev/log"
NO_LIMIT = 1 << 40


@dataclass(frozen=True)
class Places:
    link: str = "/etc/haproxy/haproxy.cfg"
    trees: str = "/etc/haproxy/trees"
    program: str = "/usr/sbin/haproxy"
    admin_socket: str = "/run/haproxy/admin.sock"
    master_socket: str = "/run/haproxy-master.sock"
    proc: str = "/proc"
    run: str = "/run/hardened-balancer"
    state: str = "/var/lib/hardened-balancer/haproxy.state"

    @property
    def rewritten(self) -> Path:
        """Holds the worker that ran when a tree was rewritten in place: until another runs, what runs is unknown."""
        return Path(self.trees, ".rewritten")

    @property
    def before(self) -> Path:
        """What was in force before the change that is under way; see _transaction."""
        link = Path(self.link)
        return link.with_name(f".{link.name}.before")

    @property
    def mark(self) -> Path:
        """There while a change is under way, and gone after a reboot."""
        return Path(self.run, "transaction")

    @property
    def effective(self) -> Path:
        """Which tree a worker has been made equal to by the runtime API; see effective_digest."""
        return Path(self.run, "effective")


@dataclass(frozen=True)
class Live:
    """What systemd, the kernel and HAProxy itself say."""

    known: bool = False
    active: bool = False
    enabled: bool = False
    stale_unit: bool = False
    unit_nofile: int | None = None
    master: int | None = None
    nofile: int | None = None
    replaced: bool = False
    log_unreachable: bool = False
    foreign_socket: bool = False
    worker: int | None = None
    old_workers: tuple[int, ...] = ()
    failed_reloads: int = 0
    digest: str | None = None
    started_with: str | None = None
    drifted: tuple[str, ...] = ()


class Verdict(t.NamedTuple):
    pending: str
    reasons: list[str]


def observe(places: Places, run: _programs.Run = _programs.run) -> Live:
    unit = parse_properties(run(["systemctl", "show", UNIT, f"--property={','.join(PROPERTIES)}"]).out)
    live = of_unit(unit)
    if not live.active or live.master is None:
        return live
    return replace(live, **of_kernel(places, live.master, unit), **of_haproxy(places))


def parse_properties(text: str) -> dict[str, str]:
    return {name: value for name, equals, value in (line.partition("=") for line in text.splitlines()) if equals}


def of_unit(unit: t.Mapping[str, str]) -> Live:
    return Live(
        known=unit.get("LoadState") == "loaded",
        active=unit.get("ActiveState") in ("active", "reloading"),
        enabled=unit.get("UnitFileState") == "enabled",
        stale_unit=unit.get("NeedDaemonReload") == "yes",
        unit_nofile=number(unit.get("LimitNOFILE")),
        master=number(unit.get("MainPID")) or None,
    )


def number(text: str | None) -> int | None:
    """A limit or a process; "infinity" and "unlimited" are more than anybody asks for."""
    if text in ("infinity", "unlimited"):
        return NO_LIMIT
    return int(text) if text and text.isdecimal() else None


def of_kernel(places: Places, master: int, unit: t.Mapping[str, str]) -> dict[str, t.Any]:
    limits = HARD_LIMIT.search(_read(places.proc, master, "limits"))
    mounted = any(line.split()[4].endswith(LOG_SOCKET) for line in _read(places.proc, master, "mountinfo").splitlines())
    return {
        "nofile": number(limits[1]) if limits else None,
        "replaced": _program_of(places.proc, master).endswith(" (deleted)"),
        "log_unreachable": LOG_SOCKET in unit.get("BindReadOnlyPaths", "") and not mounted,
    }


def of_haproxy(places: Places) -> dict[str, t.Any]:
    """Each of the two sockets may be missing: a configuration that is not ours need not have them."""
    info = show_info(places)
    processes = show_proc(places)
    worker = processes.workers[0] if processes.workers else number(info.get("pid"))
    return {
        "worker": worker,
        "old_workers": processes.old,
        "failed_reloads": processes.failed,
        "digest": effective_digest(places, worker, digest_of(info)),
        "started_with": digest_of(info),
        "foreign_socket": bool(info) and digest_of(info) is None,
        "drifted": drifted(places),
    }


def drifted(places: Places) -> tuple[str, ...]:
    """Servers whose weight was changed at run time by somebody: an agent may do so, it answers for its own server."""
    try:
        servers = parse_servers(ask(places.admin_socket, "show servers state"))
    except SocketError:
        return ()
    by_hand = (s for s in servers if s["srv_uweight"] != s["srv_iweight"] and s["srv_agent_state"] == "0")
    return tuple(f"{s['be_name']}/{s['srv_name']}" for s in by_hand)


def show_info(places: Places) -> dict[str, str]:
    try:
        return parse_info(ask(places.admin_socket, "show info"))
    except SocketError:
        return {}


def show_proc(places: Places) -> Processes:
    try:
        return parse_proc(ask(places.master_socket, "show proc"))
    except SocketError:
        return Processes()


def _read(proc: str, pid: int, name: str) -> str:
    try:
        return Path(proc, str(pid), name).read_text(errors="replace")
    except OSError:
        return ""


def _program_of(proc: str, pid: int) -> str:
    try:
        return str(Path(proc, str(pid), "exe").readlink())
    except OSError:
        return ""


def linked_digest(places: Places) -> str | None:
    """The tree in force, by the link; None where the configuration is not a link of ours."""
    try:
        target = Path(places.link).readlink()
    except OSError:
        return None
    tree = Path(places.link).parent.joinpath(target).parent
    return tree.name if tree.parent == Path(places.trees) else None


def trees(places: Places) -> list[str]:
    """The trees on disk, the newest first."""
    found = [path for path in Path(places.trees).glob("*/haproxy.cfg") if not path.parent.name.startswith(".")]
    return [path.parent.name for path in sorted(found, key=lambda path: path.parent.stat().st_mtime, reverse=True)]


def effective_digest(places: Places, worker: int | None, started_with: str | None) -> str | None:
    """A worker tells the tree that it was started with, also after the runtime API has made it equal to another."""
    try:
        words = places.effective.read_text().split()
    except OSError:
        return started_with
    if words[:2] != [str(worker), str(started_with)]:
        return started_with
    # Without the third word it was being changed when the run was cut off: it may be anything in between.
    return words[2] if len(words) == 3 else None


def is_cut_off(places: Places) -> bool:
    return places.before.is_symlink() or places.before.exists()


def rewritten_under(places: Places) -> int | None:
    try:
        return number(places.rewritten.read_text().strip())
    except OSError:
        return None


def verdict(
    live: Live, digest: str | None, nofile: int | None, rewritten: int | None, cut_off: bool = False
) -> Verdict:
    """The least that puts `digest` in force."""
    if not live.active:
        return Verdict("start", ["HAProxy does not run"])
    if must_restart := restart_reasons(live, nofile):
        return Verdict("restart", must_restart)
    reasons = []
    if live.digest != digest:
        reasons.append(f"what runs is {live.digest or 'not ours'}, what is on disk is {digest or 'not ours'}")
    elif rewritten is not None and rewritten == live.worker:
        reasons.append("files were edited by hand and mended, what the process read is unknown")
    if live.replaced:
        reasons.append("the program was replaced on disk, what runs is the old one")
    if reasons:
        return Verdict("reload", reasons)
    small = [f"{server} has another weight than the configuration" for server in live.drifted]
    if live.stale_unit:
        small.append("the unit was changed on disk, systemd has not read it")
    if cut_off:
        small.append("the last change was cut off before it had proven itself")
    return Verdict("mend" if small else "none", small)


def needed(live: Live, digest: str, nofile: int | None, places: Places, edited: bool = False) -> Verdict:
    """The least that puts `digest` in force, by the process and by what lies on disk."""
    rewritten = live.worker if edited else rewritten_under(places)
    found = verdict(live, digest, nofile, rewritten, is_cut_off(places))
    # A process that somebody started with this tree runs it already.
    if found.pending == "none" and linked_digest(places) != digest:
        return Verdict("mend", [f"{places.link} does not lead to {digest}, which runs"])
    return found


def restart_reasons(live: Live, nofile: int | None) -> list[str]:
    """A reload keeps the limits and the mounts that the unit was started with."""
    reasons = []
    if nofile is not None and live.nofile is not None and live.nofile < nofile:
        reasons.append(f"the process may open {live.nofile} files and needs {nofile}, a reload cannot raise that")
    if live.log_unreachable:
        reasons.append(f"the process does not see {LOG_SOCKET} in its chroot, a reload cannot mount it")
    if live.foreign_socket:
        reasons.append("another configuration made the runtime socket, a reload would hand it on with its owner")
    return reasons


def wait_until(done: t.Callable[[], bool], timeout: float, pause: float = 0.1) -> bool:
    deadline = time.monotonic() + timeout
    while not done():
        if time.monotonic() >= deadline:
            return False
        time.sleep(pause)
    return True
