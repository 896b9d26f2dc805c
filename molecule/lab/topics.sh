#!/usr/bin/env bash
# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Makes sure that the images are there in which the examples of docs/topics run: one for each Debian, with its HAProxy.
set -euo pipefail

prefix=${BALANCER_IMAGES:-hardened-balancer}
lab=$(cd "$(dirname "$0")" && pwd)

bash "$lab/engine.sh"
for release in bookworm trixie; do
  if docker image inspect "$prefix/topics-$release" >/dev/null 2>&1; then continue; fi
  bash "$lab/image.sh" "node-$release"
  echo "image: building $prefix/topics-$release (half a minute)"
  docker build --quiet --label hardened-balancer=lab --build-arg "BASE=$prefix/node-$release" \
    --tag "$prefix/topics-$release" - <"$lab/Dockerfile.topics" >/dev/null
done
