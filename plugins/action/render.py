# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes text files on the controller; the documentation is in modules/render.py."""

from __future__ import annotations

import pathlib
import typing as t

from ansible.plugins.action import ActionBase

SPEC = {
    "dest": {"type": "path", "required": True},
    "files": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {"path": {"type": "str", "required": True}, "content": {"type": "str", "required": True}},
    },
}


class ActionModule(ActionBase):
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        validate: t.Any = self.validate_argument_spec
        _validated, args = validate(SPEC)
        dest = pathlib.Path(args["dest"])
        changed, diff = [], []
        for file in args["files"]:
            path = dest / file["path"]
            before = path.read_text(encoding="utf-8") if path.is_file() else ""
            if before == file["content"] and path.is_file():
                continue
            changed.append(str(path))
            diff.append(
                {"before_header": str(path), "after_header": str(path), "before": before, "after": file["content"]}
            )
            if not self._play_context.check_mode:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(file["content"], encoding="utf-8", newline="")
        return {**result, "changed": bool(changed), "files": changed, "diff": diff}
