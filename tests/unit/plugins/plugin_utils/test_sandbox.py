# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each feature adds to the sandbox of the unit, and what looks like one and is none."""

from __future__ import annotations

import re
import typing as t

import pytest

from ansible_collections.hardened.balancer.plugins.module_utils import _sandbox
from ansible_collections.hardened.balancer.plugins.plugin_utils._model import plan, sandbox

from .test_model import INVENTORY, NODE, RUN

RAW, ADMIN = "CapabilityBoundingSet=CAP_NET_RAW", "CapabilityBoundingSet=CAP_NET_ADMIN"


def added(*lines: str, unit: dict[str, t.Any] | None = None) -> list[str]:
    return sandbox.settings([{"title": "global", "lines": "\n".join(lines)}], unit or {})


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("bind *:80", []),
        ("bind *:80 transparent", [RAW]),
        ("bind *:80 interface eth0", []),
        ("source 0.0.0.0 usesrc clientip", [RAW]),
        ("server one 192.0.2.1:80 source 0.0.0.0 usesrc hdr_ip(x-forwarded-for,-1)", [RAW]),
        ("source 192.0.2.9", []),
        ("http-request set-mark 20 if TRUE", [ADMIN]),
        ("tcp-request connection set-fc-mark 20", [ADMIN]),
        ("http-request set-header x-note set-mark", []),
        ("http-request silent-drop", []),
        ("bind 192.0.2.1:80 namespace blue", ["CapabilityBoundingSet=CAP_SYS_ADMIN", "RestrictNamespaces=net"]),
        (
            "server one 192.0.2.1:80 check namespace blue",
            ["CapabilityBoundingSet=CAP_SYS_ADMIN", "RestrictNamespaces=net"],
        ),
        ("setcap cap_net_admin,cap_net_raw", [ADMIN, RAW]),
        ("insecure-setuid-wanted", ["NoNewPrivileges=no", "RestrictSUIDSGID=no"]),
        ("insecure-fork-wanted", []),
        ("set-dumpable", ["LimitCORE=infinity"]),
        ("ssl-engine qatengine", ["PrivateDevices=no"]),
        ("stats socket /run/haproxy/other.sock mode 600", []),
        ("stats socket /run/x.sock user haproxy mode 600", ["CapabilityBoundingSet=CAP_FOWNER"]),
        ("stats socket /run/x.sock user root group haproxy mode 660", []),
        ("stats socket /srv/run/x.sock", ["ReadWritePaths=-/srv/run"]),
        ("bind unix@/srv/x.sock", ["ReadWritePaths=-/srv"]),
        ("bind /tmp/x.sock", ["PrivateTmp=no", "ReadWritePaths=-/tmp"]),
        ("bind /home/ops/x.sock", ["ProtectHome=read-only", "ReadWritePaths=-/home/ops"]),
        ("bind abns@x", []),
        ("backing-file /var/log/rings/one", ["ReadWritePaths=-/var/log/rings"]),
        ("bind *:443 ssl crt /home/ops/site.pem", ["ProtectHome=read-only"]),
        ("lua-load /run/user/0/x.lua", ["ProtectHome=read-only"]),
        ("errorfile 503 /home/ops/503.http", ["ProtectHome=read-only"]),
        ("wurfl-data-file /home/ops/wurfl.zip", ["ProtectHome=read-only"]),
        ("external-check command /home/ops/check", ["ProtectHome=read-only"]),
        ("filter spoe engine one config /home/ops/spoe.cfg", ["ProtectHome=read-only"]),
        ("ssl-default-bind-options ssl-min-ver TLSv1.2", []),
        ("acl slow path_beg /home/ops", []),
        ("acl slow path /home/ops/x", []),
        ("acl slow path -f /home/ops/paths.lst", ["ProtectHome=read-only"]),
        ("use_backend %[path,map_beg(/home/ops/x.map)]", ["ProtectHome=read-only"]),
        ('http-request return status 200 file "/home/ops/x.html"', ["ProtectHome=read-only"]),
        ("server one unix@/srv/x.sock", []),
    ],
)
def test_what_a_line_needs(line: str, expected: list[str]) -> None:
    assert added(line) == expected


