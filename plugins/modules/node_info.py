#!/usr/bin/python
# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: node_info
short_description: What a node has before anything is changed
version_added: 0.1.0
description:
  - Answers in one call everything that the plan depends on, and judges nothing.
  - It runs as root, changes nothing and uses no program that a bare Debian does not have.
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
  sysctl:
    description: Settings of the kernel to look at, C(*) for every network interface.
    type: list
    elements: str
    default: []
author:
  - hardened.balancer contributors (@hardened-balancer)
"""

EXAMPLES = r"""
- name: Ask the node
  hardened.balancer.node_info:
  register: answer

- name: Show who listens
  ansible.builtin.debug:
    var: answer.node.listeners
"""

RETURN = r"""
node:
  description: The answer.
  returned: always
  type: dict
  contains:
    distribution:
      description: The C(ID) of os-release.
      type: str
      sample: debian
    release:
      description: The C(VERSION_ID) of os-release.
      type: str
      sample: "12"
    user:
      description: Who logged in over SSH, not who that user became.
      type: str
      sample: ops
    client:
      description:
        - Where the SSH session comes from, with C(address) and C(port), and the C(server_port) of the node that it came
          over; null without one.
      type: dict
    protocols:
      description: Numbers of the protocols of IP that a process takes part in beside TCP and UDP, as 112 for VRRP.
      type: list
      elements: int
    tunnel:
      description: The interface that the SSH session comes in by, where it is one end of a tunnel; else null.
      type: str
    key_fingerprint:
      description: The key that the session was accepted with, by the journal; null if it does not say.
      type: str
    user_keys:
      description: Type and data of the keys that open the account of that user.
      type: list
      elements: str
    memory_mib:
      description: Memory of the node, or of its container where that is less.
      type: int
      sample: 2048
    nofile_max:
      description: The highest number of open files that the init system can allow a unit.
      type: int
      sample: 1048576
    nr_open:
      description: C(fs.nr_open), where it is the node's own and can be raised; null in a container.
      type: int
      sample: 1048576
    container:
      description: Whether the node is a container.
      type: bool
    kernel:
      description: Of the settings asked for the C(values) in force, and in C(fixed) those that cannot be set here.
      type: dict
    lives_by_ra:
      description: Whether the kernel took a default route or an address from the announcement of an IPv6 router.
      type: bool
    addresses:
      description: Its addresses without loopback and link-local ones.
      type: list
      elements: str
    groups:
      description: Members of C(balancer-admins); null where the group does not exist.
      type: dict
    users:
      description:
        - Every account that can log in, with C(uid), C(home) and C(keys).
        - In C(login) what stands between a key and a login, C(loose) and C(unreadable) files, C(options) of keys,
          whether the account is C(expired) or has to set a C(new_password) first.
      type: dict
    services:
      description: The accounts that nobody can log in to, with the shell of each.
      type: dict
    packages:
      description: Installed versions, null for what is not installed.
      type: dict
    haproxy:
      description:
        - The C(version) that is installed, the C(candidate) that would be, and in C(build) what it is built with, null
          where it is not installed.
      type: dict
    configuration:
      description: Whose C(/etc/haproxy/haproxy.cfg) is V(absent), V(package), V(ours) or V(foreign).
      type: str
    ssh:
      description:
        - Of the SSH server the C(version), null where there is none, in C(known) the algorithms that C(ssh -Q) lists,
          by its word for them, and the C(host_keys) with C(path), C(type) and C(bits).
        - In C(told) the ports that it is told to listen on, C(by_socket) where systemd does so for it, and in C(said)
          the lines of its files that name a port, each with C(file), C(line), C(text) and C(port), and whether it is
          that of an C(address).
      type: dict
    ssh_ports:
      description: Ports of the SSH server.
      type: list
      elements: int
    listeners:
      description:
        - Listening TCP and bound UDP sockets with C(protocol), C(address), C(port), C(process) and C(pid). A C(haproxy)
          that C(haproxy.service) did not start is told so in C(process).
        - A UDP socket of HAProxy's has C(picked) where its port may be one that the kernel picked for it, as for a log
          over UDP. It is 1024 or more, and no tree on the node was planned with it.
      type: list
      elements: dict
    firewalls:
      description:
        - What filters packets and is not ours, each with C(name) and C(detail).
        - Beside that what would have to change for it to be kept aside (C(tables), C(legacy) for programs of iptables
          from before nftables, C(units), C(files)), and in C(obstacle) why it cannot be, if so.
      type: list
      elements: dict
    restricted:
      description:
        - What our table opens to some networks only, SSH left out, each with C(protocol), C(ports) and C(sources).
      type: list
      elements: dict
    reach:
      description:
        - Where HAProxy connects to by the tree in force, as C(balancer_plan.reach) has it; null where the tree does not
          say, or a configuration of somebody else runs.
      type: dict
    translations:
      description:
        - The hooks of the kernel at which addresses are rewritten, by whomever; V(loopback) where that is so within the
          machine only.
      type: list
      elements: str
    units:
      description: Whether units are C(enabled) and C(active).
      type: dict
    upkeep:
      description:
        - Whether the C(timer) of updates, the C(journal) and C(fail2ban) run as they are written, and which units
          that keep the time are C(enabled).
      type: dict
    managed:
      description: SHA256 of the files that the roles write, null for what does not exist.
      type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.hardened.balancer.plugins.module_utils._node import collect_here


def main() -> None:
    spec = {"sysctl": {"type": "list", "elements": "str", "default": []}}
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    module.exit_json(changed=False, node=collect_here(module.params["sysctl"]))


if __name__ == "__main__":
    main()
