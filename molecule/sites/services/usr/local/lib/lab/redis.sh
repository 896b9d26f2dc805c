# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Usage: redis.sh N
# The configuration of one Redis of three: at first, 109 is the master.
set -eu

file=/var/lib/lab-redis/$1/redis.conf
[ ! -e "$file" ] || exit 0
sed "s/@N@/$1/g" /etc/lab/redis.conf >"$file"
[ "$1" = 109 ] || echo 'replicaof 198.51.100.109 6379' >>"$file"
