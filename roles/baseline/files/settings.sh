# shellcheck shell=sh
# Puts in force what was written, or what somebody else changed since; each word names a part.
# usage: settings.sh UNIT_OF_THE_TIME PART...
set -eu

timekeeper=$1
shift

# Written before the start of what reads it, also where the clock was ahead when it was.
older_than_now() { [ ! -e "$1" ] || touch "$1"; }

for part; do
    case $part in
        sysctl)
            # In a container the host's modules are there or not.
            [ ! -e /etc/modules-load.d/hardened-balancer.conf ] || modprobe -q nf_conntrack || true
            /usr/lib/systemd/systemd-sysctl /etc/sysctl.d/zz-hardened-balancer.conf
            ;;
        timer)
            older_than_now /etc/systemd/system/apt-daily-upgrade.timer.d/hardened-balancer.conf
            systemctl daemon-reload
            systemctl enable --quiet apt-daily-upgrade.timer
            systemctl restart apt-daily-upgrade.timer
            ;;
        time)
            systemctl enable --quiet --now "$timekeeper"
            ;;
        journal)
            older_than_now /etc/systemd/journald.conf.d/hardened-balancer.conf
            # The sockets are systemd's and keep what comes meanwhile; flushing takes what was logged in memory along.
            systemctl restart systemd-journald.service
            journalctl --flush
            ;;
        fail2ban)
            if [ -e /etc/fail2ban/jail.d/hardened-balancer.local ]; then
                systemctl enable --quiet fail2ban.service
                systemctl restart fail2ban.service
            elif [ "$(systemctl show --property=LoadState --value fail2ban.service)" != not-found ]; then
                # Stopping it lifts its bans. Where somebody purged the package, there is nothing to stop.
                systemctl disable --quiet --now fail2ban.service
            fi
            ;;
    esac
done
