#!/usr/bin/python
# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: haproxy_map
short_description: Change the entries of a map of a running HAProxy without a reload
version_added: 0.1.0
description:
  - Adds, changes and removes entries over the runtime socket, or puts others in the place of all at once. The map is
    read again afterwards.
  - The file of the map is not changed. The entries last until the next reload, which reads it, or until the next run of
    the role, which follows the inventory.
attributes:
  check_mode:
    support: full
    description: Says what would be changed.
  diff_mode:
    support: full
    description: The entries that are changed.
  idempotent:
    support: full
    description: Changes only what differs.
options:
  map:
    description:
      - Its name as the configuration has it, or the end of that path if only one map has it, or C(#) and its number.
    type: str
    required: true
  entries:
    description: Keys and their values. With O(state=absent) the values do not matter.
    type: dict
    required: true
  state:
    description: Whether the map is to have the entries.
    type: str
    choices: [present, absent]
    default: present
  replace:
    description:
      - Whether O(entries) are all that the map is to have, in this order. They are prepared beside those in force and
        take their place at once, so that no request sees a part of them.
    type: bool
    default: false
  socket:
    description: The runtime socket, with C(level admin).
    type: path
    default: /run/haproxy/admin.sock
author:
  - hardened.balancer contributors (@hardened-balancer)
"""

EXAMPLES = r"""
- name: Send a host elsewhere
  hardened.balancer.haproxy_map:
    map: hosts.map
    entries:
      shop.example.com: shop_new

- name: All that the map is to have
  hardened.balancer.haproxy_map:
    map: maps/limits.map
    replace: true
    entries:
      /login: "5"
      /search: "50"
"""

RETURN = r"""
map:
  description: The map with C(id), C(name), and the number of C(entries) that it has now.
  returned: success
  type: dict
  sample: {id: 3, name: maps/hosts.map, entries: 12}
added:
  description: Keys that it did not have.
  returned: success
  type: list
  elements: str
updated:
  description: Keys with another value.
  returned: success
  type: list
  elements: str
removed:
  description: Keys that it has no more.
  returned: success
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.hardened.balancer.plugins.module_utils import _runtime_maps
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_socket import Session, SocketError
from ansible_collections.hardened.balancer.plugins.module_utils._runtime import RefusalError


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "map": {"type": "str", "required": True},
            "entries": {"type": "dict", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "replace": {"type": "bool", "default": False},
            "socket": {"type": "path", "default": "/run/haproxy/admin.sock"},
        },
        supports_check_mode=True,
    )
    given = module.params
    try:
        with Session(given["socket"]) as session:
            outcome = _runtime_maps.converge(
                session, given["map"], given["entries"], given["state"], given["replace"], module.check_mode
            )
    except _runtime_maps.MapError as exc:
        module.fail_json(msg=str(exc), changed=exc.begun)
    except (SocketError, RefusalError, ValueError) as exc:
        module.fail_json(msg=str(exc))
    before, after = outcome.before, outcome.after
    module.exit_json(
        changed=outcome.changed,
        map={**outcome.found._asdict(), "entries": sum(map(len, after.values()))},
        added=[key for key in after if key not in before],
        updated=[key for key in after if key in before and after[key] != before[key]],
        removed=[key for key in before if key not in after],
        diff={"before": outcome.lines("before"), "after": outcome.lines("after")},
    )


if __name__ == "__main__":
    main()
