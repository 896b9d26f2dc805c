# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Frontends, backends, listens and the defaults that they are made from."""

from __future__ import annotations

from .. import hardened
from ..shape import Shape, one_or_list
from . import parts
from .conditions import MAINTENANCE, ROUTE
from .parts import BACKEND_RULES, FRONTEND_RULES, RAW_LINES, RULES
from .servers import CHECK, DEFAULT_SERVER, SERVER, SERVER_TEMPLATE, SERVER_TLS, WORKERS

BIND_TLS = Shape(
    "dict",
    "TLS ends here",
    keys={
        "certificates": one_or_list(
            Shape("name"),
            "names of haproxy_certificates; the client's SNI chooses, the first is for everybody else",
            low=1,
            required=True,
        ),
        "alpn": one_or_list(Shape("word"), "protocols offered; `[h2, http/1.1]` in mode http", low=1),
        "strict_sni": Shape("bool", "no certificate for an unknown name", default=False),
        "client_authority": Shape("name", "one of haproxy_authorities: clients must show a certificate of its"),
        "quic": Shape("bool", "HTTP/3 on the same port by UDP too; needs a HAProxy built with QUIC", default=False),
    },
)

BIND = Shape(
    "dict",
    keywords="bind",
    keys={
        "port": Shape("ports", "port, or a range like `8000-8010`"),
        "address": one_or_list(Shape("bind_address"), "address or addresses; every IPv4 address if left out", low=1),
        "ipv6": Shape("bool", "listen on `[::]` as well (v6only)", default=False),
        "socket": Shape("path", "path of a unix socket, instead of a port"),
        "tls": BIND_TLS,
        "sources": one_or_list(Shape("network"), "the firewall opens the port to these networks only", low=1),
        "raw": Shape("line", "further parameters as HAProxy reads them"),
    },
)

CORS = Shape(
    "dict",
    "which other origins' scripts may ask, answered by HAProxy",
    keys={
        "origins": one_or_list(Shape("origin"), "origins like `https://app.example.com`, or `*`", low=1, required=True),
        "methods": one_or_list(Shape("method"), "methods", low=1, default=["GET", "HEAD", "POST"]),
        "headers": one_or_list(Shape("token"), "headers of requests beside the usual ones", low=1),
        "expose": one_or_list(Shape("token"), "headers of answers that scripts may read", low=1),
        "credentials": Shape("bool", "cookies and passwords are sent; not with origin *", default=False),
        "max_age": Shape("int", "seconds that a browser may remember it", low=0, high=86400, default=600),
    },
)

BASIC_AUTH = Shape(
    "dict",
    "a name and a password of a userlist are asked for",
    keys={
        "userlist": Shape("name", "one of haproxy_userlists", required=True),
        "groups": one_or_list(Shape("name"), "members of any of these groups of the list only", low=1),
        "realm": Shape("text", "what the browser shows", default="Restricted"),
        "if": Shape("when", "only for these requests: a condition, or one in HAProxy's words"),
    },
)

FORWARDED = Shape(
    "dict",
    "which clients are proxies of ours whose X-Forwarded-* and Forwarded headers are believed; others lose theirs",
    keys={
        "trusted": one_or_list(Shape("network"), "networks of those proxies", default=[]),
        "header": Shape(
            "choice",
            "where they write the client's address",
            choices=("x-forwarded-for", "forwarded"),
            default="x-forwarded-for",
        ),
        "send_forwarded": Shape("bool", "workers get a Forwarded header (RFC 7239) too", default=False),
    },
)

COMPRESSION = Shape(
    "either",
    "answers are compressed where client and type allow it: true for text of all kinds by gzip",
    either=(
        Shape("bool"),
        Shape(
            "dict",
            keys={
                "algorithms": one_or_list(
                    Shape("choice", choices=("gzip", "deflate", "raw-deflate", "identity")),
                    "in order of preference",
                    low=1,
                ),
                "types": one_or_list(Shape("word"), "media types", low=1),
            },
        ),
    ),
)

HTTP_FEATURES = {
    "basic_auth": BASIC_AUTH,
    "cors": CORS,
    "compression": COMPRESSION,
    "header_presets": one_or_list(
        Shape("choice", choices=tuple(hardened.HEADER_PRESETS)), "headers of answers, by the names of presets", low=1
    ),
    "maintenance": MAINTENANCE,
}

