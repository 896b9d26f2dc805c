# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: networks_by_family
short_description: IPv4 and IPv6 networks apart
version_added: 0.1.0
description: Takes networks of both families and gives them apart, without overlaps, as nftables wants them.
positional: _input
options:
  _input:
    description: Networks or addresses.
    type: list
    elements: str
    required: true
author:
  - hardened.balancer contributors (@hardened-balancer)
"""

EXAMPLES = r"""
- name: Show the IPv4 networks that may use SSH
  ansible.builtin.debug:
    msg: "{{ (balancer_plan.management_networks | hardened.balancer.networks_by_family).v4 }}"
"""

RETURN = r"""
_value:
  description: The networks per family.
  type: dict
  sample: {v4: [198.51.100.0/24], v6: ["2001:db8::/32"]}
"""

from collections.abc import Sequence
from typing import Any, Callable

from ansible.errors import AnsibleFilterError

from ansible_collections.hardened.balancer.plugins.plugin_utils._ports import networks_by_family


def by_family(networks: Sequence[str]) -> dict[str, list[str]]:
    try:
        return networks_by_family(networks)
    except ValueError as problem:
        raise AnsibleFilterError(f"networks_by_family: {problem}; write networks such as 198.51.100.0/24") from problem


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"networks_by_family": by_family}
