# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines of a backend that say where its requests go: what all servers share, then each, then those of DNS."""

from __future__ import annotations

import posixpath
import re
import typing as t

from . import certificates, hardened
from .line import Line
from .problems import Problems, show, suggest
from .scalars import is_address
from .section import parameters
from .site import Site
from .words import host
from .workers import check_templates

Backend = dict[str, t.Any]
HASHES = ("source", "uri", "url_param", "hdr", "hash", "rdp-cookie")
# Modes of a backend's cookie in which HAProxy itself writes the server's value.
WRITTEN_COOKIE = {"rewrite", "insert", "prefix"}
# What a server's own words say of the name in its certificate, or that there is none to be verified.
OF_NAME = re.compile(r"(?:^|\s)(?:sni|verifyhost|no-ssl|verify\s+none)(?:\s|$)")
BESIDE_TLS = ("ssl", "verify", "ca_file", "alpn", "check_alpn")
SYSTEM_AUTHORITIES = "@system-ca"
# Of status codes HAProxy itself knows which it takes: versions differ.
RETRY_ON = (
    *("none", "conn-failure", "empty-response", "junk-response", "response-timeout", "0rtt-rejected"),
    "all-retryable-errors",
)


def lines(
    backend: Backend, check_words: str, site: Site, problems: Problems, defaults: Backend | None = None
) -> list[Line]:
    """`check_words`: what checks.lines() gave; `defaults`: those that the section is made from."""
    path = backend["path"]
    check_templates(backend, path, problems)
    _check_retry_on(backend, problems)
    cookies = _writes_cookies(backend, defaults or {}, problems)
    checked = ["check"] if backend.get("check") is not False else []
    result = _shared(backend, check_words, site, problems)
    named = _name_of_each(backend, problems)
    for server in backend.get("servers") or []:
        if cookies and not server.get("cookie"):
            server = {**server, "cookie": [server["name"]]}
        result.append(Line(_server(server, checked, named(server["address"])), server["origin"]))
    for i, template in enumerate(backend.get("server_templates") or []):
        if template and template.get("prefix") and template.get("count") and template.get("dns_name"):
            words = _template(template, checked, named(template["dns_name"]))
            result.append(Line(words, f"{path}.server_templates[{i}]"))
    return result


def _server(server: dict[str, t.Any], checked: list[str], tls: list[str]) -> str:
    words = ["server", server["name"], f"{host(server['address'])}:{server['port']}", *checked, f"id {server['id']}"]
    words += [f"{key} {server[key]}" for key in ("weight", "maxconn") if server.get(key) is not None]
    words += [key for key in ("backup", "disabled") if server.get(key)]
    # A name that HAProxy asks for while it runs stops no start.
    words += ["init-addr none"] if server.get("resolvers") and not server.get("init_addr") else []
    return " ".join([*words, *tls, *parameters(server, "server")])


def _template(template: dict[str, t.Any], checked: list[str], tls: list[str]) -> str:
    port = f":{template['port']}" if template.get("port") else ""
    words = ["server-template", template["prefix"], str(template["count"]), f"{template['dns_name']}{port}", *checked]
    if template.get("resolvers"):
        words.append(f"resolvers {template['resolvers']}")
    # DNS is asked while HAProxy runs: a name that is not there yet stops no start.
    words += ["init-addr none"] if not template.get("init_addr") else []
    words += [f"{key} {template[key]}" for key in ("weight", "maxconn") if template.get(key) is not None]
    words += ["backup"] if template.get("backup") else []
    others = {key: value for key, value in template.items() if key != "resolvers"}
    return " ".join([*words, *tls, *parameters(others, "server")])


def _shared(backend: Backend, check_words: str, site: Site, problems: Problems) -> list[Line]:
    """A line for each of the keys that all servers take something from: HAProxy adds them up."""
    path, given = backend["path"], backend.get("default_server") or {}
    own = [f"{key} {given[key]}" for key in ("weight", "maxconn") if given.get(key) is not None]
    own += ["init-addr none"] if given.get("resolvers") and not given.get("init_addr") else []
    own += parameters(given, "server")
    found = [("check", check_words), ("tls", _tls(backend, site, problems)), ("default_server", " ".join(own))]
    return [Line(f"default-server {words}", f"{path}.{key}") for key, words in found if words]


def _tls(backend: Backend, site: Site, problems: Problems) -> str:
    if not backend.get("tls"):
        return ""
    path, given = f"{backend['path']}.tls", _tls_given(backend)
    _refuse_beside(backend, problems)
    words = ["ssl"]
    if given.get("verify") is False:
        words.append("verify none")
    else:
        words += ["verify required", *([] if given.get("authority") else [f"ca-file {SYSTEM_AUTHORITIES}"])]
    if _exists(given, "authority", site.authorities, "authorities", path, problems):
        words.append(f"ca-file {certificates.authority_file(given['authority'], site)}")
    if given.get("sni"):
        # HAProxy verifies the name that it sends; checks send none by themselves.
        words.append(f"sni {given['sni']}")
        words += [f"check-sni {given['name']} verifyhost {given['name']}"] if given.get("name") else []
    elif given.get("name"):
        words.append(_sni(given["name"]))
    if _exists(given, "certificate", site.certificates, "certificates", path, problems):
        name = given["certificate"]
        # 2.6 loads it when `default-path` does not hold any more.
        words.append(f"crt {posixpath.join(hardened.TREE, certificates.certificate_file(name, site))}")
    alpn = ",".join(protocol for protocol in given.get("alpn") or [] if protocol)
    if alpn:
        words += [f"alpn {alpn}", f"check-alpn {alpn}"]
    return " ".join(words)