@pytest.mark.parametrize("home", sandbox.HOMES)
def test_every_home_is_one(home: str) -> None:
    assert added(f"lua-load {home}/x.lua") == ["ProtectHome=read-only"]
    assert added(f"stats socket {home}/x.sock") == ["ProtectHome=read-only", f"ReadWritePaths=-{home}"]


def test_several_sockets_in_one_line() -> None:
    expected = ["ReadWritePaths=-/srv/a", "ReadWritePaths=-/srv/b"]
    assert added("bind /srv/a/x.sock,unix@/srv/b/y.sock mode 600", "bind *:80") == expected
    assert added("dgram-bind /srv/a/x.sock") == expected[:1]


def test_a_prefix_of_unix_sockets() -> None:
    assert added("unix-bind prefix /srv mode 600", "bind /a/x.sock") == ["ReadWritePaths=-/srv/a"]


@pytest.mark.parametrize("need", sandbox.NEEDS, ids=lambda need: need.feature)
def test_every_need_says_why_and_is_in_no_plain_plan(need: sandbox.Need) -> None:
    assert need.why
    drafted, _problems = plan.draft({}, INVENTORY)
    lines = [line for one in plan.complete(drafted, NODE, RUN)[0]["sections"] for line in one["lines"].splitlines()]
    assert not [line for line in lines if re.match(need.line, line.strip())]


def unit_of(variables: dict[str, t.Any]) -> dict[str, t.Any]:
    drafted, problems = plan.draft(variables, INVENTORY)
    assert problems == []
    result: dict[str, t.Any] = plan.complete(drafted, NODE, RUN)[0]
    assert result["proof"]["service"]["sandbox"]["capabilities"] == result["unit"]["capabilities"]
    return dict(result["unit"])


def test_the_smallest_case_needs_nothing_beside_the_sandbox() -> None:
    unit = unit_of({})
    assert (unit["added"], unit["mark"]) == ([], "sandbox=1")
    assert unit["capabilities"] == sorted(sandbox.CAPABILITIES)
    assert unit["properties"]["ProtectHome"] == "yes"
    # PCRE2 compiles while it runs, and the worker locks itself in.
    lines = [one["line"] for one in unit["sandbox"]]
    assert "MemoryDenyWriteExecute" not in str(lines)
    assert "SystemCallFilter=@system-service chroot" in lines
    assert "@mount" not in str(lines)


def test_what_the_user_says_comes_last_and_is_carried_whole() -> None:
    own = {
        "CapabilityBoundingSet": ["CAP_DAC_OVERRIDE"],
        "ReadWritePaths": ["/srv/a,b"],
        "PrivateTmp": False,
        "PrivateDevices": True,
        "raw": ["ProtectHome=tmpfs", "Environment=A=50% B"],
    }
    unit = unit_of({"haproxy_unit": own, "haproxy_global": {"raw": ["lua-load /home/ops/x.lua"]}})
    assert unit["added"] == [
        "ProtectHome=read-only",
        "CapabilityBoundingSet=CAP_DAC_OVERRIDE",
        "ReadWritePaths=-/srv/a,b",
        "PrivateTmp=no",
        "ProtectHome=tmpfs",
        "Environment=A=50% B",
    ]
    assert unit["properties"]["ProtectHome"] == "tmpfs"
    assert unit["properties"].keys() == sandbox.WORDS.keys()
    assert unit["capabilities"] == sorted({*sandbox.CAPABILITIES, "CAP_DAC_OVERRIDE"})
    # Without a blank or a quote, as systemd wants a word of a unit.
    assert re.fullmatch(r"[A-Za-z0-9=/@%,_.-]+", unit["mark"])
    assert _sandbox.parse(unit["mark"]) == frozenset({"sandbox=1", *unit["added"]})
