#!/usr/bin/python
# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: proof
short_description: Prove on the live node that it is locked down and serves
version_added: 0.1.0
description:
  - Compares what sshd, nft, sudo, systemd, the kernel and HAProxy say at this moment with what the plan wants, and
    sends a request through every front door. No file that the roles wrote is taken as evidence.
  - All checks are made; it fails with every one that failed.
attributes:
  check_mode:
    support: full
    description: Looks and sends requests, and changes nothing.
  diff_mode:
    support: none
    description: Changes nothing.
  idempotent:
    support: full
    description: Changes nothing.
  action:
    description: The controller takes part; an action plugin of the same name tries O(try_port).
    support: full
options:
  scope:
    description: What is to be proven.
    type: list
    elements: str
    choices: [lockdown, service]
    required: true
  expect:
    description: What each of the two should be, as C(balancer_plan.proof) has it.
    type: dict
    required: true
  try_port:
    description:
      - A port of SSH that a login is tried over from the controller, after the checks have passed. How it went is told
        and fails nothing, for a firewall between may close what the node has open.
    type: int
author:
  - hardened.balancer contributors (@hardened-balancer)
"""

EXAMPLES = r"""
- name: Prove the lock-down
  hardened.balancer.proof:
    scope: [lockdown]
    expect: "{{ balancer_plan.proof }}"
"""

RETURN = r"""
checks:
  description:
    - Every check with C(name), C(expected), C(found) and C(ok); where any is not, only those that are not.
  returned: always
  type: list
  elements: dict
summary:
  description:
    - The C(frontends), of the C(backends) the number of C(workers) and of those C(serving), with ten at most of both
      kinds by name (C(named), C(away)), what is C(open) to other machines, where SSH listens (C(ssh_ports)), what
      HAProxy's unit let it do at its start and nothing needs any more (C(until_restart)), and which firewalls are
      C(kept_aside) in which place.
  returned: success
  type: dict
tried:
  description: The C(port) of O(try_port), and what the C(problem) of a login over it was; empty if it worked.
  returned: success, with O(try_port)
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.hardened.balancer.plugins.module_utils import _proof, _proof_seen
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_process import Places


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "scope": {"type": "list", "elements": "str", "choices": list(_proof.SCOPES), "required": True},
            "expect": {"type": "dict", "required": True},
            "try_port": {"type": "int"},
        },
        supports_check_mode=True,
    )
    scope, expect = module.params["scope"], module.params["expect"]
    if missing := [name for name in scope if name not in expect]:
        module.fail_json(msg=f"expect: says nothing about {', '.join(missing)}; give balancer_plan.proof")
    seen = _proof_seen.Seen(Places())
    found = [one for name in scope for one in _proof.prove(_proof.SCOPES[name], expect[name], seen)]
    # Ansible prints all of it behind the message, which is to be the end of what a person reads.
    if failed := [one._asdict() for one in found if not one.ok]:
        module.fail_json(msg=_proof.report(found), checks=failed)
    module.exit_json(
        changed=False,
        msg=f"{len(found)} checks of the live node passed",
        checks=[one._asdict() for one in found],
        summary=_proof.summary(seen),
    )


if __name__ == "__main__":
    main()
