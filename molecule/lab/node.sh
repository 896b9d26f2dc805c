#!/bin/sh
# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Usage: node.sh LOGIN PUBLIC_KEY
# Lets LOGIN into a freshly booted node over SSH, as a provider does, and prints the node's host key.
set -eu

login=$1
key=$2

until systemctl is-system-running --wait >/dev/null 2>&1 || systemctl is-system-running | grep -q degraded; do sleep 0.2; done

if ! id "$login" >/dev/null 2>&1; then
  useradd --create-home --shell /bin/bash "$login"
  echo "$login ALL=(ALL:ALL) NOPASSWD: ALL" >/etc/sudoers.d/provider
  chmod 0440 /etc/sudoers.d/provider
fi
home=$(getent passwd "$login" | cut -d: -f6)
install -d -m 0700 -o "$login" "$home/.ssh"
install -m 0600 -o "$login" /dev/null "$home/.ssh/authorized_keys"
echo "$key" >"$home/.ssh/authorized_keys"

# The lab's IPv6 network leads nowhere; apt would wait for it where the mirror has such an address.
echo 'Acquire::ForceIPv4 "true";' >/etc/apt/apt.conf.d/99lab

ssh-keygen -A >/dev/null
systemctl reset-failed ssh
systemctl start ssh
cat /etc/ssh/ssh_host_ed25519_key.pub
