# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""House rules that no linter knows."""

from __future__ import annotations

import re
import subprocess
import typing as t
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
THIS_FILE = Path(__file__).resolve()

REGISTRY_HOST = re.compile(
    r"deb\.debian\.org|security\.debian\.org|archive\.ubuntu\.com|pypi\.org|pythonhosted\.org|registry\.npmjs\.org"
    r"|docker\.io/|(?:registry|hub)[-0-9]*\.docker\.com|ghcr\.io|quay\.io|galaxy\.ansible\.com"
)
MACHINE_PATH = re.compile(r"(?<![\w.~}-])/(?:work|root|home/(?!ops\b)\w+|tmp/(?:setup|tools|brief))/")
PRIVATE_ADDRESS = re.compile(r"\b(?:10|172\.(?:1[6-9]|2\d|3[01])|192\.168)\.\d+\.\d+(?:\.\d+)?\b")
UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX|TBD|HACK)\b|lorem ipsum|coming soon|not yet implemented", re.IGNORECASE)


def committed() -> dict[str, str]:
    """Every file that is or would be committed, but for the licence and this file, whose patterns match themselves."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    files = {name: ROOT / name for name in listed if name}
    return {
        name: file.read_text(encoding="utf-8")
        for name, file in files.items()
        if file.is_file() and name != "LICENSE" and file.resolve() != THIS_FILE
    }


def found(pattern: re.Pattern[str], under: str = "") -> list[str]:
    return [
        f"{name}:{number}: {line.strip()}"
        for name, text in committed().items()
        if name.startswith(under)
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


def load(file: str) -> dict[str, t.Any]:
    loaded: dict[str, t.Any] = yaml.safe_load((ROOT / file).read_text(encoding="utf-8"))
    return loaded


def test_no_file_names_a_registry_host() -> None:
    assert found(REGISTRY_HOST) == []


def test_no_file_names_a_path_of_the_machine_it_was_written_on() -> None:
    assert found(MACHINE_PATH) == []


def test_no_file_is_unfinished() -> None:
    assert found(UNFINISHED) == []


def test_test_hosts_have_no_private_addresses() -> None:
    assert found(PRIVATE_ADDRESS, under="molecule/") == []


@pytest.mark.parametrize("role", sorted((ROOT / "roles").glob("*/")), ids=lambda role: role.name)
def test_every_role_has_what_galaxy_and_a_reader_look_for(role: Path) -> None:
    wanted = {"README.md", "meta/main.yml", "meta/argument_specs.yml", "tasks/main.yml"}
    assert {file for file in wanted if not (role / file).is_file()} == set()


def test_dependencies_are_the_collections_that_are_used_at_run_time() -> None:
    called = re.compile(r"^\s*(?:- )?([a-z][a-z0-9_]+\.[a-z][a-z0-9_]+)\.[a-z0-9_]+:", re.MULTILINE)
    used = {
        collection
        for name, text in committed().items()
        if re.match(r"(?:playbooks|roles/\w+/(?:tasks|handlers))/", name)
        for collection in called.findall(text)
    }
    assert used - {"ansible.builtin", "hardened.balancer"} == set(load("galaxy.yml").get("dependencies") or {})


def test_everything_is_pinned() -> None:
    lines = [line for file in ROOT.glob("requirements-*.txt") for line in file.read_text(encoding="utf-8").splitlines()]
    assert [line for line in lines if not re.fullmatch(r"#.*|[\w.\[\]-]+==[\w.]+", line)] == []
    assert len([line for line in lines if "==" in line]) > 10


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (REGISTRY_HOST, "deb http://deb.debian.org/debian bookworm main"),
        (REGISTRY_HOST, "image: docker.io/library/debian:12"),
        (MACHINE_PATH, "cd /root/checkout"),
        (MACHINE_PATH, "path: /home/somebody/balancer"),
        (PRIVATE_ADDRESS, "ansible_host: 192.168.7.9"),
        (PRIVATE_ADDRESS, "10.0.0.0/8"),
        (UNFINISHED, "# todo: more"),
    ],
)
def test_the_rules_would_notice(pattern: re.Pattern[str], text: str) -> None:
    assert pattern.search(text)
