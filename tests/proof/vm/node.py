# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands around the balancer in a virtual machine: a worker, a port that nobody opened, people from outside."""

from __future__ import annotations

import asyncio
import difflib
import json
import shlex
import threading
import time
import typing as t

from tests.proof.lab import HERE
from tests.proof.vm.guest import Guest

UNOPENED = 7777
WORKER = 8080
ECHO = 9001
STRANGER = "203.0.113.2"
PATIENCE = 6.0
State = dict[str, t.Any]

# It listens before the network is up, so a moment without a filter would be seen.
LISTENER = f"""\
[Unit]
DefaultDependencies=no
After=local-fs.target
Before=network-pre.target
[Service]
WorkingDirectory=/proof
ExecStart=/usr/bin/python3 -m tests.proof.inside.listener {UNOPENED}
[Install]
WantedBy=sysinit.target
"""
SERVED = f"""\
[Service]
WorkingDirectory=/proof
ExecStart=/usr/bin/python3 -m tests.proof.inside.worker --address 127.0.0.1 --port {WORKER} --echo {ECHO}
[Install]
WantedBy=multi-user.target
"""
UNITS = {"proof-listener.service": LISTENER, "proof-worker.service": SERVED}
PUT = """import json, pathlib, sys
for name, text in json.load(sys.stdin).items():
    path = pathlib.Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
"""
# A network of its own within the machine, from which packets come as from anywhere in the world.
STRANGERS = f"""
ip netns add stranger
trap 'ip netns delete stranger' EXIT
ip link add stranger0 type veth peer name eth0 netns stranger
ip address add 203.0.113.1/24 dev stranger0
ip link set stranger0 up
ip -n stranger address add {STRANGER}/24 dev eth0
ip -n stranger link set eth0 up
ip netns exec stranger python3 /proof/tests/proof/inside/listener.py --knock 203.0.113.1"""


def put(guest: Guest, files: dict[str, str]) -> None:
    guest.run(f"python3 -c {shlex.quote(PUT)}", json.dumps(files))


def equip(guest: Guest, certificate: str) -> None:
    """What a balancer has before the first run, and a worker on the node itself."""
    place = "/proof/tests/proof/inside"
    scripts = {f"{place}/{path.name}": path.read_text() for path in (HERE / "inside").glob("*.py")}
    units = {f"/etc/systemd/system/{name}": text for name, text in UNITS.items()}
    put(guest, {**scripts, **units, "/etc/ssl/private/proof.pem": certificate})
    guest.run(
        f"chmod 0600 /etc/ssl/private/proof.pem; systemctl daemon-reload; systemctl enable --now {' '.join(UNITS)} 2>&1"
    )


def strangers(guest: Guest, *ports: int) -> dict[int, bool]:
    """Which of these ports answer to who is in no management network."""
    answer = guest.run(f"{STRANGERS} {' '.join(map(str, ports))}")
    return {int(port): heard for port, heard in json.loads(answer).items()}


def state(guest: Guest) -> State:
    found: State = json.loads(guest.run("python3 /proof/tests/proof/inside/state.py"))
    return found


def differences(before: t.Any, after: t.Any, path: str = "") -> list[str]:
    """What it was and what it is, by path; of texts the lines that only one of them has."""
    if before == after:
        return []
    if isinstance(before, dict) and isinstance(after, dict):
        names = sorted({**before, **after})
        return [one for name in names for one in differences(before.get(name), after.get(name), f"{path}/{name}")]
    if isinstance(before, str) and isinstance(after, str) and "\n" in before + after:
        lines = [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[:2] in ("- ", "+ ")]
        return [f"{path}: {line}" for line in lines] or [f"{path}: another end"]
    return [f"{path}: {before!r} -> {after!r}"]


async def heard(port: int, say: bytes = b"", patience: float = PATIENCE) -> bool:
    """Whether anybody speaks. QEMU takes every connection, and only then asks the machine."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(say)
            return bool(await asyncio.wait_for(reader.read(1), patience))
        finally:
            writer.close()
    except (OSError, asyncio.TimeoutError):
        return False


def answers(guest: Guest, port: int, say: str = "") -> bool:
    return asyncio.run(heard(guest.ports[port], say.encode()))


class Knocking:
    """Somebody who tries a port again and again for as long as a block lasts; `answered` are the moments of answers."""

    def __init__(self, guest: Guest, port: int) -> None:
        self.port = guest.ports[port]
        self.tried = 0
        self.answered: list[float] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Knocking:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        asyncio.run(self._knocks())

    async def _knocks(self) -> None:
        under_way = []
        while not self._over.is_set():
            under_way.append(asyncio.create_task(self._knock()))
            await asyncio.sleep(0.5)
        await asyncio.gather(*under_way)

    async def _knock(self) -> None:
        self.tried += 1
        if await heard(self.port):
            self.answered.append(time.monotonic())


def after_silence(moments: list[float]) -> list[float]:
    """Those after the longest time without one, as a boot is."""
    gaps = [later - one for one, later in zip(moments, moments[1:])]
    return moments[gaps.index(max(gaps)) + 1 :] if gaps else []
