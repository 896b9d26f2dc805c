#!/usr/bin/python

# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: plan
short_description: Make the plan of a balancer from the inventory
version_added: 0.1.0
description:
  - Checks every C(haproxy_*) and C(balancer_*) variable of the balancer and everything they refer to,
    and reports all problems at once, each with the path of its key.
  - Gives the plan that the roles of this collection read. It holds placeholders instead of secrets.
  - A plan that was registered as C(balancer_plan) before is returned as it is, completed by what the options ask for.
  - Runs on the controller; the node is contacted only with O(contact=true), and only read.
author: hardened.balancer contributors (@hardened-balancer)
options:
  contact:
    description:
      - Ask the node what the plan depends on, and judge the answer before anything is changed.
      - Versions, memory, descriptors, addresses, ports, other firewalls, and who we are there.
    type: bool
    default: false
  stated:
    description: Complete the plan with the node that C(haproxy_node) states, without contact.
    type: bool
    default: false
attributes:
  check_mode:
    description: Can run in check mode; changes nothing in any mode.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
  idempotent:
    description: The same inventory and node give the same plan.
    support: full
"""

EXAMPLES = r"""
- name: Check the inventory, without contact
  hardened.balancer.plan:
  register: balancer_plan

- name: Ask the node as well
  hardened.balancer.plan:
    contact: true
  register: balancer_plan
"""

RETURN = r"""
sections:
  description:
    - The sections of haproxy.cfg in their order, each with its title and its lines. Only with O(contact) or O(stated).
  type: list
  elements: dict
  returned: success
ports:
  description: The ports that the inventory wants open beside SSH, by protocol.
  type: dict
  returned: success
  sample: {tcp: ["80", "443"], udp: []}
limits:
  description: Connections and descriptors. Only with O(contact) or O(stated).
  type: dict
  returned: success
login:
  description: The user as whom the run goes on after the administrators exist. Only with O(contact).
  type: str
  returned: success
"""
