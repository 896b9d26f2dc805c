#!/bin/sh
# Brings back the firewall that hardened.balancer kept aside in this directory; ours stays in force beside it, and every
# packet has to pass both. Set firewall_existing to leave before that, or the next run keeps it aside again.
PATH=${PATH:+$PATH:}/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
cd -- "$(dirname -- "$0")" || exit

problems=
failed() {
    echo "$1 could not be brought back" >&2
    problems=yes
}

if [ -e changed ]; then
    while read -r path; do
        cmp -s "files$path" "$path" || { cp -a -- "files$path" "$path.new" && mv -f -- "$path.new" "$path"; } || failed "$path"
    done <changed
fi
if [ -e added ]; then
    while read -r path; do
        rm -f -- "$path" || failed "the state before $path"
        rmdir -- "${path%/*}" 2>/dev/null || :
    done <added
    systemctl daemon-reload || failed "the state of the units"
fi

for variant in iptables-nft ip6tables-nft iptables-legacy ip6tables-legacy; do
    [ ! -e $variant.rules ] || $variant-restore --counters <$variant.rules || failed $variant.rules
done
[ ! -e tables.nft ] || nft -f tables.nft || failed tables.nft
if [ -e units ]; then
    while read -r unit; do
        systemctl start "$unit" || failed "$unit"
    done <units
fi

[ -z "$problems" ] && : >restored
