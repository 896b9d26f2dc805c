# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be broken under a change: `haproxy -c` accepts each of these, or is asked before it happens."""

from __future__ import annotations

import typing as t

from tests.proof.lab import NETWORK

Values = dict[str, t.Any]
# The lab's own, which a variable of the command line replaces as a whole.
GLOBAL = {"hard_stop_after": "30s"}
WEB = {"name": "web_workers", "workers": {"group": "web_workers", "port": 8080}}
ECHO = {"name": "echo", "mode": "tcp", "workers": {"group": "web_workers", "port": 9000}}
# An address that the balancer has for a while; nobody else of the lab's network has it.
SPARE = f"{NETWORK}.200"
NAME = "app.lab.test"


class Case(t.NamedTuple):
    """Shell runs on the balancer: `before` the run, `meanwhile` when `trigger` happens, `lift` after it.

    In `meanwhile`, $TREE is the new tree, $PID the new worker. `says` is what the run's output must hold. `ends` is
    the outcome that is wanted: refused, or either where going on is as good as going back. `dies`: what serves is
    killed, so that requests fail until systemd has started it again; how long that takes is bounded and printed.
    `where` has to succeed on the balancer, or the row cannot be made there.
    """

    name: str
    change: Values
    says: str
    before: str = ""
    trigger: str = "tree"
    meanwhile: str = ""
    lift: str = ""
    ends: str = "refused"
    dies: bool = False
    where: str = ""


def on_port(port: int, **bind: t.Any) -> Values:
    """One more front door."""
    frontend = {"name": "more", "binds": [{"port": port, **bind}], "default_backend": "web_workers"}
    return {"haproxy_site_more": {"frontends": [frontend]}}


def on_socket(path: str) -> Values:
    frontend = {"name": "more", "binds": [{"socket": path}], "default_backend": "web_workers"}
    return {"haproxy_site_more": {"frontends": [frontend]}}


def with_rule(rule: str, **more: t.Any) -> Values:
    frontend = {"name": "more", "binds": [{"port": 8090}], "http_request": [rule], "default_backend": "web_workers"}
    return {"haproxy_site_more": {"frontends": [frontend], **more}}


def hold(address: str, port: int) -> str:
    """Another process listens there."""
    program = "import socket, time; s = socket.socket(); s.bind((%r, %d)); s.listen(); time.sleep(300)"
    return f'python3 -c "{program % (address, port)}" & echo $! >/run/lab-holder'


def process(**settings: t.Any) -> Values:
    return {"haproxy_global": {**GLOBAL, **settings}}


def drop_in(text: str) -> str:
    path = "/etc/systemd/system/haproxy.service.d"
    return f"mkdir -p {path}; printf '[Service]\\n{text}\\n' >{path}/zz-lab.conf"


LET_GO = "kill $(cat /run/lab-holder)"
NO_DROP_IN = "rm -f /etc/systemd/system/haproxy.service.d/zz-lab.conf; systemctl daemon-reload"
FILL = (
    "dd if=/dev/zero of=/etc/haproxy/.fill bs=4k 2>/dev/null || true; mkdir -p /etc/haproxy/.files; i=0; "
    "while touch /etc/haproxy/.files/$i 2>/dev/null; do i=$((i+1)); done"
)
EMPTY = "rm -rf /etc/haproxy/.fill /etc/haproxy/.files"
# A host with the hybrid layout of cgroups has no controllers in the hierarchy of Debian 13: limits bind nobody there.
COUNTED = "systemctl show --value -p {}Current haproxy | grep -q '^[0-9]'"
MASTER = "$(systemctl show --value -p MainPID haproxy)"
JOURNAL = "systemd-journald.socket systemd-journald-dev-log.socket systemd-journald.service"
# A set of blocks that HAProxy makes at its start, and nothing asks for.
CACHE = {"haproxy_caches": [{"name": "large", "total_max_size": 1500, "max_age": 60}]}
MOVED = {
    "haproxy_frontends": [
        {
            "name": "web",
            "binds": [{"port": 80}, {"port": 443, "tls": {"certificates": "www"}}],
            "default_backend": "web_workers",
        },
        {"name": "echo", "mode": "tcp", "binds": [{"port": 9001}], "default_backend": "echo"},
    ]
}
FAILING_LUA = "core.register_init(function() error('no such table') end)\n"

