# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody else did to a balancer: what a dry run says about it, and what a run does."""

from __future__ import annotations

import typing as t


class Drift(t.NamedTuple):
    """`shows` stands in the output of `--check --diff`; `does` is how the run ends: mended, refused or left.

    A refusal says `shows`, and `helped` is what makes the next run succeed.
    """

    name: str
    done: str
    shows: str
    does: str = "mended"
    helped: str = ""


CONFIGURATION = "/etc/haproxy/haproxy.cfg"
TREE = 'cd -P /etc/haproxy; cd "$(dirname "$(readlink -f haproxy.cfg)")"'
OTHER = (
    f"sed -e 's/description hardened.balancer .*/description somebody else/' {CONFIGURATION} >/etc/haproxy/other.cfg"
)
ASK = (
    "import socket; s = socket.socket(1); s.connect('/run/haproxy/admin.sock'); s.sendall(b'%s\\n'); print(s.recv(999))"
)


def ask(command: str) -> str:
    return f'python3 -c "{ASK % command}"'


DRIFTS = [
    Drift("configuration edited", f"echo '# by hand' >>{CONFIGURATION}", r"-.*# by hand"),
    Drift(
        "configuration edited and reloaded",
        f"sed -i --follow-symlinks 's/timeout client .*/timeout client 77s/' {CONFIGURATION}; systemctl reload haproxy",
        r"-.*timeout client 77s",
    ),
    Drift("a file of the tree edited", f"{TREE}; echo more >>errors/503.http", r"503\.http"),
    Drift("a file of the tree deleted", f"{TREE}; rm errors/503.http", r"503\.http"),
    Drift("a file added to the tree", f"{TREE}; echo x >errors/599.http", r"599\.http"),
    Drift("tree given to somebody else", f"{TREE}; chown -R haproxy .; chmod -R a+rX .", "others may read or own it"),
    Drift("configuration deleted", f"rm {CONFIGURATION}", r"haproxy\.cfg"),
    Drift("tree deleted", f"{TREE}; rm -r /etc/haproxy/trees/*", r"haproxy\.cfg"),
    Drift(
        "configuration of somebody else in its place",
        f"{OTHER}; rm {CONFIGURATION}; mv /etc/haproxy/other.cfg {CONFIGURATION}",
        "neither the package nor we wrote",
        "refused",
        f"rm {CONFIGURATION}",
    ),
    Drift(
        "process started with another file, by the unit",
        f"{OTHER}; systemctl stop haproxy; mkdir -p /run/systemd/system/haproxy.service.d; "
        "printf '[Service]\\nEnvironment=CONFIG=/etc/haproxy/other.cfg\\n' "
        ">/run/systemd/system/haproxy.service.d/other.conf; systemctl daemon-reload; systemctl start haproxy",
        "what runs is|another file|other.cfg",
        "mended or refused",
        "rm -r /run/systemd/system/haproxy.service.d /etc/haproxy/other.cfg; systemctl daemon-reload",
    ),
    Drift(
        "process started with another file, by hand",
        f"{OTHER}; systemctl stop haproxy; haproxy -D -f /etc/haproxy/other.cfg -p /run/lab-haproxy.pid",
        r"HAProxy does not run|beside haproxy\.service",
        "mended or refused",
        "kill $(cat /run/lab-haproxy.pid); sleep 1; rm /etc/haproxy/other.cfg",
    ),
    Drift(
        "another file reloaded, the link put back",
        f"{OTHER}; cp -P {CONFIGURATION} /var/tmp/link.lab; ln -sfn /etc/haproxy/other.cfg {CONFIGURATION}; "
        f"systemctl reload haproxy; sleep 2; cp -Pf --remove-destination /var/tmp/link.lab {CONFIGURATION}; "
        "rm /var/tmp/link.lab /etc/haproxy/other.cfg",
        "what runs is",
    ),
    Drift("HAProxy stopped", "systemctl stop haproxy", "does not run"),
    Drift("unit disabled", "systemctl disable -q haproxy", "Start HAProxy at boot"),
    Drift(
        "unit masked",
        "systemctl mask -q haproxy",
        r"haproxy\.service masked",
        "mended or refused",
        "systemctl unmask -q haproxy",
    ),
    Drift(
        "unit masked and stopped",
        "systemctl mask -q --now haproxy",
        r"haproxy\.service masked",
        "mended or refused",
        "systemctl unmask -q haproxy",
    ),
    Drift(
        "drop-in of the unit edited",
        "echo '# by hand' >>/etc/systemd/system/haproxy.service.d/hardened-balancer.conf",
        r"-.*# by hand",
    ),
    Drift(
        "drop-in of the unit deleted",
        "rm /etc/systemd/system/haproxy.service.d/hardened-balancer.conf; systemctl daemon-reload",
        "LimitNOFILE",
    ),
    Drift(
        "firewall emptied", "nft delete table inet hardened_balancer", "firewall: the files were right but not in force"
    ),
    Drift("weight changed at run time", ask("set weight web_workers/worker1 50%"), "has the weight"),
    Drift("worker drained at run time", ask("set server web_workers/worker1 state drain"), "", "left"),
    Drift(
        "package removed",
        "DEBIAN_FRONTEND=noninteractive apt-get -qq remove -y haproxy >/dev/null 2>&1",
        "would be installed: haproxy",
    ),
    Drift(
        "package purged",
        "DEBIAN_FRONTEND=noninteractive apt-get -qq purge -y haproxy >/dev/null 2>&1",
        "would be installed: haproxy",
    ),
]
