# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps of the workflow that we offer to users do what they say, on a right inventory and on wrong ones."""

from __future__ import annotations

import importlib.metadata
import shutil
import typing as t
from pathlib import Path

import pytest
import yaml

from .conftest import ROOT, Run

WORKFLOW: dict[str, t.Any] = yaml.safe_load((ROOT / "docs/examples/inventory-ci.yml").read_text(encoding="utf-8"))


class Follow(t.Protocol):
    def __call__(self, repository: Path) -> str: ...


@pytest.fixture
def follow(run: Run, tarball: Path, tmp_path: Path) -> Follow:
    """Run the workflow's own commands, with what is installed here in place of what a registry would send."""
    home = tmp_path / "home"
    home.mkdir()
    here = {
        "ANSIBLE": f"ansible=={importlib.metadata.version('ansible')}",
        "COLLECTION": str(tarball),
        "HOME": str(home),
        "PIP_NO_INDEX": "1",
    }

    def follow_steps(repository: Path) -> str:
        steps = [step["run"] for step in WORKFLOW["jobs"]["render"]["steps"] if "run" in step]
        return "".join(
            run("bash", "-e", "-o", "pipefail", "-c", step, cwd=repository, **{**WORKFLOW["env"], **here})
            for step in steps
        )

    return follow_steps


@pytest.fixture
def repository(inventory: Path, tmp_path: Path) -> Path:
    """A user's repository: nothing but an inventory."""
    target = tmp_path / "repository"
    shutil.copytree(inventory.parent, target / WORKFLOW["env"]["INVENTORY"])
    return target


def test_keeps_the_files_of_every_balancer(follow: Follow, repository: Path) -> None:
    output = follow(repository)
    assert "worker2" in output
    upload = next(step for step in WORKFLOW["jobs"]["render"]["steps"] if "upload-artifact" in step.get("uses", ""))
    rendered = repository / upload["with"]["path"]
    assert "bind *:80" in (rendered / "lb1/haproxy.cfg").read_text(encoding="utf-8")


def test_fails_and_names_the_key_that_is_wrong(follow: Follow, repository: Path) -> None:
    variables = repository / WORKFLOW["env"]["INVENTORY"] / "group_vars"
    variables.mkdir()
    (variables / "balancers.yml").write_text("---\nhaproxy_frontend: []\n", encoding="utf-8")
    with pytest.raises(AssertionError, match="haproxy_frontends"):
        follow(repository)
    assert not (repository / "rendered").exists()


def test_fails_on_an_inventory_that_cannot_be_read(follow: Follow, repository: Path) -> None:
    (repository / WORKFLOW["env"]["INVENTORY"] / "hosts.yml").write_text("balancers: [\n", encoding="utf-8")
    with pytest.raises(AssertionError, match=r"hosts\.yml"):
        follow(repository)
