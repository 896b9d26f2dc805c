#!/usr/bin/python
# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: confirmed
short_description: Change files that decide who gets in, and keep them only if a new connection does
version_added: 0.1.0
description:
  - Writes files, puts them in force, and keeps them only if the controller confirms over a connection that it makes
    after that, with the become of the run. If it cannot, the node puts back what was there before, by itself.
  - An open SSH connection outlives a firewall or an SSH server that lets nobody in any more, so it proves nothing.
  - Before the first file is written, a timer of systemd is armed on the node that runs a script with everything that
    the way back needs. The confirmation stops it.
  - If the files are already there and O(in_force) is content, one question to the node is all that happens.
  - A change of the same name that another run has in force, and may still confirm, is waited for; it is never undone
    before its time. One whose timer is gone is undone first.
  - A login that is older than the change does not count, such as one over a connection that was kept open.
  - The way back survives a reboot. Two units put the files back before the network, the packet filter and the SSH
    server start, and end the undo after them; they are there only while a change waits for its confirmation.
  - What the way back needs is on the disk before the first file is touched, the old files beside their places, so that
    they come back on a disk that is full by then. If it cannot be written, nothing is changed.
options:
  name:
    description:
      - Names the change, in lower-case letters and C(-).
      - The timer is C(hardened-balancer-undo-<name>.timer); what the undo needs is kept in
        C(/var/lib/hardened-balancer/undo/<name>), and why it last ran is written to C(<name>.last) beside it.
    type: str
    required: true
  files:
    description: The files that the change consists of. Directories that they need are made with mode C(0755).
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: Absolute path.
        type: str
        required: true
      state:
        description: Whether the file is to be there.
        type: str
        choices: [present, absent]
        default: present
      content:
        description: The whole text of the file. Needed if O(files[].state=present).
        type: str
      mode:
        description: Permissions, octal, as a string.
        type: str
        default: "0600"
      owner:
        description: Name or number of the account that owns the file.
        type: str
        default: root
      group:
        description: Name or number of the group of the file.
        type: str
        default: root
  check:
    description:
      - Shell command that says by its exit code whether the files are good. It runs before anything is changed.
      - The environment variable E(STAGED) is a directory that holds the files under their absolute paths.
      - What it prints is shown if it fails.
    type: str
    required: true
  apply:
    description:
      - Shell command that puts the files in force. The undo runs it too, after it has put the old files back, so it
        must also cope with files that are not there.
    type: str
    required: true
  in_force:
    description:
      - Shell command that exits with 0 if the live system is as the files want it; E(STAGED) is set as for O(check).
      - If it does not although the files are right, the change is applied again. If it does not after O(apply), the
        change is undone at once.
    type: str
    default: ""
  timeout:
    description:
      - Seconds until the node undoes a change that nobody confirmed. At least 10, and more than the connection itself
        may take, with its retries; the action plugin refuses less.
      - They pass on their own; setting the clock of the node neither shortens nor prolongs them.
    type: int
    default: 60
  port:
    description:
      - Port that the new connections go to, where the change moves the SSH server there. Unset, the one of the run.
      - Only a login there confirms the change; how an undo went is asked for on the port of the run.
    type: int
  step:
    description: Set by the action plugin of the same name. Leave it alone.
    type: str
    choices: [begin, confirm, undo]
    default: begin
  token:
    description: Set by the action plugin of the same name. Leave it alone.
    type: str
    default: ""
attributes:
  check_mode:
    description: Says what would change and runs nothing but O(in_force).
    support: full
  diff_mode:
    description: One difference for each file.
    support: full
  idempotent:
    description: Files that are right and in force are left alone.
    support: full
  action:
    description: The controller takes part; an action plugin of the same name carries the steps out.
    support: full
author:
  - hardened.balancer contributors (@hardened-balancer)
