# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers: one by one, from an inventory group, from any structure, by DNS; how they are checked and reached."""

from __future__ import annotations

from ..shape import Shape, one_or_list
from .parts import PORT

CHECK = Shape(
    "either",
    "how workers are checked; `false` switches the checks off",
    either=(
        Shape("bool"),
        Shape(
            "dict",
            keys={
                "type": Shape(
                    "choice",
                    "a connection, a request, a TLS greeting, the greeting of a protocol, or a script",
                    choices=("tcp", "http", "tls", "pgsql", "mysql", "redis", "smtp", "ldap", "script"),
                    default="tcp",
                ),
                "uri": Shape("url_path", "http: path of the request (`/`)"),
                "method": Shape("word", "http: method of the request (`GET`)"),
                "host": Shape("word", "http: Host of the request; tls: the name in the greeting"),
                "expect": Shape("line", "http: what a good answer is, in HAProxy's words (`status 200-399`)"),
                "user": Shape("word", "pgsql, mysql: the user that the check names"),
                "hello": Shape("line", "smtp: the greeting (`EHLO localhost`)"),
                "password": Shape("text", "redis: the password of AUTH", secret=True),
                "role": Shape("choice", "redis: the role that a good server has", choices=("master", "slave")),
                "steps": Shape(
                    "list",
                    "script: tcp-check steps in order, lines or mappings of one step",
                    of=Shape("rule", keywords="tcp-check"),
                ),
                "port": Shape("int", "another port to check", **PORT),
                "inter": Shape("time", "time between checks"),
                "fastinter": Shape("time", "time between checks in transition"),
                "downinter": Shape("time", "time between checks of a server that is down"),
                "fall": Shape("int", "failed checks that take a server out", low=1),
                "rise": Shape("int", "good checks that take a server in", low=1),
            },
        ),
    ),
)

# What may differ from worker to worker, in a server of a list and in the variable haproxy_worker of a host.
PER_SERVER = {
    "address": Shape("host", "IPv4 or IPv6 address, or a name that HAProxy resolves at its start"),
    "port": Shape("int", "port", **PORT),
    "weight": Shape("int", "share of the traffic, relative to the others", low=0, high=256),
    "maxconn": Shape("int", "connections at once; more wait in the queue", low=0),
    "backup": Shape("bool", "used only when all others are down"),
    "disabled": Shape("bool", "in maintenance from the start"),
}

SERVER = Shape(
    "dict",
    keywords="server",
    keys={
        "name": Shape("name", "name, unique in the backend", required=True),
        **PER_SERVER,
        "address": Shape("host", PER_SERVER["address"].doc, required=True),
        "raw": Shape("line", "further parameters as HAProxy reads them"),
    },
)

# What a query of `workers` may find of a worker; a plain text is its address.
WORKER = Shape(
    "dict",
    keys={
        "name": Shape("name", "name, unique in the backend; made of the address if left out"),
        **PER_SERVER,
        "address": SERVER.keys["address"],
    },
)

WORKERS = Shape(
    "dict",
    "servers made of the hosts of an inventory group, or of any structure",
    keywords="server",
    keys={
        "group": Shape("word", "name of the inventory group"),
        "from": Shape("any", "a structure, instead of a group: Terraform's output, a cloud's inventory, a JSON file"),
        "query": Shape(
            "line",
            "JMESPath that picks from it a list of addresses, or of mappings with address and perhaps name, port, "
            "weight, maxconn, backup, disabled",
        ),
        "port": Shape("int", "port on every worker", **PORT),
        "address_variable": Shape("word", "host variable that holds the address; else `ansible_host`, else the name"),
        "allow_empty": Shape("bool", "no worker at all is no error", default=False),
        "maxconn": PER_SERVER["maxconn"],
        "weight": PER_SERVER["weight"],
        "backup": PER_SERVER["backup"],
        "raw": Shape("line", "further parameters of every server, as HAProxy reads them"),
    },
)

SERVER_TEMPLATE = Shape(
    "dict",
    "servers found by DNS while HAProxy runs",
    keywords="server",
    keys={
        "prefix": Shape("name", "their names begin with it, a number follows", required=True),
        "count": Shape("int", "how many there can be at the most", low=1, high=4095, required=True),
        "dns_name": Shape(
            "hostname", "a name with A and AAAA records, or `_service._proto.name` with SRV", required=True
        ),
        "port": Shape("int", "port; SRV records bring their own", **PORT),
        "resolvers": Shape("name", "section of haproxy_resolvers that asks", required=True),
        "weight": PER_SERVER["weight"],
        "maxconn": PER_SERVER["maxconn"],
        "backup": PER_SERVER["backup"],
        "raw": Shape("line", "further parameters of every server, as HAProxy reads them"),
    },
)

# Everything that HAProxy reads behind `server`, for all servers of a backend.
DEFAULT_SERVER = Shape(
    "dict",
    "parameters of every server of the backend",
    keywords="server",
    keys={
        "weight": PER_SERVER["weight"],
        "maxconn": PER_SERVER["maxconn"],
        "raw": Shape("line", "further parameters as HAProxy reads them"),
    },
)

SERVER_TLS = Shape(
    "either",
    "TLS towards the workers, their certificates verified",
    either=(
        Shape("bool"),
        Shape(
            "dict",
            keys={
                "name": Shape("hostname", "the name that the certificate must have, sent as SNI too"),
                "sni": Shape(
                    "line",
                    "sent as SNI instead, and must be in the certificate; an expression: `req.hdr(host)` say",
                ),
                "authority": Shape("name", "one of haproxy_authorities; the system's if left out"),
                "certificate": Shape("name", "one of haproxy_certificates, shown to the worker"),
                "alpn": one_or_list(Shape("word"), "protocols offered, `[h2]` say", low=1),
                "verify": Shape(
                    "bool", "false: any certificate is taken, and whoever stands between reads along", default=True
                ),
            },
        ),
    ),
)
