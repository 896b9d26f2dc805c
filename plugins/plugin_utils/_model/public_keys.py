# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Public keys as OpenSSH writes them: each has the fields of its type, whole, and nothing behind them.

sshd says nothing of a key that was cut off where it was copied: it passes over the line.
"""

from __future__ import annotations

import base64
import re
import typing as t

# As authorized_keys has it: what stands in front of the type are options, what stands behind the data is a comment.
LINE = re.compile(r"(?P<type>\S+)[ \t]+(?P<data>\S+)(?:[ \t]+(?P<comment>.*))?")
# OpenSSH reads no RSA key that is shorter.
RSA_LEAST_BYTES = 1024 // 8


def _mpint(field: bytes) -> bool:
    """A number above zero (RFC 4251)."""
    return bool(field) and field[0] < 0x80 and any(field)


def _modulus(field: bytes) -> bool:
    return _mpint(field) and len(field.lstrip(b"\0")) >= RSA_LEAST_BYTES


def _of_ed25519(field: bytes) -> bool:
    return len(field) == 32


def _any(field: bytes) -> bool:
    return bool(field)


def _named(name: bytes) -> t.Callable[[bytes], bool]:
    return lambda field: field == name


def _point(size: int) -> t.Callable[[bytes], bool]:
    """Both coordinates: OpenSSH takes no compressed ones."""
    return lambda field: len(field) == 1 + 2 * size and field[0] == 4


# What follows the name of the type in the blob (RFC 4253, 5656, 8709; OpenSSH's PROTOCOL.u2f).
FIELDS: dict[str, tuple[t.Callable[[bytes], bool], ...]] = {
    "ssh-ed25519": (_of_ed25519,),
    "ssh-rsa": (_mpint, _modulus),
    "ecdsa-sha2-nistp256": (_named(b"nistp256"), _point(32)),
    "ecdsa-sha2-nistp384": (_named(b"nistp384"), _point(48)),
    "ecdsa-sha2-nistp521": (_named(b"nistp521"), _point(66)),
    "sk-ssh-ed25519@openssh.com": (_of_ed25519, _any),
    "sk-ecdsa-sha2-nistp256@openssh.com": (_named(b"nistp256"), _point(32), _any),
}
# Every blob begins so: the length of a short name.
ANOTHER = re.compile(rf"(?:^|\s)(?:{'|'.join(map(re.escape, FIELDS))})\s+AAAA")


def fields(data: str) -> list[bytes] | None:
    """Of the blob, in base64; None where it is none, or does not end with its last field."""
    try:
        blob = base64.b64decode(data, validate=True)
    except ValueError:
        return None
    found = []
    while blob:
        length = int.from_bytes(blob[:4], "big")
        if len(blob) < 4 + length:
            return None
        found.append(blob[4 : 4 + length])
        blob = blob[4 + length :]
    return found


def is_one(line: str) -> bool:
    """One key, whole: a second one in the same line would be the comment of the first."""
    match = LINE.fullmatch(line.strip())
    if not match or match["type"] not in FIELDS or ANOTHER.search(match["comment"] or ""):
        return False
    found = fields(match["data"])
    expected = (_named(match["type"].encode()), *FIELDS[match["type"]])
    return found is not None and len(found) == len(expected) and all(fits(one) for fits, one in zip(expected, found))
