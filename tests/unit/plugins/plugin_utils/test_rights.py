# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What HAProxy needs a right of root's for after its start is refused, unless it keeps it."""

from __future__ import annotations

import re
import typing as t

import pytest

from ansible_collections.hardened.balancer.plugins.plugin_utils._model import plan, rights

from .test_model import INVENTORY

MARK = "http-request set-mark 20 if TRUE"
RULES = ("http-request", "tcp-request")
# A line of a backend; its feature and what may be kept for it, or nothing.
LINES = [
    (MARK, "a mark of packets", ["cap_net_admin"]),
    ("tcp-request content set-mark 20", "a mark of packets", ["cap_net_admin"]),
    ("source 0.0.0.0 usesrc clientip", "usesrc", ["cap_net_raw", "cap_net_admin"]),
    ("server x 192.0.2.1:80 source 0.0.0.0 usesrc client", "usesrc", ["cap_net_raw", "cap_net_admin"]),
    ("source 192.0.2.9 interface eth1", "source with an interface", ["cap_net_raw", "cap_net_admin"]),
    ("server x 192.0.2.1:80 source 192.0.2.9 interface eth1", "source with an interface", ["cap_net_raw"]),
    ("server x 192.0.2.1:80 namespace blue", "a server in a namespace", ["cap_sys_admin"]),
    ("source 192.0.2.9", "", []),
    ("http-request set-header x-note set-mark", "", []),
    ("http-request silent-drop", "", []),
]


def refused(line: str, **process: t.Any) -> list[str]:
    family, _blank, rule = line.partition(" ")
    written = {family.replace("-", "_"): [rule]} if family in RULES else {"raw": [line]}
    backend = {"name": "b", "servers": [{"name": "one", "address": "192.0.2.7", "port": 80}], **written}
    frontends = [{"name": "f", "binds": [{"port": 80}], "default_backend": "b"}]
    variables = {"haproxy_frontends": frontends, "haproxy_backends": [backend], "haproxy_global": process}
    _drafted, problems = plan.draft(variables, INVENTORY)
    return [str(problem) for problem in problems]


@pytest.mark.parametrize(("line", "feature", "keeps"), LINES)
def test_each_use_of_a_right_is_refused_until_it_is_kept(line: str, feature: str, keeps: list[str]) -> None:
    problems = refused(line)
    if not feature:
        assert problems == []
        return
    assert len(problems) == 1
    assert re.match(rf"haproxy_backends\[0\]\.\w+\[0\]: {feature} needs a right", problems[0])
    assert f"{{setcap: {keeps[0]}}}" in problems[0]
    for name in keeps:
        assert refused(line, setcap=f"cap_chown,{name}") == []
    assert len(refused(line, setcap="cap_chown")) == 1


def test_who_stays_root_gives_up_nothing() -> None:
    assert refused(MARK, user="root") == []
    assert refused(MARK, user="nobody") != []


def test_every_use_is_tried_above() -> None:
    assert {use.feature for use in rights.USES} == {feature for _line, feature, _keeps in LINES if feature}
