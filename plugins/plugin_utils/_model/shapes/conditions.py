# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a condition may ask of a request, and what a route does with those that match."""

from __future__ import annotations

from ..shape import Shape, one_or_list

COMPARISONS = {
    "value": one_or_list(Shape("text"), "any of these, exactly; nothing given: present", low=1),
    "prefix": one_or_list(Shape("text"), "begins with any of these", low=1),
    "suffix": one_or_list(Shape("text"), "ends with any of these", low=1),
    "contains": one_or_list(Shape("text"), "contains any of these", low=1),
    "regex": one_or_list(Shape("regex"), "matches any of these regular expressions", low=1),
}
NAMED_VALUE = Shape("dict", keys={"name": Shape("token", "its name", required=True), **COMPARISONS})


def _named_value(doc: str) -> Shape:
    return one_or_list(NAMED_VALUE, doc, low=1)


# What a key asks is compiled in conditions.py. Of several keys all must hold, of several values of one key any.
CONDITION = Shape(
    "dict",
    "what a request must be like: every key given must hold",
    keys={
        "host": one_or_list(
            Shape("hostpattern"),
            "any of these hosts, whatever the case, the port or a trailing dot; `*.example.com` is every name below",
            low=1,
        ),
        "path": one_or_list(Shape("url_path"), "any of these paths, exactly", low=1),
        "path_prefix": one_or_list(Shape("url_path"), "any of these paths and what lies below them, by segment", low=1),
        "path_suffix": one_or_list(Shape("text"), "the path ends with any of these, like `.png`", low=1),
        "path_regex": one_or_list(Shape("regex"), "the path matches any of these regular expressions", low=1),
        "method": one_or_list(Shape("method"), "any of these methods", low=1),
        "header": _named_value(
            "a header of the request, any part between its commas, or a list of headers, each of which must hold"
        ),
        "cookie": _named_value("a cookie of the request, or a list of them, each of which must hold"),
        "query": _named_value("a parameter of the query, or a list of them, each of which must hold"),
        "source": one_or_list(Shape("network"), "the client is in any of these networks", low=1),
        "sni": one_or_list(Shape("hostpattern"), "any of these names in the TLS greeting", low=1),
        "condition": one_or_list(Shape("name"), "conditions of haproxy_conditions by name, each of which must hold"),
        "any": Shape("list", "conditions of which one must hold", of=Shape("condition"), low=1),
        "all": Shape("list", "conditions of which each must hold", of=Shape("condition"), low=1),
        "not": Shape("condition", "a condition that must not hold"),
    },
)

REDIRECT = Shape(
    "dict",
    "where the client is sent; what is not given stays as it was asked",
    keys={
        "scheme": Shape("choice", "scheme of the new address", choices=("https", "http")),
        "host": Shape("hostname", "host of the new address"),
        "port": Shape("int", "port of the new address", low=1, high=65535),
        "path": Shape("url_path", "path of the new address, in place of the one asked"),
        "drop_query": Shape("bool", "the query is not taken along", default=False),
        "location": Shape("line", "the whole new address, in HAProxy's words; instead of all others"),
        "code": Shape("int_choice", "status", choices=("301", "302", "303", "307", "308"), default=302),
    },
)

RESPOND = Shape(
    "dict",
    "an answer of HAProxy's own",
    keys={
        "status": Shape("int", "status", low=200, high=599, default=200),
        "content_type": Shape("text", "type of the body", default="text/plain; charset=utf-8"),
        "body": Shape("content", "the body, of one line or many"),
        "headers": Shape("map", "headers by name", of=Shape("line")),
    },
)

MAINTENANCE = Shape(
    "either",
    "a page in place of the service: true for ours",
    either=(
        Shape("bool"),
        Shape(
            "dict",
            keys={
                "body": Shape("content", "the page, as HTML; ours if left out"),
                "retry_after": Shape("int", "seconds after which clients may come back", low=1, default=600),
                "except": one_or_list(Shape("network"), "networks that see the service nevertheless", low=1),
            },
        ),
    ),
)

ROUTE = Shape(
    "dict",
    keys={
        "backend": Shape("name", "where matching requests go"),
        "redirect": REDIRECT,
        "respond": RESPOND,
        "maintenance": MAINTENANCE,
        **CONDITION.keys,
        "if": Shape("line", "a condition in HAProxy's words; the route's only one"),
    },
)

NAMED_CONDITION = Shape(
    "dict",
    keys={"name": Shape("name", "name, for `condition`, and as a word in `if`", required=True), **CONDITION.keys},
)
