# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: worker_problems
short_description: What speaks against taking workers out of the balancers
version_added: 0.1.0
description:
  - Takes what M(hardened.balancer.haproxy_info) found on several balancers, and says which of them does not know a
    worker, and where nobody would be left to serve. Nothing needs to be changed to find out.
positional: _input, workers
options:
  _input:
    description: The registered result of M(hardened.balancer.haproxy_info) by the name of the balancer.
    type: dict
    required: true
  workers:
    description: Names of servers.
    type: list
    elements: str
    required: true
  backend:
    description: Only the servers of this backend are meant; all backends if left out.
    type: str
  leaving:
    description: The workers are to leave, so that others must be there to serve.
    type: bool
    default: false
author:
  - hardened.balancer contributors (@hardened-balancer)
"""

EXAMPLES = r"""
- name: See whether worker1 can be spared
  ansible.builtin.debug:
    msg: "{{ {inventory_hostname: answer} | hardened.balancer.worker_problems(['worker1'], leaving=true) }}"
"""

RETURN = r"""
_value:
  description: A line for each problem, with the way out; empty if there is none.
  type: list
  elements: str
"""

from collections.abc import Mapping
from typing import Any, Callable

from ansible.errors import AnsibleFilterError

from ansible_collections.hardened.balancer.plugins.plugin_utils._leaving import worker_problems


def problems(
    answers: Mapping[str, Mapping[str, Any]], workers: list[str], backend: str | None = None, leaving: bool = False
) -> list[str]:
    try:
        return worker_problems(answers, list(workers), backend or None, leaving)
    except (AttributeError, KeyError, TypeError) as problem:
        raise AnsibleFilterError(
            f"worker_problems: not the answers of haproxy_info by the name of the balancer: {problem!r}"
        ) from problem


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"worker_problems": problems}
