# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tree and its handler against a real HAProxy in a directory of its own; a function stands in for systemd."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.hardened.balancer.plugins.module_utils import (
    _addresses,
    _drift,
    _files,
    _haproxy_apply,
    _haproxy_service,
    _in_memory,
    _preflight,
    _programs,
    _rehearsal,
    _served,
    _transaction,
    _tree_store,
)
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_process import (
    Places,
    linked_digest,
    observe,
    show_info,
    wait_until,
)
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_socket import ask, digest_of
from ansible_collections.hardened.balancer.plugins.module_utils._programs import Answer
from ansible_collections.hardened.balancer.plugins.module_utils._tree import TreeError
from ansible_collections.hardened.balancer.plugins.module_utils._verdict import Verdict

PROGRAM = shutil.which("haproxy", path="/usr/sbin:/usr/bin")

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="needs Debian's haproxy")

CONFIGURATION = """\
global
    description hardened.balancer @digest@
    default-path origin {trees}/@digest@
    stats socket {admin} mode 660 level admin expose-fd listeners
    maxconn 100
defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
    errorfile 503 errors/503.http
frontend front
    bind 127.0.0.1:{port}
    http-request return status 200 content-type text/plain string "{text}" if {{ path /{text} }}
    default_backend back
backend back
    server one 127.0.0.1:{port_of_nobody} weight 10
"""
PAGE = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Machine:
    """A node in a directory: `run` is systemd, for one unit."""

    def __init__(self, directory: Path) -> None:
        etc = directory / "etc"
        etc.mkdir()
        self.places = Places(
            link=str(etc / "haproxy.cfg"),
            trees=str(etc / "trees"),
            program=str(PROGRAM),
            admin_socket=str(directory / "admin.sock"),
            master_socket=str(directory / "master.sock"),
            run=str(directory / "run"),
            state=str(directory / "state"),
            drop_in=str(directory / "drop-in.conf"),
        )
        self.port, self.port_of_nobody = free_port(), free_port()
        self.log = directory / "log"
        self.process: subprocess.Popen[bytes] | None = None
        self.asked: list[str] = []
        self.read: str | None = None
        self.written = ""

    def source(self, text: str = "first", port: int | None = None) -> dict[str, str]:
        main = CONFIGURATION.format(
            trees=self.places.trees,
            admin=self.places.admin_socket,
            port=port or self.port,
            port_of_nobody=self.port_of_nobody,
            text=text,
        )
        return {"haproxy.cfg": main, "errors/503.http": PAGE}

    def run(self, command: Sequence[str]) -> Answer:
        if command[0] == "journalctl":
            lines = self.log.read_text().splitlines() if self.log.exists() else []
            return Answer(0, "\n".join(f"1.0 node haproxy[1]: {line}" for line in lines))
        if command[0] != "systemctl":
            return _programs.run(command)
        if command[1] == "show":
            pid = self.process.pid if self.process else 0
            state = "active" if pid else "inactive"
            read = "" if self.read is None else f"DropInPaths={self.read}\n"
            return Answer(0, f"LoadState=loaded\nActiveState={state}\nMainPID={pid}\nNeedDaemonReload=no\n{read}")
        self.asked.append(command[1])
        if command[1] == "daemon-reload":
            self.read = self.places.drop_in
        if command[1] == "restart":
            self.stop()
        if command[1] in ("start", "restart"):
            self.start()
        if command[1] == "reload" and self.process:
            self.process.send_signal(signal.SIGUSR2)
        return Answer(0, "")

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [self.places.program, "-W", "-f", self.places.link, "-S", self.places.master_socket],
                stdout=log,
                stderr=log,
            )
        assert wait_until(lambda: bool(show_info(self.places)), 20)

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(20)
            self.process = None

    def write(self, source: dict[str, str], **options: object) -> dict[str, object]:
        request = _tree_store.Request(source=source, **options)  # type: ignore[arg-type]
        result = _tree_store.converge(request, self.places, observe(self.places, self.run), self.run)
        self.written = str(result["digest"])
        return result

    def apply(self, method: str = "reload", timeout: int = 20, digest: str = "", settle: int = 10) -> dict[str, object]:
        """What was written last, if nothing else is said."""
        order = _haproxy_apply.Order(digest or self.written, method, timeout, settle)
        return _haproxy_apply.apply(order, self.places, self.run)

    def request(self, path: str) -> None:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)) as connection:
            connection.request("GET", path)
            connection.getresponse().read()

    def udp(self) -> list[dict[str, object]]:
        """Sockets of our process: others may run on this machine."""
        worker = observe(self.places, self.run).worker
        found = _served.listeners(self.places)
        return [one for one in found if one["protocol"] == "udp" and one["pid"] == worker]

    @property
    def running(self) -> str | None:
        return digest_of(show_info(self.places))


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    # A unix socket's path is short, and pytest's directories are not.
    short = Path("/tmp") / f"hb-{os.getpid()}-{tmp_path.name[-8:]}"
    short.mkdir(mode=0o700)
    one = Machine(short)
    try:
        yield one
    finally:
        one.stop()
        shutil.rmtree(short)


