# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the settings of the baseline are put in force, with a systemctl that answers as one of a node would."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "roles/baseline/files/settings.sh"
# As systemd 252: a unit that does not exist is shown without an error, and cannot be disabled.
SYSTEMCTL = """\
#!/bin/sh
echo "$*" >>"$TOLD"
case "$1 $LOAD" in
    show*) echo "$LOAD" ;;
    'disable not-found') echo 'Failed to disable unit: Unit file fail2ban.service does not exist.' >&2; exit 1 ;;
esac
"""


def told(tmp_path: Path, load: str, jail: bool) -> list[str]:
    """What systemctl is told beside questions."""
    program = tmp_path / "systemctl"
    program.write_text(SYSTEMCTL)
    program.chmod(0o755)
    text = SCRIPT.read_text().replace("/etc/", f"{tmp_path}/etc/")
    place = tmp_path / "etc/fail2ban/jail.d"
    place.mkdir(parents=True)
    if jail:
        (place / "hardened-balancer.local").touch()
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "TOLD": str(tmp_path / "told"), "LOAD": load}
    subprocess.run(["sh", "-c", text, "settings.sh", "", "fail2ban"], check=True, env=environment)
    lines = (tmp_path / "told").read_text().splitlines()
    return [line for line in lines if not line.startswith("show ")]


@pytest.mark.parametrize(
    ("load", "jail", "expected"),
    [
        ("loaded", True, ["enable --quiet fail2ban.service", "restart fail2ban.service"]),
        ("loaded", False, ["disable --quiet --now fail2ban.service"]),
        # By somebody's mask it may still run.
        ("masked", False, ["disable --quiet --now fail2ban.service"]),
        ("not-found", False, []),
    ],
)
def test_fail2ban_that_is_not_wanted_or_not_there(tmp_path: Path, load: str, jail: bool, expected: list[str]) -> None:
    assert told(tmp_path, load, jail) == expected
