#!/usr/bin/python

# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: render
short_description: Write text files on the controller
version_added: 0.1.0
description:
  - Writes what a plan holds for a balancer into a directory of the controller, for reviews and for CI.
  - Directories are made as needed. Files that are there and not in O(files) are left alone.
author: hardened.balancer contributors (@hardened-balancer)
options:
  dest:
    description: The directory.
    type: path
    required: true
  files:
    description: What to write.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: Path below O(dest).
        type: str
        required: true
      content:
        description: The whole text.
        type: str
        required: true
attributes:
  check_mode:
    description: Can run in check mode and tells what it would write.
    support: full
  diff_mode:
    description: Shows each file that differs.
    support: full
  idempotent:
    description: A second run writes nothing.
    support: full
"""

EXAMPLES = r"""
- name: Write the rendering of a balancer
  hardened.balancer.render:
    dest: "rendered/{{ inventory_hostname }}"
    files:
      - path: haproxy.cfg
        content: "{{ lookup('ansible.builtin.template', 'haproxy.cfg.j2') }}"
"""

RETURN = r"""
files:
  description: The files that were written.
  type: list
  elements: str
  returned: success
"""
