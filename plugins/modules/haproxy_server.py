#!/usr/bin/python
# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: haproxy_server
short_description: Change servers of a running HAProxy without a reload
version_added: 0.1.0
description:
  - Takes servers out of traffic and puts them back, changes their weights and addresses, adds and removes them, all
    in one call and over the runtime socket. No process is started, no connection is cut.
  - All servers are looked at first. If one of the wishes cannot be fulfilled nothing is changed and every problem is
    listed. Every answer of HAProxy is read, and the servers are looked at again afterwards.
  - The configuration on disk is not changed. Draining and maintenance survive a reload; weights, addresses and servers
    that were added or removed last until the next run of the role, which follows the inventory.
notes:
  - C(static-rr) and hashes without C(hash-type consistent) take weights of V(0%) and V(100%) only, and no new servers.
  - HAProxy does not show the parameters of a server, so O(servers[].params) of one that exists are not compared.
attributes:
  check_mode:
    support: full
    description: Says what would be changed. O(servers[].params) are judged by HAProxy alone, when the server is added.
  diff_mode:
    support: full
    description: A line for each server that is changed.
  idempotent:
    support: full
    description: Changes only what differs.
options:
  servers:
    description: What is wished of which server. What is not named stays as it is.
    type: list
    elements: dict
    required: true
    suboptions:
      backend:
        description: Its backend. Without it every backend that has a server of this name; required for V(present).
        type: str
      server:
        description: Its name.
        type: str
        required: true
      state:
        description:
          - V(ready) gets traffic if it is healthy. V(drain) gets no new sessions but those that persistence leads
            to it. V(maint) gets none at all and is not checked.
          - V(present) adds a server that is missing, as V(ready), and leaves the state of one that exists alone. With
            C(check) among its O(servers[].params) it gets no traffic before its checks have passed.
          - V(absent) puts it into maintenance and removes it.
        type: str
        choices: [ready, drain, maint, present, absent]
      weight:
        description:
          - V(0) to V(256), or a percentage of the configured weight such as V(50%).
          - A percentage that leaves less than 1 is refused; the configured weight is 1 where the inventory does not say
            another.
        type: str
      address:
        description: Its IP address.
        type: str
      port:
        description: Its port.
        type: int
      params:
        description:
          - Parameters of a server that is added, as a C(server) line has them, such as C(check inter 2s).
            C(default-server) does not apply to it. HAProxy 2.6 does not conclude from C(ssl) or C(send-proxy) how
            to check it, which C(check-ssl) and C(check-send-proxy) say.
        type: str
  wait:
    description:
      - Seconds in which the sessions of servers that are drained, in maintenance or to be removed have to end. If some
        do not, the module fails and the servers stay out of traffic.
      - V(0) does not wait. A server that has connections is not removed then.
    type: int
    default: 0
  healthy:
    description:
      - Seconds in which a server that becomes V(ready) must be up. It gets traffic only after checks that were made
        from now on; until then, and if they do not pass, it stays drained. With V(drain), a server that has no
        traffic is checked anew and stays drained.
      - A server without C(check) is taken for healthy. V(0) gives it traffic at once.
    type: int
    default: 0
  socket:
    description: The runtime socket, with C(level admin).
    type: path
    default: /run/haproxy/admin.sock
author:
  - hardened.balancer contributors (@hardened-balancer)
"""

EXAMPLES = r"""
- name: Take a worker out of every backend, and wait until nobody uses it
  hardened.balancer.haproxy_server:
    servers:
      - {server: web1, state: drain}
    wait: 60

- name: Put it back once it is healthy
  hardened.balancer.haproxy_server:
    servers:
      - {server: web1, state: ready}
    healthy: 30

# web2 has the weight 100 in the inventory; half of 1 would be nothing.
- name: One more, one less, and half of the traffic for a third
  hardened.balancer.haproxy_server:
    servers:
      - {backend: web, server: web4, state: present, address: 198.51.100.4, port: 8080, params: check inter 2s}
      - {backend: web, server: web1, state: absent}
      - {backend: web, server: web2, weight: 50%}
    wait: 30
"""

RETURN = r"""
servers:
  description:
    - Every server that was named with its C(backend) and C(server), and C(before) and C(after), which have C(state),
      C(weight), C(address) and C(port) and are null where there is no such server.
  returned: success
  type: list
  elements: dict
  sample:
    - backend: web
      server: web1
      before: {state: ready, weight: 10, address: 198.51.100.1, port: 8080}
      after: {state: drain, weight: 10, address: 198.51.100.1, port: 8080}
"""

import sys
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.hardened.balancer.plugins.module_utils import _programs
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_socket import Session, SocketError
from ansible_collections.hardened.balancer.plugins.module_utils._runtime import RefusalError
from ansible_collections.hardened.balancer.plugins.module_utils._runtime_change import ChangeError, converge
from ansible_collections.hardened.balancer.plugins.module_utils._runtime_servers import STATES, lines

SOCKET = "/run/haproxy/admin.sock"
# Ours, where the role was at work: what it keeps is what the next process knows of the servers.
KEEPER = "/usr/local/lib/hardened-balancer/server_state.py"
OPTIONS = {
    "backend": {"type": "str"},
    "server": {"type": "str", "required": True},
    "state": {"type": "str", "choices": list(STATES)},
    "weight": {"type": "str"},
    "address": {"type": "str"},
    "port": {"type": "int"},
    "params": {"type": "str"},
}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "servers": {"type": "list", "elements": "dict", "required": True, "options": OPTIONS},
            "wait": {"type": "int", "default": 0},
            "healthy": {"type": "int", "default": 0},
            "socket": {"type": "path", "default": SOCKET},
        },
        supports_check_mode=True,
    )
    given = module.params
    try:
        with Session(given["socket"]) as session:
            changes = converge(session, given["servers"], given["wait"], given["healthy"], module.check_mode)
    except ChangeError as exc:
        module.fail_json(msg=str(exc), changed=exc.begun)
    except (SocketError, RefusalError, ValueError) as exc:
        module.fail_json(msg=str(exc))
    changed = [one for one in changes if one.before != one.after]
    if changed and not module.check_mode and given["socket"] == SOCKET and Path(KEEPER).exists():
        kept = _programs.run([sys.executable, KEEPER])
        if kept.rc:
            module.warn(f"done, but the next process of HAProxy will not know of it: {kept.said}")
    module.exit_json(
        msg=f"{len(changed)} of {len(changes)} servers changed",
        changed=bool(changed),
        servers=[
            {
                "backend": one.backend,
                "server": one.server,
                "before": one.before._asdict() if one.before else None,
                "after": one.after._asdict() if one.after else None,
            }
            for one in changes
        ],
        diff={"before": lines(changed, "before"), "after": lines(changed, "after")},
    )


if __name__ == "__main__":
    main()
