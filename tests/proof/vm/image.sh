#!/usr/bin/env bash
# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Usage: image.sh RELEASE PUBLIC_KEY DIRECTORY
# Makes a bare Debian machine as a provider hands it out, to be started by QEMU: DIRECTORY/disk (a file system), kernel,
# initrd and host_key.pub. Installs what it needs from Debian. PUBLIC_KEY may log in as proof.
set -euo pipefail

release=$1
key=$2
place=$3
packages=linux-image-cloud-amd64,initramfs-tools,udev,kmod,netbase,systemd,systemd-sysv,dbus,python3,python3-apt
packages+=,openssh-server,iproute2,ca-certificates,sudo
login=proof
# The resolver of QEMU's user-mode network, which asks that of this machine.
resolver=198.18.200.3
size=6G

say() { echo "vm image: $*"; }
stop() { echo "vm image: $*" >&2; exit 1; }
quietly() { "$@" >"$scratch/log" 2>&1 || { cat "$scratch/log" >&2; return 1; }; }

scratch=$(mktemp -d "$place.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
root=$scratch/root

have_tools() {
  local missing=()
  command -v qemu-system-x86_64 >/dev/null || missing+=(qemu-system-x86)
  command -v qemu-img >/dev/null || missing+=(qemu-utils)
  command -v mmdebstrap >/dev/null || missing+=(mmdebstrap)
  command -v mke2fs >/dev/null || missing+=(e2fsprogs)
  if [ ${#missing[@]} -eq 0 ]; then return; fi
  if [ "$(id -u)" -ne 0 ] || [ ! -e /etc/debian_version ]; then stop "missing: ${missing[*]}"; fi
  say "installing ${missing[*]}"
  quietly apt-get -qq update
  DEBIAN_FRONTEND=noninteractive quietly apt-get -qq install -y --no-install-recommends "${missing[@]}"
}

settle() { # all that a provider's first boot would do
  chroot "$root" useradd --create-home --shell /bin/bash "$login"
  echo "$login ALL=(ALL:ALL) NOPASSWD: ALL" >"$root/etc/sudoers.d/provider"
  chmod 0440 "$root/etc/sudoers.d/provider"
  chroot "$root" install -d -m 0700 -o "$login" -g "$login" "/home/$login/.ssh"
  echo "$key" >"$root/home/$login/.ssh/authorized_keys"
  chroot "$root" chown "$login:$login" "/home/$login/.ssh/authorized_keys"
  chroot "$root" ssh-keygen -A >/dev/null

  echo balancer >"$root/etc/hostname"
  echo "127.0.0.1 localhost balancer" >"$root/etc/hosts"
  rm -f "$root/etc/resolv.conf"
  echo "nameserver $resolver" >"$root/etc/resolv.conf"
  echo "/dev/vda / ext4 defaults,errors=remount-ro 0 1" >"$root/etc/fstab"
  printf '[Match]\nName=eth0\n\n[Network]\nDHCP=ipv4\n' >"$root/etc/systemd/network/eth0.network"
  chroot "$root" systemctl --quiet enable systemd-networkd ssh
  : >"$root/etc/machine-id"
}

have_tools
say "making Debian $release by mmdebstrap (some minutes)"
quietly mmdebstrap --variant=minbase --format=directory --include="$packages" "$release" "$root"
settle
mkdir "$scratch/done"
cp "$root"/boot/vmlinuz-* "$scratch/done/kernel"
cp "$root"/boot/initrd.img-* "$scratch/done/initrd"
cp "$root/etc/ssh/ssh_host_ed25519_key.pub" "$scratch/done/host_key.pub"
quietly mke2fs -q -t ext4 -d "$root" "$scratch/done/disk" "$size"
rm -rf "$place"
mv "$scratch/done" "$place"
