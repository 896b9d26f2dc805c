# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Usage: postfix.sh N
# The files of one postfix of two, which share the mailboxes.
set -eu

directory=/etc/postfix-$1
mkdir -p "$directory" "/var/spool/postfix-$1" "/var/lib/postfix-$1"
chown postfix "/var/lib/postfix-$1"
sed "s/@N@/$1/g" /etc/lab/postfix.cf >"$directory/main.cf"
sed "s/@N@/$1/g" /etc/lab/postfix-master.cf >"$directory/master.cf"
[ ! -e /etc/postfix/dynamicmaps.cf ] || cp /etc/postfix/dynamicmaps.cf "$directory"
