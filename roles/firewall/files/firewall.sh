# shellcheck shell=sh
# What the change `firewall` asks of the node. STAGED is the directory of the candidate files.
unit=hardened-balancer-firewall.service
rules=/etc/hardened-balancer/firewall.nft
failsafe=/etc/hardened-balancer/firewall-failsafe.nft
before=/var/lib/hardened-balancer/firewall-before.nft

# What is ours, without counters, and without the sources that are being rated or banned. Operators may have sets and
# chains of their own beside those of the bans, which no run takes from them.
listed='nft -s -t list table inet hardened_balancer &&
    nft -s -t list chain inet hardened_balancer_bans prerouting &&
    nft -s -t list set inet hardened_balancer_bans ban4 &&
    nft -s -t list set inet hardened_balancer_bans ban6'

# The same of the candidate, loaded in a network of its own, where it can cut nobody off.
candidate() { unshare --net sh -c "nft -f \"\$1\" && $listed" - "$STAGED$rules"; }

check() { candidate >/dev/null && unshare --net nft -f "$STAGED$failsafe" && keep_live && keep; }

live() { nft -s -t list table inet hardened_balancer 2>/dev/null; }

# What the run came in through: an undo may find an old file that does not load, or that was not in force.
keep_live() (
    umask 077
    rm -f $before
    found=$(live) || return 0
    printf '%s\n' 'table inet hardened_balancer {' '}' 'delete table inet hardened_balancer' "$found" >$before
)
as_before() { [ -e $before ] && { [ "$(live)" = "$(sed 1,3d $before)" ] || nft -f $before; }; }

in_force() {
    wanted=$(candidate) || {
        echo "$wanted"
        return 1
    }
    [ "$(sh -c "$listed" 2>&1)" = "$wanted" ] || {
        echo "the tables of inet hardened_balancer in the kernel are not those of $rules"
        return 1
    }
    systemctl --quiet is-active $unit || {
        echo "$unit is not active"
        return 1
    }
    systemctl --quiet is-enabled $unit || {
        echo "$unit is not loaded at boot"
        return 1
    }
    none_beside
}

# An undo runs it too, without STAGED.
apply() {
    [ -n "${STAGED-}" ] || bring_back
    brought_back=$?
    if [ -e $rules ]; then
        systemctl daemon-reload && systemctl --quiet enable $unit || [ -z "${STAGED-}" ] || return
        systemctl reload-or-restart $unit
        loaded=$?
        if [ -n "${STAGED-}" ]; then
            [ $loaded -eq 0 ] && put_aside
            return
        fi
        # A reload that fails leaves the rules that nobody could confirm.
        as_before || [ $loaded -eq 0 ] || nft -f $failsafe
        [ $loaded -eq 0 ] && return $brought_back
        return $loaded
    fi
    # The undo of the first change: there was no filter of ours before.
    nft delete table inet hardened_balancer 2>/dev/null || :
    nft delete table inet hardened_balancer_bans 2>/dev/null || :
    systemctl --quiet stop $unit 2>/dev/null || :
    rm -f /etc/systemd/system/sysinit.target.wants/$unit
    systemctl daemon-reload && return $brought_back
}
