#!/bin/sh
# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Starts PostgreSQL (5432) with a user "lab" who may connect from the lab's network.
set -eu

read -r version cluster _ <<CLUSTER
$(pg_lsclusters --no-header)
CLUSTER
directory=/etc/postgresql/$version/$cluster
echo "listen_addresses = '*'" >"$directory/conf.d/lab.conf"
grep -q '^host all lab' "$directory/pg_hba.conf" || echo 'host all lab samenet trust' >>"$directory/pg_hba.conf"
pg_ctlcluster "$version" "$cluster" status >/dev/null || pg_ctlcluster "$version" "$cluster" start
runuser -u postgres -- psql -qtAc "select 1 from pg_roles where rolname = 'lab'" | grep -q 1 ||
  runuser -u postgres -- createuser lab
