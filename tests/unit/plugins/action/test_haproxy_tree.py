# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of lines that HAProxy refused; the whole way is in the scenario `default`."""

from __future__ import annotations

from ansible_collections.hardened.balancer.plugins.action.haproxy_tree import told

ORIGINS = {("frontend web", "nonsense"): "haproxy_frontends[0].raw[0]"}


def test_a_refused_line_is_told_with_its_key() -> None:
    quoted = [{"section": "frontend web", "text": "nonsense"}, {"section": "backend web", "text": "nonsense"}]
    assert told("no", quoted, ORIGINS).splitlines() == [
        "no",
        "The keys of these lines:",
        "  haproxy_frontends[0].raw[0]: nonsense",
    ]


def test_lines_of_nobody_change_no_message() -> None:
    assert told("no", [{"section": "frontend web", "text": "else"}], ORIGINS) == "no"
