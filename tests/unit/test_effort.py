# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The measure of work finds what is compared each with each."""

from __future__ import annotations

from tests.unit.effort import is_linear


def test_linear_and_not() -> None:
    assert is_linear(lambda size: lambda: sorted(str(one) for one in range(size)))
    assert not is_linear(lambda size: lambda: [one for one in range(size) for other in range(size) if one == other])
