# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is given to a playbook by `-e`, as a task; the documentation is in modules/extra_vars.py."""

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase
from ansible.utils.vars import load_extra_vars

from ansible_collections.hardened.balancer.plugins.plugin_utils import _extra_vars, _gather

SPEC = {"known": {"type": "dict", "required": True}}


class ActionModule(ActionBase):
    _supports_check_mode = True
    _supports_async = False
    _requires_connection = False

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        validate: t.Any = self.validate_argument_spec
        _validated, args = validate(SPEC)
        known, variables = _gather.plain(args["known"]), task_vars or {}
        given = {name: _gather.plain(self._templar.template(variables[name])) for name in known if name in variables}
        loaded: t.Any = load_extra_vars
        found = _extra_vars.problems(known, given, sorted(map(str, loaded(self._loader))))
        if found:
            listed = "\n  - ".join(["Nothing was changed:", *found])
            return {**result, "failed": True, "msg": f"{listed}\nThe variables of this playbook: {', '.join(known)}"}
        return {**result, "changed": False}
