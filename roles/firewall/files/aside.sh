# shellcheck shell=sh
# Other firewalls of the node, with `firewall_existing: keep_aside`. The plan says which, one a line: aside_names,
# aside_tables (family and name), aside_legacy (programs), aside_units, aside_files; restore_script is the way back.
aside=/var/lib/hardened-balancer/firewall-aside
# Made before anything is changed, and renamed when it counts.
coming=$aside/coming
# Names what this change has kept aside, and goes with its confirmation; an undo brings that back.
pointer=/var/lib/hardened-balancer/undo/firewall/aside

others_tables() {
    printf '%s\n' "${aside_tables-}" | while read -r family name; do
        if nft list table "$family" "$name" >/dev/null 2>&1; then echo "$family $name"; fi
    done
}

others_legacy() {
    for program in ${aside_legacy-}; do
        if "$program-legacy-save" -t filter 2>/dev/null | grep -Eq '^-A |^:[A-Z]+ DROP'; then echo "$program"; fi
    done
}

# That one is a process; what others load at boot is a matter of files.
others_units() {
    for one in ${aside_units-}; do
        if [ "$one" = firewalld ] && systemctl --quiet is-active firewalld; then echo firewalld; fi
    done
}

others_files() {
    for path in ${aside_files-}; do
        if ! cmp -s "$STAGED$path" "$path"; then echo "$path"; fi
    done
}

none_beside() {
    found=$(others_tables | sed 's/^/table /' && others_legacy | sed 's/$/ (legacy)/' && others_units)
    [ -z "$found" ] || {
        echo "not switched off yet: $(echo "$found" | paste -sd, | sed 's/,/, /g')"
        return 1
    }
}

# Of a table as nft prints it: what drops or has a rule, chain by chain. iptables makes chains that were not there, which
# let all through, in an order of its own.
essence() {
    awk '/^table / { chain = "-" } /^\tchain / { chain = $2; next } /policy accept;$/ || $1 == "}" || !NF { next } { print chain, $0 }' |
        sort --stable --key=1,1
}

# Only iptables can write down what only iptables understands; beside it, it reads `tcp dport { 1, 2 } drop` as `drop`.
keep_rules_of_iptables() {
    "$1tables-nft-save" --counters --table "$2" >$coming/table || return
    # shellcheck disable=SC2016 # the inner shell is to expand these
    back=$(unshare --net sh -c '"$1tables-nft-restore" <"$3" && nft -s list table "$1" "$2"' - "$1" "$2" $coming/table 2>/dev/null | essence)
    [ "$back" = "$(nft -s list table "$1" "$2" 2>/dev/null | essence)" ] || {
        echo "table $1 $2 has rules of iptables, and iptables would not bring it back as it is: take it away by hand"
        return 1
    }
    cat $coming/table >>"$coming/$1tables-nft.rules" && rm $coming/table
}

keep_table() {
    # Its program makes it anew; what it was is kept for people.
    if [ "$2" = firewalld ] && [ -n "$(others_units)" ]; then
        nft list table "$1" "$2" >>$coming/firewalld.nft
    elif nft --json list table "$1" "$2" | grep -q '"xt":'; then
        keep_rules_of_iptables "$1" "$2"
    else
        { echo "table $1 $2 { }" && echo "delete table $1 $2" && nft list table "$1" "$2"; } >>$coming/tables.nft
    fi
}

keep_file() {
    if [ -e "$1" ] || [ -L "$1" ]; then
        mkdir -p "$coming/files${1%/*}" && cp -a -- "$1" "$coming/files$1" && echo "$1" >>$coming/changed
    else
        echo "$1" >>$coming/added
    fi
}

# Would the kernel take it back? Asked where the interfaces are that rules name.
comes_back() {
    [ ! -e $coming/tables.nft ] || nft -c -f $coming/tables.nft || return
    for variant in iptables-nft ip6tables-nft iptables-legacy ip6tables-legacy; do
        [ ! -e $coming/$variant.rules ] || $variant-restore --test --counters <$coming/$variant.rules || return
    done
}

# What could not be brought back is left in force: a refusal.
keep() {
    write_down || {
        rm -rf $coming
        return 1
    }
}

# All that is in force now, with the way back.
write_down() (
    umask 077
    rm -rf $coming
    tables=$(others_tables) legacy=$(others_legacy) units=$(others_units) files=$(others_files)
    [ -n "$tables$legacy$units$files" ] || return 0
    mkdir -p $aside && mkdir $coming || return
    for path in $files; do
        keep_file "$path" || return
    done
    echo "$tables" | while read -r family name; do
        [ -z "$family" ] || keep_table "$family" "$name" || exit
    done || return
    for program in $legacy; do
        "$program-legacy-save" --counters --table filter >"$coming/$program-legacy.rules" || return
    done
    [ -z "$units" ] || echo "$units" >$coming/units
    echo "${aside_names-}" >$coming/names
    printf '%s\n' "${restore_script-}" >$coming/restore.sh
    comes_back || {
        echo "another firewall would not come back as it is ($(echo "${aside_names-}" | paste -sd, | sed 's/,/, /g')): take it away by hand"
        return 1
    }
)

# What is in it, without counters and times: the same firewall has the same name.
digest() {
    find . -type f ! -name firewalld.nft | sort | xargs cat |
        sed -E 's/^\[[0-9]+:[0-9]+\] //; s/ \[[0-9]+:[0-9]+\]$//; s/packets [0-9]+ bytes [0-9]+//; s/ expires [0-9a-z]+//; /^# /d' | sha256sum | cut -c 1-12
}

# What is part of it goes with it, fail2ban for one, and would stay away.
stop_unit() {
    parts=
    for part in $(systemctl show --property=ConsistsOf --value "$1"); do
        if systemctl --quiet is-active "$part"; then parts="$parts $part"; fi
    done
    systemctl stop "$1" || return
    for part in $parts; do
        systemctl start "$part" || return
    done
}

# Ours is in force: nothing is open in between. Written down before it is done.
put_aside() {
    [ -d $coming ] || return 0
    place=$aside/$(cd $coming && digest)
    if [ -d "$place" ]; then rm -rf $coming "$place/restored"; else mv $coming "$place"; fi
    echo "$place" >$pointer && sync -f $pointer || return
    for one in $(others_units); do
        stop_unit "$one" || return
    done
    others_tables | sed 's/^/delete table /' | nft -f - || return
    for program in $(others_legacy); do
        printf '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n' | "$program-legacy-restore" || return
    done
}

# In an undo, before ours goes.
bring_back() {
    rm -rf $coming
    [ ! -s $pointer ] || sh "$(cat $pointer)/restore.sh"
}
