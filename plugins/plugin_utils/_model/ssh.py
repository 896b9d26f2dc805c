# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SSH server of a node: the settings of its profile, filtered by what the node knows, and whom they let in."""

from __future__ import annotations

import typing as t

from . import node as nodes
from . import public_keys, releases, ssh_settings
from .catalogue import version
from .problems import Problems, show
from .ssh_settings import GROUP_EXCHANGE, RSA_HOST_KEY_BITS, RSA_USER_KEY_BITS, Algorithms, Row

DEFAULT_KEY = "/etc/ssh/ssh_host_ed25519_key"
BETTER = "make one with ssh-keygen -t ed25519"
Plan = dict[str, t.Any]
Node = dict[str, t.Any]


class Server(t.NamedTuple):
    """What is there: which OpenSSH, the algorithms that it knows by the word of `ssh -Q`, and its host keys.

    None where there is no server yet: the one that will be installed is then known by its release.
    """

    version: str
    known: dict[str, list[str]] | None
    host_keys: list[dict[str, t.Any]] | None

    def has(self, since: str) -> bool:
        return not since or version(self.version) >= version(since)

    def knows(self, query: str, name: str) -> bool:
        if self.known is None:
            return self.has(ssh_settings.YOUNGER.get(name, ""))
        return name in self.known[query]


def server_of(node: Node) -> Server:
    found = node.get("ssh") or {}
    if not found.get("version"):
        return Server(releases.OPENSSH.get(nodes.release(node), "8.9"), None, None)
    known = {query: names.split() for query, names in found["known"].items()}
    return Server(found["version"], known if all(known.values()) else None, found["host_keys"])


def settle(plan: Plan, node: Node, problems: Problems) -> dict[str, t.Any]:
    """The part of the plan that the role ssh prints and the proof asks for."""
    profile, server = plan["ssh_profile"] or ssh_settings.PROFILES[0], server_of(node)
    keys, left_out = _host_keys(server, profile, problems)
    chosen = {
        one.keyword: _algorithms(one, profile, server, keys, problems)
        for one in ssh_settings.ALGORITHMS
        if server.has(one.since)
    }
    special = {
        "HostKey": [key["path"] for key in keys],
        "ModuliFile": [ssh_settings.MODULI] if GROUP_EXCHANGE in chosen["KexAlgorithms"] else [],
        "PerSourcePenaltyExemptList": [",".join(plan["management_networks"])] if plan["management_networks"] else [],
        **{keyword: [",".join(names)] for keyword, names in chosen.items()},
    }
    sections = [
        (title, [line for row in rows for line in _lines(row, profile, bool(plan["ssh_jump_host"]), server, special)])
        for title, rows in ssh_settings.SECTIONS
    ]
    lines = [line for _title, found in sections for line in found]
    return {
        "profile": profile,
        "version": server.version,
        "sections": [{"title": title, "lines": "\n".join(map(" ".join, found))} for title, found in sections],
        # A host key that somebody else's file adds is no other answer: its type is not offered.
        "settings": {keyword.lower(): value for keyword, value in lines if keyword != "HostKey"},
        "offered": {word: ",".join(chosen[keyword]) for word, keyword in OFFERED.items()},
        "keys_left_out": left_out,
    }


# What the proof reads off the wire, and the setting behind it.
OFFERED = {"kex": "KexAlgorithms", "host_keys": "HostKeyAlgorithms", "ciphers": "Ciphers", "macs": "MACs"}


def _lines(
    row: Row | Algorithms, profile: str, jump: bool, server: Server, special: dict[str, list[str]]
) -> list[tuple[str, str]]:
    if not server.has(row.since):
        return []
    if row.keyword in special:
        return [(row.keyword, value) for value in special[row.keyword]]
    value = row.of(profile, jump) if isinstance(row, Row) else None
    return [(row.keyword, value)] if value is not None else []


