# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which sockets of HAProxy serve somebody: one that only sends, a log over UDP say, looks as a listener does.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.hardened.balancer.plugins.module_utils import _listeners, _spans, _tree_files
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_process import Places

# Below it the kernel picks none: who has such a port asked for it.
PICKED_FROM = 1024

Listener = dict[str, t.Any]


def listeners(places: Places) -> list[Listener]:
    """All of the node; `picked` where the kernel may have picked the port, because no tree was planned with it."""
    found = _listeners.listeners(places.proc)
    if not any(_unsure(one) for one in found):
        return found
    planned = [span for tree in Path(places.trees).glob("*/") for span in _udp(tree)]
    return [{**one, "picked": True} if _picked(one, planned) else one for one in found]


def serves(one: t.Mapping[str, t.Any]) -> bool:
    """Whether it is a socket at which HAProxy is asked."""
    return one["process"] == "haproxy" and not one.get("picked")


def _unsure(one: Listener) -> bool:
    return one["process"] == "haproxy" and one["protocol"] == "udp" and int(one["port"]) >= PICKED_FROM


def _picked(one: Listener, planned: list[_spans.Span]) -> bool:
    return _unsure(one) and not _spans.within((one["port"], one["port"]), planned)


def _udp(tree: Path) -> list[_spans.Span]:
    ports = _tree_files.read_planned(tree, _tree_files.PORTS) or {}
    narrow = _spans.narrow_of(ports.get("restricted", ()), "udp")
    return [*_spans.read(ports.get("udp", ())), *(span for span, _sources in narrow)]
