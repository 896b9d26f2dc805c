# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways to lock oneself out of a balancer, by an inventory, by what others did to the node, or at the wrong moment."""

from __future__ import annotations

import typing as t

from tests.proof.lab import NETWORK

Values = dict[str, t.Any]
LOGIN = "proof"
SECOND = "second"
# The machines of the lab that one may go through: the first is the usual way.
HOPS = (f"{NETWORK}.9", f"{NETWORK}.21")


class Lockout(t.NamedTuple):
    """A run of the site with `change`, or of the transaction alone with `files` and `apply`.

    Shell runs on the balancer: `before` it, `meanwhile` as soon as the change named `at` is in force, `lift` after it.
    `says` is what the run must say, `ends` how: refused (nothing was touched), undone, or kept. `first` are variables
    of a good run before; `inventory`, with @address@ for the balancer's, is added to that of the lab. `client` are
    options of the SSH client, of the run and of the logins alike; `hops` leads both through another machine, and
    `moves` to another one as soon as the change is in force. In `change`, @stranger@ and @short@ are keys, the second
    of 2048 bits. `differs` are the parts that others changed, `patience` is Ansible's timeout.
    """

    name: str
    says: str
    change: Values | None = None
    options: tuple[str, ...] = ()
    ends: str = "refused"
    files: tuple[Values, ...] = ()
    apply: str = ""
    before: str = ""
    at: str = ""
    meanwhile: str = ""
    lift: str = ""
    first: Values | None = None
    inventory: str = ""
    client: tuple[str, ...] = ()
    hops: bool = False
    moves: bool = False
    differs: tuple[str, ...] = ()
    patience: int = 5
    timeout: int = 20


SSH = ("--tags", "ssh")
FIREWALL = ("--tags", "firewall")
OTHER_SSH = {"ssh_profile": "cis"}
OTHER_RULES = {"firewall_conntrack_bypass": False}
HERS = f"/home/{SECOND}/.ssh"
MAKE = f"useradd --create-home --shell /bin/bash {SECOND}; install -d -m 0700 -o {SECOND} -g {SECOND} {HERS}; "
MAKE += f"install -m 0600 -o {SECOND} -g {SECOND} /home/{LOGIN}/.ssh/authorized_keys {HERS}/authorized_keys; "
REMOVE = f"userdel --remove {SECOND} 2>/dev/null"
# By a file of somebody else, she is asked for a password that she has not.
ASKED = f"printf '{SECOND} ALL=(ALL:ALL) PASSWD: ALL\\n' >/etc/sudoers.d/zz-lab"
NOT_ASKED = "rm /etc/sudoers.d/zz-lab"
# Then the group is the only way to root.
NO_PROVIDER = "mv /etc/sudoers.d/provider /var/tmp/lab-provider"
PROVIDER = "mv /var/tmp/lab-provider /etc/sudoers.d/provider"
DROP_IN = "/etc/ssh/sshd_config.d/zz-lab.conf"
NO_DROP_IN = f"rm -f {DROP_IN}"
FLAG: Values = {"path": "/etc/lockout", "content": "on", "mode": "0600"}
UNDO_STATE = "/var/lib/hardened-balancer"
KEYS = "/var/lab-keys"
# Refuses once, or always, what a pattern of the arguments names.
NFT = (
    "mv /usr/sbin/nft /usr/sbin/nft.lab; printf '%s\\n' '#!/bin/sh' 'case \"$*\" in {pattern}) {when}"
    '{{ echo "Error: Could not process rule: No space left on device" >&2; exit 1; }} ;; esac\' '
    "'exec /usr/sbin/nft.lab \"$@\"' >/usr/sbin/nft; chmod 0755 /usr/sbin/nft"
)
DROP_SSH = "nft insert rule inet hardened_balancer input tcp dport 22 drop"
REAL = "-f?/etc/hardened-balancer/firewall.nft"
ONCE = "rm /run/lab-once 2>/dev/null && "
NO_NFT = "mv /usr/sbin/nft.lab /usr/sbin/nft; rm -f /run/lab-once"
UNCONFIRMED = r"no new connection confirmed the change within 20 s.*it is back on what it had before"


def administrators(*more: Values) -> Values:
    return {"balancer_administrators": [{"name": LOGIN}, *more]}


def drop_in(text: str) -> str:
    """A file of somebody else, which no running server has read."""
    return f"printf '{text}\\n' >{DROP_IN}"


def small(place: str, size: str) -> str:
    """A file system of its own, small enough to be filled."""
    aside = f"/var/tmp/lab{place.replace('/', '-')}"
    return f"cp -a {place} {aside}; mount -t tmpfs -o size={size},mode=0755 tmpfs {place}; cp -a {aside}/. {place}/; "


