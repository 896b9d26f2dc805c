# shellcheck shell=sh
# What the change `ssh` asks of the node. STAGED is the directory of the candidate files.
# Arguments: the account that the run goes on as, the address that it comes from, and the ports that are wanted, if any.
# $administrators are the members that the group is to keep.
config=/etc/ssh/sshd_config
dropins=/etc/ssh/sshd_config.d
dropin=$dropins/00-hardened-balancer.conf
moduli=/etc/hardened-balancer/ssh-moduli
admins=balancer-admins
left=/var/lib/hardened-balancer/ssh-left
open_sockets='/proc/net/tcp /proc/net/tcp6'

# As this run came in, where it can be seen: a Match may ask for the address and the port here.
connection() {
    end=$(came_in "$2" | head -n 1 | tr -d '[]')
    end=${end:-127.0.0.1:22}
    echo "user=$1,host=$2,addr=$2,laddr=${end%:*},lport=${end##*:}"
}

# Does USER or USER@HOST[,HOST...] name the login USER from ADDRESS? As sshd reads it.
names() {
    # shellcheck disable=SC2254 # it is a pattern
    case $2 in ${1%@*}) ;; *) return 1 ;; esac
    case $1 in *@*) echo "${1##*@}" | tr , '\n' | from "$3" ;; esac
}
from() {
    found=1
    while read -r host; do
        # shellcheck disable=SC2254 # the same
        case ${host#!} in
        */*) python3 -c 'import ipaddress, sys; sys.exit(ipaddress.ip_address(sys.argv[1]) not in ipaddress.ip_network(sys.argv[2], False))' "$1" "${host#!}" 2>/dev/null ;;
        *) case $1 in ${host#!}) ;; *) false ;; esac ;;
        esac || continue
        case $host in !*) return 1 ;; *) found=0 ;; esac
    done
    return $found
}
any_names() { while read -r pattern; do names "$pattern" "$1" "$2" && return; done; return 1; }
listed() { echo "$1" | sed -n "s/^$2 //p"; }

# Lists that the drop-in has no line for. A reload puts them in force, and an undo would leave them so.
shut_out() {
    allowed=$(listed "$1" allowusers)
    [ -z "$allowed" ] || echo "$allowed" | any_names "$2" "$3" || echo "AllowUsers leaves $2 out: $(echo "$allowed" | paste -sd " ")"
    listed "$1" denyusers | any_names "$2" "$3" && echo "DenyUsers shuts $2 out"
    for group in $(id -nG -- "$2" 2>/dev/null); do
        listed "$1" denygroups | any_names "$group" "$3" && echo "DenyGroups shuts $2 out, a member of $group"
    done
    key_files=$(listed "$1" authorizedkeysfile)
    # What a program or an authority says of a key is known when somebody comes with it.
    listed "$1" '\(authorizedkeyscommand\|trustedusercakeys\)' | grep -qvx none ||
        [ -z "$key_files" ] || has_keys "$2" "$key_files" || echo "AuthorizedKeysFile has $2's keys looked for where none are: $key_files"
}

# Asked as the account too: root may not look into a home on a network's file system.
has_keys() {
    home=$(getent passwd "$1" | cut -d : -f 6)
    for key_file in $2; do
        key_file=$(echo "$key_file" | sed "s|%h|$home|g; s|%u|$1|g; s|%U|$(id -u -- "$1")|g; s|%%|%|g")
        case $key_file in /*) ;; *) key_file=$home/$key_file ;; esac
        if [ -s "$key_file" ] || runuser -u "$1" -- test -s "$key_file" 2>/dev/null; then return; fi
    done
    return 1
}

# Are the lines of the drop-in what sshd answers with for this login? A file read before it or a Match may say otherwise.
# Arguments: the answer, and the account and the address of the login.
wins() {
    overruled=$(grep -Ev '^(#|$)' "$STAGED$dropin" | while read -r key value; do
        echo "$1" | grep -qixF -- "$key $value" || echo "$key is to be $value, but sshd has: $(echo "$1" | grep -i "^$key " || echo nothing)"
    done
    # This one adds up over the files.
    echo "$1" | grep '^allowgroups ' | grep -vx 'allowgroups balancer-admins' | sed 's/^allowgroups /AllowGroups has another group: /'
    shut_out "$@")
    [ -z "$overruled" ] && return
    echo "Another file below /etc/ssh overrules $dropin for this login; take these settings out of it:"
    echo "$overruled"
    return 1
}

# The ends here of the connections that this address has with sshd.
came_in() {
    ss -Htnp state established 2>/dev/null | grep '"sshd' | sed -E 's/\[::ffff:([0-9.]+)\]/\1/g' | awk -v from="$1" '
        { sub(/:[0-9]+$/, "", $4); gsub(/[][]/, "", $4); if ($4 == from) print $3 }' | sort -u
}

# A reload moves the server to where another file tells it to listen, and an undo would leave it there.
# Arguments: the answer, and the address of the login. Where systemd listens in its place, that file counts for nothing.
stays() {
    systemctl --quiet is-active ssh.socket && return
    ends=$(came_in "$2" | paste -sd " " -)
    for end in $ends; do
        case $end in \[*) any="[::]:${end##*:}" ;; *) any="0.0.0.0:${end##*:}" ;; esac
        echo "$1" | grep -qixF -e "listenaddress $end" -e "listenaddress $any" && return
    done
    [ -z "$ends" ] && return
    echo "sshd would leave $ends, where this run came in, for $(listed "$1" listenaddress | paste -sd " "), as another file below /etc/ssh says."
    echo "Take it out there; or open it in the firewall, reload sshd yourself and run again over that."
    return 1
}

# Who may log in no more, and has no sudo then: only when somebody else has shown that he can.
members() { getent group $admins | cut -d: -f4 | tr , '\n'; }
leaving() {
    members | while read -r account; do
        # shellcheck disable=SC2154 # given by the task
        case " $administrators " in *" $account "*) ;; *) [ -z "$account" ] || echo "$account" ;; esac
    done
}
let_go() {
    if [ -n "${STAGED-}" ]; then does=delete; else does=add; fi
    [ ! -e $left ] || while read -r account; do
        [ $does = delete ] || id "$account" >/dev/null 2>&1 || continue
        gpasswd --$does "$account" $admins >/dev/null || return
    done <$left
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
    stays "$effective" "$2" && wins "$effective" "$@" && mkdir -p "${left%/*}" && leaving >$left
}

# Groups for the key exchange by group exchange. The package's own file keeps the small ones, and stays as it is.
large_moduli() { awk '!/^#/ && $5 >= 3071' /etc/ssh/moduli; }
wants_moduli() { grep -qsx "ModuliFile $moduli" "$1"; }

# No program is needed for it; whoever it is that listens.
listens() {
    # shellcheck disable=SC2086 # several files
    cat $open_sockets 2>/dev/null | awk -v end=":$(printf %04X "$1")\$" '$4 == "0A" && $2 ~ end { found = 1 } END { exit !found }'
}

# What systemd opens for the server.
socket_ports() { systemctl show ssh.socket --property=Listen | grep -oE ':[0-9]+ ' | tr -dc '0-9\n' | sort -nu | paste -sd ' ' -; }

# A reload returns before the server has opened its ports anew.
all_listen() {
    for port in $1; do
        tries=${2:-25}
        until listens "$port"; do
            tries=$((tries - 1))
            [ $tries -gt 0 ] || {
                echo "nothing listens on port $port, which is to be SSH's; journalctl -u ssh.service -u ssh.socket says why"
                return 1
            }
            sleep 0.2
        done
    done
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
    unit=$(systemctl show ssh.service --property=StartLimitIntervalUSec,Restart | sort | tr '\n' ' ')
    [ "$unit" = 'Restart=always StartLimitIntervalUSec=0 ' ] || {
        echo "ssh.service could be left stopped, a drop-in of its own or a missing daemon-reload overrules ours: $unit"
        return 1
    }
    if [ -n "$3" ] && systemctl --quiet is-active ssh.socket && [ "$(socket_ports)" != "$3" ]; then
        echo "ssh.socket is to listen on $3, but has: $(socket_ports); a file of its own overrules ours, or a daemon-reload is missing"
        return 1
    fi
    all_listen "$3" || return
    gone=$(leaving | paste -sd " " -)
    [ -z "$gone" ] || {
        echo "$admins has members who are no administrators any more: $gone"
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
    wins "$effective" "$@"
}

# Nothing is written where they are there already: an undo may find a disk that takes no more.
put_moduli() {
    if wants_moduli $dropin; then
        large_moduli | cmp -s - $moduli || { mkdir -p ${moduli%/*} && large_moduli >$moduli.new && mv -f $moduli.new $moduli; }
    else
        rm -f $moduli $moduli.new && { rmdir ${moduli%/*} 2>/dev/null || :; }
    fi
}

# The new settings, or after an undo the old ones. A restart of a server that somebody misconfigured would not come back.
apply() {
    problem=0
    let_go || problem=$?
    put_moduli || problem=$?
    had=$(socket_ports)
    systemctl daemon-reload || problem=$?
    systemctl --quiet is-enabled ssh.service || systemctl --quiet is-enabled ssh.socket || systemctl --quiet enable ssh.service || problem=$?
    # In an undo, without STAGED, the server has to take the old settings whatever else failed.
    [ $problem -eq 0 ] || [ -z "${STAGED-}" ] || return $problem
    serve || problem=$?
    [ -n "${STAGED-}" ] || lift_ban "${2-}"
    return $problem
}

# Whoever tried again and again to confirm what is undone now has failed to log in often enough for fail2ban.
lift_ban() { [ -z "$1" ] || ! systemctl --quiet is-active fail2ban.service || fail2ban-client unban "$1" >/dev/null || :; }

serve() {
    if systemctl --quiet is-active ssh.socket; then
        # A reload would make the server open the port itself, which the socket holds; no session ends with a restart.
        sshd -t || return
        if [ "$had" = "$(socket_ports)" ] && all_listen "$had" 1 >/dev/null; then
            systemctl try-restart ssh.service
        else
            # The socket opens nothing as long as the server runs; where it fails, the server is better than nothing.
            systemctl stop ssh.service && {
                systemctl restart ssh.socket
                opened=$?
                systemctl start ssh.service && return $opened
            }
        fi
    elif systemctl --quiet is-active ssh.service; then
        systemctl reload ssh.service
    else
        systemctl start ssh.service
    fi
}
