# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is built and published works by itself, without the checkout."""

from __future__ import annotations

import re
import shutil
import tarfile
from pathlib import Path

import pytest

from .conftest import ROOT, Run

USED_AT_RUN_TIME = {"meta", "playbooks", "plugins", "roles"}
FOR_PEOPLE_AND_GALAXY = {"CHANGELOG.md", "FILES.json", "LICENSE", "MANIFEST.json", "README.md", "docs"}
LINK = re.compile(r"\]\(([^)#\s:]+)(?:#[^)]*)?\)")


@pytest.fixture(scope="module")
def installed(run: Run, tarball: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collections path that holds the built collection, of which only what is used at run time is left."""
    path = tmp_path_factory.mktemp("collections")
    run("ansible-galaxy", "collection", "install", "--offline", "--collections-path", path, tarball, cwd=path)
    for entry in (path / "ansible_collections/hardened/balancer").iterdir():
        if entry.name not in USED_AT_RUN_TIME:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    return path


def render(run: Run, inventory: Path, target: Path, cwd: Path, collections_path: Path | None) -> dict[str, str]:
    environment = {} if collections_path is None else {"ANSIBLE_COLLECTIONS_PATH": str(collections_path)}
    playbook = ("ansible-playbook", "-i", inventory, "hardened.balancer.render")
    run(*playbook, "-e", f"render_to={target}", cwd=cwd, **environment)
    return {
        str(file.relative_to(target)): file.read_text(encoding="utf-8")
        for file in sorted(target.rglob("*"))
        if file.is_file()
    }


def test_holds_what_is_used_at_run_time_and_nothing_of_the_checkout(tarball: Path) -> None:
    with tarfile.open(tarball) as archive:
        names = [Path(member.name) for member in archive.getmembers()]
    assert {name.parts[0] for name in names} == USED_AT_RUN_TIME | FOR_PEOPLE_AND_GALAXY
    assert [str(name) for name in names if name.name == "__pycache__" or name.suffix == ".pyc"] == []


def test_no_page_links_to_what_is_not_in_it(tarball: Path, tmp_path: Path) -> None:
    with tarfile.open(tarball) as archive:
        archive.extractall(tmp_path)
    links = [(page, link) for page in tmp_path.rglob("*.md") for link in LINK.findall(page.read_text(encoding="utf-8"))]
    assert len(links) > 50
    assert [f"{page.relative_to(tmp_path)}: {link}" for page, link in links if not (page.parent / link).exists()] == []


def test_renders_by_name_from_an_empty_directory_what_the_checkout_renders(
    run: Run, installed: Path, inventory: Path, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    from_artifact = render(run, inventory, tmp_path / "artifact", cwd=empty, collections_path=installed)
    from_checkout = render(run, inventory, tmp_path / "checkout", cwd=ROOT, collections_path=None)

    assert {"lb1/haproxy.cfg", "lb1/plan.yml"} <= set(from_artifact)
    assert from_artifact == from_checkout
    lines = [line.strip() for line in from_artifact["lb1/haproxy.cfg"].splitlines()]
    for line in (
        "frontend http_front",
        "bind *:80",
        "default_backend web_workers",
        "backend web_workers",
        "balance roundrobin",
    ):
        assert line in lines
    for server in ("server worker1 10.0.0.101:80 check", "server worker2 10.0.0.102:80 check"):
        assert any(f"{line} ".startswith(f"{server} ") for line in lines), server


@pytest.mark.parametrize("playbook", sorted(file.stem for file in (ROOT / "playbooks").glob("*.yml")))
def test_every_playbook_is_found_by_name(
    run: Run, installed: Path, inventory: Path, tmp_path: Path, playbook: str
) -> None:
    command = ("ansible-playbook", "-i", inventory, "--syntax-check", f"hardened.balancer.{playbook}")
    run(*command, cwd=tmp_path, ANSIBLE_COLLECTIONS_PATH=str(installed))
