# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers of a real HAProxy, changed by the module and its functions."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_process import wait_until
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_socket import Session
from ansible_collections.hardened.balancer.plugins.module_utils._runtime_change import ChangeError, converge

if t.TYPE_CHECKING:
    from tests.unit.plugins.modules.conftest import Daemon

NEW = {"backend": "web", "server": "new", "state": "present", "address": "127.0.0.1", "port": 9}


def change(daemon: Daemon, *items: dict[str, t.Any], **options: t.Any) -> None:
    with Session(daemon.socket) as session:
        converge(session, items, **options)


@pytest.mark.parametrize(
    ("item", "before", "after"),
    [
        ({"backend": "web", "server": "one", "state": "drain"}, "ready, weight 10", "drain, weight 10"),
        ({"backend": "web", "server": "one", "state": "maint"}, "ready, weight 10", "maint, weight 10"),
        ({"backend": "web", "server": "two", "state": "ready"}, "maint, weight 20", "ready, weight 20"),
        ({"backend": "web", "server": "one", "weight": "256"}, "ready, weight 10", "ready, weight 256"),
        ({"backend": "web", "server": "one", "weight": "50%"}, "ready, weight 10", "ready, weight 5"),
        ({"backend": "fixed", "server": "one", "weight": "0%"}, "ready, weight 10", "ready, weight 0"),
        ({"backend": "web", "server": "one", "port": 9}, "ready, weight 10", "ready, weight 10, 127.0.0.1:9"),
        (
            {"backend": "web", "server": "one", "address": "2001:DB8::1"},
            "ready, weight 10, 127.0.0.1",
            "ready, weight 10, [2001:db8::1]",
        ),
        ({**NEW, "weight": "7", "params": "check inter 5s"}, "absent", "ready, weight 7, 127.0.0.1:9"),
        ({**NEW, "weight": "50%", "params": "weight 30"}, "absent", "ready, weight 15, 127.0.0.1:9"),
        ({**NEW, "address": "2001:DB8::1"}, "absent", "ready, weight 1, [2001:db8::1]:9"),
        ({**NEW, "backend": "consistent"}, "absent", "ready, weight 1, 127.0.0.1:9"),
        ({"backend": "other", "server": "one", "state": "absent"}, "ready, weight 10", "absent"),
        ({"backend": "web", "server": "two", "state": "absent"}, "maint, weight 20", "absent"),
    ],
)
def test_each_change_is_announced_made_and_not_made_again(
    daemon: Daemon, item: dict[str, t.Any], before: str, after: str
) -> None:
    old = daemon.made()
    dry = daemon.module("haproxy_server", check=True, servers=[item])
    assert daemon.made() == old
    done = daemon.module("haproxy_server", servers=[item])
    name = f"{item['backend']}/{item['server']}"
    assert (done["changed"], dry["changed"]) == (True, True), done
    assert dry["diff"] == done["diff"]
    assert done["diff"]["before"].startswith(f"{name}: {before}")
    assert done["diff"]["after"].startswith(f"{name}: {after}")
    assert dry["servers"] == done["servers"]
    again = daemon.module("haproxy_server", servers=[item])
    assert (again["changed"], again["diff"]) == (False, {"before": "", "after": ""})


def test_a_worker_without_a_backend_is_meant_wherever_it_is(daemon: Daemon) -> None:
    done = daemon.module("haproxy_server", servers=[{"server": "one", "state": "drain"}])
    assert {one["backend"] for one in done["servers"]} == {"web", "other", "fixed", "hashed", "consistent"}
    assert {one.admin for one in daemon.seen().servers if one.name == "one"} == {"drain"}


