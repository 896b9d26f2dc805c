# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of the SSH server, as data: what each profile wants, from which OpenSSH on, and whose advice it is.

Values are written as `sshd -T` prints them, so that what is asked for can be compared with what is in force.
"""

from __future__ import annotations

import typing as t

from .hardened import ADMIN_GROUP

PROFILES = ("compatible", "strict", "cis")
MODULI = "/etc/hardened-balancer/ssh-moduli"
RSA_HOST_KEY_BITS = 4096
RSA_USER_KEY_BITS = 3072
GROUP_EXCHANGE = "diffie-hellman-group-exchange-sha256"


class Row(t.NamedTuple):
    """A setting. A mapping is by profile: one that is not in it leaves the setting to the server.

    `jump` is the value where administrators may go through the node to others.
    """

    keyword: str
    value: str | dict[str, str]
    source: str
    since: str = ""
    jump: str = ""

    def of(self, profile: str, jump: bool) -> str | None:
        if jump and self.jump:
            return self.jump
        return self.value if isinstance(self.value, str) else self.value.get(profile)


Lists = list[tuple[str, tuple[str, ...]]]


class Algorithms(t.NamedTuple):
    """A list of algorithms: by profile, what it is from which OpenSSH on; `query` is what `ssh -Q` knows them by."""

    keyword: str
    query: str
    lists: dict[str, Lists]
    source: str
    since: str = ""


def _everywhere(*names: str) -> dict[str, Lists]:
    return {profile: [("", names)] for profile in PROFILES}


ED25519 = (
    *("sk-ssh-ed25519-cert-v01@openssh.com", "ssh-ed25519-cert-v01@openssh.com"),
    *("rsa-sha2-512-cert-v01@openssh.com", "rsa-sha2-256-cert-v01@openssh.com"),
    *("sk-ssh-ed25519@openssh.com", "ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256"),
)
# Keys of people: hardware that knows no Ed25519 has one of these, and no scanner can see them.
ECDSA = (
    *("sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", "ecdsa-sha2-nistp256-cert-v01@openssh.com"),
    *("sk-ecdsa-sha2-nistp256@openssh.com", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"),
)
SIGNATURES = ("sk-ssh-ed25519@openssh.com", "ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256")
POST_QUANTUM = ("mlkem768x25519-sha256", "sntrup761x25519-sha512", "sntrup761x25519-sha512@openssh.com")
CURVES = ("curve25519-sha256", "curve25519-sha256@libssh.org")
GROUP16, GROUP18 = "diffie-hellman-group16-sha512", "diffie-hellman-group18-sha512"
MAC256, MAC512, UMAC = "hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "umac-128-etm@openssh.com"
AUDITED_MACS: Lists = [("", (MAC256, MAC512, UMAC)), ("9.6", (MAC512, MAC256, UMAC))]

# Algorithms that are younger than OpenSSH 8.9, for a node whose programs cannot be asked.
YOUNGER = {"mlkem768x25519-sha256": "9.9", "sntrup761x25519-sha512": "9.9"}

USER_KEYS = Algorithms(
    "PubkeyAcceptedAlgorithms",
    "key-sig",
    {"compatible": [("", ED25519 + ECDSA)], "strict": [("", ED25519)], "cis": [("", ED25519 + ECDSA)]},
    "ssh-audit; ours: keys of hardware but under strict",
)
HOST_KEYS = Algorithms("HostKeyAlgorithms", "key-sig", _everywhere(*ED25519), "ssh-audit")
KEX = Algorithms(
    "KexAlgorithms",
    "kex",
    {
        "compatible": [
            ("", (*POST_QUANTUM[1:], *CURVES, GROUP16, GROUP18, GROUP_EXCHANGE)),
            ("9.6", (POST_QUANTUM[2], *CURVES, GROUP18, GROUP_EXCHANGE, GROUP16)),
            ("9.9", POST_QUANTUM),
        ],
        "strict": [("", POST_QUANTUM)],
        "cis": [("", (POST_QUANTUM[2], *CURVES, GROUP16, GROUP18, GROUP_EXCHANGE))],
    },
    "ssh-audit's policy for the release; strict: post-quantum only; cis: what CIS lists",
)
CERTIFICATES = Algorithms("CASignatureAlgorithms", "key-sig", _everywhere(*SIGNATURES), "ssh-audit")
CIPHERS = Algorithms(
    "Ciphers",
    "cipher",
    _everywhere(
        *("chacha20-poly1305@openssh.com", "aes256-gcm@openssh.com", "aes256-ctr", "aes192-ctr"),
        *("aes128-gcm@openssh.com", "aes128-ctr"),
    ),
    "ssh-audit, CIS",
)
MACS = Algorithms(
    "MACs",
    "mac",
    {"compatible": AUDITED_MACS, "strict": AUDITED_MACS, "cis": [("", (MAC512, MAC256))]},
    "ssh-audit's policy for the release; cis: what CIS lists",
)
ALGORITHMS = (USER_KEYS, CERTIFICATES, HOST_KEYS, KEX, CIPHERS, MACS)

# Their values are made in ssh.py.
OF_THE_NODE = ("HostKey", "ModuliFile", "PerSourcePenaltyExemptList")

SECTIONS: list[tuple[str, list[Row | Algorithms]]] = [
    (
        "Who gets in, and how.",
        [
            Row("AuthenticationMethods", "publickey", "ours: `any` would let PAM ask for a password again"),
            Row("PubkeyAuthentication", "yes", "ours: the only way in"),
            Row("PasswordAuthentication", "no", "dev-sec: what is not asked for cannot be guessed"),
            Row("KbdInteractiveAuthentication", "no", "dev-sec: the same under another name"),
            Row("GSSAPIAuthentication", "no", "CIS: there is no Kerberos here"),
            Row("PermitEmptyPasswords", "no", "CIS"),
            Row("HostbasedAuthentication", "no", "CIS"),
            Row("IgnoreRhosts", "yes", "CIS, lynis"),
            Row("PermitRootLogin", "no", "CIS, lynis"),
            Row("AllowGroups", ADMIN_GROUP, "CIS, lynis"),
            Row("UsePAM", "yes", "CIS: without it a locked password locks the account"),
            Row("StrictModes", "yes", "lynis"),
            USER_KEYS,
            Row("RequiredRSASize", str(RSA_USER_KEY_BITS), "ssh-audit: as strong as the rest", since="9.1"),
            CERTIFICATES,
        ],
    ),
    (
        "How often a stranger may try. A whole /64 is one source.",
        [
            Row("LoginGraceTime", "30", "CIS: at most 60"),
            Row("MaxAuthTries", {"compatible": "3", "strict": "3", "cis": "4"}, "lynis: at most 3; CIS: at most 4"),
            Row("MaxSessions", "10", "CIS: at most 10; Ansible needs more than the 2 of lynis"),
            Row("MaxStartups", "10:30:60", "CIS"),
            Row("PerSourceMaxStartups", "10", "ours: one source cannot take all of them"),
            Row("PerSourceNetBlockSize", "32:64", "ours: who has one IPv6 address has a /64"),
            Row("UnusedConnectionTimeout", "300", "ours: nobody holds a connection for nothing", since="9.2"),
            Row(
                "PerSourcePenalties",
                "crash:90 authfail:5 noauth:1 grace-exceeded:10 refuseconnection:10 max:600 min:15 "
                "max-sources4:65536 max-sources6:65536 overflow:permissive overflow6:permissive",
                "OpenSSH: its defaults, written down",
                since="9.9",
            ),
            Row(
                "PerSourcePenaltyExemptList", {}, "ours: `balancer_management_networks`, if there are any", since="9.9"
            ),
        ],
    ),
    (
        "Nothing but a session. All of them, because DisableForwarding alone missed some in the releases of today.",
        [
            Row("DisableForwarding", "yes", "CIS", jump="no"),
            Row("AllowTcpForwarding", "no", "lynis", jump="local"),
            Row("AllowAgentForwarding", "no", "lynis"),
            Row("AllowStreamLocalForwarding", "no", "ours"),
            Row("X11Forwarding", "no", "CIS, lynis"),
            Row("PermitTunnel", "no", "lynis"),
            Row("GatewayPorts", "no", "lynis"),
            Row("PermitUserEnvironment", "no", "CIS, lynis"),
            Row("PermitUserRC", "no", "ours: a login runs nothing of the account's"),
        ],
    ),
    (
        "Dead connections end; the log says with which key somebody came.",
        [
            Row("ClientAliveInterval", "60", "CIS"),
            Row("ClientAliveCountMax", {"compatible": "2", "strict": "2", "cis": "3"}, "lynis: 2; OpenSCAP's CIS: 3"),
            Row("TCPKeepAlive", "no", "lynis"),
            Row("Compression", "no", "lynis"),
            Row("UseDNS", "no", "lynis: a login does not wait for a name server"),
            Row("RekeyLimit", "536870912 3600", "ours: 512 MiB or an hour"),
            Row(
                "LogLevel",
                {"compatible": "VERBOSE", "strict": "VERBOSE", "cis": "INFO"},
                "lynis, dev-sec: VERBOSE; OpenSCAP's CIS: INFO",
            ),
            Row("Banner", {"cis": "/etc/issue.net"}, "CIS; the text of the file is yours"),
        ],
    ),
    (
        "What is spoken, as far as the server knows it.",
        [
            Row("HostKey", {}, f"ssh-audit: Ed25519, and RSA of {RSA_HOST_KEY_BITS} bits or more"),
            HOST_KEYS,
            KEX,
            Row("ModuliFile", {}, "ssh-audit: groups of 3072 bits or more, where group exchange is offered"),
            CIPHERS,
            MACS,
        ],
    ),
]
