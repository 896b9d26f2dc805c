# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cost of the armour is counted the right way round."""

from __future__ import annotations

import pytest

from tests.proof import line_5_5
from tests.proof.lab import Lab, Machine


@pytest.mark.parametrize(
    ("on", "off", "below", "missed"),
    [
        ({"requests a second": 99.0, "median ms": 1.0}, {"requests a second": 100.0, "median ms": 1.0}, [], []),
        ({"requests a second": 97.0}, {"requests a second": 100.0}, ["requests"], []),
        ({"requests a second": 84.0}, {"requests a second": 100.0}, ["requests"], ["requests"]),
        ({"median ms": 1.1}, {"median ms": 1.0}, ["median"], []),
        ({"median ms": 1.2}, {"median ms": 1.0}, ["median"], ["median"]),
        ({"processor us": 9.0, "99 % ms": 9.0}, {"processor us": 1.0, "99 % ms": 1.0}, [], []),
    ],
)
def test_more_requests_and_less_time_are_better(
    on: dict[str, float],
    off: dict[str, float],
    below: list[str],
    missed: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(Machine, "release", "lb1 (2.6.12)")
    balancer = Machine("lb1", "none", "198.51.100.1")
    lab = Lab({"lb1": balancer}, [balancer], [])
    line_5_5.report(lab, balancer, [(on, off)] * 3)
    assert [what.split(": ")[1].split(" ")[0] for what in lab.missed] == missed
    told = [line.split()[2] for line in capsys.readouterr().out.splitlines() if line.startswith("AIM MISSED")]
    assert told == below