def large(place: str) -> str:
    aside = f"/var/tmp/lab{place.replace('/', '-')}"
    back = f"umount {place}; cp -a {aside}/. {place}/; rm -rf {aside}; "
    return f"mount -o remount,rw {place}; rm -f {place}/.fill; rm -rf {aside}; cp -a {place} {aside}; {back}"


def fill(place: str) -> str:
    return f"dd if=/dev/zero of={place}/.fill bs=1k 2>/dev/null || true; "


LOCKOUTS = [
    # What the inventory says.
    Lockout(
        "a network that the controller is not in",
        "in none of them: it would be locked out",
        {"balancer_management_networks": ["203.0.113.0/24"]},
    ),
    Lockout(
        "an administrator without a key",
        f"{SECOND} has no authorized key",
        administrators({"name": SECOND}),
        before=f"{MAKE} rm {HERS}/authorized_keys",
        lift=REMOVE,
    ),
    Lockout(
        "an administrator with another key than ours",
        "does not hold the key that this run logged in with",
        {"balancer_administrators": [{"name": SECOND, "keys": ["@stranger@"]}]},
    ),
    Lockout(
        "another key in the place of our own",
        "and would take it from the account",
        {"balancer_administrators": [{"name": LOGIN, "keys": ["@stranger@"]}]},
    ),
    Lockout(
        "an RSA key of 2048 bits",
        "is an RSA key of 2048 bits",
        administrators({"name": SECOND, "keys": ["@short@"]}),
    ),
    Lockout(
        "the port of SSH for HAProxy",
        "where sshd of the node listens already",
        {
            "haproxy_site_more": {
                "frontends": [{"name": "m", "binds": [{"port": 22}], "default_backend": "web_workers"}]
            }
        },
    ),
    Lockout(
        "less time than one connection takes",
        "is not more than one connection may take",
        OTHER_SSH,
        SSH,
        patience=30,
    ),
    Lockout(
        "a worker that is reached through the node",
        "a locked-down node forwards nothing",
        inventory=f"web_workers:\n  hosts:\n    worker1:\n      ansible_ssh_common_args: -J {LOGIN}@@address@\n",
    ),
    # Who could not log in.
    Lockout(
        "a key that its account cannot read",
        f"{SECOND}, who cannot read {HERS}/authorized_keys",
        administrators({"name": SECOND}),
        before=f"{MAKE} chown root:root {HERS}/authorized_keys",
        lift=REMOVE,
    ),
    Lockout(
        "a key that others may write",
        "may be written by others",
        administrators({"name": SECOND}),
        before=f"{MAKE} chmod 0666 {HERS}/authorized_keys",
        lift=REMOVE,
    ),
    Lockout(
        "an account that has expired",
        "account has expired",
        administrators({"name": SECOND}),
        before=f"{MAKE} usermod --expiredate 1 {SECOND}",
        lift=REMOVE,
    ),
    Lockout(
        "an account that needs a new password",
        "has to set a new password",
        administrators({"name": SECOND}),
        before=f"{MAKE} passwd --quiet --expire {SECOND}",
        lift=REMOVE,
    ),
    Lockout(
        "an account that left the group, and SSH alone",
        f"{LOGIN} is not in the group balancer-admins",
        OTHER_SSH,
        SSH,
        first={},
        before=f"gpasswd -d {LOGIN} balancer-admins",
        lift=f"gpasswd -a {LOGIN} balancer-admins",
    ),
    # What others wrote into the settings of SSH, and nobody has put in force.
    Lockout(
        "a group of somebody else",
        "AllowGroups has another group: staff",
        OTHER_SSH,
        SSH,
        before=drop_in("AllowGroups staff"),
        lift=NO_DROP_IN,
    ),
    Lockout(
        "a user whom somebody else denies",
        f"DenyUsers shuts {LOGIN} out",
        OTHER_SSH,
        SSH,
        before=drop_in(f"DenyUsers {LOGIN}"),
        lift=NO_DROP_IN,
    ),
    Lockout(
        "a group that somebody else denies",
        f"DenyGroups shuts {LOGIN} out, a member of balancer-admins",
        OTHER_SSH,
        SSH,
        before=drop_in("DenyGroups games balancer-*"),
        lift=NO_DROP_IN,
    ),
    Lockout(
        "other users whom somebody else allows",
        f"AllowUsers leaves {LOGIN} out",
        OTHER_SSH,
        SSH,
        before=drop_in("AllowUsers root admin@203.0.113.*"),
        lift=NO_DROP_IN,
    ),
    Lockout(
        "a Match of somebody else",
        "overrules .* for this login",
        OTHER_SSH,
        SSH,
        before=drop_in(f"Match User {LOGIN}\\n  PubkeyAuthentication no"),
        lift=NO_DROP_IN,
    ),
    Lockout(
        "a setting that sshd does not know",
        "sshd refuses the settings: .*Nonsense",
        OTHER_SSH,
        SSH,
        before=drop_in("Nonsense yes"),
        lift=NO_DROP_IN,
    ),
    Lockout(
        "another port of SSH, closed by the firewall",
        "sshd would leave .*:22, where this run came in, for .*:2222",
        OTHER_SSH,
        SSH,
        before=drop_in("Port 2222"),
        lift=NO_DROP_IN,
    ),
    Lockout(
        "another address of SSH, which nobody reaches",
        "sshd would leave .*:22, where this run came in, for 127.0.0.1:22",
        OTHER_SSH,
        SSH,
        before=drop_in("ListenAddress 127.0.0.1"),
        lift=NO_DROP_IN,
    ),
    Lockout(
        "settings that sshd_config does not include",
        "does not include",
        OTHER_SSH,
        SSH,
        before="sed -i.lab s/^Include/#Include/ /etc/ssh/sshd_config",
        lift="mv /etc/ssh/sshd_config.lab /etc/ssh/sshd_config",
    ),
    Lockout(
        "no host key",
        "has no host key",
        OTHER_SSH,
        SSH,
        before=f"mkdir {KEYS}; mv /etc/ssh/ssh_host_* {KEYS}",
        lift=f"mv {KEYS}/* /etc/ssh/; rmdir {KEYS}",
    ),
    Lockout(
        "no key exchange in common",
        "leads to no key exchange that the SSH client of this controller knows",
        {"ssh_profile": "strict"},
        SSH,
        first=OTHER_SSH,
        client=("KexAlgorithms=curve25519-sha256",),
    ),
    # The firewall.
    Lockout(
        "a firewall of somebody else",
        "has a firewall that is not ours: table ip theirs",
        OTHER_RULES,
        FIREWALL,
        before="nft add table ip theirs; "
        "nft 'add chain ip theirs input { type filter hook input priority 10; policy accept; }'; "
        "nft add rule ip theirs input tcp dport 9999 drop",
        lift="nft delete table ip theirs",
    ),
    Lockout(
        "rules that cannot be loaded",
        "the check refused the new files; nothing was changed",
        OTHER_RULES,
        FIREWALL,
        before=NFT.format(pattern="*staged*", when=""),
        lift=NO_NFT,
    ),
    Lockout(
        "rules that the kernel refuses in the end",
        "could not be put in force.*undone at once: the node is back on what it had before",
        OTHER_RULES,
        FIREWALL,
        ends="undone",
        before=f"touch /run/lab-once; {NFT.format(pattern=REAL, when=ONCE)}",
        lift=NO_NFT,
    ),
    Lockout(
        "rules that drop SSH",
        UNCONFIRMED,
        OTHER_RULES,
        FIREWALL,
        ends="undone",
        at="firewall",
        meanwhile=DROP_SSH,
    ),
    Lockout(
        "rules that drop SSH, and the file before them was broken",
        "The node undid it.*but not all",
        OTHER_RULES,
        FIREWALL,
        ends="undone",
        before="echo 'table inet hardened_balancer {' >>/etc/hardened-balancer/firewall.nft",
        at="firewall",
        meanwhile=DROP_SSH,
    ),
    Lockout(
        "rules that drop SSH, and a disk that is full by then",
        UNCONFIRMED,
        OTHER_RULES,
        FIREWALL,
        ends="undone",
        before=small(UNDO_STATE, "1m") + small("/etc/hardened-balancer", "1m"),
        at="firewall",
        meanwhile=DROP_SSH + "; " + fill(UNDO_STATE) + fill("/etc/hardened-balancer"),
        lift=large(UNDO_STATE) + large("/etc/hardened-balancer"),
        differs=("files",),
    ),
    Lockout(
        "rules that drop everything",
        UNCONFIRMED,
        ends="undone",
        files=(FLAG,),
        apply="nft delete table inet lab 2>/dev/null; [ ! -e /etc/lockout ] || "
        "nft 'add table inet lab; add chain inet lab input { type filter hook input priority -5; policy drop; }'",
    ),
    Lockout(
        "outgoing packets closed",
        "",
        {"firewall_output": "drop"},
        FIREWALL,
        ends="kept",
        timeout=60,
    ),
    # SSH and sudo, when the run has begun.
    Lockout(
        "a group that may not log in any more",
        UNCONFIRMED,
        ends="undone",
        files=({"path": DROP_IN, "content": "DenyGroups balancer-admins\n", "mode": "0600"},),
        apply="systemctl reload ssh",
    ),
    Lockout(
        "a server that is stopped",
        UNCONFIRMED,
        OTHER_SSH,
        SSH,
        ends="undone",
        at="ssh",
        meanwhile="systemctl stop ssh.service",
    ),
    Lockout(
        "a server that updates restart again and again",
        "",
        OTHER_SSH,
        SSH,
        ends="kept",
        at="ssh",
        meanwhile="for _ in $(seq 12); do systemctl restart ssh.service; done",
        timeout=60,
    ),
    Lockout(
        "sudo that asks for a password",
        UNCONFIRMED,
        ends="undone",
        files=({"path": "/etc/sudoers.d/zz-lab", "content": f"{LOGIN} ALL=(ALL:ALL) PASSWD: ALL\n", "mode": "0440"},),
        apply="true",
    ),
    Lockout(
        "sudo that one administrator cannot use",
        f"{SECOND} does not become root by sudo without a password",
        administrators({"name": SECOND}),
        ("--tags", "baseline"),
        ends="undone",
        before=f"{MAKE} {ASKED}",
        lift=f"{NOT_ASKED}; {REMOVE}",
        differs=("accounts",),
    ),
    Lockout(
        "a last administrator who leaves for one without sudo",
        f"{SECOND} does not become root by sudo without a password",
        {"balancer_administrators": [{"name": SECOND}]},
        ("--tags", "baseline"),
        ends="undone",
        before=f"{MAKE} {ASKED}; {NO_PROVIDER}",
        lift=f"{PROVIDER}; {NOT_ASKED}; {REMOVE}",
        differs=("accounts",),
    ),
    Lockout(
        "a last administrator who leaves for one who cannot log in",
        "Permission denied",
        {"balancer_administrators": [{"name": SECOND}]},
        ("--tags", "baseline,ssh"),
        before=f"{MAKE} {NO_PROVIDER}; {drop_in(f'AllowUsers {LOGIN}')}; systemctl reload ssh",
        lift=f"{PROVIDER}; {NO_DROP_IN}; systemctl reload ssh; {REMOVE}",
        differs=("accounts",),
    ),
    # Around them.
    Lockout(
        "no name server answers",
        "",
        OTHER_SSH,
        SSH,
        ends="kept",
        before="cp /etc/resolv.conf /run/lab-resolv; echo 'nameserver 203.0.113.53' >/etc/resolv.conf",
        lift="cat /run/lab-resolv >/etc/resolv.conf",
        timeout=60,
    ),
    Lockout(
        "a disk that is full",
        "Make room there, or make it writable, and run again",
        OTHER_SSH,
        SSH,
        before=small(UNDO_STATE, "1m") + fill(UNDO_STATE),
        lift=large(UNDO_STATE),
    ),
    Lockout(
        "a disk that nobody can write to",
        "could not be written",
        OTHER_SSH,
        SSH,
        before=small(UNDO_STATE, "1m") + f"mount -o remount,ro {UNDO_STATE}",
        lift=large(UNDO_STATE),
    ),
    Lockout(
        "a disk that is full when the way back is needed",
        UNCONFIRMED,
        ends="undone",
        files=({"path": DROP_IN, "content": "DenyGroups balancer-admins\n", "mode": "0600"},),
        apply="systemctl reload ssh",
        before=small(UNDO_STATE, "1m") + small("/etc/ssh", "2m"),
        at="lockout",
        meanwhile=fill(UNDO_STATE) + fill("/etc/ssh"),
        lift=large(UNDO_STATE) + large("/etc/ssh"),
        differs=("files",),
    ),
    Lockout(
        "an undo that is killed before SSH is as before",
        UNCONFIRMED,
        ends="undone",
        files=({"path": DROP_IN, "content": "DenyGroups balancer-admins\n", "mode": "0600"},),
        apply=f"[ -e {DROP_IN} ] || sleep 3; systemctl reload ssh",
        at="lockout",
        meanwhile=f"until [ ! -e {DROP_IN} ]; do sleep 0.1; done; "
        "systemctl kill --signal=KILL hardened-balancer-undo-lockout.service",
    ),
    Lockout(
        "a controller that comes back from another address",
        UNCONFIRMED,
        {"balancer_management_networks": [f"{HOPS[0]}/32"]},
        FIREWALL,
        ends="undone",
        at="firewall",
        hops=True,
        moves=True,
    ),
    Lockout(
        "a controller that comes through a jump host",
        "",
        {"balancer_management_networks": [f"{HOPS[0]}/32"]},
        ends="kept",
        hops=True,
        timeout=60,
    ),
]
