# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys that are ours, as data: the variables of a balancer and everything inside them."""

from __future__ import annotations

from ..shape import Shape
from . import baseline, firewall, named
from .conditions import CONDITION, NAMED_CONDITION
from .parts import BACKEND_RULES, FRONTEND_RULES, RAW_LINES
from .proxies import BACKEND, BIND, DEFAULTS, FRONTEND, LISTEN, NAMED_DEFAULTS
from .servers import PER_SERVER
from .unit import UNIT

__all__ = [
    "BACKEND",
    "BACKEND_RULES",
    "BIND",
    "CONDITION",
    "DEFAULTS",
    "FRONTEND",
    "FRONTEND_RULES",
    "LISTEN",
    "PER_SERVER",
]

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

SITE_LISTS = {
    "haproxy_frontends": (FRONTEND, "frontends, in order; unset: `http_front` on `*:80`"),
    "haproxy_backends": (BACKEND, "backends; unset: `web_workers`, the group of this name on port 80"),
    "haproxy_listens": (LISTEN, "frontends with their backend in one"),
    "haproxy_named_defaults": (NAMED_DEFAULTS, "defaults for the sections that name one with from"),
    "haproxy_conditions": (NAMED_CONDITION, "conditions, written once and used by name"),
    **named.LISTS,
}

SITE = Shape(
    "dict",
    "the frontends, backends and everything else of one site",
    keys={name.removeprefix("haproxy_"): Shape("list", doc, of=of) for name, (of, doc) in SITE_LISTS.items()},
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
        "build": Shape(
            "list", "what HAProxy is built with, as in `haproxy -vv`; unset: as the distribution's", of=Shape("word")
        ),
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
                    "name": Shape("user", "name of the account, no service's", required=True),
                    "keys": Shape(
                        "list", "public keys, complete: others are removed from the account", of=Shape("ssh_key")
                    ),
                },
            ),
            example=[{"name": "ops", "keys": ["ssh-ed25519 AAAA... ops@example.com"]}],
        ),
    ),
    "balancer_management_networks": (
        ("ssh", "firewall"),
        Shape(
            "list",
            "networks that SSH is open to; unset: every one, within a rate",
            of=Shape("network"),
            low=1,
            example=["198.51.100.0/24", "2001:db8:1::/48"],
        ),
    ),
    "balancer_confirm_timeout": (
        ("baseline", "ssh", "firewall"),
        Shape(
            "int",
            "seconds after which an unconfirmed change of sudo, SSH or the firewall undoes itself; more than "
            "Ansible's timeout times its tries",
            low=20,
            high=3600,
            default=90,
        ),
    ),
    **firewall.VARIABLES,
    "balancer_require_healthy": (
        ("haproxy",),
        Shape(
            "bool", "the last proof fails where a backend has no healthy server; false only reports it", default=True
        ),
    ),
    "ssh_profile": (
        ("ssh",),
        Shape(
            "choice",
            "whom the SSH server pleases: compatible passes ssh-audit's policy for the release, strict is post-quantum "
            "only, cis follows the lists of CIS",
            choices=("compatible", "strict", "cis"),
            default="compatible",
        ),
    ),
    "ssh_port": (
        ("ssh", "firewall"),
        Shape(
            "int",
            "port of the SSH server; unset: the one that it has. A new one is open beside the old one until a run "
            "comes over it",
            low=1,
            high=65535,
            example=2222,
        ),
    ),
    "ssh_jump_host": (
        ("ssh",),
        Shape("bool", "administrators may go through the node to other machines (ProxyJump)", default=False),
    ),
    **baseline.VARIABLES,
    "haproxy_global": (("haproxy",), GLOBAL),
    "haproxy_defaults": (("haproxy",), DEFAULTS),
    **{name: (("haproxy",), Shape("list", doc, of=of)) for name, (of, doc) in SITE_LISTS.items()},
    "haproxy_stats": (("haproxy",), named.STATS),
    "haproxy_metrics": (("haproxy",), named.METRICS),
    "haproxy_warnings": (
        ("haproxy",),
        Shape(
            "choice",
            "what a warning of HAProxy's about the configuration does; it is always shown",
            choices=("shown", "fatal"),
            default="fatal",
        ),
    ),
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
    "haproxy_settle_timeout": (
        ("haproxy",),
        Shape(
            "int",
            "seconds in which each backend that had a healthy server must have one again after a change, or what ran "
            "before comes back; 0 does not look",
            low=0,
            high=600,
            default=10,
        ),
    ),
    "haproxy_trees_kept": (
        ("haproxy",),
        Shape("int", "how many configurations stay on the node, as a way back", low=1, high=1000, default=5),
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
    "haproxy_unit": (("haproxy",), UNIT),
    "haproxy_node": (("haproxy",), NODE),
    "haproxy_worker": (
        ("haproxy",),
        Shape("dict", "on a worker: what differs from the others of its group", keys=PER_SERVER),
    ),
}
SITE_PREFIX = "haproxy_site_"

DEFAULT_FRONTENDS = [{"name": "http_front", "binds": [{"port": 80}], "default_backend": "web_workers"}]
DEFAULT_BACKENDS = [{"name": "web_workers", "balance": "roundrobin", "workers": {"group": "web_workers", "port": 80}}]
