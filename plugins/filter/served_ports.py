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
    them. Loopback addresses open nothing, nor does a UDP port that the kernel may have picked and that none of the
    options names.
  - A port that the plan opens to some networks only is never opened to others.
positional: _input
options:
  _input:
    description: The listening sockets of a node.
    type: list
    elements: dict
    required: true
  also:
    description:
      - Ports to add, such as those of the plan; V(tcp) and V(udp) with lists of ports and ranges, V(restricted) with
        what is open to some networks only.
    type: dict
    default: {}
  plan:
    description: The ports of the plan, none of which are added; O(also) if left out.
    type: dict
  before:
    description: What the firewall opens to some networks only now, C(restricted) of M(hardened.balancer.node_info).
    type: list
    elements: dict
    default: []
  held:
    description:
      - What runs is what the plan wants. Until then a port keeps the restrictions that it has, for what may still
        listen there.
    type: bool
    default: false
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
  description:
    - Ports and ranges per protocol, sorted, without overlaps; in C(restricted) those for some networks only.
  type: dict
  sample:
    tcp: ["80", "8000-8010"]
    udp: []
    restricted: [{protocol: tcp, ports: ["8404"], sources: [198.51.100.0/24]}]
"""

from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ansible.errors import AnsibleFilterError

from ansible_collections.hardened.balancer.plugins.plugin_utils._ports import served_ports


def served(
    listeners: Sequence[Mapping[str, Any]],
    also: Mapping[str, Any] | None = None,
    plan: Mapping[str, Any] | None = None,
    before: Sequence[Mapping[str, Any]] = (),
    held: bool = False,
) -> dict[str, Any]:
    try:
        return served_ports(listeners, also, plan, before, held)
    except (AttributeError, KeyError, TypeError, ValueError) as problem:
        raise AnsibleFilterError(f"served_ports: not the listeners of node_info: {problem}") from problem


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"served_ports": served}
