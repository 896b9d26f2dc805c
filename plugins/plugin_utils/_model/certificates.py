# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates with their keys, and authorities: the files that they become, and whether those can be read.

No message shows what is in a key, and a certificate that holds one is refused: certificates stand in diffs.
"""

from __future__ import annotations

import re
import typing as t

from .content import Content
from .line import File
from .problems import Problems, suggest
from .secrets import IS_PLACEHOLDER
from .site import Site

CERTIFICATE = re.compile(r"^-----BEGIN (?:TRUSTED )?CERTIFICATE-----\s*$")
CERTIFICATE_END = re.compile(r"^-----END (?:TRUSTED )?CERTIFICATE-----\s*$")
KEY = re.compile(r"^-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s*$", re.MULTILINE)
KEY_END = re.compile(r"^-----END (?:[A-Z]+ )*PRIVATE KEY-----\s*$", re.MULTILINE)
ENCRYPTED = re.compile(r"^(?:-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED)", re.MULTILINE)
NO_KEY = "is no private key in PEM: a line -----BEGIN PRIVATE KEY----- and one -----END PRIVATE KEY----- are needed"
LOCKED = "is encrypted with a passphrase, which nobody could type when HAProxy starts; decrypt it and vault it instead"


def files(content: Content, problems: Problems) -> list[File]:
    """What lies in the tree; a certificate whose file is on the node lies there already."""
    found = []
    for entry in content["certificates"]:
        _check(entry, problems)
        if "file" not in entry:
            # What is missing was told; that the file is not there would follow from it.
            parts = [(entry.get(key) or "").strip() for key in ("certificate", "key")]
            found.append(File(_file_of(entry["name"]), "".join(f"{part}\n" for part in parts)))
    for entry in content["authorities"]:
        if ("certificates" in entry) == ("file" in entry) and not problems.below(entry["path"]):
            problems.add(entry["path"], "must have either certificates or file, one that is on the node")
        elif "certificates" in entry:
            given = entry["certificates"]
            _check_certificates(given, f"{entry['path']}.certificates", problems)
            found.append(File(_authority_of(entry["name"]), f"{(given or '').strip()}\n"))
    return found


def _file_of(name: str) -> str:
    return f"certs/{name}.pem"


def _authority_of(name: str) -> str:
    return f"ca/{name}.pem"


def path_of(name: str | None, site: Site, path: str, problems: Problems) -> str | None:
    """The word behind `crt` for a certificate that is named at `path`; None where there is none of the name."""
    if not name:
        return None
    if name not in site.certificates:
        problems.add(path, f"holds '{name}', no certificate has this name{_suggest(name, site.certificates)}")
        return None
    return certificate_file(name, site)


def certificate_file(name: str, site: Site) -> str:
    """Of the node, by its absolute path, or of the tree."""
    return str(site.certificates[name].get("file") or _file_of(name))


def authority_path(name: str | None, site: Site, path: str, problems: Problems) -> str | None:
    """The word behind `ca-file` for an authority that is named at `path`."""
    if not name:
        return None
    if name not in site.authorities:
        tail = suggest(name, site.authorities, "authorities (haproxy_authorities)")
        problems.add(path, f"holds '{name}', no authority has this name{tail}")
        return None
    return authority_file(name, site)


def authority_file(name: str, site: Site) -> str:
    return str(site.authorities[name].get("file") or _authority_of(name))


def _suggest(name: str, known: t.Collection[str]) -> str:
    return suggest(name, known, "certificates (haproxy_certificates)")


def _check(entry: dict[str, t.Any], problems: Problems) -> None:
    path = entry["path"]
    has_text = any(key in entry for key in ("certificate", "key"))
    if "file" in entry:
        if has_text:
            problems.add(path, "has both a file of the node and a certificate or key as text; give one of them")
        return
    if not has_text:
        problems.add(path, "has no certificate; give certificate and key, or a file of the node that holds both")
        return
    for key in ("certificate", "key"):
        if key not in entry:
            problems.add(f"{path}.{key}", "is missing: certificate and key belong together")
    _check_certificates(entry.get("certificate"), f"{path}.certificate", problems)
    check_key(entry.get("key"), f"{path}.key", problems)


def _check_certificates(pem: str | None, path: str, problems: Problems) -> None:
    if not pem or IS_PLACEHOLDER.fullmatch(pem.strip()):
        return
    if KEY.search(pem):
        problems.add(path, "holds a private key, which would be seen in diffs; only key is kept secret")
        return
    begins = sum(1 for line in pem.splitlines() if CERTIFICATE.match(line))
    ends = sum(1 for line in pem.splitlines() if CERTIFICATE_END.match(line))
    if not begins or begins != ends:
        problems.add(
            path,
            "is no certificate in PEM: each has a line -----BEGIN CERTIFICATE----- and one -----END CERTIFICATE-----",
        )


def check_key(pem: str | None, path: str, problems: Problems) -> None:
    """Of a placeholder nothing can be told here; whoever has the secret asks again."""
    if not pem or IS_PLACEHOLDER.fullmatch(pem.strip()):
        return
    if ENCRYPTED.search(pem):
        problems.add(path, LOCKED)
    elif not KEY.search(pem) or not KEY_END.search(pem):
        problems.add(path, NO_KEY)


def check_keys(variables: dict[str, t.Any], secrets: dict[str, str], problems: Problems) -> None:
    """The keys themselves, for those who have the secrets: `variables` as the model gets them, with placeholders."""
    for name, value in variables.items():
        entries = value if name == "haproxy_certificates" else None
        path = name
        if name.startswith("haproxy_site_") and isinstance(value, dict):
            entries, path = value.get("certificates"), f"{name}.certificates"
        for i, entry in enumerate(entries if isinstance(entries, list) else []):
            key = entry.get("key") if isinstance(entry, dict) else None
            match = IS_PLACEHOLDER.fullmatch(key.strip()) if isinstance(key, str) else None
            if match:
                check_key(secrets.get(match[0][len("@secret:") : -1]), f"{path}[{i}].key", problems)
