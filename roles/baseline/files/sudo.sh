# shellcheck shell=sh
# What the change `sudo` asks of the node; the arguments are the accounts. STAGED is the directory of the candidate files.
# It makes them members of the group. Who is to leave does so with the change `ssh`, once the next one has logged in.
group=balancer-admins
came=/var/lib/hardened-balancer/sudo-came

members() { getent group $group | cut -d: -f4 | tr , '\n'; }
is_member() { members | grep -qxF -- "$1"; }
coming() { for account; do is_member "$account" || echo "$account"; done; }

check() { visudo -cf "$STAGED/etc/sudoers.d/hardened-balancer" && mkdir -p "${came%/*}" && coming "$@" >$came; }

# Whether each is a member, and becomes root without a password, whatever other files of sudo say.
in_force() {
    for account; do
        is_member "$account" || {
            echo "$account is not a member of $group"
            return 1
        }
        said=$(runuser -u "$account" -- sudo -n -k true 2>&1) || {
            echo "$account does not become root by sudo without a password: $said"
            return 1
        }
    done
}

# sudo reads its files each time it is called. Another file may have a rule for the group that is in the way of a new
# member: an undo, which runs it without STAGED, takes the membership back as well.
apply() {
    if [ -n "${STAGED-}" ]; then does=add; else does=delete; fi
    [ ! -e $came ] || while read -r account; do
        [ $does = add ] || is_member "$account" || continue
        gpasswd --$does "$account" $group >/dev/null || return
    done <$came
}
