#!/usr/bin/env bash
# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Usage: certificates.sh DIRECTORY
# An authority of a day, and a certificate of its with the names of all examples: example-authority.pem, example.com.pem.
set -eu

mkdir -p "$1"
cd "$1"
names="DNS:example.com,DNS:*.example.com,DNS:*.preview.example.com"
for site in bakery books cinema dance energy flowers games hotel insurance juice; do
  names="$names,DNS:*.$site.example.com"
done
umask 077
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=An authority for examples" \
  -keyout authority.key -out example-authority.pem 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=example.com -keyout leaf.key -out leaf.csr 2>/dev/null
printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth\n' "$names" >leaf.ext
openssl x509 -req -in leaf.csr -CA example-authority.pem -CAkey authority.key -days 2 -extfile leaf.ext -out leaf.pem 2>/dev/null
# Postfix wants the key first.
cat leaf.key leaf.pem >example.com.pem
# The stand-ins read it as users of their own; the directory is closed.
chmod 644 example.com.pem example-authority.pem
