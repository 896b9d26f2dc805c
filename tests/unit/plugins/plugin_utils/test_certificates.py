# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates and authorities: what they become, and that no message shows a key."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardened.balancer.plugins.plugin_utils._model import certificates
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.problems import Problems

CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN PRIVATE KEY-----\nhidden\n-----END PRIVATE KEY-----\n"
PLACE = "@secret:haproxy_certificates[0].key@"


def files(
    certificate: dict[str, t.Any] | None = None, authority: dict[str, t.Any] | None = None
) -> tuple[list[tuple[str, str]], list[str]]:
    problems = Problems()
    content: dict[str, list[dict[str, t.Any]]] = {
        "certificates": [{"name": "a", "path": "c[0]", **certificate}] if certificate else [],
        "authorities": [{"name": "staff", "path": "a[0]", **authority}] if authority else [],
    }
    found = [(file.path, file.content) for file in certificates.files(content, problems)]
    return found, [str(p) for p in problems]


def test_the_key_is_a_placeholder_behind_the_chain() -> None:
    found = files({"certificate": CERTIFICATE * 2, "key": PLACE}, {"certificates": CERTIFICATE + "\n"})
    assert found == ([("certs/a.pem", f"{CERTIFICATE * 2}{PLACE}\n"), ("ca/staff.pem", CERTIFICATE)], [])


def test_a_file_of_the_node_is_left_there() -> None:
    assert files({"file": "/etc/ssl/a.pem"}) == ([], [])


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({}, "c[0]: has no certificate; give certificate and key, or a file of the node that holds both"),
        ({"certificate": CERTIFICATE}, "c[0].key: is missing: certificate and key belong together"),
        ({"key": PLACE}, "c[0].certificate: is missing: certificate and key belong together"),
        (
            {"file": "/x", "certificate": CERTIFICATE},
            "c[0]: has both a file of the node and a certificate or key as text; give one of them",
        ),
        (
            {"certificate": CERTIFICATE + KEY, "key": PLACE},
            "c[0].certificate: holds a private key, which would be seen in diffs; only key is kept secret",
        ),
        (
            {"certificate": "MIIB", "key": PLACE},
            "c[0].certificate: is no certificate in PEM: each has a line -----BEGIN CERTIFICATE----- "
            "and one -----END CERTIFICATE-----",
        ),
        (
            {"certificate": CERTIFICATE.replace("END", "EMD"), "key": PLACE},
            "c[0].certificate: is no certificate in PEM: each has a line -----BEGIN CERTIFICATE----- "
            "and one -----END CERTIFICATE-----",
        ),
    ],
)
def test_what_is_refused(entry: dict[str, t.Any], expected: str) -> None:
    assert files({"x": None, **entry})[1] == [expected]


@pytest.mark.parametrize("entry", [{"certificate": None, "key": None}, {"file": None}])
def test_what_is_broken_was_told_already(entry: dict[str, t.Any]) -> None:
    assert files(entry)[1] == []


def test_an_authority_that_is_none() -> None:
    assert (
        "a[0].certificates: is no certificate in PEM"
        in files(None, {"certificates": KEY.replace("PRIVATE ", "")})[1][0]
    )
    assert "holds a private key" in files(None, {"certificates": KEY})[1][0]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (KEY, ""),
        (KEY.replace("PRIVATE", "EC PRIVATE"), ""),
        (KEY.replace("\n", "\r\n"), ""),
        (CERTIFICATE, "is no private key in PEM"),
        ("hidden", "is no private key in PEM"),
        (KEY.replace("END", "EMD"), "is no private key in PEM"),
        (KEY.replace("PRIVATE", "ENCRYPTED PRIVATE"), "is encrypted with a passphrase"),
        (KEY.replace("\nhidden", "\nProc-Type: 4,ENCRYPTED\nhidden"), "is encrypted with a passphrase"),
    ],
)
def test_the_key_itself_is_checked_where_it_is_known(key: str, expected: str) -> None:
    entry = {"name": "a", "certificate": CERTIFICATE, "key": PLACE}
    variables = {
        "haproxy_certificates": [entry, None, {"name": "b", "key": 3}],
        "haproxy_site_shop": {"certificates": [{**entry, "key": "@secret:k@"}]},
        "haproxy_site_other": None,
        "haproxy_frontends": [{"key": "@secret:k@"}],
    }
    problems = Problems()
    certificates.check_keys(variables, {PLACE[8:-1]: key, "k": key}, problems)
    paths = ["haproxy_certificates[0].key", "haproxy_site_shop.certificates[0].key"]
    assert [(p.path, p.text[: len(expected)]) for p in problems] == [(path, expected) for path in paths if expected]
    assert not any("hidden" in str(p) for p in problems)
