# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of the SSH server's settings for every profile and OpenSSH, and whom it would lock out."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardened.balancer.plugins.plugin_utils._model import node as nodes
from ansible_collections.hardened.balancer.plugins.plugin_utils._model import plan as model
from ansible_collections.hardened.balancer.plugins.plugin_utils._model import ssh, ssh_settings
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.problems import Problems

from .test_model import INVENTORY, KEY, KEY_PRINT, NODE, RUN

VERSIONS = {"8.9": "ubuntu 22.04", "9.2": "debian 12", "9.6": "ubuntu 24.04", "10.0": "debian 13"}
PLAN: dict[str, t.Any] = {"ssh_profile": "compatible", "ssh_jump_host": False, "management_networks": []}
ED25519 = {"path": "/etc/ssh/ssh_host_ed25519_key", "type": "ED25519", "bits": 256}
ECDSA = {"path": "/etc/ssh/ssh_host_ecdsa_key", "type": "ECDSA", "bits": 256}
RSA = {"path": "/etc/ssh/ssh_host_rsa_key", "type": "RSA", "bits": 3072}
LARGE = {**RSA, "bits": 4096}
SNTRUP, ALIAS, MLKEM = "sntrup761x25519-sha512@openssh.com", "sntrup761x25519-sha512", "mlkem768x25519-sha256"
CURVES = ["curve25519-sha256", "curve25519-sha256@libssh.org"]
GROUP16, GROUP18 = "diffie-hellman-group16-sha512", "diffie-hellman-group18-sha512"
EXCHANGE = "diffie-hellman-group-exchange-sha256"
ETM256, ETM512, UMAC = "hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "umac-128-etm@openssh.com"
SAME_CIS = [SNTRUP, *CURVES, GROUP16, GROUP18, EXCHANGE]
# Key exchange of each profile; compatible is what ssh-audit's hardened policy for the release lists, in its order.
KEX = {
    "compatible": {
        "8.9": [SNTRUP, *CURVES, GROUP16, GROUP18, EXCHANGE],
        "9.2": [ALIAS, SNTRUP, *CURVES, GROUP16, GROUP18, EXCHANGE],
        "9.6": [SNTRUP, *CURVES, GROUP18, EXCHANGE, GROUP16],
        "10.0": [MLKEM, ALIAS, SNTRUP],
    },
    "strict": {"8.9": [SNTRUP], "9.2": [ALIAS, SNTRUP], "9.6": [SNTRUP], "10.0": [MLKEM, ALIAS, SNTRUP]},
    "cis": dict.fromkeys(VERSIONS, SAME_CIS),
}
MACS = {
    **{profile: {"8.9": [ETM256, ETM512, UMAC], "9.2": [ETM256, ETM512, UMAC]} for profile in ("compatible", "strict")},
    "cis": {key: [ETM512, ETM256] for key in VERSIONS},
}
for younger in ("9.6", "10.0"):
    for of_profile in ("compatible", "strict"):
        MACS[of_profile][younger] = [ETM512, ETM256, UMAC]
# What `ssh -Q kex` lists: Debian 12 has the alias since an update, which its version does not say.
KNOWN_KEX = {
    "8.9": [SNTRUP, *CURVES, GROUP16, GROUP18, EXCHANGE, "ecdh-sha2-nistp256"],
    "9.2": [ALIAS, SNTRUP, *CURVES, GROUP16, GROUP18, EXCHANGE, "ecdh-sha2-nistp256"],
    "9.6": [SNTRUP, *CURVES, GROUP16, GROUP18, EXCHANGE, "ecdh-sha2-nistp256"],
    "10.0": [MLKEM, ALIAS, SNTRUP, *CURVES, GROUP16, GROUP18, EXCHANGE, "ecdh-sha2-nistp256"],
}
KNOWN = {
    "cipher": " ".join(["aes128-cbc", *ssh_settings.CIPHERS.lists["strict"][0][1]]),
    "mac": " ".join(["hmac-md5", ETM256, ETM512, UMAC]),
    "key-sig": " ".join([*ssh_settings.ED25519, *ssh_settings.ECDSA, "ssh-rsa"]),
}
CASES = [(profile, version) for profile in ssh_settings.PROFILES for version in VERSIONS]