def test_from_nothing_to_running_and_then_nothing(machine: Machine) -> None:
    written = machine.write(machine.source())
    assert (written["changed"], written["written"], written["pending"]) == (True, True, "start")
    applied = machine.apply()
    assert (applied["did"], applied["digest"]) == ("start", written["digest"])
    assert f"tcp 127.0.0.1:{machine.port}" in str(applied["listeners"])

    again = machine.write(machine.source())
    assert (again["changed"], again["pending"], again["diff"]) == (False, "none", [])
    assert machine.apply()["changed"] is False
    assert machine.asked == ["reset-failed", "start"]


def test_the_socket_of_a_log_over_udp_is_not_one_that_serves(machine: Machine) -> None:
    """HAProxy opens it with the first line that it logs; in /proc nothing tells it from a listener."""
    source = machine.source()
    source["haproxy.cfg"] = source["haproxy.cfg"].replace(
        "    maxconn 100\n", f"    maxconn 100\n    log 127.0.0.1:{free_port()} local0\n"
    )
    source["haproxy.cfg"] = source["haproxy.cfg"].replace("    mode http\n", "    mode http\n    log global\n", 1)
    machine.write(source, ports={"tcp": [str(machine.port)], "udp": []})
    machine.apply()
    machine.request("/first")

    [sends] = machine.udp()
    assert (sends["address"], sends["picked"]) == ("0.0.0.0", True)
    assert f":{sends['port']}" not in " ".join(_haproxy_service.served(machine.places))

    # That of a tree, also of one that is not in force, is one that serves.
    machine.write(machine.source("second"), ports={"tcp": [], "udp": [str(sends["port"])]})
    assert "picked" not in machine.udp()[0]
    narrow = [{"protocol": "udp", "ports": [str(sends["port"])], "sources": ["198.51.100.0/24"]}]
    machine.write(machine.source("second"), ports={"tcp": [], "udp": [], "restricted": narrow})
    assert "picked" not in machine.udp()[0]


def test_a_change_is_a_reload_that_a_killed_run_leaves_to_the_next(machine: Machine) -> None:
    machine.write(machine.source())
    machine.apply()
    first = machine.running
    machine.write(machine.source("second"))
    assert machine.running == first

    found = machine.write(machine.source("second"))
    assert (found["changed"], found["written"], found["pending"]) == (True, False, "reload")
    assert machine.apply()["did"] == "reload"
    assert machine.running == found["digest"] == linked_digest(machine.places)


def test_a_runtime_socket_that_was_removed_comes_back_by_a_restart(machine: Machine) -> None:
    machine.write(machine.source())
    machine.apply()
    Path(machine.places.admin_socket).unlink()
    found = machine.write(machine.source("second"))
    assert (found["running"] is not None, found["pending"]) == (True, "restart")
    assert "removed the runtime socket" in str(found["reasons"])
    assert machine.apply()["did"] == "restart"
    assert ask(machine.places.admin_socket, "show info")
    assert machine.running == found["digest"]
    assert machine.write(machine.source("second"))["changed"] is False


def test_a_runtime_socket_that_another_configuration_made_is_made_anew_by_a_restart(machine: Machine) -> None:
    """A reload would hand it on with the owner and the mode that somebody else gave it."""
    theirs = machine.source()["haproxy.cfg"].replace("    description hardened.balancer @digest@\n", "")
    theirs = theirs.replace(f"    default-path origin {machine.places.trees}/@digest@\n", "")
    link = Path(machine.places.link)
    link.write_text(theirs.replace("    errorfile 503 errors/503.http\n", ""))
    machine.start()
    found = machine.write(machine.source(), existing="keep_aside")
    assert (found["running"], found["pending"]) == (None, "restart")
    assert "another configuration made the runtime socket" in str(found["reasons"])
    assert machine.apply()["did"] == "restart"
    assert machine.running == found["digest"]
    assert machine.write(machine.source())["changed"] is False


def test_a_link_that_leads_elsewhere_is_set_right_without_a_reload(machine: Machine) -> None:
    """What runs is right, and the next start would be of another tree."""
    first = machine.write(machine.source())["digest"]
    machine.apply()
    second = machine.write(machine.source("second"))["digest"]
    machine.apply()
    link = Path(machine.places.link)
    link.unlink()
    link.symlink_to(Path("trees", str(first), "haproxy.cfg"))
    found = machine.write(machine.source("second"))
    assert (found["pending"], found["reasons"]) == ("mend", [f"{link} does not lead to {second}, which runs"])
    assert machine.apply()["did"] == "mend"
    assert linked_digest(machine.places) == machine.running == second
    assert machine.asked.count("reload") == 1


def test_a_drop_in_that_systemd_has_not_missed_is_read_before_the_start(machine: Machine) -> None:
    machine.read = ""
    Path(machine.places.drop_in).touch()
    machine.write(machine.source())
    machine.apply()
    assert machine.asked == ["daemon-reload", "reset-failed", "start"]
    assert machine.apply()["changed"] is False