def _algorithms(
    one: Algorithms, profile: str, server: Server, keys: list[dict[str, t.Any]], problems: Problems
) -> list[str]:
    newest = [names for since, names in one.lists[profile] if server.has(since)][-1]
    known = [name for name in newest if server.knows(one.query, name)]
    if one is ssh_settings.HOST_KEYS:
        kinds = {_kind(key["type"]) for key in keys}
        known = [name for name in known if _kind(name) in kinds]
    if not known and keys:
        problems.add(
            "ssh_profile",
            f"holds {show(profile)}, and the OpenSSH {server.version} of the node knows nothing of what it wants "
            f"as {one.keyword}: {', '.join(newest)}",
        )
    return known


def _kind(name: str) -> str:
    """rsa of ssh-rsa and of rsa-sha2-512, ed25519 of all that is built on it."""
    return next((kind for kind in ("ed25519", "rsa", "ecdsa") if kind in name.lower()), name)


def _host_keys(server: Server, profile: str, problems: Problems) -> tuple[list[dict[str, t.Any]], list[str]]:
    """Those that are offered, Ed25519 first, and in words those that are left out; none of them is touched."""
    if server.host_keys is None:
        return [{"path": DEFAULT_KEY, "type": "ED25519", "bits": 256}], []
    good = [key for key in server.host_keys if _is_offered(key)]
    left_out = [_named(key) for key in server.host_keys if not _is_offered(key)]
    if not good:
        problems.add(
            "node",
            f"has no host key that ssh_profile {profile} offers: Ed25519, or RSA of {RSA_HOST_KEY_BITS} bits or more "
            f"({', '.join(left_out) or 'none at all'}); ssh-keygen -A on the node makes what is missing, no more",
        )
    return sorted(good, key=lambda key: (_kind(key["type"]) != "ed25519", key["path"])), left_out


def _is_offered(key: dict[str, t.Any]) -> bool:
    kind = _kind(key["type"])
    return kind == "ed25519" or (kind == "rsa" and key["bits"] >= RSA_HOST_KEY_BITS)


def _named(key: dict[str, t.Any]) -> str:
    return f"{key['path']} ({key['type']}, {key['bits']} bits)"


def judge_keys(plan: Plan, node: Node, problems: Problems) -> None:
    """A key that the server will not take any more lets nobody in, whoever has it."""
    settings = plan["ssh"]["settings"]
    profile = plan["ssh"]["profile"]
    for i, administrator in enumerate(plan["administrators"]):
        path = f"balancer_administrators[{i}].keys"
        for j, key in enumerate(administrator["keys"]):
            if why := _refused(key, settings, profile):
                problems.add(f"{path}[{j}]", why)
        there = (node["users"].get(administrator["name"]) or {}).get("keys") or []
        if there and not administrator["keys"] and all(_refused(key, settings, profile) for key in there):
            problems.add(
                path,
                f"is missing, and of the keys of {administrator['name']} on the node the server will take none: "
                f"the first {_refused(there[0], settings, profile)}",
            )
    _judge_session(plan, node, problems)


def _judge_session(plan: Plan, node: Node, problems: Problems) -> None:
    """The key that this run came with has to open the next connection too."""
    came_with = [key for key in node["user_keys"] if nodes.fingerprint(key) == node["key_fingerprint"]]
    why = _refused(came_with[0], plan["ssh"]["settings"], plan["ssh"]["profile"]) if came_with else ""
    if why and not problems:
        problems.add("node", f"let this run in with a key of {node['user']} that will not be taken any more: it {why}")


def _refused(key: str, settings: dict[str, str], profile: str) -> str:
    """Why the server takes no such key; empty if it does."""
    kind = key.split()[0]
    accepted = settings["pubkeyacceptedalgorithms"].split(",")
    if kind not in accepted and not (kind == "ssh-rsa" and {"rsa-sha2-512", "rsa-sha2-256"} & set(accepted)):
        return f"is of type {kind}, which the SSH server does not take under ssh_profile {profile}; {BETTER}"
    if kind == "ssh-rsa" and "requiredrsasize" in settings and (bits := rsa_bits(key)) < RSA_USER_KEY_BITS:
        return f"is an RSA key of {bits} bits, and the SSH server takes {RSA_USER_KEY_BITS} or more; {BETTER}"
    return ""


def rsa_bits(key: str) -> int:
    """Of the modulus, the third field of the blob."""
    found = public_keys.fields(key.split()[1]) or []
    return int.from_bytes(found[2], "big").bit_length() if len(found) > 2 else 0
