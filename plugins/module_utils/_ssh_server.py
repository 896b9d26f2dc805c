# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SSH server of a node: its version, the algorithms that it knows, and its host keys.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.hardened.balancer.plugins.module_utils import _packages, _programs

# The client knows what the server does: both are one source package, of one version.
KINDS = ("kex", "cipher", "mac", "key-sig")
QUESTIONS = {f"ssh -Q {kind}": ["ssh", "-Q", kind] for kind in KINDS}
KEYS = tuple(f"/etc/ssh/ssh_host_{kind}_key" for kind in ("ed25519", "rsa", "ecdsa"))
# 3072 SHA256:... root@host (RSA)
KEY = re.compile(r"^(\d+) \S+ .*\((\S+)\)$", re.MULTILINE)


def describe(package: str | None, said: t.Mapping[str, _programs.Answer]) -> dict[str, t.Any]:
    """As text: Ansible touches each element of what is registered."""
    found = re.match(r"\d+\.\d+", _packages.upstream(package) or "")
    return {
        "version": found[0] if found else None,
        "known": {kind: " ".join(said[question].out.split()) for kind, question in zip(KINDS, QUESTIONS)},
        "host_keys": host_keys(said["sshd"].out) if found else [],
    }


def host_keys(settings: str, run: t.Callable[[t.Any], dict[str, _programs.Answer]] = _programs.run_all) -> list[t.Any]:
    """Those that sshd is told to use; where that is none but the usual ones, all of these that exist.

    Our own lines name fewer than there are, and a better one may have been made since.
    """
    named = dict.fromkeys(re.findall(r"^hostkey (.+)$", settings, re.MULTILINE))
    paths = list(dict.fromkeys([*named, *KEYS])) if named.keys() <= set(KEYS) else list(named)
    said = run({path: ["ssh-keygen", "-l", "-f", path] for path in paths})
    read = {path: KEY.search(answer.out) for path, answer in said.items() if answer.rc == 0}
    return [{"path": path, "type": found[2], "bits": int(found[1])} for path, found in read.items() if found]