def test_a_reload_that_was_lost_is_told_again(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.write(machine.source())
    machine.apply()
    monkeypatch.setattr(_haproxy_service, "LOST_AFTER", 0.5)
    kept, lost = machine.run, iter([True])

    def deaf_once(command: Sequence[str]) -> Answer:
        return Answer(0, "") if command[:2] == ["systemctl", "reload"] and next(lost, False) else kept(command)

    monkeypatch.setattr(machine, "run", deaf_once)
    machine.write(machine.source("second"))
    assert machine.apply()["did"] == "reload"
    assert machine.asked == ["reset-failed", "start", "reload"]
    assert next(lost, None) is None


def test_warnings_are_fatal_or_shown_each_time(machine: Machine) -> None:
    source = machine.source()
    source["haproxy.cfg"] += "\nfrontend warned\n    mode tcp\n    bind unix@x.sock\n    http-request deny\n"
    source["haproxy.cfg"] += "    default_backend none\nbackend none\n    mode tcp\n"
    with pytest.raises(TreeError, match="HAProxy refuses the configuration"):
        machine.write(source)
    assert linked_digest(machine.places) is None

    first = machine.write(source, fatal=False)
    again = machine.write(source, fatal=False)
    assert (first["written"], again["written"], again["edited"]) == (True, False, [])
    assert first["warnings"] == again["warnings"] != []
    assert str(first["warnings"]).startswith("[\"HAProxy warns: 'http-request' rules ignored for frontend 'warned'")
    with pytest.raises(TreeError, match="rules ignored"):
        machine.write(source)

    mended = machine.write(machine.source(), fatal=False)
    assert (mended["written"], mended["warnings"]) == (True, [])


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("[NOTICE]   (32028) : haproxy version is 2.6.12\nConfiguration file is valid", []),
        (
            "Warnings were found.\n[WARNING]  (7) : config : parsing [haproxy.cfg:11] : x",
            ["parsing [haproxy.cfg:11] : x"],
        ),
        ("[WARNING]  (7) : x", ["x"]),
        ("[WARNING] 325/110602 (7) : config : x : y", ["x : y"]),
    ],
)
def test_what_haproxy_said(said: str, expected: list[str]) -> None:
    assert _tree_store.messages_of(said) == [f"HAProxy warns: {one}" for one in expected]


@contextlib.contextmanager
def visited(machine: Machine, path: str = "/") -> Iterator[list[str]]:
    """A client that asks again and again; what it got is there when the block ends."""
    answers: list[str] = []
    done = threading.Event()

    def visit() -> None:
        while not done.wait(0.01):
            try:
                with socket.create_connection(("127.0.0.1", machine.port), 5) as one:
                    one.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
                    answers.append(one.recv(100).decode()[:12])
            except OSError as exc:
                answers.append(str(exc))

    visitor = threading.Thread(target=visit)
    visitor.start()
    try:
        yield answers
    finally:
        done.set()
        visitor.join()


def test_a_reload_drops_no_request(machine: Machine) -> None:
    machine.write(machine.source())
    machine.apply()
    with visited(machine, "/first") as answers:
        for retries in (1, 2, 3):
            machine.write({**machine.source(), "errors/extra.txt": str(retries)})
            machine.apply()
    assert len(answers) > 10
    assert set(answers) == {"HTTP/1.1 200"}


def test_what_haproxy_refuses_changes_nothing(machine: Machine) -> None:
    machine.write(machine.source())
    before = sorted(Path(machine.places.trees).iterdir())
    broken = machine.source()
    broken["haproxy.cfg"] = broken["haproxy.cfg"].replace(
        "default_backend", "http-request send-to-nowhere\n    default_backend"
    )
    with pytest.raises(TreeError, match="send-to-nowhere") as refused:
        machine.write(broken)
    assert "line 15: http-request send-to-nowhere" in str(refused.value)
    assert ".staging" not in str(refused.value)
    assert sorted(Path(machine.places.trees).iterdir()) == before


def test_what_haproxy_refuses_leaves_no_unit_behind(machine: Machine) -> None:
    machine.write(machine.source())
    unit = Path(machine.places.drop_in)
    unit.with_name(f"{unit.name}.before").write_text("[Service]\n")
    unit.write_text("[Service]\nProtectHome=yes\n")
    machine.places.mark.parent.mkdir(exist_ok=True)
    machine.places.mark.touch()
    with pytest.raises(TreeError, match=r"(?s)Nothing was changed.*The drop-in of its unit is the one from before"):
        machine.write({"haproxy.cfg": "nonsense\n"})
    assert unit.read_text() == "[Service]\n"
    assert not machine.places.mark.exists()


def test_an_edited_file_is_mended_and_read_again(machine: Machine) -> None:
    digest = machine.write(machine.source())["digest"]
    machine.apply()
    with Path(machine.places.link).open("a") as file:
        file.write("# by hand\n")
    Path(machine.places.link).resolve().parent.joinpath("left.txt").write_text("x")
    dry = machine.write(machine.source(), dry=True)
    assert (dry["changed"], dry["pending"], dry["edited"]) == (True, "reload", ["haproxy.cfg", "left.txt"])
    mended = machine.write(machine.source())
    assert mended["edited"] == ["haproxy.cfg", "left.txt"]
    assert mended["drift"] == ["edited: haproxy.cfg, left.txt"]
    assert "# by hand" in str(mended["diff"])
    assert machine.write(machine.source())["pending"] == "reload"
    assert machine.apply()["did"] == "reload"
    assert machine.write(machine.source())["changed"] is False
    assert machine.running == digest


