#!/bin/bash
# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Usage: image.sh NAME...      NAME: node-bookworm, node-trixie, worker, services
# Makes sure that the images hardened-balancer/NAME exist. Silent when they do.
#
# BALANCER_REGISTRY    where to pull Debian's images from, with its slash (127.0.0.1:5000/); else where Docker pulls from
# BALANCER_BASE_IMAGE  another image than debian:RELEASE-slim to build on, for all releases
# BALANCER_IMAGES      another prefix than hardened-balancer for the images that are made
set -euo pipefail

prefix=${BALANCER_IMAGES:-hardened-balancer}
registry=asked
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

say() { echo "image: $*"; }
stop() { echo "image: $*" >&2; exit 1; }
exists() { docker image inspect "$1" >/dev/null 2>&1; }

# Runs a command, and shows what it said only if it fails.
quietly() { "$@" >"$scratch/log" 2>&1 || { cat "$scratch/log" >&2; return 1; }; }

bootstrap() { # RELEASE IMAGE
  if ! command -v mmdebstrap >/dev/null; then
    if [ "$(id -u)" -ne 0 ] || [ ! -e /etc/debian_version ]; then
      stop "no registry answers and mmdebstrap is missing; 'sudo apt-get install mmdebstrap', or set BALANCER_REGISTRY"
    fi
    say "installing Debian's mmdebstrap"
    quietly apt-get -qq update
    DEBIAN_FRONTEND=noninteractive quietly apt-get -qq install -y --no-install-recommends mmdebstrap
  fi
  say "no registry answers; building Debian $1 with mmdebstrap (half a minute)"
  quietly mmdebstrap --variant=minbase "$1" "$scratch/$1.tar"
  quietly docker import --change 'CMD ["bash"]' "$scratch/$1.tar" "$2"
  rm "$scratch/$1.tar"
}

base() { # RELEASE: sets $base to a Debian image of it
  local pulled="${BALANCER_BASE_IMAGE:-${BALANCER_REGISTRY:-}debian:$1-slim}" built="$prefix/debian:$1"
  base=$pulled
  if exists "$pulled"; then return; fi
  base=$built
  if exists "$built"; then return; fi
  if [ "$registry" = asked ]; then
    base=$pulled
    say "pulling $pulled"
    if timeout 120 docker pull --quiet "$pulled" >/dev/null 2>&1; then return; fi
    registry=silent
    base=$built
  fi
  bootstrap "$1" "$built"
}

build() { # NAME DOCKERFILE BASE
  say "building $prefix/$1 on $3 (half a minute)"
  quietly docker build --label hardened-balancer=lab --build-arg "BASE=$3" --tag "$prefix/$1" - <"$here/$2"
}

make_image() { # NAME
  if exists "$prefix/$1"; then return; fi
  case $1 in
    node-*)
      base "${1#node-}"
      build "$1" Dockerfile.node "$base"
      ;;
    worker)
      make_image node-bookworm
      build worker Dockerfile.worker "$prefix/node-bookworm"
      ;;
    services)
      make_image worker
      build services Dockerfile.services "$prefix/worker"
      ;;
    *) stop "unknown image '$1'; known are node-bookworm, node-trixie, worker and services" ;;
  esac
}

[ $# -gt 0 ] || stop "which image? one or more of node-bookworm, node-trixie, worker, services"
for name in "$@"; do make_image "$name"; done
