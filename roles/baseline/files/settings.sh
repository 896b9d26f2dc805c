# shellcheck shell=sh
# Puts in force what was written, or what somebody else changed since; each word names a part.
set -eu

for part; do
    case $part in
        sysctl)
            # In a container the host's modules are there or not.
            [ ! -e /etc/modules-load.d/hardened-balancer.conf ] || modprobe -q nf_conntrack || true
            /usr/lib/systemd/systemd-sysctl /etc/sysctl.d/zz-hardened-balancer.conf
            ;;
    esac
done
