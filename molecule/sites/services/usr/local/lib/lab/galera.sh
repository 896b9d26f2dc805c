# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Usage: galera.sh N
# Becomes a node of Galera. The first makes the cluster when no other is there, the others wait for it.
set -eu

run=/run/lab-galera-$1 data=/var/lib/lab-galera/$1
answers() { timeout 1 bash -c "exec 3<>/dev/tcp/198.51.100.$1/4567" 2>/dev/null; }

sed "s/@N@/$1/g" /etc/lab/galera.cnf >"$run/my.cnf"
if [ "$1" != 101 ]; then
  until answers 101 || answers 102 || answers 103; do sleep 0.5; done
elif ! answers 102 && ! answers 103; then
  mariadb-install-db --no-defaults --datadir="$data" --skip-test-db --skip-name-resolve >/dev/null
  cat >"$run/users.sql" <<'SQL'
CREATE USER haproxy@'198.51.100.%';
CREATE USER app@'198.51.100.%' IDENTIFIED BY 'app';
SQL
  set -- "$1" --wsrep-new-cluster --init-file="$run/users.sql"
fi
shift
exec mariadbd --defaults-file="$run/my.cnf" "$@"
