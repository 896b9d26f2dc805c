# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The model for one balancer, as a task; the documentation is in modules/plan.py."""

from __future__ import annotations

import traceback
import typing as t

from ansible.plugins.action import ActionBase

from ansible_collections.hardened.balancer.plugins.plugin_utils import _client, _gather, _reconnect
from ansible_collections.hardened.balancer.plugins.plugin_utils._model import jumps, shared
from ansible_collections.hardened.balancer.plugins.plugin_utils._model import plan as model
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.problems import Problems, report

SPEC = {"contact": {"type": "bool", "default": False}, "stated": {"type": "bool", "default": False}}
STUMBLED = (
    "the model stumbled over this inventory, which is a fault of the collection; nothing was changed; please report"
)


class ActionModule(ActionBase):
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        validate: t.Any = self.validate_argument_spec
        _validated, args = validate(SPEC, mutually_exclusive=[("contact", "stated")])
        task_vars = task_vars or {}
        given = task_vars.get("balancer_plan") or {}
        # A playbook may pass another one as a variable, and variables arrive as they were written.
        plan = _gather.plain(self._templar.template(given) if isinstance(given, str) else given)
        # What Ansible told when the plan was registered would be told again.
        plan = {key: value for key, value in plan.items() if key not in ("warnings", "deprecations")}
        problems = Problems()
        secrets: dict[str, str] = {}
        notes: list[str] = []
        if "sections" not in plan:
            try:
                plan, problems, secrets = _gather.draft(task_vars, self._templar)
            except Exception as exc:  # a fault of ours, told without the values that a traceback would show
                last = traceback.extract_tb(exc.__traceback__)[-1]
                place = f"{type(exc).__name__} in {last.filename.rpartition('/')[2]}:{last.lineno}"
                return {**result, "failed": True, "msg": f"{STUMBLED} ({place})"}
            if not args["stated"]:
                self._judge_timeout(plan["confirm_timeout"], problems)
        if "limits" not in plan and not problems:
            if args["contact"]:
                answer = self._execute_module(
                    module_name="hardened.balancer.node_info",
                    module_args={"sysctl": plan["baseline"]["asked"]},
                    task_vars=task_vars,
                )
                if answer.get("failed") or answer.get("unreachable"):
                    return {**result, **answer}
                plan, problems = model.complete(plan, _gather.plain(answer["node"]), run_of(task_vars))
                offered = (plan.get("ssh") or {}).get("offered")
                if offered:
                    printed = _client.printed(self._connection)
                    shared.judge(offered, shared.settings(printed), problems)
                    name = str(task_vars["inventory_hostname"])
                    jumps.check_client(name, printed, lambda: balancers_of(task_vars), problems)
            elif args["stated"]:
                plan, problems = model.complete(plan, model.stated_node(plan))
            # Told once, by the task that made the plan whole.
            notes = list(plan.get("notes") or [])
        if problems:
            where = f"the plan of {task_vars['inventory_hostname']}"
            return {**result, "failed": True, "msg": report(problems, secrets.values(), where)}
        told = {"warnings": notes} if notes else {}
        return {**result, **told, **plan, "changed": False, "failed": False, "_ansible_verbose_override": True}

    def _judge_timeout(self, seconds: int | None, problems: Problems) -> None:
        """Here, where nothing was changed yet: sudo is the first change that has to be confirmed."""
        short = _reconnect.too_short(self._connection, seconds) if seconds else ""
        if short:
            problems.add("balancer_confirm_timeout", f"holds {seconds}, which is {short}")


def run_of(task_vars: dict[str, t.Any]) -> dict[str, bool]:
    """Whether this run makes the administrators: a dry one does not, nor does one of other tags."""
    run, skip = task_vars.get("ansible_run_tags") or ["all"], task_vars.get("ansible_skip_tags") or []
    return {
        "check": bool(task_vars.get("ansible_check_mode")),
        "baseline": bool({"all", "baseline", "tagged"} & set(run)) and "baseline" not in skip,
    }


def balancers_of(task_vars: dict[str, t.Any]) -> dict[str, tuple[bool, list[str]]]:
    """Of this run, as far as their plans are there: whether each lets administrators through, and its address."""
    found = {}
    for host in task_vars.get("ansible_play_hosts_all") or []:
        known = task_vars["hostvars"].raw_get(host)
        if "balancer_plan" in known:
            address = known.get("ansible_host")
            jump = (known["balancer_plan"] or {}).get("ssh_jump_host")
            found[str(host)] = (bool(jump), [str(address)] if address else [])
    return found
