# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all examples are rendered to (tests/golden), read by the HAProxy of each release: not so much as a warning."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
CHECK = """
cd /opt/golden
for example in *; do
  cp -r "$(dirname "$(readlink -f /etc/haproxy/haproxy.cfg)")/errors" "$example"
  haproxy -c -dW -f "$example/haproxy.cfg" >"$example.log" 2>&1 || { echo "$example:"; cat "$example.log"; }
done
ls -d */ | wc -l
"""


def filled_in(example: Path, to: Path) -> None:
    """The tree as it lies on a node: secrets in their places, and in the directory that it knows."""
    vault = ROOT / "inventories/examples" / example.parent.name / "group_vars/balancers/vault.yml"
    secrets = yaml.safe_load(vault.read_text())["haproxy_secrets"] if vault.exists() else {}
    shutil.copytree(example, to)
    for path in (path for path in to.rglob("*") if path.is_file()):
        text = path.read_text().replace("/etc/haproxy/trees/@digest@", f"/opt/golden/{to.name}")
        for name, value in secrets.items():
            text = text.replace(f"@secret:{name}@", value)
        path.write_text(text)


@pytest.mark.parametrize(("name", "release", "version"), [("lb1", "debian-12", "2.6"), ("lb2", "debian-13", "3.0")])
def test_haproxy_takes_every_example(lab: Any, tmp_path: Path, name: str, release: str, version: str) -> None:
    balancer = lab[name]
    assert f"version {version}" in balancer.run("haproxy -v")
    for example in sorted((ROOT / "tests/golden").glob(f"*/{release}")):
        filled_in(example, tmp_path / "golden" / example.parent.name)
    balancer.run("rm -rf /opt/golden")
    subprocess.run(["docker", "cp", str(tmp_path / "golden"), f"{balancer.container}:/opt/golden"], check=True)
    assert balancer.run(CHECK) == "12\n"