def test_what_somebody_else_did_is_told_and_shown_in_a_dry_run_too(machine: Machine) -> None:
    first = machine.write(machine.source())
    machine.apply()
    machine.write(machine.source("second"))
    cut_off = machine.write(machine.source("second"), dry=True)
    assert cut_off["drift"] == []
    machine.apply()

    machine.stop()
    stopped = machine.write(machine.source("second"), dry=True)
    assert stopped["drift"] == ["HAProxy does not run"]
    assert stopped["diff"] == [{"prepared": "the process of HAProxy: HAProxy does not run\n"}]
    machine.apply()

    link = Path(machine.places.link)
    there = link.readlink()
    link.unlink()
    link.symlink_to(Path("trees", str(first["digest"]), "haproxy.cfg"))
    machine.run(["systemctl", "reload", "haproxy.service"])
    assert wait_until(lambda: machine.running == first["digest"], 20)
    link.unlink()
    link.symlink_to(there)
    found = machine.write(machine.source("second"), dry=True)
    assert found["drift"] == [f"what runs is {first['digest']}, what lies there is {cut_off['digest']}"]
    assert f"what runs is {first['digest']}" in str(found["diff"])
    again = machine.write(machine.source("third"))
    assert f"what runs is {first['digest']}" in str(again["diff"])
    machine.apply()
    calm = machine.write(machine.source("third"))
    assert (calm["drift"], "what runs" in str(calm["diff"])) == ([], False)


def test_a_weight_of_run_time_is_set_back_and_a_drain_is_not(machine: Machine) -> None:
    machine.write(machine.source())
    machine.apply()
    ask(machine.places.admin_socket, "set server back/one state drain")
    assert machine.write(machine.source())["changed"] is False
    ask(machine.places.admin_socket, "set weight back/one 50%")
    assert machine.write(machine.source())["reasons"] == ["server back/one has the weight 5, not 10"]
    assert machine.apply()["did"] == "mend"
    assert machine.write(machine.source())["changed"] is False
    assert "drain" in ask(machine.places.admin_socket, "show stat").lower()


def test_a_restart_happens_where_it_is_asked_for_or_needed(machine: Machine) -> None:
    machine.write(machine.source())
    machine.apply()
    machine.write(machine.source("second"))
    done = machine.apply(method="restart")
    assert (done["did"], str(done["why"]).count("haproxy_apply asks for restarts")) == ("restart", 1)
    assert machine.apply(method="restart")["did"] == "none"
    needed = machine.write(machine.source("second"), nofile=1 << 30)
    assert needed["pending"] == "restart"
    assert "needs 1073741824" in str(needed["reasons"])


@pytest.mark.parametrize("quotes", ["", '"', "'"])
def test_a_secret_arrives_as_it_is(machine: Machine, quotes: str) -> None:
    awkward = "a b'c\"d#e\\f${HOME}$g,h%i"
    source = machine.source()
    word = f"{quotes}@secret:it@{quotes}"
    rule = "    http-request return content-type text/plain lf-string %[env(SECRET)]\n"
    main = source["haproxy.cfg"].replace("global\n", f"global\n    setenv SECRET {word}\n")
    source["haproxy.cfg"] = main.replace("    default_backend", f"{rule}    default_backend")
    machine.write(source, secrets={"it": awkward})
    machine.apply()
    with socket.create_connection(("127.0.0.1", machine.port), 5) as one:
        one.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert one.makefile(newline="").read().endswith(f"\r\n\r\n{awkward}")


def test_secrets_stay_one_word_and_are_shown_nowhere(machine: Machine) -> None:
    awkward = "a b'c\"d#e\\f$g,h"
    source = machine.source()
    source["haproxy.cfg"] += (
        "userlist u\n    user x insecure-password @secret:plain@\n    user y insecure-password '@secret:quoted@'\n"
    )
    written = machine.write(source, secrets={"plain": awkward, "quoted": awkward})
    machine.apply()
    assert "a b" not in str(written)
    rotated = machine.write(source, secrets={"plain": awkward, "quoted": "z"}, dry=True)
    assert rotated["diff"] == [{"prepared": "haproxy.cfg: the value of a secret changes (plain, quoted)\n"}]
    broken = {**source, "haproxy.cfg": source["haproxy.cfg"] + "    nonsense @secret:plain@\n"}
    with pytest.raises(TreeError) as refused:
        machine.write(broken, secrets={"plain": "topsecret", "quoted": "q"})
    assert "topsecret" not in str(refused.value)
    assert "nonsense @secret:plain@" in str(refused.value)


def test_what_was_there_before_is_refused_or_kept(machine: Machine) -> None:
    link = Path(machine.places.link)
    link.write_text("mine\n")
    with pytest.raises(TreeError, match="keep_aside"):
        machine.write(machine.source())
    assert link.read_text() == "mine\n"
    machine.write(machine.source(), existing="keep_aside")
    aside = link.with_name("haproxy.cfg.before-hardened-balancer")
    assert aside.read_text() == link.read_text() == "mine\n"
    machine.apply()
    assert link.is_symlink()
    link.unlink()
    link.write_text("mine again\n")
    with pytest.raises(TreeError, match="exists already"):
        machine.write(machine.source(), existing="keep_aside")
    assert aside.read_text() == "mine\n"


