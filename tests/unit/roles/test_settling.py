# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When the playbooks settle the firewall: the conditions as they stand there, in every state that a run may find."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from .played import ROOT, played

REACH = {"workers4": "10.0.0.1 . 80", "workers6": "", "others": []}
OFFICE = {"protocol": "tcp", "ports": ["8404"], "sources": ["192.0.2.0/24"]}
SAME, CHANGED, FAILED = {"changed": False}, {"changed": True}, {"failed": True}


def state(*served: int, tree: dict[str, Any], narrow: bool = False, reach: Any = None) -> dict[str, Any]:
    """The plan wants 80, 443 and 8404 for the office."""
    listeners = [{"protocol": "tcp", "address": "0.0.0.0", "port": port, "process": "haproxy"} for port in served]
    node = {"listeners": listeners, "restricted": [OFFICE] if narrow else [], "reach": reach or REACH}
    ports = {"tcp": ["80", "443"], "udp": [], "restricted": [OFFICE]}
    target = {"ports": ports, "reach": REACH}
    plan = {"ports": ports, "reach": REACH, "login": "ops", "node": node}
    return {"balancer_plan": plan, "__target": target, "__haproxy_tree": tree, "__applied": tree}


STATES: dict[str, tuple[dict[str, Any], bool]] = {
    "all is as planned": (state(80, 443, 8404, narrow=True, tree=SAME), False),
    "a port comes": (state(80, 8404, narrow=True, tree=CHANGED), True),
    "a port goes": (state(80, 443, 8080, 8404, narrow=True, tree=CHANGED), True),
    # As after a run that was cut off while HAProxy was told: asked before, and done when this run gets there.
    "another run has ended it since": (state(80, 443, 8080, 8404, narrow=True, tree=SAME), True),
    "another run has begun it since": (state(80, 8404, narrow=True, tree=SAME), True),
    "other workers": (state(80, 443, 8404, narrow=True, tree=SAME, reach={**REACH, "workers4": ""}), True),
}


def found_in(name: str, states: dict[str, dict[str, Any]], scratch: Path) -> dict[str, bool]:
    """What the condition of the task comes to in each of the states."""
    plays = yaml.safe_load((ROOT / "playbooks" / name).read_text())
    block, play = next(
        (task, play) for play in plays for task in play.get("tasks", ()) if "always" in task and "block" in task
    )
    condition = next(task["when"] for task in block["always"])
    around = {**play["vars"], **block.get("vars", {})}
    tasks = [
        {
            "ansible.builtin.debug": {"msg": f"<{case}> {{{{ {condition} }}}}"},
            "vars": {**around, **given, "ansible_user": "nobody"},
        }
        for case, given in states.items()
    ]
    printed = played(scratch, tasks)
    return {case: {"True": True, "False": False}[said] for case, said in re.findall(r"<(.+?)> (\w+)", printed)}


@pytest.fixture(scope="module", params=["site.yml", "rollback.yml"])
def decided(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bool]:
    states = {case: given for case, (given, _settles) in STATES.items()}
    return found_in(request.param, states, tmp_path_factory.mktemp("settling"))


@pytest.mark.parametrize("case", STATES)
def test_it_is_settled_wherever_more_or_less_may_be_open(decided: dict[str, bool], case: str) -> None:
    assert decided[case] == STATES[case][1]


def test_a_run_that_failed_settles_what_it_widened(tmp_path: Path) -> None:
    failed = {"failed": state(80, 443, 8404, narrow=True, tree=FAILED)}
    assert found_in("site.yml", failed, tmp_path) == {"failed": True}