def node(version: str, *keys: dict[str, t.Any], kex: list[str] | None = None) -> dict[str, t.Any]:
    known = {**KNOWN, "kex": " ".join(KNOWN_KEX[version] if kex is None else kex)}
    distribution, release = VERSIONS[version].split()
    found = {"version": version, "known": known, "host_keys": list(keys or (ED25519, RSA))}
    return {"distribution": distribution, "release": release, "ssh": found}


def settled(of: dict[str, t.Any], **plan: t.Any) -> dict[str, t.Any]:
    problems = Problems()
    found = ssh.settle({**PLAN, **plan}, of, problems)
    assert problems == []
    return found


def lines_of(found: dict[str, t.Any]) -> list[str]:
    return [line for section in found["sections"] for line in section["lines"].splitlines()]


@pytest.mark.parametrize(("profile", "version"), CASES)
def test_algorithms_of_every_profile_and_version(profile: str, version: str) -> None:
    found = settled(node(version), ssh_profile=profile)
    assert found["settings"]["kexalgorithms"].split(",") == KEX[profile][version]
    assert found["settings"]["macs"].split(",") == MACS[profile][version]
    assert found["offered"] == {
        "kex": ",".join(KEX[profile][version]),
        "host_keys": found["settings"]["hostkeyalgorithms"],
        "ciphers": found["settings"]["ciphers"],
        "macs": ",".join(MACS[profile][version]),
    }


@pytest.mark.parametrize(("profile", "version"), CASES)
def test_settings_stand_where_the_version_has_them(profile: str, version: str) -> None:
    keywords = {line.split()[0] for line in lines_of(settled(node(version), ssh_profile=profile))}
    number = tuple(map(int, version.split(".")))
    assert ("RequiredRSASize" in keywords) == (number >= (9, 1))
    assert ("UnusedConnectionTimeout" in keywords) == (number >= (9, 2))
    assert ("PerSourcePenalties" in keywords) == (number >= (9, 9))
    assert "PerSourcePenaltyExemptList" not in keywords
    assert ("ModuliFile" in keywords) == (EXCHANGE in KEX[profile][version])
    assert ("Banner" in keywords) == (profile == "cis")


@pytest.mark.parametrize("profile", ssh_settings.PROFILES)
@pytest.mark.parametrize("jump", [False, True])
def test_every_profile_is_locked_down(profile: str, jump: bool) -> None:
    settings = settled(node("10.0"), ssh_profile=profile, ssh_jump_host=jump)["settings"]
    wanted = {
        "permitrootlogin": "no",
        "authenticationmethods": "publickey",
        "passwordauthentication": "no",
        "kbdinteractiveauthentication": "no",
        "allowgroups": "balancer-admins",
        "permittunnel": "no",
        "allowagentforwarding": "no",
        "x11forwarding": "no",
        "allowstreamlocalforwarding": "no",
        "allowtcpforwarding": "local" if jump else "no",
        "disableforwarding": "no" if jump else "yes",
    }
    assert {keyword: settings[keyword] for keyword in wanted} == wanted


def test_management_networks_are_never_penalised() -> None:
    networks = ["198.51.100.0/24", "2001:db8::/32"]
    found = settled(node("10.0"), management_networks=networks)
    assert found["settings"]["persourcepenaltyexemptlist"] == "198.51.100.0/24,2001:db8::/32"
    assert "persourcepenaltyexemptlist" not in settled(node("9.2"), management_networks=networks)["settings"]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_server_that_will_be_installed_is_known_by_its_release(version: str) -> None:
    distribution, release = VERSIONS[version].split()
    bare = {"distribution": distribution, "release": release, "ssh": {"version": None, "known": {}, "host_keys": []}}
    found = settled(bare)
    wanted = [name for name in KEX["compatible"][version] if version != "9.2" or name != ALIAS]
    assert (found["version"], found["settings"]["kexalgorithms"].split(",")) == (version, wanted)
    assert "HostKey /etc/ssh/ssh_host_ed25519_key" in lines_of(found)