def test_old_trees_go_and_those_that_matter_stay(machine: Machine) -> None:
    first = machine.write(machine.source("0"))["digest"]
    machine.apply()
    Path(machine.places.trees, ".staging-left").mkdir()
    for i in range(1, 5):
        os.utime(Path(machine.places.trees, str(machine.write(machine.source(str(i)), keep=2)["digest"])), (i, i))
    left = {path.name for path in Path(machine.places.trees).iterdir()}
    assert first in left
    assert linked_digest(machine.places) in left
    assert len(left - {".lock", ".proven"}) <= 4
    assert ".staging-left" not in left


def test_what_was_never_in_force_drives_out_nothing_that_was(machine: Machine) -> None:
    def written(text: str, when: int) -> str:
        digest = str(machine.write(machine.source(text), keep=3)["digest"])
        os.utime(Path(machine.places.trees, digest), (when, when))
        return digest

    ran = []
    for i in range(1, 4):
        ran.append(written(str(i), i))
        machine.apply()
    refused = [written(f"refused {i}", 10 + i) for i in range(5)]
    left = {path.name for path in Path(machine.places.trees).iterdir() if path.is_dir()}
    assert left == {*ran, refused[-1]}
    with pytest.raises(_haproxy_apply.ApplyError, match=rf"{ran[-1]} \(in force\), {ran[-2]}, {ran[-3]}$") as raised:
        machine.apply(digest="0123456789abcdef")
    assert f"{refused[-1]} (was never in force)" in str(raised.value)


def test_modes(machine: Machine) -> None:
    machine.write(machine.source())
    machine.apply()
    trees = Path(machine.places.trees)
    assert [oct(p.stat().st_mode & 0o777) for p in sorted(trees.rglob("*")) if p.is_dir()] == ["0o700", "0o700"]
    assert {oct(p.stat().st_mode & 0o777) for p in trees.rglob("*") if p.is_file()} == {"0o600"}
    Path(machine.places.link).resolve().chmod(0o644)
    mended = machine.write(machine.source())
    assert mended["edited"] == ["haproxy.cfg"]
    assert "haproxy.cfg: others may read or own it; it is root's, with the mode 0600" in str(mended["diff"])
    assert oct(Path(machine.places.link).stat().st_mode & 0o777) == "0o600"


def test_check_mode_writes_nothing(machine: Machine) -> None:
    dry = machine.write(machine.source(), dry=True)
    assert (dry["changed"], dry["pending"]) == (True, "start")
    planned = Verdict(str(dry["pending"]), ["HAProxy does not run"])
    order = _haproxy_apply.Order(str(dry["digest"]), dry=True, planned=planned)
    assert _haproxy_apply.apply(order, machine.places, machine.run)["did"] == "start"
    with pytest.raises(_haproxy_apply.ApplyError, match=f"has no tree {dry['digest']}"):
        _haproxy_apply.apply(replace(order, planned=None), machine.places, machine.run)
    assert list(Path(machine.places.trees).parent.iterdir()) == []
    with contextlib.suppress(TreeError):
        machine.write({"haproxy.cfg": "nonsense\n"}, dry=True)
        pytest.fail("nonsense was taken")