def _refuse_beside(backend: Backend, problems: Problems) -> None:
    """What is said of TLS in two places: the later one would win without a word."""
    places = [(f"{backend['path']}.default_server", backend.get("default_server") or {})]
    places += [(server["path"], server) for server in backend.get("servers") or []]
    for place, given in places:
        for key in BESIDE_TLS:
            if given.get(key):
                problems.add(
                    f"{place}.{key}", "stands beside tls of the backend, which says the same; write it in one place"
                )
        raw = (given.get("raw") or "").split()
        if "verify" in raw:
            problems.add(
                f"{place}.raw", "stands beside tls of the backend, and would end its verification; write verify there"
            )


def _tls_given(backend: Backend) -> dict[str, t.Any]:
    return backend["tls"] if isinstance(backend["tls"], dict) else {}


def _exists(
    given: dict[str, t.Any], key: str, known: t.Collection[str], plural: str, path: str, problems: Problems
) -> bool:
    name = given.get(key)
    if name and name not in known:
        problems.add(f"{path}.{key}", f"holds {show(name)}, no {key} has this name{suggest(name, known, plural)}")
    return bool(name) and name in known


def _sni(name: str) -> str:
    return f"sni str({name}) check-sni {name}"


def _name_of_each(backend: Backend, problems: Problems) -> t.Callable[[str], list[str]]:
    """What each server's line says of its name: with the system's authorities a chain alone proves nothing."""
    if not backend.get("tls"):
        return lambda address: []
    given = _tls_given(backend)
    if given.get("verify") is False or any(key in given for key in ("name", "sni", "authority")):
        return lambda address: []
    shared = parameters(backend.get("default_server") or {}, "server")
    if not OF_NAME.search(" ".join(shared)):
        if not problems.below(f"{backend['path']}.tls"):
            _refuse_nameless(backend, problems)
        return lambda address: [] if is_address(address) or address.startswith("_") else [_sni(address)]
    return lambda address: []


def _refuse_nameless(backend: Backend, problems: Problems) -> None:
    everyone = [(server["address"], server) for server in backend.get("servers") or []]
    everyone += [(one["dns_name"], one) for one in backend.get("server_templates") or [] if one and one.get("dns_name")]
    for address, server in everyone:
        if is_address(address) or address.startswith("_"):
            if OF_NAME.search(" ".join(parameters(server, "server"))):
                continue
            what = "an address" if is_address(address) else "a service"
            problems.add(
                f"{backend['path']}.tls",
                f"has no name to verify: {address} is {what}, and the system's authorities vouch for every site there "
                "is; give name, or an authority of your own",
            )
            return


def _writes_cookies(backend: Backend, defaults: Backend, problems: Problems) -> bool:
    """Whether every server has a value in the backend's cookie; HAProxy makes those of a dynamic one itself."""
    if backend.get("mode") == "tcp":
        return False
    given = backend.get("cookie") or defaults.get("cookie")
    words = str(given[0] if isinstance(given, list) and given else given or "").split()
    servers = backend.get("servers") or []
    if not words:
        for server in servers:
            if server.get("cookie"):
                problems.add(f"{server['path']}.cookie", "is read by nobody: the backend has no cookie")
    if "dynamic" in words or not WRITTEN_COOKIE & set(words[1:]):
        return False
    for i, template in enumerate(backend.get("server_templates") or []):
        if template:
            problems.add(
                f"{backend['path']}.server_templates[{i}]",
                "brings servers that have no value in the backend's cookie; add the word dynamic to cookie, and "
                "dynamic_cookie_key",
            )
    return True


def _check_retry_on(backend: Backend, problems: Problems) -> None:
    given = backend.get("retry_on")
    words = str(given[0] if isinstance(given, list) and given else given or "").split()
    for word in words:
        if word not in RETRY_ON and not re.fullmatch(r"[45][0-9]{2}", word):
            problems.add(
                f"{backend['path']}.retry_on",
                f"holds {show(word)}, which is neither a status nor one of HAProxy's words{suggest(word, RETRY_ON)}",
            )


def hash_type(backend: Backend, defaults: Backend | None = None) -> list[Line]:
    """Ours for algorithms that hash, where neither the backend nor its defaults say one."""
    algorithm = re.split(r"[\s(]", backend.get("balance") or "")[0]
    if algorithm not in HASHES or backend.get("hash_type") or (defaults or {}).get("hash_type"):
        return []
    return [Line(f"hash-type {hardened.HASH_TYPE[0]}", f"{backend['path']}.balance")]
