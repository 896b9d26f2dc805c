# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HAProxy as it runs, by systemd, the kernel and itself.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import contextlib
import re
import socket
import time
import typing as t
from dataclasses import dataclass, replace
from pathlib import Path

from ansible_collections.hardened.balancer.plugins.module_utils import _programs, _sandbox
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_socket import (
    Processes,
    SocketError,
    ask,
    digest_of,
    parse_info,
    parse_proc,
)

UNIT = "haproxy.service"
PROPERTIES = (
    "LoadState",
    "ActiveState",
    "UnitFileState",
    "MainPID",
    "NeedDaemonReload",
    "DropInPaths",
    "LimitNOFILE",
    "BindReadOnlyPaths",
    "Environment",
)
HARD_LIMIT = re.compile(r"^Max open files\s+\S+\s+(\S+)", re.MULTILINE)
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
    drop_in: str = "/etc/systemd/system/haproxy.service.d/hardened-balancer.conf"
    state: str = "/var/lib/hardened-balancer/haproxy.state"
    log_socket: str = "/dev/log"

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
    unit_sandbox: _sandbox.Settings | None = None
    master: int | None = None
    nofile: int | None = None
    sandbox: _sandbox.Settings | None = None
    replaced: bool = False
    log_unreachable: bool = False
    foreign_socket: bool = False
    socket_gone: bool = False
    worker: int | None = None
    old_workers: tuple[int, ...] = ()
    failed_reloads: int = 0
    digest: str | None = None
    started_with: str | None = None


def observe(places: Places, run: _programs.Run = _programs.run) -> Live:
    unit = parse_properties(run(["systemctl", "show", UNIT, f"--property={','.join(PROPERTIES)}"]).out)
    live = of_unit(unit, places)
    if not live.active or live.master is None:
        return live
    return replace(live, **of_kernel(places, live.master, unit), **of_haproxy(places))


def parse_properties(text: str) -> dict[str, str]:
    return {name: value for name, equals, value in (line.partition("=") for line in text.splitlines()) if equals}


def is_active(unit: t.Mapping[str, str]) -> bool:
    """By the properties of any unit."""
    return unit.get("ActiveState") in ("active", "reloading")


def of_unit(unit: t.Mapping[str, str], places: Places) -> Live:
    return Live(
        known=unit.get("LoadState") == "loaded",
        active=is_active(unit),
        enabled=unit.get("UnitFileState") == "enabled",
        stale_unit=unit.get("NeedDaemonReload") == "yes" or _unread(unit, places),
        unit_nofile=number(unit.get("LimitNOFILE")),
        unit_sandbox=_sandbox.of_environment(unit.get("Environment", "")),
        master=number(unit.get("MainPID")) or None,
    )


def _unread(unit: t.Mapping[str, str], places: Places) -> bool:
    """A drop-in whose directory is new is not missed by systemd itself, and a restart starts without it."""
    read = unit.get("DropInPaths")
    return read is not None and places.drop_in not in read.split() and Path(places.drop_in).exists()


def number(text: str | None) -> int | None:
    """A limit or a process; "infinity" and "unlimited" are more than anybody asks for."""
    if text in ("infinity", "unlimited"):
        return NO_LIMIT
    return int(text) if text and text.isdecimal() else None


def of_kernel(places: Places, master: int, unit: t.Mapping[str, str]) -> dict[str, t.Any]:
    limits = HARD_LIMIT.search(_read(places.proc, master, "limits"))
    environ, status = (_read(places.proc, master, name) for name in ("environ", "status"))
    return {
        "nofile": number(limits[1]) if limits else None,
        "sandbox": _sandbox.of_process(environ, status, _sandbox.of_environment(unit.get("Environment", ""))),
        "replaced": _program_of(places.proc, master).endswith(" (deleted)"),
        "log_unreachable": _log_unreachable(places, f"{places.proc}/{master}/root", unit.get("BindReadOnlyPaths", "")),
    }


def _log_unreachable(places: Places, root: str, bound: str) -> bool:
    """A journal that was started anew has another socket than the one that was mounted for the process."""
    entries = (entry.removeprefix("-").split(":") for entry in bound.split())
    inside = [fields[1] for fields in entries if fields[0] == places.log_socket]
    return bool(inside) and _takes(places.log_socket) and not _takes(root + inside[-1])


def _takes(path: str) -> bool:
    """Whether somebody is at the other end of a socket for datagrams; none is sent."""
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as asked:
        try:
            asked.connect(path)
        except OSError:
            return False
    return True


def of_haproxy(places: Places) -> dict[str, t.Any]:
    """Each of the two sockets may be missing: a configuration that is not ours need not have them."""
    processes = show_proc(places)
    info = show_info(places)
    worker = processes.workers[0] if processes.workers else number(info.get("pid"))
    return {
        "worker": worker,
        "old_workers": processes.old,
        "failed_reloads": processes.failed,
        "digest": effective_digest(places, worker, digest_of(info)),
        "started_with": digest_of(info),
        "foreign_socket": bool(info) and digest_of(info) is None and Path(places.admin_socket).exists(),
        "socket_gone": digest_of(info) is not None and not Path(places.admin_socket).exists(),
    }


def show_info(places: Places) -> dict[str, str]:
    """Of the process that serves; through the master where somebody removed its own socket."""
    for path, command in ((places.admin_socket, "show info"), (places.master_socket, "@1 show info")):
        with contextlib.suppress(SocketError):
            return parse_info(ask(path, command))
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
    words = effective_words(places)
    if words[:2] != [str(worker), str(started_with)]:
        return started_with
    # A fourth word says that it was being changed when the run was cut off: it may be anything in between.
    return words[2] if len(words) == 3 else None


def effective_words(places: Places) -> list[str]:
    """The worker, the tree that it was started with, and the one that it has been made equal to."""
    try:
        return places.effective.read_text().split()
    except OSError:
        return []


def rewritten_under(places: Places) -> int | None:
    try:
        return number(places.rewritten.read_text().strip())
    except OSError:
        return None


def wait_until(done: t.Callable[[], bool], timeout: float, pause: float = 0.1) -> bool:
    deadline = time.monotonic() + timeout
    while not done():
        if time.monotonic() >= deadline:
            return False
        time.sleep(pause)
    return True
