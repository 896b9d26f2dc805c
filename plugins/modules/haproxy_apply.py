#!/usr/bin/python
# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: haproxy_apply
short_description: Put the HAProxy configuration that lies on disk in force, and prove that it is
version_added: 0.1.0
description:
  - Starts, reloads or restarts HAProxy, whichever is the least that is needed, and waits until the running process
    answers with the digest of the configuration and no older one takes connections.
  - A restart drops connections. It happens only where a reload cannot do it, or if O(method=restart), and is announced
    by a warning.
  - Weights that were changed at run time are set back; draining and maintenance are left alone.
attributes:
  check_mode:
    support: full
    description: Says what it would do.
  diff_mode:
    support: none
    description: Writes no file.
  idempotent:
    support: full
    description: Does nothing if what runs is what lies on disk.
options:
  method:
    description: V(restart) restarts where a reload would do.
    type: str
    choices: [reload, restart]
    default: reload
  digest:
    description: The configuration that must run. Without it the one that C(/etc/haproxy/haproxy.cfg) leads to.
    type: str
  timeout:
    description: Seconds until the new process must have come up.
    type: int
    default: 30
author:
  - hardened.balancer contributors (@hardened-balancer)
"""

EXAMPLES = r"""
- name: Put HAProxy in force
  hardened.balancer.haproxy_apply:
    method: reload
"""

RETURN = r"""
did:
  description: What was done, V(none), V(start), V(reload), V(restart) or V(mend).
  returned: success
  type: str
why:
  description: The reasons for it.
  returned: success
  type: list
  elements: str
digest:
  description: The configuration that runs.
  returned: success
  type: str
pid:
  description: The process that serves.
  returned: success
  type: int
listeners:
  description: Where HAProxy listens after a change.
  returned: success
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.hardened.balancer.plugins.module_utils import _haproxy_apply
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_process import Places


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "method": {"type": "str", "choices": ["reload", "restart"], "default": "reload"},
            "digest": {"type": "str"},
            "timeout": {"type": "int", "default": 30},
        },
        supports_check_mode=True,
    )
    given = module.params
    served = _haproxy_apply.served(Places())
    try:
        result = _haproxy_apply.apply(given["method"], given["digest"], given["timeout"], module.check_mode, Places())
    except _haproxy_apply.ApplyError as exc:
        module.fail_json(msg=str(exc))
    if result["did"] == "restart" and served:
        would = "would be restarted" if module.check_mode else "was restarted"
        module.warn(f"HAProxy {would}, which cuts open connections: {'; '.join(result['why'])}")
    module.exit_json(msg=f"{result['did']}: {'; '.join(result['why']) or 'what runs is what is on disk'}", **result)


if __name__ == "__main__":
    main()
