#!/usr/bin/python
# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: haproxy_tree
short_description: Have a whole HAProxy configuration on disk, validated, ready to be put in force
version_added: 0.1.0
description:
  - Lets C(haproxy -c) read the configuration with its maps, certificates and error files beside the one in force, and
    keeps it as C(/etc/haproxy/trees/<digest>). What HAProxy refuses is removed again, and nothing has changed.
  - A tree in force that somebody edited is mended.
  - It reports a change also if only the running process is not what it should be, so that a handler finishes what an
    interrupted run began. It puts nothing in force itself, see M(hardened.balancer.haproxy_apply).
attributes:
  check_mode:
    support: full
    description: Validates too, if HAProxy is there already.
  diff_mode:
    support: full
    description: One entry for each file, with placeholders in the place of secrets.
  idempotent:
    support: full
    description: The same files give the same digest.
options:
  files:
    description:
      - The files of the tree, C(haproxy.cfg) among them.
      - In C(haproxy.cfg), C(@digest@) stands for the digest.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: Relative to the tree.
        type: str
        required: true
      content:
        description: The text; C(@secret:NAME@) stands for a secret.
        type: str
        required: true
  secrets:
    description: Values of the secrets by name. In C(haproxy.cfg) each stays one word, whatever is in it.
    type: dict
    default: {}
  keep:
    description: How many trees stay on disk, as a way back. The one in force and the one that runs always do.
    type: int
    default: 5
  existing:
    description:
      - What happens to a C(haproxy.cfg) that neither the package nor this module wrote.
      - V(keep_aside) keeps it as C(haproxy.cfg.before-hardened-balancer).
    type: str
    choices: [refuse, keep_aside]
    default: refuse
  nofile:
    description: Number of open files that the process must be allowed; less needs a restart.
    type: int
  sandbox:
    description: Settings of the sandbox that the process must have been started with; what it lacks needs a restart.
    type: str
  ports:
    description: The ports that the tree was planned with; kept beside it for who goes back to it.
    type: dict
    default: {}
  reach:
    description: Where HAProxy connects to by the tree; kept beside it too.
    type: dict
    default: {}
  warnings:
    description:
      - What a warning of HAProxy about the configuration does. V(fatal) refuses the configuration.
      - V(shown) warns at each run, also at one that changes nothing.
    type: str
    choices: [shown, fatal]
    default: fatal
author:
  - hardened.balancer contributors (@hardened-balancer)
"""

EXAMPLES = r"""
- name: Have the configuration on disk
  hardened.balancer.haproxy_tree:
    files:
      - path: haproxy.cfg
        content: "{{ lookup('ansible.builtin.template', 'haproxy.cfg.j2') }}"
  register: tree
  notify: Put HAProxy in force
"""

RETURN = r"""
written:
  description: Whether the disk changed, or would.
  returned: success
  type: bool
digest:
  description: Names the wanted tree.
  returned: success
  type: str
  sample: 9f86d081884c7d65
running:
  description: The tree that the running process was started with; null if that is none of ours.
  returned: success
  type: str
pending:
  description:
    - The least that makes the running process match the disk, V(none), V(start), V(reload) or V(restart).
    - V(mend) is less than a reload, weights that were changed at run time or a unit that systemd has not read.
  returned: success
  type: str
reasons:
  description: Why that is needed.
  returned: success
  type: list
  elements: str
edited:
  description: Files of the tree in force that somebody had edited.
  returned: success
  type: list
  elements: str
drift:
  description: What somebody else did since the last run; warned of too.
  returned: success
  type: list
  elements: str
messages:
  description: What HAProxy said about the configuration, its warnings among it, and why it was not asked.
  returned: success
  type: list
  elements: str
quoted:
  description: The lines that HAProxy refused, each with the line that begins its section.
  returned: where HAProxy refused the configuration
  type: list
  elements: dict
  sample: [{section: backend web_workers, text: "balance foo"}]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.hardened.balancer.plugins.module_utils import (
    _haproxy_process,
    _transaction,
    _tree,
    _tree_store,
)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "files": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "path": {"type": "str", "required": True},
                    "content": {"type": "str", "required": True},
                },
            },
            "secrets": {"type": "dict", "default": {}, "no_log": True},
            "keep": {"type": "int", "default": 5},
            "existing": {"type": "str", "choices": ["refuse", "keep_aside"], "default": "refuse"},
            "nofile": {"type": "int"},
            "sandbox": {"type": "str"},
            "ports": {"type": "dict", "default": {}},
            "reach": {"type": "dict", "default": {}},
            "warnings": {"type": "str", "choices": ["shown", "fatal"], "default": "fatal"},
        },
        supports_check_mode=True,
    )
    places = _haproxy_process.Places()
    given = module.params
    try:
        request = _tree_store.Request(
            source=_tree.sources(given["files"]),
            secrets={name: str(value) for name, value in given["secrets"].items()},
            keep=given["keep"],
            existing=given["existing"],
            nofile=given["nofile"],
            sandbox=given["sandbox"],
            dry=module.check_mode,
            fatal=given["warnings"] == "fatal",
            ports=given["ports"],
            reach=given["reach"],
        )
        result = _tree_store.converge(request, places, _haproxy_process.observe(places))
    except _tree.TreeError as exc:
        module.fail_json(msg=str(exc), quoted=[line._asdict() for line in exc.quoted])
    except _transaction.BusyError as exc:
        module.fail_json(msg=str(exc))
    except OSError as exc:
        module.fail_json(msg=f"{exc.filename or places.trees}: {exc.strerror}; what is in force was left as it is")
    for warning in result.pop("warnings"):
        module.warn(warning)
    if result["drift"]:
        module.warn(f"HAProxy is not as the last run left it, which this run mends: {'; '.join(result['drift'])}")
    module.exit_json(**result)


if __name__ == "__main__":
    main()