MODE = Shape("choice", "layer 7 or layer 4", choices=("http", "tcp"), default="http")
FROM = Shape("name", "one of haproxy_named_defaults, instead of haproxy_defaults")
STICK_TABLE = Shape(
    "either",
    "what is counted or remembered of clients: a mapping, or a line of HAProxy's",
    either=(
        Shape("line"),
        Shape(
            "dict",
            keys={
                "type": Shape("word", "kind of the keys: ip, ipv6, integer, string, binary", required=True),
                "len": Shape("int", "bytes of a key of type string or binary", low=1),
                "size": Shape("word", "entries at the most, like 100k", required=True),
                "expire": Shape("time", "how long an unused entry stays"),
                "nopurge": Shape("bool", "a full table takes no new entry"),
                "peers": Shape("name", "section of haproxy_peers that it is shared with"),
                "store": one_or_list(Shape("data_type"), "counters, like `http_req_rate(10s)`", low=1),
            },
        ),
    ),
)
LOG_FORMAT = Shape("line", "format of a log line in HAProxy's words, or `json` for ours")

FRONT = {
    "binds": Shape("list", "where it listens", of=BIND, required=True),
    "maxconn": Shape("int", "connections at once", low=1),
    "redirect_https": Shape(
        "either",
        "requests without TLS are sent to https; the code, if true is not enough (301)",
        either=(Shape("bool"), Shape("int_choice", choices=("301", "302", "307", "308"))),
    ),
    "forwarded": FORWARDED,
    "log_format": LOG_FORMAT,
}
ROUTING = {
    "routes": Shape("list", "what becomes of a request: the first that matches, in this order", of=ROUTE),
    "default_backend": Shape("name", "where everything else goes"),
}
BACK = {
    "balance": Shape("balance", "algorithm and its arguments", default="roundrobin"),
    "workers": one_or_list(WORKERS, f"{WORKERS.doc}, or a list of such"),
    "servers": Shape("list", "servers one by one", of=SERVER),
    "server_templates": Shape("list", "servers found by DNS", of=SERVER_TEMPLATE),
    "default_server": DEFAULT_SERVER,
    "tls": SERVER_TLS,
    "check": CHECK,
    "cache": Shape("name", "one of haproxy_caches that keeps small answers"),
}

FRONTEND = Shape(
    "dict",
    keywords="frontend",
    keys={
        "name": Shape("name", "name, unique among frontends", required=True),
        "from": FROM,
        "mode": MODE,
        **FRONT,
        **ROUTING,
        **HTTP_FEATURES,
        "stick_table": STICK_TABLE,
        "options": parts.options("frontend"),
        "timeout": parts.timeouts("frontend"),
        **{key: RULES[key] for key in FRONTEND_RULES},
        "raw": RAW_LINES,
    },
)

BACKEND = Shape(
    "dict",
    keywords="backend",
    keys={
        "name": Shape("name", "name, unique among backends", required=True),
        "from": FROM,
        "mode": MODE,
        **BACK,
        **HTTP_FEATURES,
        "stick_table": STICK_TABLE,
        "options": parts.options("backend"),
        "timeout": parts.timeouts("backend"),
        **{key: RULES[key] for key in BACKEND_RULES},
        "raw": RAW_LINES,
    },
)

LISTEN = Shape(
    "dict",
    "a frontend and its backend in one",
    keywords="listen",
    keys={
        "name": Shape("name", "name, unique among frontends, backends and listens", required=True),
        "from": FROM,
        "mode": MODE,
        **FRONT,
        **BACK,
        **HTTP_FEATURES,
        "stick_table": STICK_TABLE,
        "options": parts.options("listen"),
        "timeout": parts.timeouts("listen"),
        **{key: RULES[key] for key in BACKEND_RULES},
        "raw": RAW_LINES,
    },
)

DEFAULTS = Shape(
    "dict",
    "settings of all frontends and backends",
    keywords="defaults",
    keys={
        "options": parts.options("defaults"),
        "timeout": parts.timeouts("defaults"),
        "retries": Shape("int", "how often a connection to a server is tried again", low=0),
        "maxconn": Shape("int", "connections of each frontend at once", low=1),
        "log_format": LOG_FORMAT,
        "raw": RAW_LINES,
    },
)

NAMED_DEFAULTS = Shape(
    "dict",
    "settings of the sections that name it with from; the rest is as in haproxy_defaults, or in the one it is from",
    keywords="defaults",
    keys={
        "name": Shape("name", "name of the section", required=True),
        "from": Shape("name", "another of haproxy_named_defaults that it is made from"),
        **DEFAULTS.keys,
    },
)
