# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapes that several sections share."""

from __future__ import annotations

import typing as t

from .. import catalogue
from ..shape import Shape

NAME = Shape("name", "letters, digits and `_.:-`, as HAProxy takes them")
RAW_LINES = Shape("list", "lines as HAProxy reads them, printed last in the section", of=Shape("line"))


def rules(family: str) -> Shape:
    doc = "a line without the family's name, or one action with its arguments, `if` and `unless`"
    return Shape("list", f"ordered {family} rules", of=Shape("rule", doc, keywords=family))


def options(section: str) -> Shape:
    item = Shape("option", keywords=section)
    return Shape("list", "options by name, with their arguments; `{no: name}` switches one off", of=item)


def timeouts(section: str) -> Shape:
    keys = {key.replace("-", "_"): Shape("time", k.doc) for key, k in catalogue.of_family("timeout", section).items()}
    return Shape("dict", "timeouts, each with its unit", keys=keys)


def named(kind: str, doc: str, **keys: Shape) -> Shape:
    """A section with a name: its keys of ours, and the keywords of the catalogue, written as they are."""
    own = {"name": Shape("name", "name of the section", required=True), **keys}
    if catalogue.of_family("option", kind):
        own["options"] = options(kind)
    if catalogue.of_family("timeout", kind):
        own["timeout"] = timeouts(kind)
    return Shape("dict", doc, keywords=kind, keys={**own, "raw": RAW_LINES})


RULES = {family.replace("-", "_"): rules(family) for family in catalogue.RULE_FAMILIES}
FRONTEND_RULES = ("tcp_request", "http_request", "http_response", "http_after_response")
BACKEND_RULES = tuple(RULES)

PORT: dict[str, t.Any] = {"low": 1, "high": 65535}
NETWORKS = Shape("list", "networks", of=Shape("network"), low=1)
