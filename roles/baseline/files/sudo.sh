# shellcheck shell=sh
# What the change `sudo` asks of the node; the arguments are the accounts. STAGED is the directory of the candidate files.
group=balancer-admins
before=/var/lib/hardened-balancer/sudo-members

members() { getent group $group | cut -d: -f4 | tr , '\n' | sort; }
joined() { paste -sd, -; }

check() { visudo -cf "$STAGED/etc/sudoers.d/hardened-balancer" && mkdir -p "${before%/*}" && members >$before; }

# Whether the accounts are the members, and each becomes root without a password, whatever other files of sudo say.
in_force() {
    found=$(members | joined) wanted=$(printf '%s\n' "$@" | sort | joined)
    [ "$found" = "$wanted" ] || {
        echo "members of $group are ${found:-none} instead of $wanted"
        return 1
    }
    for account; do
        said=$(runuser -u "$account" -- sudo -n -k true 2>&1) || {
            echo "$account does not become root by sudo without a password: $said"
            return 1
        }
    done
}

# sudo reads its files each time it is called. Who is a member changes with them: whoever leaves may have no other way to
# become root, and another file may have a rule for the group that is in the way of whoever comes.
# An undo runs it too, without STAGED; an account may be gone by then.
apply() {
    if [ -z "${STAGED-}" ]; then
        [ -e $before ] || return 0
        set --
        while read -r account; do
            id "$account" >/dev/null 2>&1 && set -- "$@" "$account"
        done <$before
    fi
    gpasswd --members "$(printf '%s\n' "$@" | joined)" $group
}
