# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""systemd's judgement of HAProxy's unit, and what works in it: every kind of client, and features that take more."""

from __future__ import annotations

import copy
import re
import typing as t

from tests.proof.lab import Lab, Machine

BOUND = 3.0
# An address that is nobody's here, a mark that the firewall can see, and a socket that is not root's.
FOREIGN, MARK, SOCKET = "198.51.100.77", 77, "/run/haproxy/lab.sock"
COUNT_MARKS = (
    f"table inet lab_marks {{ chain output {{ type filter hook output priority 300; meta mark {MARK} counter; }}; }}"
)
MORE: dict[str, t.Any] = {
    "haproxy_site_more": {
        "frontends": [
            {
                "name": "more",
                "binds": [
                    {"port": 8085, "address": FOREIGN, "transparent": True},
                    {"port": 8086},
                    {"socket": SOCKET, "user": "haproxy", "mode": "600"},
                ],
                "default_backend": "web_workers",
            }
        ],
    },
    "haproxy_global": {"hard_stop_after": "30s", "set_dumpable": True},
}
# Without setcap, which 2.6 has not, HAProxy becomes no other user where it is to mark packets, and does not start.
MARKS_SINCE = (3, 0)


def more(machine: Machine) -> dict[str, t.Any]:
    given = copy.deepcopy(MORE)
    if marks(machine):
        given["haproxy_site_more"]["frontends"][0]["http_request"] = [f"set-mark {MARK}"]
        given["haproxy_global"]["setcap"] = "cap_net_admin"
    return given


def marks(machine: Machine) -> bool:
    found = re.search(r"\((\d+)\.(\d+)", machine.release)
    return found is not None and (int(found[1]), int(found[2])) >= MARKS_SINCE


def exposure(machine: Machine) -> tuple[float, str]:
    said = machine.run("systemd-analyze security --no-pager haproxy.service")
    found = re.search(r"Overall exposure level for haproxy\.service: (\d+\.\d+)", said)
    return float(found[1]) if found else 10.0, said


def require_exposure(lab: Lab, balancer: Machine, what: str) -> str:
    number, said = exposure(balancer)
    lab.require(number < BOUND, f"{balancer.release}: {what}: exposure {number}, under {BOUND}")
    return said


def require_served(lab: Lab, balancer: Machine, variables: dict[str, t.Any], change: str) -> None:
    """Every kind of client, while a change is put in force by a reload and an administrator asks."""
    frontends = [{**one} for one in variables["haproxy_frontends"]]
    frontends[0]["http_response"] = [{"set_header": {"name": "x-change", "value": change}}]
    before = balancer.digest
    with lab.load(balancer) as load:
        lab.site(limit=balancer, variables={**variables, "haproxy_frontends": frontends})
    lab.print(load.table())
    failed = len(load.failures())
    lab.require(not failed, f"{balancer}: all kinds of clients over a reload, no failed request ({failed} failed)")
    lab.require(balancer.digest not in ("", before), f"{balancer}: the reload took effect")
    logged = balancer.run("journalctl --unit haproxy --lines 50 --output cat")
    lab.require("web_workers/worker" in logged, f"{balancer}: requests arrive in the journal")
    states = balancer.run("cat /var/lib/hardened-balancer/haproxy.state")
    lab.require("web_workers" in states, f"{balancer}: the reload kept the states of the servers")


def require_more(lab: Lab, balancer: Machine, variables: dict[str, t.Any]) -> None:
    """Features for which the sandbox lets more through: each works, and all of them at once just reach the bound."""
    lab.site(limit=balancer, variables={**variables, **more(balancer)})
    balancer.run("nft -f -", COUNT_MARKS)
    try:
        said = lab.client.run(f"curl -s -m 5 http://{balancer.address}:8086/", code=None)
        marked = balancer.run("nft list table inet lab_marks")
    finally:
        balancer.run("nft delete table inet lab_marks")
    packets = re.search(r"counter packets (\d+)", marked)
    listening = balancer.run("ss -Hltn")
    owner = balancer.run(f"stat -c %U {SOCKET}", code=None).strip()
    lab.require(f"{FOREIGN}:8085" in listening, f"{balancer}: transparent: listens on an address that is not its own")
    lab.require("worker" in said, f"{balancer}: the frontend with more answers")
    if marks(balancer):
        lab.require(packets and int(packets[1]), f"{balancer}: set-mark: answers carry the mark")
    lab.require(owner == "haproxy", f"{balancer}: a socket that belongs to a user ({owner})")
    number, _said = exposure(balancer)
    what = "with all at once that takes more capabilities, and core files"
    lab.require(number <= BOUND, f"{balancer.release}: {what}: exposure {number}, at most {BOUND}")
    lab.site(limit=balancer, variables=variables)
    balancer.run("systemctl restart haproxy")