def test_every_problem_is_named_and_nothing_is_changed(daemon: Daemon) -> None:
    old = daemon.made()
    failed = daemon.module(
        "haproxy_server",
        servers=[
            {"backend": "web", "server": "two", "state": "ready"},
            {"backend": "wbe", "server": "one", "state": "drain"},
            {"backend": "web", "server": "onne", "state": "drain"},
            {"backend": "fixed", "server": "one", "weight": "5"},
            {"backend": "web", "server": "two", "weight": "4%"},
            {**NEW, "weight": "50%"},
            {**NEW, "backend": "fixed"},
            {**NEW, "backend": "hashed"},
            {"backend": "web", "server": "one", "state": "absent"},
        ],
    )
    assert (failed["failed"], failed["changed"]) == (True, False)
    assert failed["msg"].splitlines()[0] == "8 problems, nothing was changed:"
    assert "backend: HAProxy has none named 'wbe'; did you mean web?" in failed["msg"]
    assert "server: backend web has no server 'onne'; did you mean one?" in failed["msg"]
    assert "fixed/one: weight: balance static-rr takes 0% and 100% at run time, not 5" in failed["msg"]
    assert "web/two: weight: 4% of the configured weight 20 is less than 1, which is no request at all" in failed["msg"]
    assert "web/new: weight: 50% of the configured weight 1 is less than 1" in failed["msg"]
    assert "fixed/new: balance static-rr takes no servers at run time" in failed["msg"]
    assert "'add server hashed/new': HAProxy answers 'Backend must use a dynamic load balancing" in failed["msg"]
    assert "'del server web/one': HAProxy answers 'This server cannot be removed at runtime" in failed["msg"]
    assert daemon.made() == old


def test_what_haproxy_alone_can_judge_is_told_in_its_words(daemon: Daemon) -> None:
    failed = daemon.module("haproxy_server", servers=[{**NEW, "params": "xyzzy"}])
    assert not failed["changed"]
    assert "nothing was changed:" in failed["msg"]
    assert "unknown keyword 'xyzzy'" in failed["msg"]
    hashed = daemon.module("haproxy_server", servers=[{"backend": "hashed", "server": "one", "weight": "5"}])
    assert "its algorithm is static: give 0% or 100%" in hashed["msg"]


def test_a_socket_that_may_only_look(daemon: Daemon) -> None:
    failed = daemon.module(
        "haproxy_server", socket=str(daemon.directory / "user.sock"), servers=[{"server": "one", "state": "drain"}]
    )
    assert "Permission denied" in failed["msg"]
    assert "level admin" in failed["msg"]


def test_nobody_there(daemon: Daemon) -> None:
    failed = daemon.module("haproxy_server", socket="/nonexistent", servers=[{"server": "one", "state": "drain"}])
    assert failed["msg"].startswith("/nonexistent does not answer: No such file or directory; does HAProxy run")


def test_sessions_are_waited_for(daemon: Daemon) -> None:
    busy = daemon.request("/hang")
    assert wait_until(lambda: sum(one.sessions for one in daemon.seen().servers) == 1, 30)
    drain = {"backend": "web", "server": "one", "state": "drain"}
    with pytest.raises(ChangeError, match=r"web/one: 1 sessions are left after 0\.3 s"):
        change(daemon, drain, wait=0.3)
    assert daemon.server("web/one").admin == "drain"
    with pytest.raises(ChangeError, match="sessions are left"):
        change(daemon, drain, wait=0.3)
    release(daemon)
    change(daemon, drain, wait=5)
    assert b"200 OK" in busy.recv(1000)
    busy.close()


def release(daemon: Daemon) -> None:
    daemon.worker.RequestHandlerClass.released.set()  # type: ignore[attr-defined]


def test_a_server_with_connections_goes_when_they_end(daemon: Daemon) -> None:
    change(daemon, {**NEW, "port": daemon.worker_port}, {"server": "one", "backend": "web", "state": "maint"})
    busy = daemon.request("/hang")
    assert wait_until(lambda: daemon.server("web/new").sessions == 1, 30)
    gone = {"backend": "web", "server": "new", "state": "absent"}
    with pytest.raises(ChangeError, match="web/new: it is in maintenance, but has connections and wait is 0 seconds"):
        change(daemon, gone)
    with pytest.raises(ChangeError, match=r"has connections after 0\.3 s"):
        change(daemon, gone, wait=0.3)
    release(daemon)
    assert b"200 OK" in busy.recv(1000)
    change(daemon, gone, wait=10)
    assert "web/new" not in daemon.names()
    busy.close()


def test_idle_connections_to_a_server_do_not_keep_it(daemon: Daemon) -> None:
    change(daemon, {**NEW, "port": daemon.worker_port}, {"server": "one", "backend": "web", "state": "maint"})
    clients = [daemon.request("/hang") for _client in range(16)]
    assert wait_until(lambda: daemon.server("web/new").sessions == 16, 30)
    release(daemon)
    assert {client.recv(1000)[:15] for client in clients} == {b"HTTP/1.1 200 OK"}
    # Less than the time after which HAProxy by itself would close the connections that it keeps.
    change(daemon, {"backend": "web", "server": "new", "state": "absent"}, wait=4)
    assert "web/new" not in daemon.names()
    for client in clients:
        client.close()


