#!/usr/bin/python
# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: haproxy_info
short_description: What a running HAProxy says of itself
version_added: 0.1.0
description:
  - Asks the runtime socket, and the master's for the processes, and gives numbers as numbers. It changes nothing.
  - It fails if nobody answers on the runtime socket.
attributes:
  check_mode:
    support: full
    description: Reads only.
  diff_mode:
    support: none
    description: Changes nothing.
  idempotent:
    support: full
    description: Changes nothing.
options:
  gather:
    description: What to ask for beside version, build, uptime and the tree that runs.
    type: list
    elements: str
    choices: [processes, frontends, backends, servers, tables, maps, certificates, limits]
    default: [processes, frontends, backends, servers, tables, maps, certificates, limits]
  socket:
    description: The runtime socket, with C(level operator) or C(level admin).
    type: path
    default: /run/haproxy/admin.sock
  master_socket:
    description: The socket of the master. Where it does not answer, the worker is the only process that is known.
    type: path
    default: /run/haproxy-master.sock
author:
  - hardened.balancer contributors (@hardened-balancer)
"""

EXAMPLES = r"""
- name: Look at the servers
  hardened.balancer.haproxy_info:
    gather: [servers]
  register: answer

- name: Show who is away
  ansible.builtin.debug:
    msg: "{{ answer.haproxy.servers | rejectattr('up') | map(attribute='name') }}"
"""

RETURN = r"""
haproxy:
  description: What was asked for.
  returned: success
  type: dict
  contains:
    version:
      description: Version of the process.
      type: str
      sample: 2.6.12-1+deb12u4
    release_date:
      description: The day of that version, with slashes.
      type: str
    build:
      description: What the running program is built with, as C(haproxy -vv) has it.
      type: list
      elements: str
      sample: [OPENSSL, PCRE2, PROMEX]
    node:
      description: The name that it goes by.
      type: str
    pid:
      description: The process that answered.
      type: int
    uptime:
      description: Seconds since its start.
      type: int
    stopping:
      description: Whether it only finishes what it has begun.
      type: bool
    digest:
      description: The tree that it was started with; null if that is none of ours.
      type: str
      sample: 0123456789abcdef
    processes:
      description:
        - Each with C(kind), which is V(master), V(worker) or V(old) for one that finishes what it has begun, C(pid),
          C(uptime) in seconds, C(version), and C(reloads), those of a master or those that a worker has outlived.
      type: list
      elements: dict
    frontends:
      description:
        - Each with C(name), C(status), C(mode), numbers of C(sessions), their C(limit), bytes, responses, and what was
          C(denied).
      type: list
      elements: dict
    backends:
      description:
        - Each with C(name), C(status), C(mode), C(algorithm), the numbers of C(active) and C(backup) servers that are
          up, of C(sessions), of those that are C(queued), of bytes, responses, errors and retries; seconds C(since) the
          last change of its state, and of C(downtime).
      type: list
      elements: dict
    servers:
      description:
        - Each with C(backend), C(name), C(id), C(address), C(port), C(weight) and C(configured_weight), C(status) in
          HAProxy's words, whether it is C(up), C(backup) and has a C(check) and an C(agent).
        - C(admin) is V(ready), V(drain) or V(maint), whoever brought it there, C(forced) the same but only what an
          administrator or the configuration did.
        - C(sessions), C(queued), bytes, responses, errors and retries are numbers, C(since) and C(downtime) seconds;
          C(check_status) and C(check_answer) are of the last check.
      type: list
      elements: dict
    tables:
      description: Stick tables with C(name), C(type), C(size) and how many entries are C(used).
      type: list
      elements: dict
    maps:
      description: Maps with C(id), C(name) and the number of C(entries).
      type: list
      elements: dict
    certificates:
      description:
        - Each with C(file), C(status), C(subject), C(issuer), C(names), C(not_before), C(not_after), C(serial),
          C(algorithm) and C(sha1_fingerprint). Times are UTC as in V(2026-11-22T15:12:25Z).
      type: list
      elements: dict
    limits:
      description:
        - The C(maxconn), the C(connections) now, C(open_files), C(sockets), C(memory_mib) where it is limited,
          C(memory_used_bytes), C(threads), rates a second with their limits (V(0) is none), and C(idle_percent).
      type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.hardened.balancer.plugins.module_utils import _programs, _runtime_info
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_socket import SocketError
from ansible_collections.hardened.balancer.plugins.module_utils._runtime import RefusalError


def main() -> None:
    every = list(_runtime_info.SUBSETS)
    module = AnsibleModule(
        argument_spec={
            "gather": {"type": "list", "elements": "str", "choices": every, "default": every},
            "socket": {"type": "path", "default": "/run/haproxy/admin.sock"},
            "master_socket": {"type": "path", "default": "/run/haproxy-master.sock"},
        },
        supports_check_mode=True,
    )
    given = module.params
    try:
        found = _runtime_info.gather(given["socket"], given["master_socket"], given["gather"], _programs.run)
    except (SocketError, RefusalError, ValueError) as exc:
        module.fail_json(msg=str(exc))
    module.exit_json(changed=False, haproxy=found)


if __name__ == "__main__":
    main()