"""

EXAMPLES = r"""
- name: Let only administrators in
  hardened.balancer.confirmed:
    name: ssh
    files:
      - path: /etc/ssh/sshd_config.d/00-hardened-balancer.conf
        content: |
          PasswordAuthentication no
          AllowGroups balancer-admins
        mode: "0600"
    check: sshd -t -f "$STAGED/etc/ssh/sshd_config.d/00-hardened-balancer.conf"
    apply: systemctl reload ssh
    timeout: 60
"""

RETURN = r"""
files:
  description: Paths of the files that were changed, or would be.
  returned: success
  type: list
  elements: str
  sample: [/etc/ssh/sshd_config.d/00-hardened-balancer.conf]
applied:
  description: Whether O(apply) was run.
  returned: success
  type: bool
  sample: true
mended:
  description: Whether the files were right and only the live system was not.
  returned: success
  type: bool
  sample: false
found:
  description: What O(in_force) printed where it made RV(mended) true; else empty.
  returned: success
  type: str
  sample: ""
undone_before:
  description: Why a change of an earlier run was undone first; empty if there was none.
  returned: success
  type: str
  sample: ""
held:
  description: Null; in check mode C(by) and C(seconds) of a change that another run has in force and may still confirm.
  returned: success
  type: dict
diff:
  description: One difference for each file.
  returned: success, with C(--diff)
  type: list
  elements: dict
  sample: [{before_header: /etc/example, after_header: /etc/example, before: "no\n", after: "yes\n"}]
"""

import re
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.hardened.balancer.plugins.module_utils._confirmed import (
    Change,
    begin,
    confirm,
    undo,
)
from ansible_collections.hardened.balancer.plugins.module_utils._confirmed_files import (
    ConfirmedError,
    Place,
    wanted_file,
)


def argument_spec() -> dict[str, Any]:
    file_options = {
        "path": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "content": {"type": "str"},
        "mode": {"type": "str", "default": "0600"},
        "owner": {"type": "str", "default": "root"},
        "group": {"type": "str", "default": "root"},
    }
    return {
        "name": {"type": "str", "required": True},
        "files": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": file_options,
            "required_if": [("state", "present", ["content"])],
        },
        "check": {"type": "str", "required": True},
        "apply": {"type": "str", "required": True},
        "in_force": {"type": "str", "default": ""},
        "timeout": {"type": "int", "default": 60},
        "port": {"type": "int"},
        "step": {"type": "str", "choices": ["begin", "confirm", "undo"], "default": "begin"},
        # It proves which change is meant, nothing else; a masked value would break the answer.
        "token": {"type": "str", "default": "", "no_log": False},
    }


def change_of(params: dict[str, Any]) -> Change:
    if not re.fullmatch(r"[a-z]+(-[a-z]+)*", params["name"]):
        raise ConfirmedError(f"name: {params['name']!r} is not made of lower-case letters and single -")
    if params["timeout"] < 10:
        raise ConfirmedError(f"timeout: {params['timeout']} s is too short for a new connection; take 10 or more")
    if not params["token"]:
        raise ConfirmedError("token: it is missing; call this as a task, so that its action plugin takes part")
    return Change(
        name=params["name"],
        files=tuple(wanted_file(file) for file in params["files"]),
        check=params["check"],
        apply=params["apply"],
        in_force=params["in_force"],
        timeout=params["timeout"],
    )


def step(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    place = Place(params["name"])
    if params["step"] == "confirm":
        return confirm(place, params["token"])
    if params["step"] == "undo":
        return undo(place, params["token"])
    return begin(change_of(params), place, params["token"], check_mode)


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    try:
        result = step(module.params, module.check_mode)
    except ConfirmedError as problem:
        module.fail_json(msg=str(problem))
    except OSError as problem:
        module.fail_json(msg=f"{module.params['name']}: a file operation failed: {problem}. Does the task become root?")
    if not module._diff:
        result.pop("diff", None)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