CASES = [
    Case("a port that another process takes", on_port(8090), "8090", meanwhile=hold("0.0.0.0", 8090), lift=LET_GO),
    Case("a port that is taken on one address", on_port(8091), "8091", meanwhile=hold("127.0.0.1", 8091), lift=LET_GO),
    Case(
        "an address that leaves this host",
        on_port(8092, address=SPARE),
        SPARE,
        before=f"ip address add {SPARE}/32 dev lo",
        meanwhile=f"ip address del {SPARE}/32 dev lo",
        lift=f"ip address del {SPARE}/32 dev lo 2>/dev/null || true",
    ),
    Case("more descriptors than there are", process(raw=["ulimit-n 5000000"]), "FD limit|descriptors|open .*files"),
    Case("more connections than descriptors", process(maxconn=5000000), "maxconn"),
    Case(
        "a map that vanishes",
        with_rule(
            "set-header x-plan %[path,map_beg(maps/plans.map,none)]",
            maps=[{"name": "plans", "entries": {"/gold": "100"}}],
        ),
        "plans.map",
        meanwhile="rm $TREE/maps/plans.map",
    ),
    Case(
        "a certificate that vanishes",
        {
            "haproxy_site_more": {
                "certificates": [{"name": "more", "file": "/etc/ssl/private/more.pem"}],
                "frontends": [
                    {
                        "name": "more",
                        "binds": [{"port": 8443, "tls": {"certificates": "more"}}],
                        "default_backend": "web_workers",
                    }
                ],
            }
        },
        "more.pem",
        before="cp -p /etc/ssl/private/proof.pem /etc/ssl/private/more.pem",
        meanwhile="rm /etc/ssl/private/more.pem",
        lift="rm -f /etc/ssl/private/more.pem",
    ),
    Case("an error page that vanishes", {}, "503.http", meanwhile="rm $TREE/errors/503.http"),
    Case("the new tree vanishes", {}, "", meanwhile="rm -r $TREE"),
    Case(
        "a name that resolves no more",
        {
            "haproxy_site_more": {
                "backends": [
                    {
                        "name": "named",
                        "servers": [{"name": "app", "address": NAME, "port": 8080, "init_addr": "libc"}],
                    }
                ]
            }
        },
        NAME,
        before=f"echo '{NETWORK}.21 {NAME}' >>/etc/hosts",
        meanwhile=f"grep -v {NAME} /etc/hosts >/run/lab-hosts; cat /run/lab-hosts >/etc/hosts",
        lift=f"grep -v {NAME} /etc/hosts >/run/lab-hosts; cat /run/lab-hosts >/etc/hosts",
    ),
    Case(
        "Lua that fails when it runs",
        {"haproxy_lua": [{"name": "init", "content": FAILING_LUA}]},
        "no such table",
    ),
    Case(
        "a runtime socket that cannot be made",
        process(raw=["stats socket /srv/none/more.sock level user"]),
        "/srv/none/more.sock",
    ),
    Case("a unix socket that cannot be made", on_socket("/srv/none/door.sock"), "/srv/none/door.sock"),
    Case("a chroot that does not exist", process(chroot="/srv/none"), "/srv/none"),
    Case(
        "a chroot that vanishes",
        process(chroot="/srv/lab-chroot"),
        "/srv/lab-chroot",
        before="mkdir -p /srv/lab-chroot",
        meanwhile="rm -rf /srv/lab-chroot",
        lift="rm -rf /srv/lab-chroot",
    ),
    Case(
        "a chroot without the log's socket",
        process(chroot="/srv/lab-chroot"),
        "/srv/lab-chroot/dev/log is no socket",
        before="mkdir -p /srv/lab-chroot",
        lift="rm -rf /srv/lab-chroot",
    ),
    Case(
        "a user that vanishes",
        process(user="lab-user"),
        "lab-user",
        before="useradd --system lab-user",
        meanwhile="userdel lab-user",
        lift="userdel lab-user 2>/dev/null || true",
    ),
    Case("a full disk", {}, "No space left", before=FILL, lift=EMPTY),
    Case("a disk that is full after the tree", {}, "No space left", meanwhile=FILL, lift=EMPTY),
    Case(
        "a read-only file system",
        {},
        "Read-only file system",
        before="mount -o remount,ro /etc/haproxy",
        lift="mount -o remount,rw /etc/haproxy",
    ),
    Case(
        "a file system that turns read-only",
        {},
        "Read-only file system",
        meanwhile="mount -o remount,ro /etc/haproxy",
        lift="mount -o remount,rw /etc/haproxy",
    ),
    Case(
        "a directory of trees that nobody may change",
        {},
        "Read-only file system",
        before="mount --bind /etc/haproxy/trees /etc/haproxy/trees; mount -o remount,bind,ro /etc/haproxy/trees",
        lift="umount /etc/haproxy/trees",
    ),
    Case(
        "a file in the place of the trees",
        {},
        "/etc/haproxy/trees: File exists",
        before="mv /etc/haproxy/trees /etc/haproxy/trees.lab; touch /etc/haproxy/trees",
        lift="rm /etc/haproxy/trees; mv /etc/haproxy/trees.lab /etc/haproxy/trees",
    ),
    Case(
        "memory that the cgroup does not give",
        CACHE,
        "memory|Memory",
        meanwhile="systemctl set-property --runtime haproxy.service MemoryMax=400M",
        lift="systemctl set-property --runtime haproxy.service MemoryMax=infinity",
        where=COUNTED.format("Memory"),
    ),
    Case(
        "memory that the process may not have",
        CACHE,
        "memory|cache|Cannot allocate",
        meanwhile=f"prlimit --pid {MASTER} --as=1000000000:",
        lift=f"prlimit --pid {MASTER} --as=unlimited:",
    ),
    Case(
        "no process more for the unit",
        {},
        "TasksMax|processes|fork",
        meanwhile="systemctl set-property --runtime haproxy.service "
        "TasksMax=$(systemctl show --value -p TasksCurrent haproxy)",
        lift="systemctl set-property --runtime haproxy.service TasksMax=infinity",
        where=COUNTED.format("Tasks"),
    ),
    Case("a unit that is masked", {}, "mask", before="systemctl mask haproxy", lift="systemctl unmask haproxy"),
    Case(
        "a unit that is masked meanwhile",
        {},
        "mask",
        meanwhile="systemctl mask haproxy",
        lift="systemctl unmask haproxy",
    ),
    Case(
        "a unit whose reload fails",
        {},
        "reload",
        meanwhile=f"{drop_in('ExecReload=')}; printf 'ExecReload=/bin/false\\n' "
        ">>/etc/systemd/system/haproxy.service.d/zz-lab.conf; systemctl daemon-reload",
        lift=NO_DROP_IN,
    ),
    Case(
        "a unit that systemd refuses to read again",
        {},
        "haproxy.service",
        meanwhile=drop_in("ExecStart=\\nExecStart=not/absolute"),
        lift=NO_DROP_IN,
    ),
    Case(
        "all servers dead: the wrong port",
        {"haproxy_backends": [{**WEB, "workers": {"group": "web_workers", "port": 8081}}, ECHO]},
        "web_workers",
    ),
    Case(
        "all servers dead: the wrong check",
        {"haproxy_backends": [{**WEB, "check": {"type": "http", "uri": "/", "expect": "status 204"}}, ECHO]},
        "web_workers",
    ),
    Case(
        "a refused change that moves a port",
        {**MOVED, "haproxy_backends": [{**WEB, "check": {"type": "http", "uri": "/", "expect": "status 204"}}, ECHO]},
        "web_workers",
    ),
    Case("a port that moves to one that is taken", MOVED, "9001", meanwhile=hold("0.0.0.0", 9001), lift=LET_GO),
    # Only a restart makes it again, and is announced.
    Case("a runtime socket that is removed", {}, "", meanwhile="rm /run/haproxy/admin.sock", ends="either", dies=True),
    Case(
        "the journal's socket is gone",
        {},
        "",
        meanwhile="rm /run/systemd/journal/dev-log",
        lift=f"systemctl stop {JOURNAL} 2>/dev/null || true; systemctl start {JOURNAL}",
        ends="either",
    ),
    Case("SIGKILL of the new worker", {}, "", trigger="worker", meanwhile="kill -9 $PID", ends="either", dies=True),
    Case("SIGKILL of the master", {}, "", trigger="worker", meanwhile=f"kill -9 {MASTER}", ends="either", dies=True),
]