def test_what_does_not_prove_itself_goes_back(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that somebody holds is found before; if it were not, the old worker serves and the disk leads to it."""
    first = machine.write(machine.source())["digest"]
    machine.apply()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        machine.write(machine.source(port=port))
        with pytest.raises(
            _haproxy_apply.ApplyError, match=rf"Nothing was changed(.*\n)*.*:{port} cannot be had: Addr"
        ):
            machine.apply()
        assert machine.asked == ["reset-failed", "start"]
        monkeypatch.setattr(_addresses, "refused", lambda *_given: [])
        with pytest.raises(_haproxy_apply.ApplyError, match="What ran before never stopped") as refused:
            machine.apply()
    assert refused.value.rolled_back
    assert machine.running == first == linked_digest(machine.places)
    assert not _transaction.is_open(machine.places)
    assert machine.write(machine.source())["changed"] is False
    machine.write(machine.source("second"))
    assert machine.apply()["did"] == "reload"


@contextlib.contextmanager
def a_worker(port: int) -> Iterator[None]:
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind(("127.0.0.1", port))
        one.listen()
        yield


def checked(source: dict[str, str]) -> dict[str, str]:
    main = source["haproxy.cfg"].replace("weight 10", "weight 10 check inter 100ms fall 1 rise 1")
    return {**source, "haproxy.cfg": main}


def test_a_backend_that_would_lose_all_its_servers_is_refused_or_comes_back(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_worker(machine.port_of_nobody):
        first = machine.write(checked(machine.source()))["digest"]
        machine.apply()
        assert wait_until(lambda: "L4OK" in ask(machine.places.admin_socket, "show stat"), 10)
        machine.port_of_nobody = free_port()
        machine.write(checked(machine.source()))
        with pytest.raises(_haproxy_apply.ApplyError, match=r"Nothing was changed(.*\n)*no server is up .* back \(one"):
            machine.apply(settle=2)
        assert machine.asked == ["reset-failed", "start"]

        monkeypatch.setattr(_rehearsal, "failures", lambda *_given: [])
        with pytest.raises(_haproxy_apply.ApplyError, match=r"no server is up .* back \(one DOWN") as refused:
            machine.apply(settle=2)
    assert "is in force again, by a reload" in str(refused.value)
    assert machine.running == first == linked_digest(machine.places)
    machine.write(checked(machine.source()))
    assert machine.apply(settle=0)["did"] == "reload"


def test_a_first_start_that_fails_leaves_what_was_there(machine: Machine) -> None:
    link = Path(machine.places.link)
    link.write_text("mine\n")
    source = machine.source()
    source["haproxy.cfg"] = source["haproxy.cfg"].replace("global\n", "global\n    chroot /nowhere/at/all\n")
    machine.write(source, existing="keep_aside")
    with pytest.raises(
        _haproxy_apply.ApplyError, match=r"Nothing was changed.*\n.*does not come up:\n(.*\n)*.*annot chroot"
    ):
        machine.apply()
    assert link.read_text() == "mine\n"
    machine.write(machine.source(), existing="keep_aside")
    assert machine.apply()["did"] == "start"


@pytest.mark.parametrize("action", ["start", "restart"])
def test_what_ran_before_runs_again_whatever_became_of_the_process(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    first = machine.write(machine.source())["digest"]
    machine.apply()
    machine.write(machine.source("second"))

    def breaks(*_given: object) -> None:
        if action == "start":
            machine.stop()
        else:
            Path(machine.places.admin_socket).unlink()
            Path(machine.places.master_socket).unlink()
        raise _haproxy_service.FailedError("it broke")

    monkeypatch.setattr(_haproxy_service, "settle", breaks)
    told = f"it broke\n(.*\n)*What ran before is in force again, by a {action}: the tree {first}, on disk and in memory"
    with pytest.raises(_haproxy_apply.ApplyError, match=told) as refused:
        machine.apply()
    assert refused.value.rolled_back
    assert machine.asked[-1] == action
    assert machine.running == first == linked_digest(machine.places)
    assert not _transaction.is_open(machine.places)


@pytest.mark.parametrize("ran", [True, False], ids=["ran before", "did not"])
def test_a_process_that_does_not_come_back_is_said_to_be_away(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, ran: bool
) -> None:
    kept = machine.run

    def refuses(command: Sequence[str]) -> Answer:
        return Answer(1, "", "no start today") if command[:2] == ["systemctl", "start"] else kept(command)

    def dies(*_given: object) -> None:
        machine.stop()
        raise _haproxy_service.FailedError("it died")

    first = machine.write(machine.source())["digest"]
    if ran:
        machine.apply()
        machine.write(machine.source("second"))
        monkeypatch.setattr(_haproxy_service, "settle", dies)
    monkeypatch.setattr(machine, "run", refuses)
    with pytest.raises(_haproxy_apply.ApplyError) as refused:
        machine.apply()
    assert ("after its reload: it died" if ran else "after its start: no start today") in str(refused.value)
    told = (
        f"On disk is the tree {first} again, but HAProxy does not run it: no start today. Look at systemctl status"
        if ran
        else "is the configuration that was there before again. HAProxy did not run before, and does not run now."
    )
    assert told in str(refused.value)
    assert refused.value.rolled_back is not ran
    assert linked_digest(machine.places) == (first if ran else None)
    assert not _transaction.is_open(machine.places)


def test_the_way_back_leads_to_what_had_proven_itself(machine: Machine) -> None:
    first = machine.write(machine.source())["digest"]
    machine.apply()
    with pytest.raises(_haproxy_apply.ApplyError, match=rf"no tree before the one in force.*{first} \(in force\)"):
        machine.apply(digest="previous")
    reach = {"workers4": "10.0.0.1 . 80", "workers6": "", "others": []}
    second = machine.write(machine.source("second"), ports={"tcp": ["80"]}, reach=reach)["digest"]
    machine.apply()
    machine.write(machine.source("never in force"))
    back = machine.apply(digest="previous")
    assert (back["did"], back["digest"], back["ports"], back["reach"]) == ("reload", first, None, None)
    forth = machine.apply(digest="previous")
    assert (forth["digest"], forth["ports"], forth["reach"]) == (second, {"tcp": ["80"]}, reach)
    with pytest.raises(_haproxy_apply.ApplyError, match="no tree 0123456789abcdef"):
        machine.apply(digest="0123456789abcdef")


def test_a_tree_knows_what_was_planned_last(machine: Machine) -> None:
    """Whom a port is open to, and which networks a name leads to, is written in no file of a tree."""
    reach = {"workers4": "10.0.0.1 . 80", "workers6": "", "others": []}
    machine.write(machine.source(), ports={"tcp": ["80"]})
    machine.apply()
    ports = {"tcp": [], "restricted": [{"protocol": "tcp", "ports": ["80"], "sources": ["198.51.100.0/24"]}]}
    machine.write(machine.source(), ports=ports, reach=reach, dry=True)
    same = machine.apply()
    assert (same["did"], same["ports"], same["reach"]) == ("none", {"tcp": ["80"]}, None)
    assert machine.write(machine.source(), ports=ports, reach=reach)["changed"] is False
    same = machine.apply()
    assert (same["did"], same["ports"], same["reach"]) == ("none", ports, reach)
    kept = Path(machine.places.trees, str(same["digest"]), ".reach.json")
    assert kept.stat().st_mode & 0o777 == 0o600


def test_a_run_that_was_killed_before_its_last_step_leaves_no_mark(machine: Machine) -> None:
    machine.write(machine.source())
    machine.apply()
    machine.places.mark.touch()
    assert machine.apply()["did"] == "none"
    assert not machine.places.mark.exists()


def test_a_change_that_was_cut_off_is_finished(machine: Machine) -> None:
    first = machine.write(machine.source())["digest"]
    machine.apply()
    second = str(machine.write(machine.source("second"))["digest"])
    _transaction.begin(machine.places, second)
    assert _transaction.kept_digest(machine.places) == first
    found = machine.write(machine.source("second"))
    assert (found["changed"], found["pending"]) == (True, "reload")
    assert machine.apply()["did"] == "reload"
    assert not _transaction.is_open(machine.places)

    _transaction.begin(machine.places, second)
    assert machine.write(machine.source("second"))["reasons"] == [
        "the last change was cut off before it had proven itself"
    ]
    assert machine.apply()["did"] == "mend"
    assert machine.write(machine.source("second"))["changed"] is False


def test_check_mode_foresees_what_is_done_without_a_tree_on_disk(machine: Machine) -> None:
    """Which of the two is the least, only the contents of the tree tell."""
    one = f"one 127.0.0.1:{machine.port_of_nobody} id 1"
    first, second = (with_servers(machine.source(), f"{one} weight {weight}") for weight in (10, 20))
    machine.write(first)
    machine.apply()
    for source in (second, machine.source("other")):
        dry = machine.write(source, dry=True)
        planned = Verdict(str(dry["pending"]), [str(dry["reasons"])])
        order = _haproxy_apply.Order(str(dry["digest"]), dry=True, planned=planned)
        foreseen = _haproxy_apply.apply(order, machine.places, machine.run)
        as_asked = _haproxy_apply.apply(replace(order, method="restart"), machine.places, machine.run)
        machine.write(source)
        done = machine.apply()
        assert (foreseen["did"], foreseen["changed"], as_asked["did"]) == (done["did"], True, "restart")
        assert done["did"] == ("runtime" if source is second else "reload")


def test_one_run_at_a_time(machine: Machine) -> None:
    machine.write(machine.source())
    second = _transaction.alone(machine.places, timeout=0.3)
    with _transaction.alone(machine.places), pytest.raises(_transaction.BusyError, match="another run"), second:
        pytest.fail("two at once")


def with_servers(source: dict[str, str], *servers: str) -> dict[str, str]:
    head, _server, _rest = source["haproxy.cfg"].rpartition("    server one")
    return {**source, "haproxy.cfg": head + "".join(f"    server {one}\n" for one in servers)}


def test_what_the_runtime_api_can_do_needs_no_new_process(machine: Machine) -> None:
    nobody = machine.port_of_nobody
    three = [f"{name} 127.0.0.1:{nobody} id {i} weight 10" for i, name in enumerate(("one", "two", "three"), 1)]
    machine.write(with_servers(machine.source(), *three))
    worker = machine.apply()["pid"]
    four = [three[0], three[1].replace("weight 10", "weight 20"), f"four 127.0.0.1:{nobody} id 4 weight 7"]
    second = with_servers(machine.source(), *four)
    assert machine.write(second)["pending"] == "runtime"
    applied = machine.apply()
    assert (applied["did"], applied["pid"], applied["digest"]) == ("runtime", worker, machine.written)
    assert linked_digest(machine.places) == machine.written != machine.running
    again = machine.write(second)
    assert (again["changed"], again["pending"], again["running"]) == (False, "none", machine.written)

    # The next change starts from there, and a reload ends the record.
    assert machine.write(with_servers(machine.source(), *four, three[2]))["pending"] == "runtime"
    assert machine.apply()["pid"] == worker
    machine.write(with_servers(machine.source("second"), *four, three[2]))
    assert machine.apply()["did"] == "reload"
    assert machine.running == machine.written
    assert machine.write(with_servers(machine.source("second"), *four, three[2]))["changed"] is False


def test_a_change_at_run_time_that_was_cut_off_ends_with_a_reload(machine: Machine) -> None:
    nobody = machine.port_of_nobody
    first = [f"{name} 127.0.0.1:{nobody} id {i} weight 10" for i, name in enumerate(("one", "two"), 1)]
    machine.write(with_servers(machine.source(), *first))
    machine.apply()
    second = with_servers(machine.source(), first[0], first[1].replace("weight 10", "weight 20"))
    machine.write(second)
    live = observe(machine.places, machine.run)
    _transaction.begin(machine.places, machine.written)
    _files.write(machine.places.effective, f"{live.worker} {live.started_with} {machine.written} unfinished\n")
    ask(machine.places.admin_socket, "set server back/two weight 15")
    assert machine.write(second)["pending"] == "reload"
    assert machine.apply()["did"] == "reload"
    assert machine.write(second)["changed"] is False


def test_what_an_operator_added_goes_with_a_reload(machine: Machine) -> None:
    machine.write(machine.source())
    machine.apply()
    ask(machine.places.admin_socket, f"add server back/more 127.0.0.1:{machine.port_of_nobody}")
    found = machine.write(machine.source())
    assert (found["pending"], found["reasons"]) == ("reload", ["server back/more is not of this tree"])
    assert machine.apply()["did"] == "reload"
    assert "more" not in ask(machine.places.admin_socket, "show servers state")


def test_a_reload_in_the_place_of_a_change_at_run_time_is_tried_before_too(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One server takes the place of another, and never comes up: neither way would serve, and neither is gone."""
    monkeypatch.setattr(_in_memory, "SECONDS", 1)
    check = "weight 10 check inter 100ms fall 1 rise 1"
    first = with_servers(machine.source(), f"one 127.0.0.1:{machine.port_of_nobody} id 1 {check}")
    second = with_servers(machine.source(), f"two 127.0.0.1:{free_port()} id 2 {check}")
    machine.write(first)
    with a_worker(machine.port_of_nobody):
        worker, tree = machine.apply()["pid"], machine.written
        assert wait_until(lambda: "L4OK" in ask(machine.places.admin_socket, "show stat"), 10)
        assert machine.write(second)["pending"] == "runtime"
        with pytest.raises(
            _haproxy_apply.ApplyError, match=r"A reload instead(.*\n)*no server is up .* back"
        ) as refused:
            machine.apply(settle=2)
        assert refused.value.rolled_back
        assert "What ran before never stopped" in str(refused.value)
        assert machine.asked == ["reset-failed", "start"]
        servers = ask(machine.places.admin_socket, "show servers state")
        assert (" one " in servers, " two " in servers) == (True, False)
        assert observe(machine.places, machine.run).worker == worker
        assert linked_digest(machine.places) == machine.running == tree
        assert not _transaction.is_open(machine.places)
        assert machine.write(first)["changed"] is False
        assert machine.write(checked(machine.source("next")))["pending"] == "reload"
        assert machine.apply()["did"] == "reload"


@pytest.mark.parametrize("reloads", [False, True], ids=["at run time", "by a reload"])
def test_a_change_at_run_time_that_does_not_hold_goes_back(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, reloads: bool
) -> None:
    nobody = machine.port_of_nobody
    one, two, three = (f"{name} 127.0.0.1:{nobody} id {i} weight 10" for i, name in enumerate(("one", "two", "six"), 1))
    machine.write(with_servers(machine.source(), one, two))
    worker, tree = machine.apply()["pid"], machine.written
    machine.write(with_servers(machine.source(), one.replace("weight 10", "weight 20"), three))

    def nothing_serves(*_given: object) -> None:
        raise _haproxy_service.FailedError("nothing serves")

    monkeypatch.setattr(_haproxy_service, "settle", nothing_serves)
    if reloads:
        monkeypatch.setattr(_in_memory, "drift", lambda *_given: [_drift.Drift("somebody else was faster")])
        monkeypatch.setattr(_preflight, "problems", lambda *_given: [])
    with pytest.raises(_haproxy_apply.ApplyError, match="nothing serves") as refused:
        machine.apply()
    monkeypatch.undo()
    assert refused.value.rolled_back
    live = observe(machine.places, machine.run)
    assert (live.worker == worker, live.digest, linked_digest(machine.places)) == (not reloads, tree, tree)
    assert machine.write(with_servers(machine.source(), one, two))["changed"] is False


@pytest.mark.parametrize("before", ["[Service]\n", ""])
def test_the_drop_in_goes_back_with_the_tree(machine: Machine, before: str) -> None:
    machine.write(machine.source())
    machine.apply()
    unit = Path(machine.places.drop_in)
    unit.with_name(f"{unit.name}.before").write_text(before)
    unit.write_text("[Service]\nProtectHome=yes\n")
    broken = machine.source("second")
    broken["haproxy.cfg"] += "frontend more\n    bind 192.0.2.1:81\n    default_backend back\n"
    machine.write(broken)
    with pytest.raises(_haproxy_apply.ApplyError, match="The drop-in of its unit is the one from before, too"):
        machine.apply()
    assert (unit.read_text() if unit.exists() else "") == before
    assert not unit.with_name(f"{unit.name}.before").exists()


def test_the_drop_in_stays_where_the_change_held(machine: Machine) -> None:
    machine.write(machine.source())
    machine.apply()
    unit = Path(machine.places.drop_in)
    unit.write_text("[Service]\n")
    unit.with_name(f"{unit.name}.before").write_text("")
    machine.write(machine.source("second"))
    machine.apply()
    assert unit.exists()
    assert not unit.with_name(f"{unit.name}.before").exists()


def test_a_dry_run_foresees_the_restart_that_a_unit_which_it_does_not_write_takes(machine: Machine) -> None:
    digest = str(machine.write(machine.source())["digest"])
    machine.apply()
    for more, did in (({}, "none"), ({"sandbox": "sandbox=1"}, "restart"), ({"nofile": 1 << 30}, "restart")):
        found = machine.write(machine.source(), dry=True, **more)
        planned = Verdict(str(found["pending"]), [str(found["reasons"])])
        order = _haproxy_apply.Order(digest, dry=True, planned=planned)
        assert _haproxy_apply.apply(order, machine.places, machine.run)["did"] == did
