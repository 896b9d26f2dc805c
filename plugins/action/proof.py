# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's half of hardened.balancer.proof: it tries a port of SSH that no run has come over yet."""

from __future__ import annotations

import contextlib
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase

MODULE = "hardened.balancer.proof"
# Nobody is asked about a host key that is known for the other port only.
UNASKED = "-o BatchMode=yes"
FAULTS = (AnsibleError, AttributeError, KeyError, NotImplementedError, OSError, TypeError, ValueError)


class ActionModule(ActionBase):
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        port = arguments.get("try_port")
        result: dict[str, Any] = self._execute_module(
            module_name=MODULE, module_args=arguments, task_vars=task_vars or {}
        )
        if port and not (result.get("failed") or result.get("unreachable")):
            result["tried"] = {"port": int(port), "problem": self._problem(int(port))}
        return result

    def _problem(self, port: int) -> str:
        """Of a login over that port; empty where it works."""
        connection = self._connection
        try:
            before = connection.get_option("port")
            connection.reset()
            connection.set_option("port", port)
        except FAULTS:
            return "this connection has no port to choose"
        extra = self._extra()
        try:
            execute: Any = self._low_level_execute_command
            answer = execute('printf "%s" "$SSH_CONNECTION"', sudoable=False)
        except FAULTS as problem:
            return first_line(getattr(problem, "message", "")) or type(problem).__name__
        finally:
            with contextlib.suppress(*FAULTS):
                connection.reset()
            connection.set_option("port", before)
            if extra is not None:
                connection.set_option("ssh_extra_args", extra)
        if answer.get("rc"):
            return first_line(answer.get("stderr")) or f"exit code {answer['rc']}"
        came = str(answer.get("stdout", "")).split()[3:4]
        return "" if came == [str(port)] else f"it came out at port {came[0] if came else 'unknown'} of the node"

    def _extra(self) -> str | None:
        """What the arguments of ssh were; another client has none."""
        try:
            before = self._connection.get_option("ssh_extra_args") or ""
            self._connection.set_option("ssh_extra_args", f"{before} {UNASKED}".strip())
        except FAULTS:
            return None
        return str(before)


def first_line(text: Any) -> str:
    lines = [line.strip() for line in str(text or "").splitlines() if line.strip()]
    return lines[0][:300].rstrip(".") if lines else ""
