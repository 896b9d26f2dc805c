# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: status
short_description: Every balancer, frontend and worker on one screen
version_added: 0.1.0
description:
  - Takes what M(hardened.balancer.haproxy_info) found on several balancers, and gives lines that a person can read.
  - A balancer that did not answer has a line that says why.
  - Of many workers those are shown that do not serve on every balancer.
positional: _input
options:
  _input:
    description: The registered result of M(hardened.balancer.haproxy_info) by the name of the balancer.
    type: dict
    required: true
  every_worker:
    description: Show each worker, however many there are.
    type: bool
    default: false
author:
  - hardened.balancer contributors (@hardened-balancer)
"""

EXAMPLES = r"""
- name: Show the balancer
  ansible.builtin.debug:
    msg: "{{ {inventory_hostname: answer} | hardened.balancer.status }}"
"""

RETURN = r"""
_value:
  description: The lines.
  type: list
  elements: str
"""

from collections.abc import Mapping
from typing import Any, Callable

from ansible.errors import AnsibleFilterError

from ansible_collections.hardened.balancer.plugins.plugin_utils._status import status


def shown(answers: Mapping[str, Mapping[str, Any]], every_worker: bool = False) -> list[str]:
    try:
        return status(answers, every_worker)
    except (AttributeError, KeyError, TypeError) as problem:
        raise AnsibleFilterError(
            f"status: not the answers of haproxy_info by the name of the balancer: {problem!r}"
        ) from problem


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"status": shown}
