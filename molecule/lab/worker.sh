#!/bin/sh
# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Starts a worker: it answers with its own name, over HTTP (80) and TLS (443).
set -eu

cd /etc/nginx
[ -e worker.crt ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
  -subj "/CN=$(hostname)" -keyout worker.key -out worker.crt 2>/dev/null
cat >sites-available/default <<'SITE'
server {
    listen 80 default_server;
    listen [::]:80 default_server;
    listen 443 ssl default_server;
    ssl_certificate worker.crt;
    ssl_certificate_key worker.key;
    access_log off;
    default_type text/plain;
    add_header X-Worker $hostname;
    add_header X-Client-Seen $http_x_forwarded_for;
    location / {
        return 200 "$hostname\n";
    }
}
SITE
pgrep -x nginx >/dev/null || nginx
