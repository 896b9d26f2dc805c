#!/bin/bash
# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Makes sure that a Docker engine answers. Silent when one does.
set -euo pipefail

patience=60
log=/var/log/hardened-balancer-dockerd.log

say() { echo "engine: $*"; }
stop() { echo "engine: $*" >&2; exit 1; }
answers() { timeout 10 docker info >/dev/null 2>&1; }

install_engine() {
  if [ ! -e /etc/debian_version ]; then
    stop "no Docker engine is installed; install one (docs.docker.com/engine/install) and run this again"
  fi
  say "no Docker engine is installed; installing Debian's docker.io (about a minute)"
  export DEBIAN_FRONTEND=noninteractive
  apt-get -qq update
  apt-get -qq install -y --no-install-recommends docker.io iptables >/dev/null
}

start_engine() {
  if [ -d /run/systemd/system ]; then
    say "starting the Docker engine by systemd"
    systemctl start docker
  else
    say "starting the Docker engine by hand, systemd is not process 1 here (log: $log)"
    # Addresses outside the private ranges and a small MTU: neither collides with the network that the machine is in.
    setsid nohup dockerd --bip 198.18.0.1/24 --default-address-pool base=198.18.128.0/17,size=24 --mtu 1400 \
      >"$log" 2>&1 </dev/null &
  fi
}

wait_for_engine() {
  for _ in $(seq "$patience"); do
    answers && return
    sleep 1
  done
  stop "the Docker engine did not answer within $patience s; look at $log or 'journalctl -u docker'"
}

answers && exit 0
if [ -n "${DOCKER_HOST:-}" ]; then
  stop "no Docker engine answers at DOCKER_HOST=$DOCKER_HOST; start it, or unset DOCKER_HOST"
fi
if [ "$(id -u)" -ne 0 ] && ! command -v docker >/dev/null; then
  stop "no Docker engine is installed; run 'sudo apt-get install docker.io && sudo usermod -aG docker $(id -un)' and log in again"
fi
if [ "$(id -u)" -ne 0 ]; then
  stop "no Docker engine answers for $(id -un); run 'sudo systemctl start docker', or 'sudo usermod -aG docker $(id -un)' and log in again"
fi
if ! command -v dockerd >/dev/null || ! command -v docker >/dev/null; then install_engine; fi
answers || start_engine
wait_for_engine
