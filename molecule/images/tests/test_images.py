# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The node image is made of a Debian image that a registry serves."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

LAB = Path(__file__).parents[2] / "lab"
CONTAINER = "hardened-balancer-test-registry"
PREFIX = "hardened-balancer-pulled"
SERVE = """
version: 0.1
storage: {filesystem: {rootdirectory: /srv/registry}}
http: {addr: "0.0.0.0:5000"}
"""


def docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"docker {' '.join(arguments)}: {done.stderr}"
    return done.stdout.strip()


def debian() -> str:
    """The Debian image that the lab's own images were made of, pulled or built."""
    made = docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").splitlines()
    return next(name for name in ("hardened-balancer/debian:bookworm", "debian:bookworm-slim") if name in made)


def forget(*images: str) -> None:
    subprocess.run(["docker", "image", "rm", *images], capture_output=True, check=False)


@pytest.fixture
def registry() -> Iterator[str]:
    """Debian's docker-registry in a container, at a port of the loopback interface, with a Debian image in it."""
    install = "apt-get -qq update && apt-get -qq install -y --no-install-recommends docker-registry"
    serve = f"cat >/srv/registry.yml <<'END'{SERVE}END\nexec docker-registry serve /srv/registry.yml"
    docker("run", "-d", "--name", CONTAINER, "-p", "127.0.0.1::5000", "hardened-balancer/worker", "sleep", "infinity")
    try:
        docker("exec", CONTAINER, "sh", "-c", install)
        docker("exec", "-d", CONTAINER, "sh", "-c", serve)
        address = docker("port", CONTAINER, "5000/tcp")
        image = f"{address}/debian:bookworm-slim"
        docker("tag", debian(), image)
        docker("push", "-q", image)
        forget(image)
        yield address
    finally:
        docker("rm", "-f", CONTAINER)


def test_the_node_image_is_made_of_a_pulled_one(registry: str) -> None:
    environment = {**os.environ, "BALANCER_REGISTRY": f"{registry}/", "BALANCER_IMAGES": PREFIX}
    command = [str(LAB / "image.sh"), "node-bookworm"]
    try:
        first, second = (
            subprocess.run(command, env=environment, capture_output=True, text=True, check=False) for _ in range(2)
        )
        release = docker("run", "--rm", f"{PREFIX}/node-bookworm", "cat", "/etc/debian_version")
    finally:
        forget(f"{PREFIX}/node-bookworm", f"{registry}/debian:bookworm-slim")
    assert first.returncode == 0, first.stderr
    assert f"pulling {registry}/debian:bookworm-slim" in first.stdout
    assert "mmdebstrap" not in first.stdout
    assert (second.returncode, second.stdout) == (0, "")
    assert release.startswith("12")
