# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's half of hardened.balancer.confirmed: it connects anew and confirms, or waits for the undo."""

from __future__ import annotations

import secrets
import time
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.hardened.balancer.plugins.plugin_utils import _reconnect

MODULE = "hardened.balancer.confirmed"
PAUSE = 1.0
# How long after its deadline a node may take to undo and to answer again.
GRACE = 60.0
SSH_PORT = 22

display = Display()


def first_line(text: Any) -> str:
    lines = [line.strip() for line in str(text or "").splitlines() if line.strip()]
    return lines[0][:300].rstrip(".") if lines else ""


class ActionModule(ActionBase):
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        self._task_vars = task_vars or {}
        self._token = secrets.token_hex(16)
        self._name = str(self._task.args.get("name", ""))
        self._port = _reconnect.option(self._connection, "port", SSH_PORT)
        for option in ("step", "token"):
            if option in self._task.args:
                return {"failed": True, "msg": f"{option}: this is set by the action plugin; leave it out"}

        short = _reconnect.too_short(self._connection, self._seconds())
        if short:
            told = f"{self._name}: timeout: {self._seconds():.0f} s are {short}. Nothing was changed."
            return {"failed": True, "changed": False, "msg": told}

        result, lost = self._begin()
        if lost:
            return self._after_loss(lost)
        if result.get("failed") or not result.get("applied"):
            return self._told(result)
        answer, problem = self._until_answered("confirm", self._seconds())
        if answer.get("confirmed"):
            return self._told(result)
        return {"failed": True, "changed": False, "msg": self._not_confirmed(answer, problem)}

    def _begin(self) -> tuple[dict[str, Any], str]:
        """Where another run's change waits for its confirmation, after that one is decided."""
        end = None
        while True:
            result, lost = self._ask("begin")
            other = None if lost else result.get("held")
            if not other or self._task.check_mode:
                return result, lost
            told = f"a change of {other['by']}, not ours, has {other['seconds']} s left to be confirmed"
            if end is None:
                display.warning(f"{self._name}: {told}; waiting for it")
                end = time.monotonic() + other["seconds"] + GRACE
            if time.monotonic() > end:
                message = f"{self._name}: {told}, and has not ended in its time. Nothing was changed. Run again later."
                return {"failed": True, "changed": False, "msg": message}, ""
            time.sleep(PAUSE)

    def _seconds(self) -> float:
        return float(self._task.args.get("timeout", 60))

    def _ask(self, step: str) -> tuple[dict[str, Any], str]:
        """The module's answer, or why there is none."""
        arguments = {key: value for key, value in self._task.args.items() if key != "port"}
        arguments.update(step=step, token=self._token)
        try:
            result = self._execute_module(module_name=MODULE, module_args=arguments, task_vars=self._task_vars)
        except AnsibleError as problem:
            return {}, first_line(problem.message) or type(problem).__name__
        if result.get("unreachable"):
            return {}, first_line(result.get("msg")) or "unreachable"
        return result, ""

    def _until_answered(self, step: str, timeout: float) -> tuple[dict[str, Any], str]:
        """Ask over new connections until the node has decided; past the deadline the answer is that it was undone."""
        start = time.monotonic()
        problem = ""
        while True:
            # Past its deadline the node is back on the port that it had.
            over = time.monotonic() - start > timeout
            self._connect_anew(None if over else self._task.args.get("port"))
            answer, lost = self._ask(step)
            if "pending" in answer and not answer["pending"]:
                return answer, problem
            problem = lost or answer.get("why") or first_line(answer.get("module_stderr") or answer.get("msg"))
            display.vv(f"{self._name}: not confirmed yet: {problem}")
            if time.monotonic() - start > timeout + GRACE:
                return {}, problem
            time.sleep(PAUSE)

    def _connect_anew(self, port: Any = None) -> None:
        try:
            self._connection.reset()
        except (AnsibleError, NotImplementedError, OSError) as problem:
            display.vv(f"{self._name}: the connection could not be reset: {problem}")
        if "port" in self._task.args:
            self._connection.set_option("port", int(port or self._port))

    def _told(self, result: dict[str, Any]) -> dict[str, Any]:
        if result.get("undone_before"):
            display.warning(f"{self._name}: a change that an earlier run never confirmed: {result['undone_before']}")
        if result.get("held"):
            display.warning(f"{self._name}: a change of {result['held']['by']} waits for its confirmation; look again")
        if result.get("mended"):
            display.warning(f"{self._name}: the files were right but not in force: {first_line(result['found'])}")
        return result

    def _after_loss(self, lost: str) -> dict[str, Any]:
        answer, problem = self._until_answered("undo", self._seconds())
        lost_how = f"{self._name}: the connection was lost while the change was made ({lost})."
        if not answer:
            # It may have been lost before the node heard of the change.
            end = self._unknown(problem, "If the change had begun, the node undoes it")
        elif answer["undone"]:
            end = self._undone(answer)
        else:
            end = "Nothing of it was left on the node. Run again."
        return {"failed": True, "changed": False, "msg": f"{lost_how} {end}"}

    def _not_confirmed(self, answer: dict[str, Any], problem: str) -> str:
        found = f" The last attempt said: {problem}." if problem else ""
        start = f"{self._name}: no new connection confirmed the change within {self._seconds():.0f} s.{found}"
        return f"{start} {self._undone(answer) if answer else self._unknown(problem)}"

    def _undone(self, answer: dict[str, Any]) -> str:
        why = answer["why"] or "its timer"
        if answer["complete"]:
            return f"The node undid it ({why}): it is back on what it had before. Correct the inventory and run again."
        return f"The node undid it ({why}), but not all: {answer['output'] or 'it left no message'}. Look at the node."

    def _unknown(self, problem: str, undoes: str = "It was told to undo the change") -> str:
        return (
            f"The node has not answered since ({problem}). {undoes} by itself after "
            f"{self._seconds():.0f} s; look on its console for /var/lib/hardened-balancer/undo/{self._name}.last."
        )
