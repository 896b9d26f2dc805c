# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys that are ours, as data: the variables of a balancer and everything inside them."""

from __future__ import annotations

from . import catalogue
from .shape import Shape, one_or_list

NAME = Shape("name", "letters, digits and `_.:-`, as HAProxy takes them")
RAW_LINES = Shape("list", "lines as HAProxy reads them, printed last in the section", of=Shape("line"))


def _rules(doc: str) -> Shape:
    return Shape("list", doc, of=Shape("rule", "a line without the family's name, or one of the typed actions"))


def _options(section: str) -> Shape:
    item = Shape("option", keywords=section)
    return Shape("list", "options by name, with their arguments; `{no: name}` switches one off", of=item)


def _timeouts(section: str) -> Shape:
    keys = {key.replace("-", "_"): Shape("time", k.doc) for key, k in catalogue.of_family("timeout", section).items()}
    return Shape("dict", "timeouts, each with its unit", keys=keys)


CHECK = Shape(
    "either",
    "how workers are checked; `false` switches the checks off",
    either=(
        Shape("bool"),
        Shape(
            "dict",
            keys={
                "type": Shape("choice", "a connection, or a request", choices=("tcp", "http"), default="tcp"),
                "uri": Shape("text", "path of the request", default="/"),
                "method": Shape("word", "method of the request", default="GET"),
                "host": Shape("word", "Host of the request"),
                "expect": Shape("line", "what a good answer is, in HAProxy's words", default="status 200-399"),
                "port": Shape("int", "another port to check", low=1, high=65535),
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
    "port": Shape("int", "port", low=1, high=65535),
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

WORKERS = Shape(
    "dict",
    "servers made of the hosts of an inventory group",
    keywords="server",
    keys={
        "group": Shape("word", "name of the inventory group", required=True),
        "port": Shape("int", "port on every worker", low=1, high=65535, required=True),
        "address_variable": Shape("word", "host variable that holds the address; else `ansible_host`, else the name"),
        "allow_empty": Shape("bool", "an empty group is no error", default=False),
        "maxconn": PER_SERVER["maxconn"],
        "weight": PER_SERVER["weight"],
        "raw": Shape("line", "further parameters of every server, as HAProxy reads them"),
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
        "raw": Shape("line", "further parameters as HAProxy reads them"),
    },
)

NAMED_VALUE = Shape(
    "dict",
    keys={
        "name": Shape("token", "its name", required=True),
        "value": one_or_list(Shape("text"), "any of these; left out: present", low=1),
    },
)

ROUTE = Shape(
    "dict",
    keys={
        "backend": Shape("name", "where matching requests go", required=True),
        "host": one_or_list(
            Shape("hostname"), "any of these hosts, whatever the case, the port or a trailing dot", low=1
        ),
        "path": one_or_list(Shape("url_path"), "any of these paths, exactly", low=1),
        "path_prefix": one_or_list(Shape("url_path"), "any of these paths and what lies below them, by segment", low=1),
        "header": Shape("dict", "a header of the request", keys=NAMED_VALUE.keys),
        "cookie": Shape("dict", "a cookie of the request", keys=NAMED_VALUE.keys),
        "sni": one_or_list(Shape("hostname"), "any of these names in the TLS greeting", low=1),
        "if": Shape("line", "a condition in HAProxy's words; the route's only one"),
    },
)

RULES = {family.replace("-", "_"): _rules(f"ordered {family} rules") for family in catalogue.RULE_FAMILIES}
FRONTEND_RULES = ("tcp_request", "http_request", "http_response", "http_after_response")
BACKEND_RULES = tuple(RULES)

FRONTEND = Shape(
    "dict",
    keywords="frontend",
    keys={
        "name": Shape("name", "name, unique among frontends", required=True),
        "mode": Shape("choice", "layer 7 or layer 4", choices=("http", "tcp"), default="http"),
        "binds": Shape("list", "where it listens", of=BIND, required=True),
        "routes": Shape("list", "which backend a request goes to: the first that matches, in this order", of=ROUTE),
        "default_backend": Shape("name", "where everything else goes"),
        "options": _options("frontend"),
        "timeout": _timeouts("frontend"),
        "maxconn": Shape("int", "connections at once", low=1),
        **{key: RULES[key] for key in FRONTEND_RULES},
        "raw": RAW_LINES,
    },
)

BACKEND = Shape(
    "dict",
    keywords="backend",
    keys={
        "name": Shape("name", "name, unique among backends", required=True),
        "mode": Shape("choice", "layer 7 or layer 4", choices=("http", "tcp"), default="http"),
        "balance": Shape("balance", "algorithm and its arguments", default="roundrobin"),
        "workers": WORKERS,
        "servers": Shape("list", "servers one by one", of=SERVER),
        "check": CHECK,
        "options": _options("backend"),
        "timeout": _timeouts("backend"),
        **{key: RULES[key] for key in BACKEND_RULES},
        "raw": RAW_LINES,
    },
)

DEFAULTS = Shape(
    "dict",
    "settings of all frontends and backends",
    keywords="defaults",
    keys={
        "options": _options("defaults"),
        "timeout": _timeouts("defaults"),
        "retries": Shape("int", "how often a connection to a server is tried again", low=0),
        "maxconn": Shape("int", "connections of each frontend at once", low=1),
        "raw": RAW_LINES,
    },
)

GLOBAL = Shape(
    "dict",
    "settings of the process",
    keywords="global",
    keys={
        "maxconn": Shape(
            "int", "connections of the process at once; derived from memory and descriptors if left out", low=1
        ),
        "nbthread": Shape("int", "threads", low=1, high=4096),
        "raw": RAW_LINES,
    },
)

USERLIST = Shape(
    "dict",
    keys={
        "name": Shape("name", "name of the list", required=True),
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
                },
            ),
        ),
    },
)

SITE = Shape(
    "dict",
    "the frontends and backends of one site",
    keys={"frontends": Shape("list", of=FRONTEND), "backends": Shape("list", of=BACKEND)},
)

NODE = Shape(
    "dict",
    "what `render` is to suppose of a node that it does not ask",
    keys={
        "release": Shape(
            "choice",
            "distribution and release",
            choices=("debian 12", "debian 13", "ubuntu 22.04", "ubuntu 24.04"),
            default="debian 12",
        ),
        "memory_mib": Shape("int", "memory in MiB", low=64, default=2048),
        "nofile_max": Shape("int", "descriptors that a unit may be given", low=1024, default=524288),
    },
)

# What a role reads: the argument specifications and the commented defaults are made of this.
VARIABLES: dict[str, tuple[tuple[str, ...], Shape]] = {
    "balancer_administrators": (
        ("baseline", "ssh"),
        Shape(
            "list",
            "who may log in and use sudo; the run goes on as the first. Unset: the connecting user, if not root",
            of=Shape(
                "dict",
                keys={
                    "name": Shape("user", "name of the account", required=True),
                    "keys": Shape(
                        "list", "public keys, complete: others are removed from the account", of=Shape("ssh_key")
                    ),
                },
            ),
            example=[{"name": "ops", "keys": ["ssh-ed25519 AAAA... ops@example.com"]}],
        ),
    ),
    "balancer_management_networks": (
        ("firewall",),
        Shape(
            "list",
            "networks that SSH is open to; unset: every one",
            of=Shape("network"),
            example=["198.51.100.0/24", "2001:db8:1::/48"],
        ),
    ),
    "balancer_confirm_timeout": (
        ("baseline", "ssh", "firewall"),
        Shape(
            "int",
            "seconds after which an unconfirmed change of sudo, SSH or the firewall undoes itself",
            low=20,
            high=3600,
            default=90,
        ),
    ),
    "balancer_require_healthy": (
        ("haproxy",),
        Shape(
            "bool", "the last proof fails where a backend has no healthy server; false only reports it", default=True
        ),
    ),
    "haproxy_global": (("haproxy",), GLOBAL),
    "haproxy_defaults": (("haproxy",), DEFAULTS),
    "haproxy_frontends": (
        ("haproxy",),
        Shape("list", "frontends, in order; unset: `http_front` on `*:80`", of=FRONTEND),
    ),
    "haproxy_backends": (
        ("haproxy",),
        Shape("list", "backends; unset: `web_workers`, the group of this name on port 80", of=BACKEND),
    ),
    "haproxy_userlists": (("haproxy",), Shape("list", "users and the hashes of their passwords", of=USERLIST)),
    "haproxy_secrets": (
        ("haproxy",),
        Shape(
            "map",
            "secrets by name, for use in templates as `haproxy_secrets.name`",
            of=Shape("text", secret=True),
            secret=True,
        ),
    ),
    "haproxy_apply": (
        ("haproxy",),
        Shape("choice", "how a changed configuration is put in force", choices=("reload", "restart"), default="reload"),
    ),
    "haproxy_existing_configuration": (
        ("haproxy",),
        Shape(
            "choice",
            "what becomes of a haproxy.cfg that is not ours",
            choices=("refuse", "keep_aside"),
            default="refuse",
        ),
    ),
    "haproxy_node": (("haproxy",), NODE),
    "haproxy_worker": (
        ("haproxy",),
        Shape("dict", "on a worker: what differs from the others of its group", keys=PER_SERVER),
    ),
}
SITE_PREFIX = "haproxy_site_"

DEFAULT_FRONTENDS = [{"name": "http_front", "binds": [{"port": 80}], "default_backend": "web_workers"}]
DEFAULT_BACKENDS = [{"name": "web_workers", "balance": "roundrobin", "workers": {"group": "web_workers", "port": 80}}]