def test_one_that_could_not_be_removed_has_its_address_again(daemon: Daemon) -> None:
    change(daemon, {**NEW, "port": daemon.worker_port}, {"server": "one", "backend": "web", "state": "maint"})
    before = daemon.server("web/new")
    with daemon.request("/hang") as busy:
        assert wait_until(lambda: daemon.server("web/new").sessions == 1, 30)
        with pytest.raises(ChangeError, match=r"has connections after 0\.5 s"):
            change(daemon, {"backend": "web", "server": "new", "state": "absent"}, wait=0.5)
        after = daemon.server("web/new")
        assert (after.address, after.port, after.admin) == (before.address, before.port, "maint")
        release(daemon)
        assert b"200 OK" in busy.recv(1000)


def test_a_new_server_gets_no_request_before_its_checks_have_passed(daemon: Daemon) -> None:
    assert wait_until(lambda: daemon.server("web/one").status == "UP", 30)
    change(daemon, {**NEW, "port": daemon.nobody, "weight": "256", "params": "check inter 100ms"})
    for _request in range(20):
        with daemon.request() as client:
            assert b"200 OK" in client.recv(1000)
    change(daemon, {**NEW, "server": "good", "port": daemon.worker_port, "params": "check inter 100ms"})
    assert wait_until(lambda: daemon.server("web/good").up, 30)


def test_ready_means_seen_healthy_by_fresh_checks(daemon: Daemon) -> None:
    assert wait_until(lambda: daemon.server("web/one").status == "UP", 30)
    change(daemon, {"backend": "web", "server": "one", "state": "maint"})
    change(daemon, {"backend": "web", "server": "one", "state": "ready"}, healthy=10)
    assert (daemon.server("web/one").admin, daemon.server("web/one").up) == ("ready", True)


def test_one_that_does_not_come_up_gets_no_traffic(daemon: Daemon) -> None:
    change(daemon, {"backend": "web", "server": "one", "state": "drain"})
    daemon.worker.shutdown()
    daemon.worker.server_close()
    assert wait_until(lambda: not daemon.server("web/one").up, 30)
    wish = {"backend": "web", "server": "one", "state": "ready"}
    with pytest.raises(ChangeError, match=r"web/one: not healthy after 1 s, it is DOWN.*; it stays drain"):
        change(daemon, wish, healthy=1)
    assert daemon.server("web/one").admin == "drain"
    stays = {"backend": "web", "server": "one", "state": "drain"}
    with pytest.raises(ChangeError, match="not healthy"):
        change(daemon, stays, healthy=1)


def test_a_new_server_that_is_dead_gets_no_traffic(daemon: Daemon) -> None:
    item = {**NEW, "port": daemon.nobody, "params": "check inter 100ms"}
    with pytest.raises(ChangeError, match="web/new: not healthy after 1 s"):
        change(daemon, item, healthy=1)
    assert daemon.server("web/new").admin == "drain"


def test_a_follower_is_left_to_the_one_that_it_follows(daemon: Daemon) -> None:
    change(daemon, {"backend": "web", "server": "follower", "state": "drain"})
    change(daemon, {"backend": "web", "server": "follower", "state": "ready"}, healthy=5)
    assert daemon.server("web/follower").admin == "ready"
    change(daemon, {"backend": "web", "server": "one", "state": "maint"})
    assert (daemon.server("web/follower").admin, daemon.server("web/follower").forced) == ("maint", "ready")


def test_a_thousand_at_once_are_not_asked_for_one_by_one(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"s{number}" for number in range(1000)]
    sent: list[int] = []
    send = Session.send

    def counted(session: Session, texts: t.Sequence[str], timeout: float | None = None) -> list[str]:
        sent.append(len(texts))
        return send(session, texts, timeout)

    monkeypatch.setattr(Session, "send", counted)
    for items in (
        [{**NEW, "server": name} for name in names],
        [{"backend": "web", "server": name, "weight": "9"} for name in names],
        [{"backend": "web", "server": name, "state": "absent"} for name in names],
    ):
        sent.clear()
        change(daemon, *items, wait=10)
        # HAProxy may have to be asked again to remove one, not each of them by itself.
        assert len(sent) < 30, sent
    assert daemon.server("web/one").admin == "ready"
