# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: joined_reach
short_description: Where any of several configurations of HAProxy connects to
version_added: 0.1.0
description:
  - Joins what plans, trees and M(hardened.balancer.node_info) say under C(reach), for a firewall that has to serve what
    runs and what will run.
positional: _input
options:
  _input:
    description: Each with C(workers4), C(workers6) and C(others), or null where it is not known.
    type: list
    elements: dict
    required: true
author:
  - hardened.balancer contributors (@hardened-balancer)
"""

EXAMPLES = r"""
- name: Show what the firewall has to let out while HAProxy changes
  ansible.builtin.debug:
    msg: "{{ [balancer_plan.node.reach, balancer_plan.reach] | hardened.balancer.joined_reach }}"
"""

RETURN = r"""
_value:
  description:
    - Workers by family, as elements of a set of nftables, and their C(addresses) alone.
    - In C(others) what else is connected to, each with C(protocol), C(ports) and C(networks).
    - C(known) is false if one of them is not known; the rest is what the others say.
  type: dict
  sample:
    known: true
    workers4: 10.0.0.101 . 80, 10.0.0.102 . 80
    workers6: ""
    addresses: 10.0.0.101 10.0.0.102
    others: [{protocol: udp, ports: "514", networks: 192.0.2.14/32}]
"""

from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ansible.errors import AnsibleFilterError

from ansible_collections.hardened.balancer.plugins.module_utils import _reach


def joined_reach(given: Sequence[Mapping[str, Any] | None]) -> dict[str, Any]:
    try:
        known = all(given)
        said = _reach.joined(one for one in given if one) or _reach.NOTHING
        addresses = dict.fromkeys(address for address, _port in _reach.workers(said))
    except (AttributeError, KeyError, TypeError, ValueError) as problem:
        raise AnsibleFilterError(f"joined_reach: not what a plan says under reach: {problem}") from problem
    return {"known": known, **said, "addresses": " ".join(addresses)}


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"joined_reach": joined_reach}
