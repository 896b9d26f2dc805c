# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which lines are a public key, whole: what sshd would pass over in silence is refused."""

from __future__ import annotations

import base64

import pytest

from ansible_collections.hardened.balancer.plugins.plugin_utils._model import public_keys

EDWARDS, MODULUS = b"\x05" * 32, b"\x00" + b"\xc5" * 128
EXPONENT = b"\x01\x00\x01"
WHOLE: dict[str, list[bytes]] = {
    "ssh-ed25519": [EDWARDS],
    "ssh-rsa": [EXPONENT, MODULUS],
    "ecdsa-sha2-nistp256": [b"nistp256", b"\x04" + b"\x05" * 64],
    "ecdsa-sha2-nistp384": [b"nistp384", b"\x04" + b"\x05" * 96],
    "ecdsa-sha2-nistp521": [b"nistp521", b"\x04" + b"\x05" * 132],
    "sk-ssh-ed25519@openssh.com": [EDWARDS, b"ssh:"],
    "sk-ecdsa-sha2-nistp256@openssh.com": [b"nistp256", b"\x04" + b"\x05" * 64, b"ssh:"],
}


def packed(*fields: bytes) -> bytes:
    return b"".join(len(field).to_bytes(4, "big") + field for field in fields)


def line(kind: str, *fields: bytes, inside: str = "", behind: bytes = b"") -> str:
    blob = packed((inside or kind).encode(), *fields) + behind
    return f"{kind} {base64.b64encode(blob).decode()}"


def test_every_type_has_an_example() -> None:
    assert set(WHOLE) == set(public_keys.FIELDS)


@pytest.mark.parametrize("kind", WHOLE)
def test_a_whole_key_is_one(kind: str) -> None:
    whole = line(kind, *WHOLE[kind])
    for text in (whole, f" {whole} ops@example.com \n", f"{whole} the second ssh-rsa of ours"):
        assert public_keys.is_one(text)


@pytest.mark.parametrize("kind", WHOLE)
def test_wherever_a_key_is_cut_off_it_is_none(kind: str) -> None:
    blob = packed(kind.encode(), *WHOLE[kind])
    for length in range(len(blob)):
        assert not public_keys.is_one(f"{kind} {base64.b64encode(blob[:length]).decode()}"), length


@pytest.mark.parametrize("kind", WHOLE)
def test_nothing_is_left_over(kind: str) -> None:
    assert not public_keys.is_one(line(kind, *WHOLE[kind], behind=b"\0"))
    assert not public_keys.is_one(line(kind, *WHOLE[kind], b"more"))
    assert not public_keys.is_one(line(kind, *WHOLE[kind][:-1]))


def test_the_name_inside_is_the_type() -> None:
    assert not public_keys.is_one(line("ssh-ed25519", EDWARDS, inside="ssh-ed25518"))
    assert not public_keys.is_one(line("ecdsa-sha2-nistp256", *WHOLE["ecdsa-sha2-nistp384"]))


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("ssh-ed25519", [EDWARDS[1:]]),
        ("ssh-rsa", [b"", MODULUS]),
        ("ssh-rsa", [b"\x00", MODULUS]),
        ("ssh-rsa", [b"\x80\x01", MODULUS]),
        ("ssh-rsa", [EXPONENT, MODULUS[1:]]),
        ("ssh-rsa", [EXPONENT, b"\x00" + b"\xc5" * 127]),
        ("ecdsa-sha2-nistp256", [b"nistp384", b"\x04" + b"\x05" * 64]),
        ("ecdsa-sha2-nistp256", [b"nistp256", b"\x02" + b"\x05" * 64]),
        ("ecdsa-sha2-nistp256", [b"nistp256", b"\x02" + b"\x05" * 32]),
        ("ecdsa-sha2-nistp256", [b"nistp256", b"\x04" + b"\x05" * 63]),
        ("ecdsa-sha2-nistp256", [b"nistp256", b"\x04" + b"\x05" * 96]),
        ("sk-ssh-ed25519@openssh.com", [EDWARDS, b""]),
    ],
)
def test_a_field_that_is_not_what_the_type_has(kind: str, fields: list[bytes]) -> None:
    assert not public_keys.is_one(line(kind, *fields))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ssh-ed25519",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5",
        "ssh-rsa AAAAB3NzaC1yc2E=",
        "ssh-ed25519 !!!!",
        f'from="198.51.100.0/24" {line("ssh-ed25519", EDWARDS)}',
        f"no-pty {line('ssh-ed25519', EDWARDS)}",
        line("ssh-dss", EDWARDS),
        f"{line('ssh-ed25519', EDWARDS)} ops {line('ssh-ed25519', EDWARDS)} eve",
        f"{line('ssh-ed25519', EDWARDS)} {line('ssh-rsa', *WHOLE['ssh-rsa'])}",
    ],
)
def test_a_line_that_is_no_key_or_more_than_one(text: str) -> None:
    assert not public_keys.is_one(text)
