# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: template
short_description: What a template of a role renders to, also beside thousands of workers
version_added: 0.1.0
description:
  - As P(ansible.builtin.template#lookup) with its defaults, which makes a copy of all variables for each file. With
    thousands of workers in the inventory that takes longer than the rendering.
  - A template here cannot include another one.
options:
  _terms:
    description: Paths below C(templates) of the role, or of the playbook.
    type: list
    elements: str
    required: true
author:
  - hardened.balancer contributors (@hardened-balancer)
seealso:
  - plugin: ansible.builtin.template
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Show what would be written
  ansible.builtin.debug:
    msg: "{{ lookup('hardened.balancer.template', 'haproxy.cfg.j2') }}"
"""

RETURN = r"""
_raw:
  description: The text of each.
  type: list
  elements: str
"""

from pathlib import Path
from typing import Any, Callable

import ansible.template
from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

# Before ansible-core 2.19 every text is trusted.
trusted: Callable[[str], str] = getattr(ansible.template, "trust_as_template", str)


class LookupModule(LookupBase):
    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **_kwargs: Any) -> list[str]:
        base: Any = self
        templar = base._templar.copy_with_new_env(available_variables=variables)
        found = []
        for term in terms:
            path = base.find_file_in_search_path(variables, "templates", term)
            if not path:
                raise AnsibleLookupError(f"there is no template {term!r}")
            text = trusted(Path(path).read_text(encoding="utf-8"))
            found.append(templar.template(text, escape_backslashes=False))
        return found
