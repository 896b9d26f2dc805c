# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every example of docs/topics as it is printed: through the model, through HAProxy, and by the requests below it.

Where BALANCER_TOPICS is `containers`, both versions of HAProxy run, each in containers of its Debian; else the
version that this machine has, in network namespaces of its own.
"""

from __future__ import annotations

import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import typing as t

import pytest

from tests.topics import examples, language

ROOT = examples.ROOT
CONTAINERS = os.environ.get("BALANCER_TOPICS") == "containers"
IMAGES = {"2.6": "topics-bookworm", "3.0": "topics-trixie"}
PREFIX = os.environ.get("BALANCER_IMAGES", "hardened-balancer")
LANES = 6
EXAMPLES = examples.all_examples()


def here() -> list[str]:
    """The version of this machine, if it is one of those."""
    if CONTAINERS:
        return list(examples.RELEASES)
    if not shutil.which("haproxy") or os.geteuid() != 0:
        return []
    said = subprocess.run(["haproxy", "-v"], check=True, capture_output=True, text=True).stdout
    found = re.search(r"version (\d+\.\d+)", said)
    return [found[1]] if found and found[1] in examples.RELEASES else []


VERSIONS = here()
SERVED = [
    pytest.param(example, version, id=f"{example.name}-{version}")
    for example in EXAMPLES
    for version in examples.versions(example)
    if version in VERSIONS and not example.refused
]
REFUSED = [
    pytest.param(example, version, id=f"{example.name}-{version}")
    for example in EXAMPLES
    for version in examples.versions(example)
    if example.refused
]


class Results(dict[str, dict[str, t.Any]]):
    """By the name of a test, what the harness found; the problems of the model where it did not come to that."""


@pytest.fixture(scope="session")
def certificates() -> t.Iterator[examples.Certificates]:
    made = examples.Certificates()
    yield made
    shutil.rmtree(made.home)


@pytest.fixture(scope="session")
def results(
    request: pytest.FixtureRequest, certificates: examples.Certificates, tmp_path_factory: pytest.TempPathFactory
) -> Results:
    """All chosen examples at once, spread over a few networks that each take theirs in turn."""
    found = Results()
    lanes: dict[tuple[str, int], list[pathlib.Path]] = {}
    items: list[t.Any] = list(request.session.items)
    chosen = [item.callspec.params for item in items if "results" in getattr(item, "fixturenames", ())]
    home = tmp_path_factory.mktemp("jobs")
    for number, parameters in enumerate(chosen):
        example, version = parameters["example"], parameters["version"]
        job = examples.job(example, version, certificates)
        name = f"{example.page}-{example.line}-{version}"
        if job["problems"]:
            found[name] = {"wrong": job["problems"]}
            continue
        lane = home / version / str(number % LANES)
        lane.mkdir(parents=True, exist_ok=True)
        (lane / f"{name}.json").write_text(json.dumps(job))
        lanes.setdefault((version, number % LANES), []).append(lane / f"{name}.json")
    with concurrent.futures.ThreadPoolExecutor(LANES) as pool:
        said = dict(zip(lanes, pool.map(lambda key: run(key[0], lanes[key]), lanes)))
    for key, jobs in lanes.items():
        for job_file in jobs:
            result = job_file.with_suffix(".result.json")
            found[job_file.stem] = json.loads(result.read_text()) if result.exists() else {"wrong": [said[key]]}
    return found


def run(version: str, jobs: list[pathlib.Path]) -> str:
    """The harness over some jobs of one directory."""
    return alone(version, "tests.topics.harness", jobs[0].parent, [job.name for job in jobs])


def alone(version: str, module: str, home: pathlib.Path, names: list[str], *more: str) -> str:
    """A module of ours over files of a directory, in a network of its own; gives what it said."""
    if CONTAINERS:
        command = ["docker", "run", "--rm", "--network", "none", "--cap-add", "NET_ADMIN"]
        command += ["--sysctl", "net.ipv6.conf.all.disable_ipv6=0", "--sysctl", "net.ipv6.conf.lo.disable_ipv6=0"]
        command += ["--label", "hardened-balancer=topics", "--ulimit", "nofile=20000:20000"]
        command += ["--volume", f"{ROOT}/tests/topics:/srv/checkout/tests/topics:ro", "--volume", f"{home}:/srv/jobs"]
        command += ["--workdir", "/srv/checkout", "--env", "PYTHONDONTWRITEBYTECODE=1", f"{PREFIX}/{IMAGES[version]}"]
        command += ["python3", "-m", module, *(f"/srv/jobs/{name}" for name in names), *more]
    else:
        command = ["unshare", "--net", sys.executable, "-m", module, *(f"{home}/{name}" for name in names), *more]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=600)
    return f"{module} ended with {done.returncode}: {done.stdout}{done.stderr}"


@pytest.mark.parametrize(("example", "version"), SERVED)
def test_example(example: examples.Example, version: str, results: Results) -> None:
    result = results[f"{example.page}-{example.line}-{version}"]
    assert result["wrong"] == [], "\n".join(result["wrong"])


@pytest.mark.parametrize(("example", "version"), REFUSED)
def test_refusal(example: examples.Example, version: str, certificates: examples.Certificates) -> None:
    assert sorted(examples.render(example, version, "lb1", certificates).problems) == sorted(example.refused)


def test_there_is_something_to_serve_with() -> None:
    assert VERSIONS, "neither containers (make topics) nor, as root, a haproxy of 2.6 or 3.0"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_every_example_is_followed_by_what_comes_of_it(example: examples.Example) -> None:
    assert bool(example.refused) != bool(example.requests)
    assert language.read(example.requests) or example.refused


@pytest.mark.parametrize("page", sorted(examples.PAGES.glob("*.md")), ids=lambda page: page.stem)
def test_page(page: pathlib.Path) -> None:
    """A picture, examples, what is refused, where to read on; found in the index."""
    text = page.read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings[0] == "The picture"
    assert headings[-2:] == ["What is refused", "See also"]
    assert any(block.language == "text" for block in examples.blocks(text)[:1])
    links = re.findall(r"\]\(([\w./-]+)(?:#[\w-]+)?\)", text)
    assert [link for link in links if not (page.parent / link).exists()] == []
    index = (page.parent.parent / "README.md").read_text(encoding="utf-8")
    assert f"(topics/{page.name}" in index


def test_addresses_and_names_are_for_documentation() -> None:
    for page in examples.PAGES.glob("*.md"):
        text = page.read_text(encoding="utf-8")
        addresses = set(re.findall(r"\b\d+\.\d+\.\d+\.\d+\b", text))
        assert {a for a in addresses if not a.startswith(("198.51.100.", "127.0.0.", "0.0.0."))} == set(), page.name
        assert {a for a in addresses if a.startswith("198.51.100.") and int(a.split(".")[3]) > 127} == set(), page.name
