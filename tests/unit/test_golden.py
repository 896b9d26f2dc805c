# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every example is rendered to, byte by byte, for two releases; `make golden` renews it."""

from __future__ import annotations

import concurrent.futures
import functools
import json
import os
import random
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests/golden"
EXAMPLES = ROOT / "inventories/examples"
NAMES = sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir())
# Both balancers of an example are rendered in one run, each for a release of its own.
RELEASES = {"lb1": "debian 12", "lb2": "debian 13"}
# What depends on more than the inventory, and the error pages, which are the same everywhere.
LEFT_OUT = ("plan.yml", "errors/")

Tree = dict[str, bytes]
Rendering = dict[str, Tree]


def render(inventory: Path, scratch: Path) -> Rendering:
    """The files of each release."""
    nodes = {host: {"haproxy_node": {"release": release}} for host, release in RELEASES.items()}
    scratch.mkdir(parents=True, exist_ok=True)
    (scratch / "nodes.yml").write_text(yaml.safe_dump({"balancers": {"hosts": nodes}}))
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", str(inventory)]
    command += ["-i", str(scratch / "nodes.yml"), "-e", f"render_to={scratch}/rendered", "hardened.balancer.render"]
    done = subprocess.run(
        command,
        cwd=scratch,
        env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_HOME": str(scratch / "home")},
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    trees = {release.replace(" ", "-"): scratch / "rendered" / host for host, release in RELEASES.items()}
    return {release: _read(tree) for release, tree in trees.items()}


def _read(tree: Path) -> Tree:
    files = {str(path.relative_to(tree)): path.read_bytes() for path in sorted(tree.rglob("*")) if path.is_file()}
    return {path: content for path, content in files.items() if not path.startswith(LEFT_OUT)}


def _at_once(work: t.Callable[[str], Rendering]) -> dict[str, Rendering]:
    with concurrent.futures.ThreadPoolExecutor(min(len(NAMES), os.cpu_count() or 1)) as pool:
        return dict(zip(NAMES, pool.map(work, NAMES)))


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Rendering]:
    scratch = tmp_path_factory.mktemp("golden")
    return _at_once(lambda name: render(EXAMPLES / name, scratch / name))


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_rendered_as_it_was(name: str, rendered: dict[str, Rendering]) -> None:
    for release, tree in rendered[name].items():
        golden = _read(GOLDEN / name / release)
        changed = [path for path in sorted({*tree, *golden}) if tree.get(path) != golden.get(path)]
        assert not changed, f"{name}, {release}: {', '.join(changed)}; if that is wanted: make golden"


def test_every_golden_directory_is_an_example() -> None:
    assert sorted(path.name for path in GOLDEN.iterdir()) == NAMES


def test_no_golden_file_holds_a_secret() -> None:
    vaults = [yaml.safe_load(path.read_text()) for path in EXAMPLES.rglob("vault.yml")]
    secrets = [_telling(value) for vault in vaults for value in vault["haproxy_secrets"].values()]
    assert secrets
    texts = [path.read_text() for path in GOLDEN.rglob("*") if path.is_file()]
    assert [secret for secret in secrets if any(secret in text for text in texts)] == []


def _telling(secret: str) -> str:
    """Of a private key the first line: the last one holds the public half, which the certificate has too."""
    return next(line for line in secret.splitlines() if "-----" not in line)


def _shuffled(value: t.Any, order: random.Random) -> t.Any:
    """Keys of mappings in another order; lists keep theirs."""
    if isinstance(value, dict):
        keys = list(value)
        order.shuffle(keys)
        return {key: _shuffled(value[key], order) for key in keys}
    return [_shuffled(element, order) for element in value] if isinstance(value, list) else value


def _written(inventory: Path, to: Path, change: t.Callable[[str, t.Any], t.Any]) -> Path:
    """The inventory with the content of every file changed."""
    shutil.copytree(inventory, to)
    for path in (path for path in to.rglob("*") if path.suffix in (".yml", ".json")):
        content = change(path.name, yaml.safe_load(path.read_text()))
        text = json.dumps(content) if path.suffix == ".json" else yaml.safe_dump(content, sort_keys=False)
        path.write_text(str(text))
    return to


def test_the_order_of_hosts_and_keys_changes_nothing(tmp_path: Path, rendered: dict[str, Rendering]) -> None:
    order = random.Random(12)
    change = functools.partial(_shuffled, order=order)
    shuffled = {name: _written(EXAMPLES / name, tmp_path / name, lambda _name, value: change(value)) for name in NAMES}
    again = _at_once(lambda name: render(shuffled[name], tmp_path / f"{name}.scratch"))
    assert [name for name in NAMES if again[name] != rendered[name]] == []


def test_the_order_of_a_list_is_the_users(tmp_path: Path, rendered: dict[str, Rendering]) -> None:
    """Who is whose backup is a matter of order: it is kept, and turned round when the user turns it round."""

    def turned(name: str, value: t.Any) -> t.Any:
        if name == "haproxy.yml":
            value["haproxy_backends"][0]["servers"].reverse()
        return value

    inventory = _written(EXAMPLES / "galera", tmp_path / "galera", turned)
    after = render(inventory, tmp_path / "scratch")
    for release, tree in rendered["galera"].items():
        one, other = (_servers(trees["haproxy.cfg"]) for trees in (tree, after[release]))
        assert one[:3] == other[2::-1]
        assert one[3:] == other[3:]


def _servers(configuration: bytes) -> list[str]:
    return [line.strip() for line in configuration.decode().splitlines() if line.strip().startswith("server ")]


def renew() -> None:
    """Called by `make golden`."""
    scratch = ROOT / ".cache/golden"
    shutil.rmtree(scratch, ignore_errors=True)
    renderings = _at_once(lambda name: render(EXAMPLES / name, scratch / name))
    shutil.rmtree(GOLDEN, ignore_errors=True)
    for name, rendering in renderings.items():
        for release, tree in rendering.items():
            for path, content in tree.items():
                file = GOLDEN / name / release / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)


if __name__ == "__main__":
    renew()
