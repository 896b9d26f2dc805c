# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the unit of HAProxy may do beside what the model finds that it needs; the keys are systemd's names."""

from __future__ import annotations

import typing as t

from .. import sandbox
from ..shape import Shape

CAPABILITIES = (
    *("CAP_AUDIT_WRITE", "CAP_BLOCK_SUSPEND", "CAP_BPF", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH"),
    *("CAP_FOWNER", "CAP_FSETID", "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_LEASE"),
    *("CAP_LINUX_IMMUTABLE", "CAP_MKNOD", "CAP_NET_ADMIN", "CAP_NET_BROADCAST", "CAP_NET_RAW"),
    *("CAP_PERFMON", "CAP_SETFCAP", "CAP_SETPCAP", "CAP_SYSLOG", "CAP_SYS_ADMIN"),
    *("CAP_SYS_NICE", "CAP_SYS_PTRACE", "CAP_SYS_RESOURCE", "CAP_SYS_TIME"),
)
FAMILIES = ("AF_NETLINK", "AF_PACKET", "AF_VSOCK", "AF_ALG", "AF_KEY")


def _more(doc: str, others: tuple[str, ...], there: t.Iterable[str]) -> Shape:
    """What is there already is known too, so that nobody is told another name for it."""
    return Shape("list", doc, of=Shape("choice", choices=(*others, *there)))


def _off(doc: str) -> Shape:
    return Shape("bool", f"false: {doc}")


UNIT = Shape(
    "dict",
    "what HAProxy's sandbox lets through beside what the features in use need; a further one takes a restart",
    keys={
        "CapabilityBoundingSet": _more("further capabilities", CAPABILITIES, sandbox.CAPABILITIES),
        "RestrictAddressFamilies": _more("further kinds of sockets", FAMILIES, sandbox.FAMILIES),
        "ReadWritePaths": Shape("list", "directories that can be written to", of=Shape("unit_path")),
        "SystemCallFilter": Shape("list", "further system calls, or `@groups` of them", of=Shape("word")),
        "ProtectHome": Shape("choice", "the homes of people can be read, or written to", choices=("read-only", "no")),
        "PrivateTmp": _off("/tmp is everybody's"),
        "PrivateDevices": _off("devices can be opened"),
        "NoNewPrivileges": _off("programs that it starts may gain what it has not"),
        "RestrictNamespaces": _off("namespaces can be entered"),
        "RestrictRealtime": _off("it may take priority over everything"),
        "ProtectKernelTunables": _off("settings of the kernel can be changed"),
        "raw": Shape("list", "settings of the unit's section [Service] as systemd reads them", of=Shape("line")),
    },
    example={"CapabilityBoundingSet": ["CAP_DAC_READ_SEARCH"], "ReadWritePaths": ["/srv/haproxy"]},
)
