# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where HAProxy connects to, as a plan says it and a tree keeps it beside: workers, and other targets.

Workers are elements of a set of nftables in one text, because there may be thousands of them.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import ipaddress
import typing as t

Reach = dict[str, t.Any]
NOTHING: Reach = {"workers4": "", "workers6": "", "others": []}


def of(places: t.Iterable[tuple[str, int]], others: t.Iterable[t.Mapping[str, str]]) -> Reach:
    """In one order, so that no order of an inventory shows."""
    parsed = sorted({(ipaddress.ip_address(address), port) for address, port in places}, key=_order)
    different = {(one["protocol"], one["ports"], one["networks"]) for one in others}
    return {
        **{
            f"workers{version}": ", ".join(
                f"{address} . {port}" for address, port in parsed if address.version == version
            )
            for version in (4, 6)
        },
        "others": [dict(zip(("protocol", "ports", "networks"), one)) for one in sorted(different)],
    }


def _order(place: tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, int]) -> tuple[int, int, int]:
    return place[0].version, int(place[0]), place[1]


def workers(reach: t.Mapping[str, t.Any]) -> list[tuple[str, int]]:
    """Address and port of each."""
    elements = [one.split(" ") for key in ("workers4", "workers6") for one in reach[key].split(", ") if one]
    return [(address, int(port)) for address, _dot, port in elements]


def joined(given: t.Iterable[t.Mapping[str, t.Any] | None]) -> Reach | None:
    """What any of them reaches; None where one of them does not say."""
    reaches = list(given)
    if not all(reaches):
        return None
    said = [one for one in reaches if one]
    return of((place for one in said for place in workers(one)), (other for one in said for other in one["others"]))