def test_what_a_server_does_not_know_is_left_out() -> None:
    older = [name for name in KNOWN_KEX["9.2"] if name != ALIAS]
    assert settled(node("9.2", kex=older))["settings"]["kexalgorithms"].split(",") == KEX["compatible"]["8.9"]


def test_a_profile_of_which_the_server_knows_nothing_is_refused() -> None:
    problems = Problems()
    ssh.settle({**PLAN, "ssh_profile": "strict"}, node("9.2", kex=CURVES), problems)
    assert [str(problem) for problem in problems] == [
        "ssh_profile: holds 'strict', and the OpenSSH 9.2 of the node knows nothing of what it wants as KexAlgorithms: "
        "mlkem768x25519-sha256, sntrup761x25519-sha512, sntrup761x25519-sha512@openssh.com"
    ]


@pytest.mark.parametrize(
    ("keys", "lines", "left_out"),
    [
        (
            [RSA, ECDSA, ED25519],
            [ED25519],
            ["/etc/ssh/ssh_host_rsa_key (RSA, 3072 bits)", "/etc/ssh/ssh_host_ecdsa_key (ECDSA, 256 bits)"],
        ),
        ([LARGE, ED25519], [ED25519, LARGE], []),
        ([LARGE], [LARGE], []),
    ],
)
def test_host_keys_are_offered_or_left_out(
    keys: list[dict[str, t.Any]], lines: list[dict[str, t.Any]], left_out: list[str]
) -> None:
    found = settled(node("9.2", *keys))
    assert [line for line in lines_of(found) if line.startswith("HostKey ")] == [
        f"HostKey {key['path']}" for key in lines
    ]
    assert found["keys_left_out"] == left_out
    # A key that another file names as well is not offered either: nothing of its type is.
    algorithms = found["settings"]["hostkeyalgorithms"].split(",")
    assert ("rsa-sha2-512" in algorithms, "ssh-ed25519" in algorithms) == (LARGE in lines, ED25519 in lines)
    assert not [name for name in algorithms if "ecdsa" in name]


def test_a_node_without_a_key_to_offer_is_refused() -> None:
    problems = Problems()
    ssh.settle(PLAN, node("9.2", RSA, ECDSA), problems)
    assert [str(problem) for problem in problems] == [
        "node: has no host key that ssh_profile compatible offers: Ed25519, or RSA of 4096 bits or more "
        "(/etc/ssh/ssh_host_rsa_key (RSA, 3072 bits), /etc/ssh/ssh_host_ecdsa_key (ECDSA, 256 bits)); "
        "ssh-keygen -A on the node makes what is missing, no more"
    ]


