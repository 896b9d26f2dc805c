# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sandbox: what a process was started with, what only a restart gives it, and what it would be refused."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.hardened.balancer.plugins.module_utils import _confined, _sandbox, _verdict
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_process import Live, Places
from ansible_collections.hardened.balancer.plugins.module_utils._programs import Answer

BASE = frozenset({"sandbox=1"})
MORE = BASE | {"CapabilityBoundingSet=CAP_NET_RAW"}
ENVIRON = "LANG=C\0INVOCATION_ID=0\0HARDENED_BALANCER_SANDBOX=sandbox=1\0"
RUNS = Live(active=True, digest="0123456789abcdef", worker=11, unit_sandbox=BASE, sandbox=BASE)


@pytest.mark.parametrize(
    ("environ", "status", "expected"),
    [
        (ENVIRON, "NoNewPrivs:\t1\n", BASE),
        ("INVOCATION_ID=0\0", "NoNewPrivs:\t0\n", None),
        ("INVOCATION_ID=0\0", "NoNewPrivs:\t1\n", None),
        # A configuration with resetenv.
        ("PATH=/\0", "NoNewPrivs:\t1\n", MORE),
        ("PATH=/\0", "NoNewPrivs:\t0\n", None),
        ("", "NoNewPrivs:\t1\n", None),
    ],
)
def test_what_it_was_started_with(environ: str, status: str, expected: _sandbox.Settings | None) -> None:
    assert _sandbox.of_process(environ, status, MORE) == expected


@pytest.mark.parametrize(
    ("unit", "process", "pending", "reason"),
    [
        (None, None, "none", ""),
        (BASE, None, "restart", "does not run in the sandbox of its unit"),
        (BASE, BASE, "none", ""),
        (MORE, BASE, "restart", "was started without CapabilityBoundingSet=CAP_NET_RAW in its unit"),
        # What is not needed any more is no reason to cut connections.
        (BASE, MORE, "none", ""),
    ],
)
def test_only_what_is_missing_restarts(
    unit: _sandbox.Settings | None, process: _sandbox.Settings | None, pending: str, reason: str
) -> None:
    live = replace(RUNS, unit_sandbox=unit, sandbox=process)
    found = _verdict.of_process(live, "0123456789abcdef", None, None)
    assert found.pending == pending
    assert reason in " ".join(found.reasons)


def test_what_is_left_over() -> None:
    assert _sandbox.leftover(MORE, BASE) == ["CapabilityBoundingSet=CAP_NET_RAW"]
    assert _sandbox.leftover(BASE, MORE) == _sandbox.leftover(None, BASE) == []


def test_capabilities_by_name() -> None:
    assert _sandbox.capabilities({"CapBnd": "00000000000004c1"}) == {
        *("CAP_CHOWN", "CAP_SETGID", "CAP_SETUID", "CAP_NET_BIND_SERVICE")
    }
    assert _sandbox.capabilities({"CapBnd": hex(1 << 60)}) == {"CAP_60"}
    assert _sandbox.capabilities({}) == set()
    assert len(_sandbox.CAPABILITIES) == 41


UNIT = "Environment=CONFIG=/etc/haproxy/haproxy.cfg HARDENED_BALANCER_SANDBOX=sandbox=1\nProtectHome=yes\n"
CAPABILITIES = "CapabilityBoundingSet=cap_chown cap_setuid\n"


@pytest.mark.parametrize(
    ("unit", "inside", "expected"),
    [
        ("Environment=CONFIG=/x\n", Answer(1, "", "no such thing"), ""),
        (UNIT, Answer(0, ""), ""),
        (UNIT, Answer(1, "", "[ALERT] unable to stat SSL certificate"), "but not in the sandbox of haproxy.service"),
        (UNIT, Answer(226, "", ""), "but not in the sandbox"),
        (UNIT, Answer(1, "", "Failed to start transient service unit: x"), ""),
        (UNIT, Answer(127, "", "systemd-run: No such file or directory"), ""),
    ],
)
def test_a_look_from_inside(tmp_path: Path, unit: str, inside: Answer, expected: str) -> None:
    main = tmp_path / "haproxy.cfg"
    main.write_text("global\n")
    asked: list[Sequence[str]] = []

    def run(command: Sequence[str]) -> Answer:
        asked.append(command)
        return Answer(0, unit) if command[0] == "systemctl" else inside

    found = _confined.problems(main, Places(), run)
    assert (expected in found[0]) if expected else not found
    if expected:
        assert "--property=ProtectHome=yes" in asked[1]


@pytest.mark.skipif(os.getuid() != 0, reason="gives directories to another user")
@pytest.mark.parametrize(
    ("directory", "mode", "file", "held", "expected"),
    [
        (0, 0o755, None, "", ""),
        (1, 0o755, None, "", "cannot be made: {here} is not root's"),
        (1, 0o777, None, "", ""),
        (1, 0o755, None, " cap_dac_override", ""),
        (0, 0o755, 1, "", "cannot be replaced: it is not root's"),
        (0, 0o755, 1, " cap_fowner", ""),
        (0, 0o755, 0, "", ""),
    ],
)
def test_sockets_that_could_not_be_made(
    tmp_path: Path, directory: int, mode: int, file: int | None, held: str, expected: str
) -> None:
    here = tmp_path / "sockets"
    here.mkdir()
    here.chmod(mode)
    os.chown(here, directory, directory)
    if file is not None:
        here.joinpath("x").touch()
        os.chown(here / "x", file, file)
    main = tmp_path / "haproxy.cfg"
    main.write_text(f"global\n    stats socket {here}/x mode 600\n    stats socket /run/haproxy/admin.sock\n")
    unit = UNIT + CAPABILITIES.replace("\n", f"{held}\n")
    found = _confined.problems(main, Places(), lambda command: Answer(0, unit if command[0] == "systemctl" else ""))
    assert (expected.format(here=here) in found[0]) if expected else not found
