# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Gives this machine the addresses of all workers, and starts what listens there. Daemons go on starting when it is done.
set -eu

until systemctl is-system-running --wait >/dev/null 2>&1 || systemctl is-system-running | grep -q degraded; do sleep 0.2; done
for n in $(seq 101 125); do ip address replace "198.51.100.$n/25" dev eth0; done
install -d -o mail -g mail /srv/mail
systemctl daemon-reload
systemctl start --no-block lab.target
