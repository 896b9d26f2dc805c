# shellcheck shell=sh
# What the change `ssh` asks of the node. STAGED is the directory of the candidate files.
# Arguments: the account that the run goes on as, and the address that it comes from.
config=/etc/ssh/sshd_config
dropins=/etc/ssh/sshd_config.d
dropin=$dropins/00-hardened-balancer.conf
moduli=/etc/hardened-balancer/ssh-moduli

connection() { echo "user=$1,host=$2,addr=$2,laddr=127.0.0.1,lport=22"; }

# Are the lines of the drop-in what sshd answers with for this login? A file read before it or a Match may say otherwise.
wins() {
    overruled=$(grep -Ev '^(#|$)' "$STAGED$dropin" | while read -r key value; do
        echo "$1" | grep -qixF -- "$key $value" || echo "$key is to be $value, but sshd has: $(echo "$1" | grep -i "^$key " || echo nothing)"
    done
    # This one adds up over the files.
    echo "$1" | grep '^allowgroups ' | grep -vx 'allowgroups balancer-admins' | sed 's/^allowgroups /AllowGroups has another group: /')
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

# Groups for the key exchange by group exchange. The package's own file keeps the small ones, and stays as it is.
large_moduli() { awk '!/^#/ && $5 >= 3071' /etc/ssh/moduli; }
wants_moduli() { grep -qsx "ModuliFile $moduli" "$1"; }

in_force() {
    systemctl --quiet is-active ssh.service || systemctl --quiet is-active ssh.socket || {
        echo "neither ssh.service nor ssh.socket is running"
        return 1
    }
    systemctl --quiet is-enabled ssh.service || systemctl --quiet is-enabled ssh.socket || {
        echo "neither ssh.service nor ssh.socket is started at boot"
        return 1
    }
    unit=$(systemctl show ssh.service --property=StartLimitIntervalUSec,Restart | sort | tr '\n' ' ')
    [ "$unit" = 'Restart=always StartLimitIntervalUSec=0 ' ] || {
        echo "ssh.service could be left stopped, a drop-in of its own or a missing daemon-reload overrules ours: $unit"
        return 1
    }
    if wants_moduli "$STAGED$dropin" && ! large_moduli | cmp -s - $moduli; then
        echo "$moduli does not hold the groups of 3072 bits or more of /etc/ssh/moduli"
        return 1
    fi
    effective=$(sshd -T -C "$(connection "$@")" 2>&1) || {
        echo "sshd refuses its settings: $effective"
        return 1
    }
    wins "$effective"
}

# The new settings, or after an undo the old ones. A restart of a server that somebody misconfigured would not come back.
apply() {
    if wants_moduli $dropin; then
        mkdir -p ${moduli%/*} && large_moduli >$moduli.new && mv -f $moduli.new $moduli || return
    else
        rm -f $moduli && { rmdir ${moduli%/*} 2>/dev/null || :; }
    fi
    systemctl daemon-reload || return
    systemctl --quiet is-enabled ssh.service || systemctl --quiet is-enabled ssh.socket || systemctl --quiet enable ssh.service || return
    if systemctl --quiet is-active ssh.socket; then
        # A reload would make the server open the port itself, which the socket holds; no session ends with a restart.
        sshd -t && systemctl try-restart ssh.service
    elif systemctl --quiet is-active ssh.service; then
        systemctl reload ssh.service
    else
        systemctl start ssh.service
    fi
}
