#!/bin/bash
# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Usage: demo.sh [down]
# One balancer and two workers in containers, provisioned by site.yml over SSH, and a summary of what came of it.
# Everything it writes is under .cache/demo.
set -euo pipefail

cd "$(dirname "$0")/../.."
state=$PWD/.cache/demo
address=198.51.100.130
export PATH="$PWD/.venv/bin:$PATH" LC_ALL=C.UTF-8
export ANSIBLE_CONFIG=$PWD/ansible.cfg ANSIBLE_HOME=$state/ansible ANSIBLE_NOCOLOR=1
# The path of a control socket may have some hundred characters only.
export ANSIBLE_SSH_CONTROL_PATH_DIR=$PWD/.cache/cp

say() { printf 'demo: %s\n' "$*"; }

# Runs a playbook on the containers, and shows what it said only if it fails.
lab() {
  ansible-playbook -i inventories/demo -i molecule/lab/demo "molecule/lab/$1" >"$state/lab.log" 2>&1 ||
    { cat "$state/lab.log" >&2; return 1; }
}

down() {
  if docker info >/dev/null 2>&1; then
    say "removing the containers and the network hardened-balancer-demo"
    lab destroy.yml
  fi
  rm -rf "$state" "$ANSIBLE_SSH_CONTROL_PATH_DIR"
  say "nothing is left but the images ('docker images hardened-balancer/*') and .venv"
}

up() {
  [ "$(docker ps -q --filter label=hardened-balancer=hardened-balancer-demo | wc -l)" -eq 3 ] &&
    [ -e "$state/known_hosts" ] && return
  molecule/lab/image.sh node-bookworm worker
  say "starting a balancer and two workers"
  lab create.yml
  rm -f "$state/known_hosts"
  lab prepare.yml
}

on_balancer() {
  ssh -F /dev/null -i "$state/key" -o BatchMode=yes -o IdentitiesOnly=yes -o "UserKnownHostsFile=$state/known_hosts" \
    "demo@$address" "$1"
}

open_ports() {
  docker exec hardened-balancer-demo-worker1 nmap -n -Pn -p- --open --min-rate 30000 --max-retries 1 -oG - "$address" |
    grep -oE '[0-9]+/open' | cut -d/ -f1 | paste -sd, | sed 's/,/, /g'
}

look() { # FILE
  local ports sshd table
  ports=$(open_ports)
  sshd=$(on_balancer 'sudo sshd -T')
  table=$(on_balancer 'sudo nft list table inet hardened_balancer 2>/dev/null || true')
  {
    echo "TCP ports that answer|$ports"
    echo "firewall|$(grep -q 'policy drop' <<<"$table" && echo "default drop" || echo none)"
    echo "SSH as root|$(sed -n 's/^permitrootlogin //p' <<<"$sshd" | sed 's/without-password/with a key/')"
    echo "SSH by password|$(sed -n 's/^passwordauthentication //p' <<<"$sshd")"
  } >"$1"
}

# Sets $seconds and $changed.
provision() {
  local start=$SECONDS
  ansible-playbook -i inventories/demo site.yml | tee "$state/run.log"
  seconds=$((SECONDS - start))
  changed=$(sed -nE 's/^balancer +: .*changed=([0-9]+).*/\1/p' "$state/run.log")
}

workers() {
  on_balancer "sudo python3 -c \"
s = __import__('socket').socket(1)
s.connect('/run/haproxy/admin.sock')
s.sendall(b'show stat\\n')
print(s.makefile().read())\"" | awk -F, '$1 == "web_workers" && $2 != "BACKEND" { print "  " $2 ": " $18 " (" $37 ")" }'
}

summary() {
  python - "$address" "$state/before" "$state/now" <<'PYTHON'
import collections, sys, urllib.request

address, before, now = sys.argv[1:]
rows = [[line.rstrip("\n").split("|")[1] for line in open(path)] for path in (before, now)]
names = [line.split("|")[0] for line in open(now)]
print(f"{'The balancer':<26}{'before':<22}now")
for name, was, is_now in zip(names, *rows):
    print(f"  {name:<24}{was:<22}{is_now}")
answers = collections.Counter(
    urllib.request.urlopen(f"http://{address}/", timeout=10).read().decode().strip() for _ in range(20)
)
print("\n20 requests")
for worker, count in sorted(answers.items()):
    print(f"  {worker}: {count}")
PYTHON
  printf '\nWorkers, as HAProxy sees them\n'
  workers
}

mkdir -p "$state"
if [ "${1:-}" = down ]; then
  down
  exit
fi
molecule/lab/engine.sh
up
if [ ! -e "$state/before" ]; then
  say "looking at the bare machine from outside"
  look "$state/before"
fi
say "provisioning it over SSH as the user demo: ansible-playbook -i inventories/demo site.yml"
provision
if [ "$changed" -eq 0 ]; then
  verdict="This run took $seconds s and changed nothing."
else
  first="The first run took $seconds s and changed $changed things"
  say "running it again, to see that nothing changes"
  provision
  verdict="$first; the second took $seconds s and changed $changed."
fi
say "looking at it from outside"
look "$state/now"
printf '\n'
summary
cat <<END

$verdict

Open      http://$address/       in a browser on this machine; reload, and another worker answers
Log in    ssh -F /dev/null -i .cache/demo/key -o UserKnownHostsFile=.cache/demo/known_hosts demo@$address
Stop one  docker exec hardened-balancer-demo-worker1 nginx -s stop
Remove    make demo-down
END
