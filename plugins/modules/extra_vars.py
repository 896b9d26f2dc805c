#!/usr/bin/python

# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: extra_vars
short_description: Check what was given to a playbook by -e
version_added: 0.1.0
description:
  - Refuses values of another type than the playbook wants, and names behind C(-e) that are a letter off one of its own.
    Without that a time such as V(1m) would be no time, and a misspelt name would do nothing.
  - Other names are left alone; they may be for the tasks of the user.
  - Runs on the controller; no node is contacted.
author: hardened.balancer contributors (@hardened-balancer)
options:
  known:
    description:
      - The variables of the playbook, each with its type, which is V(text), V(names), V(seconds) or V(boolean).
    type: dict
    required: true
attributes:
  check_mode:
    description: Can run in check mode; changes nothing in any mode.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
  idempotent:
    description: The same variables give the same answer.
    support: full
"""

EXAMPLES = r"""
- name: Have what was given by -e
  hardened.balancer.extra_vars:
    known: {worker: names, drain_timeout: seconds, allow_empty: boolean}
  run_once: true
"""

RETURN = r"""#"""
