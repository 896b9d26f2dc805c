# shellcheck shell=sh
# What the change `ssh` asks of the node. STAGED is the directory of the candidate files.
# Arguments: the account that the run goes on as, and the address that it comes from.
config=/etc/ssh/sshd_config
dropins=/etc/ssh/sshd_config.d
dropin=$dropins/00-hardened-balancer.conf

connection() { echo "user=$1,host=$2,addr=$2,laddr=127.0.0.1,lport=22"; }

# Are the lines of the drop-in what sshd answers with for this login? A file read before it or a Match may say otherwise.
wins() {
    overruled=$(grep -Ev '^(#|$)' "$STAGED$dropin" | while read -r key value; do
        echo "$1" | grep -qixF -- "$key $value" || echo "$key is to be $value, but sshd has: $(echo "$1" | grep -i "^$key " || echo nothing)"
    done)
    [ -z "$overruled" ] && return
    echo "Another file below /etc/ssh overrules $dropin for this login; take these settings out of it:"
    echo "$overruled"
    return 1
}

check() {
    id -nG -- "$1" | tr ' ' '\n' | grep -qx balancer-admins || {
        echo "$1 is not in the group balancer-admins, to which SSH will be restricted. Run the role baseline first."
        return 1
    }
    if ! [ -d $dropins ] || ! grep -Eiq '^[[:space:]]*Include[[:space:]]+"?(/etc/ssh/)?sshd_config\.d/\*\.conf' $config; then
        echo "$config does not include $dropins/*.conf, so settings there have no effect."
        echo "Write 'Include $dropins/*.conf' as its first line, as the package does."
        return 1
    fi
    [ -d /run/sshd ] || mkdir -m 0755 /run/sshd
    # shellcheck disable=SC2016 # the inner shell is to expand these
    effective=$(unshare --mount sh -c '
        cp -a "$1" "$STAGED/dropins" && cp -p "$STAGED$2" "$STAGED/dropins/" && mount --bind "$STAGED/dropins" "$1" && exec sshd -T -C "$3"
    ' - $dropins $dropin "$(connection "$@")" 2>&1) || {
        echo "sshd refuses the settings: $effective"
        return 1
    }
    wins "$effective"
}

in_force() {
    systemctl --quiet is-active ssh.service || systemctl --quiet is-active ssh.socket || {
        echo "neither ssh.service nor ssh.socket is running"
        return 1
    }
    systemctl --quiet is-enabled ssh.service || systemctl --quiet is-enabled ssh.socket || {
        echo "neither ssh.service nor ssh.socket is started at boot"
        return 1
    }
    effective=$(sshd -T -C "$(connection "$@")" 2>&1) || {
        echo "sshd refuses its settings: $effective"
        return 1
    }
    wins "$effective"
}

# A reload keeps every session; a restart of a server that somebody misconfigured would not come back.
apply() {
    systemctl --quiet is-enabled ssh.service || systemctl --quiet is-enabled ssh.socket || systemctl --quiet enable ssh.service || return
    if systemctl --quiet is-active ssh.service; then
        systemctl reload ssh.service
    elif ! systemctl --quiet is-active ssh.socket; then
        systemctl start ssh.service
    fi
}
