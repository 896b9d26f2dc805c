# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: account_changes
short_description: What the administrators of the inventory lack on a node
version_added: 0.1.0
description:
  - Compares the administrators of the plan with the accounts that M(hardened.balancer.node_info) found, so that a role
    asks the node for nothing that is there already.
positional: _input
options:
  _input:
    description: The administrators, each with C(name) and C(keys).
    type: list
    elements: dict
    required: true
  node:
    description: The answer of M(hardened.balancer.node_info).
    type: dict
    required: true
author:
  - hardened.balancer contributors (@hardened-balancer)
"""

EXAMPLES = r"""
- name: Show which accounts would be made
  ansible.builtin.debug:
    msg: "{{ (balancer_plan.administrators | hardened.balancer.account_changes(balancer_plan.node)).users }}"
"""

RETURN = r"""
_value:
  description:
    - C(users) to make, C(keys) to set, whether the C(group) has to be made, its C(members) if they have to be set, and
      who is C(leaving) it.
  type: dict
  sample: {users: [ops], keys: [], group: true, members: [ops], leaving: []}
"""

from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ansible.errors import AnsibleFilterError

from ansible_collections.hardened.balancer.plugins.plugin_utils._accounts import account_changes


def changes(administrators: Sequence[Mapping[str, Any]], node: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return account_changes(administrators, node)
    except (KeyError, TypeError) as problem:
        raise AnsibleFilterError(f"account_changes: the answer of the node lacks {problem}") from problem


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"account_changes": changes}
