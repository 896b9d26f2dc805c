#!/usr/bin/python
# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: haproxy_apply
short_description: Put an HAProxy configuration in force as a transaction, and prove that it is
version_added: 0.1.0
description:
  - Swaps C(/etc/haproxy/haproxy.cfg) to a tree that M(hardened.balancer.haproxy_tree) wrote, and changes the running
    process at run time, reloads, starts or restarts HAProxy, whichever is the least that is needed.
  - Waits until the running process answers with the digest of the tree, no older one takes connections, and each
    backend that had a healthy server has one again.
  - If that does not happen, what was in force before comes back, on disk and in memory, and the module fails with the
    reason, with what HAProxy said and with the state that it left.
  - A run that dies in between leaves a mark, and the next one finishes it. A node that goes down in between comes up
    with what was in force before.
  - A restart drops connections. It happens only where a reload cannot do it, or if O(method=restart), and is announced
    by a warning.
  - Weights that were changed at run time are set back; draining and maintenance are left alone.
attributes:
  check_mode:
    support: full
    description: Says what it would do.
  diff_mode:
    support: none
    description: Writes no file of its own.
  idempotent:
    support: full
    description: Does nothing if what runs is what should.
options:
  method:
    description: V(restart) restarts where a reload or a change at run time would do.
    type: str
    choices: [reload, restart]
    default: reload
  digest:
    description:
      - The tree that is to be in force, by its name below C(/etc/haproxy/trees).
      - V(previous) is the last one that had proven itself before the one in force.
      - Without it the one that C(/etc/haproxy/haproxy.cfg) leads to.
    type: str
  planned:
    description:
      - What M(hardened.balancer.haproxy_tree) returned about O(digest). In check mode it did not write the tree, and
        only it could tell what that tree would need.
      - Without it, and out of check mode, a tree that is not on disk is refused.
    type: dict
    suboptions:
      pending:
        description: The least that puts the tree in force, as it was returned.
        type: str
        choices: [none, mend, runtime, reload, restart, start]
        required: true
      reasons:
        description: Why that is needed, as it was returned.
        type: list
        elements: str
        default: []
  timeout:
    description: Seconds until the new process must have come up.
    type: int
    default: 30
  settle:
    description:
      - Seconds in which each backend that had a healthy server must have one again. V(0) does not look.
    type: int
    default: 10
author:
  - hardened.balancer contributors (@hardened-balancer)
"""

EXAMPLES = r"""
- name: Put the tree in force
  hardened.balancer.haproxy_apply:
    digest: "{{ tree.digest }}"
    planned:
      pending: "{{ tree.pending }}"
      reasons: "{{ tree.reasons }}"

- name: Go back to what was in force before
  hardened.balancer.haproxy_apply:
    digest: previous
"""

RETURN = r"""
did:
  description: What was done, V(none), V(mend), V(runtime), V(reload), V(restart) or V(start).
  returned: success
  type: str
why:
  description: The reasons for it.
  returned: success
  type: list
  elements: str
digest:
  description: The tree that is in force.
  returned: success
  type: str
ports:
  description: The ports that the tree was planned with, as C(balancer_plan.ports) has them; null if it does not say.
  returned: success
  type: dict
reach:
  description: Where HAProxy connects to by the tree, as C(balancer_plan.reach) has it; null if it does not say.
  returned: success
  type: dict
pid:
  description: The process that serves.
  returned: success
  type: int
listeners:
  description: Where HAProxy listens after a change of the process.
  returned: success
  type: list
  elements: str
rolled_back:
  description: Whether what ran before runs again.
  returned: failure
  type: bool
"""

import signal

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.hardened.balancer.plugins.module_utils import (
    _haproxy_apply,
    _haproxy_service,
    _transaction,
    _verdict,
)
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_process import Places


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "method": {"type": "str", "choices": ["reload", "restart"], "default": "reload"},
            "digest": {"type": "str"},
            "planned": {
                "type": "dict",
                "options": {
                    "pending": {"type": "str", "choices": list(_verdict.PENDING), "required": True},
                    "reasons": {"type": "list", "elements": "str", "default": []},
                },
            },
            "timeout": {"type": "int", "default": 30},
            "settle": {"type": "int", "default": 10},
        },
        supports_check_mode=True,
    )
    # Half a transaction is worse than one that nobody watches: a controller that dies does not end it.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    given, places = module.params, Places()
    order = _haproxy_apply.Order(
        digest=given["digest"],
        method=given["method"],
        timeout=given["timeout"],
        settle=given["settle"],
        dry=module.check_mode,
        planned=_verdict.Verdict(**given["planned"]) if given["planned"] else None,
    )
    served = _haproxy_service.served(places)
    try:
        result = _haproxy_apply.apply(order, places)
    except _haproxy_apply.ApplyError as exc:
        module.fail_json(msg=str(exc), rolled_back=exc.rolled_back)
    except _transaction.BusyError as exc:
        module.fail_json(msg=str(exc), rolled_back=False)
    except OSError as exc:
        module.fail_json(
            msg=f"{exc.filename or places.trees}: {exc.strerror}. Nothing was changed, what runs goes on",
            rolled_back=True,
        )
    if result["did"] == "restart" and served:
        would = "would be restarted" if module.check_mode else "was restarted"
        module.warn(f"HAProxy {would}, which cuts open connections: {'; '.join(result['why'])}")
    module.exit_json(msg=f"{result['did']}: {'; '.join(result['why']) or 'what runs is what is on disk'}", **result)


if __name__ == "__main__":
    main()
