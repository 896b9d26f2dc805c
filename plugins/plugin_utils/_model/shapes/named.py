# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sections beside the proxies, and the files that lie in the tree."""

from __future__ import annotations

from ..shape import Shape, one_or_list
from .parts import PORT, RAW_LINES, named

USERLIST = Shape(
    "dict",
    keys={
        "name": Shape("name", "name of the list", required=True),
        "groups": Shape("list", "names of groups, which users name", of=Shape("name")),
        "users": Shape(
            "list",
            "who is in it",
            required=True,
            of=Shape(
                "dict",
                keys={
                    "name": Shape("word", "name of the user", required=True),
                    "password": Shape("text", "hash of the password, as crypt(3) makes it", secret=True),
                    "insecure_password": Shape("text", "the password itself", secret=True),
                    "groups": one_or_list(Shape("name"), "groups that the user is in", low=1),
                },
            ),
        ),
    },
)

PEERS = Shape(
    "dict",
    "balancers that share their stick tables",
    keywords="peers",
    keys={
        "name": Shape("name", "name of the section", required=True),
        "group": Shape("word", "inventory group of these balancers, this one among them", default="balancers"),
        "port": Shape(
            "int", "port that each listens on for the others; the firewall opens it to them only", required=True, **PORT
        ),
        "address_variable": Shape("word", "host variable that holds the address; else `ansible_host`, else the name"),
        "raw": RAW_LINES,
    },
)

CERTIFICATE = Shape(
    "dict",
    "a certificate with its key, as text or as a file that is on the node",
    keys={
        "name": Shape("filename", "name, for binds and backends", required=True),
        "certificate": Shape("content", "the chain in PEM, the own certificate first"),
        "key": Shape("content", "the private key in PEM", secret=True),
        "file": Shape("path", "a file of the node that holds chain and key, instead of both"),
    },
)

AUTHORITY = Shape(
    "dict",
    "authorities that certificates are verified with",
    keys={
        "name": Shape("filename", "name, for binds and backends", required=True),
        "certificates": Shape("content", "one or more certificates in PEM"),
        "file": Shape("path", "a file of the node that holds them, instead"),
    },
)

MAP = Shape(
    "dict",
    "values by key, looked up in `maps/NAME.map`",
    keys={
        "name": Shape("filename", "name; the file is `maps/NAME.map`", required=True),
        "entries": Shape("entries", "a mapping of keys to values, or a list of [key, value] in order", required=True),
    },
)

PATTERNS = Shape(
    "dict",
    "values to compare with, read from `patterns/NAME.lst`",
    keys={
        "name": Shape("filename", "name; the file is `patterns/NAME.lst`", required=True),
        "values": Shape("list", "the values, one a line", of=Shape("text"), required=True),
    },
)

FILE = Shape(
    "dict",
    "a file of the tree, named in the configuration by its path",
    keys={
        "path": Shape("tree_path", "path in the tree, like `spoe/engine.conf`", required=True),
        "content": Shape("content", "its text", required=True),
    },
)

LUA = Shape(
    "dict",
    "a Lua file, loaded at the start",
    keys={
        "name": Shape("filename", "name; the file is `lua/NAME.lua`", required=True),
        "content": Shape("content", "its text", required=True),
        "per_thread": Shape("bool", "loaded once for each thread", default=False),
    },
)

HTTP_ERRORS = Shape(
    "dict",
    "error pages by status, for `errorfiles`",
    keywords="http-errors",
    keys={
        "name": Shape("name", "name of the section", required=True),
        "pages": Shape("map", "pages as HTML, by status", of=Shape("content")),
        "raw": RAW_LINES,
    },
)

RESOLVERS = named(
    "resolvers",
    "name servers that HAProxy asks while it runs",
    nameservers=Shape(
        "list",
        "name servers",
        of=Shape(
            "dict",
            keys={
                "name": Shape("name", "name", required=True),
                "address": Shape("host", "IPv4 or IPv6 address", required=True),
                "port": Shape("int", "port", default=53, **PORT),
            },
        ),
    ),
)

RAW_SECTION = Shape(
    "dict",
    "a whole section as HAProxy reads it",
    keys={
        "title": Shape("line", "its first line, like `ring logs`", required=True),
        "lines": Shape("list", "its other lines", of=Shape("line"), required=True),
    },
)

MONITORING_KEYS = {
    "port": Shape("int", "port", required=True, **PORT),
    "address": one_or_list(Shape("bind_address"), "address or addresses; loopback if left out", low=1),
    "networks": one_or_list(Shape("network"), "who may ask; required where the address is not loopback", low=1),
    "userlist": Shape("name", "one of haproxy_userlists, asked for a name and a password"),
    "certificates": one_or_list(Shape("name"), "names of haproxy_certificates: by TLS only", low=1),
}
STATS = Shape(
    "dict",
    "the statistics page",
    keys={
        **MONITORING_KEYS,
        "uri": Shape("url_path", "path of the page", default="/"),
        "refresh": Shape("time", "how often the page reloads"),
        "admin": Shape("bool", "servers may be switched off and on there; needs userlist", default=False),
    },
)
METRICS = Shape("dict", "metrics for Prometheus at /metrics", keys=MONITORING_KEYS)

# variable: (shape of an element, what the list is); each may also stand in a haproxy_site_<anything>.
LISTS: dict[str, tuple[Shape, str]] = {
    "haproxy_userlists": (USERLIST, "users and the hashes of their passwords"),
    "haproxy_certificates": (CERTIFICATE, "certificates with their keys"),
    "haproxy_authorities": (AUTHORITY, "authorities that certificates are verified with"),
    "haproxy_maps": (MAP, "maps: values by key"),
    "haproxy_patterns": (PATTERNS, "lists of values to compare with"),
    "haproxy_files": (FILE, "other files that the configuration names"),
    "haproxy_lua": (LUA, "Lua files"),
    "haproxy_resolvers": (RESOLVERS, "name servers that HAProxy asks while it runs"),
    "haproxy_peers": (PEERS, "balancers that share their stick tables"),
    "haproxy_caches": (named("cache", "a store for small answers"), "stores for small answers"),
    "haproxy_rings": (named("ring", "a buffer of log lines"), "buffers of log lines, kept or sent on"),
    "haproxy_log_forwards": (named("log-forward", "a receiver of log lines"), "receivers of log lines"),
    "haproxy_mailers": (named("mailers", "who is mailed"), "mail servers that alerts are sent to"),
    "haproxy_http_errors": (HTTP_ERRORS, "error pages that sections name with errorfiles"),
    "haproxy_fcgi_apps": (named("fcgi-app", "an application behind FastCGI"), "FastCGI applications"),
    "haproxy_crt_stores": (named("crt-store", "a store of certificates"), "stores of certificates (HAProxy 3.0)"),
    "haproxy_raw_sections": (RAW_SECTION, "whole sections as HAProxy reads them"),
}