SHORT = (
    "ssh-rsa "
    "AAAAB3NzaC1yc2EAAAADAQABAAABAQCqIPpbLKoxBAI0MxAfTp0RGgbHKi5+sLesl9FJe0Rt9UekNDzJ1iQZJK76l5CC/ADmDA8k"
    "Hz2XzJLlrtZStJ/UawojtJEwWGpRlrFY4YiCTlBjeffN282HtX4Zb8nhbENqJau2YEoNvhGWd9vvA4yNwFo93Ki2hGhXK20Vhkhn"
    "wEHYJmOH9Vgn4TtPi3KvhIv9dqj+0+3Gd4avB90B5p8F+dhnRg3Cy2shKojjQdLvCr2KcB1QmcNaZfDA5kcNNWR9rpiDFovZz/oC"
    "cPqy1OYTN0lEcyslnGrMInBqMxKnfIFBY2rmSVCVGvKORNe3Zy4WLPBNoO25ilEPXPz2ZDFJ"
)
ENOUGH = (
    "ssh-rsa "
    "AAAAB3NzaC1yc2EAAAADAQABAAABgQC4mHV88PicKzoLUmTXBHReDrOxKOv0Ko+JcksQE1vnnqXogRFZZ1wTwonDIO0irCb1pW2K"
    "EfHooUFSpoGF/AezKv+U72OoVgp956advRkgtaZUBbVKYLXKMJ4jvGAQqqpCPiekAvDZTMtiPDiU1G4w81Bk/3FCAAgKdpFNvYKb"
    "daI9XQHwiBBY0ql4g585FvtkrZitk2qKFMFvfD2CBlTVLOFa17FcqH9XugR5zhRiNHZyXaEqusDKOC6cg33dFzX+gnZaxRYxV7p+"
    "p+5OnKfHg8icxFEePzdyHKmcwJBwS8oyB72maLRaqvCE8DZWpfdqN/33ISh/99rUoonOaEqKdgXmLJ973jkbNzPQntC9Jd/j7GC0"
    "ddsFs+DjPA5sQYbVO9BszoBMLBihPtItxi7N6m5WkuFe1vgxrKOAdntSIXS9JE/Wms2rl483UxnLT2Y2jMOdXM6MfJyPVYJGYCH4"
    "jIja8OYy9TcvRcYKlzbXEBgracfsskIqrEmabq0c+50="
)
CURVE = (
    "ecdsa-sha2-nistp256 "
    "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBIosM9dHodFclKD+vhqvRUzupyFRJW7eCYgCxSksRdmbVxMi"
    "TKwiMoEgtxy5EZWxuHMlwpR73REHPvWUUm15+f4="
)
TOO_SHORT = "is an RSA key of 2048 bits, and the SSH server takes 3072 or more; make one with ssh-keygen -t ed25519"


def problems_of(
    version: str, administrators: list[dict[str, t.Any]], profile: str = "compatible", **more: t.Any
) -> list[str]:
    drafted, problems = model.draft({"balancer_administrators": administrators, "ssh_profile": profile}, INVENTORY)
    assert problems == []
    here = {**NODE, **node(version), "haproxy": {"version": "2.4.24", "candidate": None}, **more}
    return [str(problem) for problem in model.complete(drafted, here, RUN)[1]]


@pytest.mark.parametrize(
    ("version", "profile", "keys", "expected"),
    [
        ("9.2", "compatible", [KEY, ENOUGH, CURVE], []),
        ("8.9", "compatible", [KEY, SHORT], []),
        ("9.2", "compatible", [KEY, SHORT], [f"balancer_administrators[0].keys[1]: {TOO_SHORT}"]),
        (
            "9.2",
            "strict",
            [CURVE, KEY],
            [
                "balancer_administrators[0].keys[0]: is of type ecdsa-sha2-nistp256, which the SSH server does not "
                "take under ssh_profile strict; make one with ssh-keygen -t ed25519"
            ],
        ),
    ],
)
def test_keys_that_would_open_nothing(version: str, profile: str, keys: list[str], expected: list[str]) -> None:
    assert problems_of(version, [{"name": "ops", "keys": keys}], profile) == expected


def test_keys_on_the_node_that_would_open_nothing() -> None:
    users = {"ops": {"keys": [SHORT]}}
    assert problems_of("9.2", [{"name": "ops"}], users=users) == [
        "balancer_administrators[0].keys: is missing, and of the keys of ops on the node the server will take none: "
        f"the first {TOO_SHORT}"
    ]
    assert problems_of("9.2", [{"name": "ops"}], users={"ops": {"keys": [SHORT, KEY]}}) == []
    # Those of the inventory take their place.
    assert problems_of("9.2", [{"name": "ops", "keys": [KEY]}], users=users) == []


def test_the_key_of_this_run_that_will_not_be_taken() -> None:
    session: dict[str, t.Any] = {"user_keys": [KEY, SHORT], "key_fingerprint": "SHA256:none"}
    assert problems_of("9.2", [{"name": "ops", "keys": [KEY]}], **{**session, "key_fingerprint": KEY_PRINT}) == []
    short = nodes.fingerprint(SHORT)
    assert problems_of("9.2", [{"name": "ops", "keys": [KEY]}], **{**session, "key_fingerprint": short}) == [
        f"node: let this run in with a key of ops that will not be taken any more: it {TOO_SHORT}"
    ]
