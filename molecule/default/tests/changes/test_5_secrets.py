# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets reach the configuration on the node, and nothing that a run prints."""

from __future__ import annotations

from typing import Any

INVENTORY = """
balancers:
  vars:
    haproxy_secrets: {token: s3cr3t-%(version)s-raw}
    haproxy_userlists:
      - {name: staff, users: [{name: eve, insecure_password: s3cr3t-%(version)s-typed}]}
    haproxy_frontends:
      - name: http_front
        binds: [{port: 80}]
        http_request: ["set-header X-Token {{ haproxy_secrets.token }}"]
        stats_enable: true
        stats_uri: /stats
        stats_auth: "eve:s3cr3t-%(version)s-stats"
        default_backend: web_workers
"""
KINDS = ("raw", "typed", "stats")


def test_no_output_holds_a_secret_and_the_node_does(lab: Any, balancer: Any) -> None:
    for version in ("one", "two"):
        inventory = INVENTORY % {"version": version}
        foreseen = lab.site("--check", "--diff", "-vvv", inventory=inventory)
        run = lab.site("--diff", "-vvv", inventory=inventory)
        assert run.changed(balancer.name) > 0
        assert "s3cr3t" not in foreseen.output
        assert "s3cr3t" not in run.output
        configuration = balancer.run("cat /etc/haproxy/haproxy.cfg")
        assert [f"s3cr3t-{version}-{kind}" in configuration for kind in KINDS] == [True] * len(KINDS)
        assert balancer.tree_in_force == f"/etc/haproxy/trees/{balancer.running_digest}"
    assert balancer.run("stat -L -c '%a %U' /etc/haproxy/haproxy.cfg").strip() == "600 root"


def test_a_message_of_haproxy_does_not_repeat_a_secret(lab: Any, balancer: Any) -> None:
    broken = INVENTORY.replace("set-header X-Token", "set-nonsense") % {"version": "three"}
    run = lab.site("--diff", "-vvv", inventory=broken, code=2)
    assert "set-nonsense" in run.output
    assert "s3cr3t" not in run.output


def test_without_them_the_node_is_as_before(lab: Any, balancer: Any) -> None:
    assert lab.site().changed(balancer.name) > 0
    assert "s3cr3t" not in balancer.run("cat /etc/haproxy/haproxy.cfg")
