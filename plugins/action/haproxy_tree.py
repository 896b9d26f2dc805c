# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands the secrets of the inventory to the module of the same name: they are in no plan and in no rendering.

What HAProxy refuses is told with the key of the inventory that the line comes from.
"""

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase

from ansible_collections.hardened.balancer.plugins.plugin_utils import _gather


class ActionModule(ActionBase):
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        task_vars = task_vars or {}
        secrets = _gather.gather(task_vars, self._templar).secrets
        arguments = {**self._task.args, "secrets": {**secrets, **(self._task.args.get("secrets") or {})}}
        answer = self._execute_module(
            module_name="hardened.balancer.haproxy_tree", module_args=arguments, task_vars=task_vars
        )
        if answer.get("failed") and answer.get("quoted"):
            origins = _gather.origins(task_vars, self._templar)
            answer["msg"] = told(str(answer["msg"]), answer["quoted"], origins)
        return {**result, **answer}


def told(message: str, quoted: list[dict[str, str]], origins: dict[tuple[str, str], str]) -> str:
    """A list that was not made by the model has lines that nobody knows the origin of."""
    known = [(line["text"], origins.get((line["section"], line["text"]))) for line in quoted]
    lines = [f"  {path}: {text}" for text, path in known if path]
    return "\n".join([message, "The keys of these lines:", *lines]) if lines else message
