# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the SSH client of the controller and the server to be have an algorithm of each kind in common."""

from __future__ import annotations

import typing as t

from .problems import Problems

# By the word of the plan: what it is called, and the client's setting.
KINDS = {
    "kex": ("key exchange", "kexalgorithms"),
    "host_keys": ("host key type", "hostkeyalgorithms"),
    "ciphers": ("cipher", "ciphers"),
    "macs": ("MAC", "macs"),
}


def settings(printed: str) -> dict[str, list[str]]:
    """What `ssh -G` prints of the lists that matter."""
    wanted = {setting for _name, setting in KINDS.values()}
    lines = (line.partition(" ") for line in printed.splitlines())
    return {name: value.strip().split(",") for name, _blank, value in lines if name in wanted}


def judge(offered: t.Mapping[str, str], client: t.Mapping[str, list[str]], problems: Problems) -> None:
    """Ciphers that protect their own messages need no MAC, so both sides do without one if they share such a cipher."""
    for word, (name, setting) in KINDS.items():
        names = offered.get(word, "").split(",")
        ours = client.get(setting)
        if ours is None or not offered.get(word) or set(names) & set(ours):
            continue
        if word == "macs" and _needs_no_mac(offered.get("ciphers", ""), client.get("ciphers", [])):
            continue
        problems.add(
            "ssh_profile",
            f"leads to no {name} that the SSH client of this controller knows: the server of the node will offer "
            f"{', '.join(names)}, the client has {', '.join(ours)}; take a newer client or another profile, or look "
            "at the client's configuration (ssh -G HOST)",
        )


def _needs_no_mac(offered: str, ours: list[str]) -> bool:
    shared = set(offered.split(",")) & set(ours)
    return bool(shared) and all("gcm" in cipher or "poly1305" in cipher for cipher in shared)
