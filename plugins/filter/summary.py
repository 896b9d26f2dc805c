# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: summary
short_description: What a proof saw, in lines that a person can read
version_added: 0.1.0
description:
  - Takes the result of M(hardened.balancer.proof) and the plan, and gives the lines that a run ends with.
positional: _input, plan
options:
  _input:
    description: The result of M(hardened.balancer.proof).
    type: dict
    required: true
  plan:
    description: The plan, as M(hardened.balancer.plan) gave it.
    type: dict
    required: true
author:
  - hardened.balancer contributors (@hardened-balancer)
"""

EXAMPLES = r"""
- name: Summary
  ansible.builtin.debug:
    msg: "{{ balancer_proof | hardened.balancer.summary(balancer_plan) }}"
"""

RETURN = r"""
_value:
  description: The lines.
  type: list
  elements: str
"""

import typing as t

from ansible_collections.hardened.balancer.plugins.plugin_utils._summary import summary


class FilterModule:
    def filters(self) -> dict[str, t.Any]:
        return {"summary": summary}
