# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: served_ports
short_description: The ports that HAProxy listens on from outside
version_added: 0.1.0
description:
  - Takes the C(listeners) of M(hardened.balancer.node_info) and gives the ports that the firewall has to leave open for
    them. Loopback addresses open nothing.
positional: _input
options:
  _input:
    description: The listening sockets of a node.
    type: list
    elements: dict
    required: true
  also:
    description: Ports to add, such as those of the plan; V(tcp) and V(udp) with lists of ports and ranges.
    type: dict
    default: {}
author:
  - hardened.balancer contributors (@hardened-balancer)
"""

EXAMPLES = r"""
- name: Show what the firewall has to leave open while HAProxy changes
  ansible.builtin.debug:
    msg: "{{ balancer_plan.node.listeners | hardened.balancer.served_ports(also=balancer_plan.ports) }}"
"""

RETURN = r"""
_value:
  description: Ports and ranges per protocol, sorted, without overlaps.
  type: dict
  sample: {tcp: ["80", "8000-8010"], udp: []}
"""

from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ansible.errors import AnsibleFilterError

from ansible_collections.hardened.balancer.plugins.plugin_utils._ports import served_ports


def served(
    listeners: Sequence[Mapping[str, Any]], also: Mapping[str, Sequence[str | int]] | None = None
) -> dict[str, list[str]]:
    try:
        return served_ports(listeners, also)
    except (KeyError, TypeError, ValueError) as problem:
        raise AnsibleFilterError(f"served_ports: not the listeners of node_info: {problem}") from problem


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"served_ports": served}
