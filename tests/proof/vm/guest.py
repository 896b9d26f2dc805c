# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A virtual machine with a kernel of its own, for what containers cannot show: reboots, kernel settings, descriptors.

QEMU emulates it, so it is ten to fifty times slower than a container; one at a time, and nice to whatever else runs.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import pathlib
import shlex
import shutil
import socket
import subprocess
import time
import typing as t

import yaml

from tests.proof.lab import CACHE, HERE, LabError, Machine, Run, execute

PLACE = CACHE / "vm"
KEY = PLACE / "key"
MEMORY = int(os.environ.get("PROOF_MEMORY", "4096"))
NETWORK = "198.18.200.0/24"
# Who comes through QEMU's network comes from here.
CONTROLLER = "198.18.200.2"
SSH = 22
KERNEL = "root=/dev/vda rw console=ttyS0 net.ifnames=0 mitigations=off panic=5 clearcpuid=141"
# Seconds; under emulation a boot takes up to a minute, on a busy machine more.
BOOT = 400
SHORT = 120
PANIC = "Kernel panic"


def say(text: str) -> None:
    print(f"vm: {text}", flush=True)


def nice(*words: str | pathlib.Path) -> list[str]:
    return ["nice", "-n", "19", *map(str, words)]


def image(release: str) -> pathlib.Path:
    """The directory with the disk, made once for what it is made of."""
    PLACE.mkdir(parents=True, exist_ok=True)
    if not KEY.exists():
        execute(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "proof", "-f", KEY])
    public, script = KEY.with_suffix(".pub").read_text().strip(), HERE / "vm/image.sh"
    digest = hashlib.sha256(f"{release}\n{public}\n{script.read_text()}".encode()).hexdigest()[:12]
    place = PLACE / f"{release}-{digest}"
    if not place.is_dir():
        for older in PLACE.glob(f"{release}-*"):
            shutil.rmtree(older)
        say(f"making an image of Debian {release} (some minutes)")
        execute(nice(script, release, public, place))
    return place


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclasses.dataclass(frozen=True)
class Guest(Machine):
    """What a machine of the lab answers, it answers too, over SSH; it is no container."""

    place: pathlib.Path
    ports: dict[int, int]
    process: subprocess.Popen[bytes]

    @property
    def console(self) -> str:
        return (self.place / "console").read_text(errors="replace")

    @property
    def options(self) -> list[str]:
        """The host key is known by a name, because the port is another one each time."""
        known = f"UserKnownHostsFile={self.place / 'known_hosts'}"
        given = (known, "HostKeyAlias=vm", "IdentitiesOnly=yes", "ConnectTimeout=20", "ServerAliveInterval=20")
        return [word for one in given for word in ("-o", one)]

    def run(self, command: str, stdin: str | None = None, code: int | None = 0, seconds: int = SHORT) -> str:
        """Each time over a new connection, so that each one shows that SSH lets us in."""
        remote = shlex.join(["sudo", "-n", "sh", "-ec", command])
        login = ["-o", "BatchMode=yes", "-i", str(KEY), "-p", str(self.ports[SSH]), "proof@127.0.0.1"]
        return execute(["timeout", str(seconds), "ssh", "-q", *self.options, *login, remote], stdin, code).output

    def site(
        self, *options: str, variables: dict[str, t.Any] | None = None, code: int | None = 0, playbook: str = "site.yml"
    ) -> Run:
        """One run of the playbook, with this machine as the only balancer."""
        host = {"ansible_host": "127.0.0.1", "ansible_port": self.ports[SSH], "ansible_user": "proof"}
        host.update(ansible_ssh_private_key_file=str(KEY), ansible_ssh_common_args=shlex.join(self.options))
        # An emulated machine needs its time for a login, too.
        host.update(ansible_timeout=60, balancer_confirm_timeout=600, balancer_management_networks=[NETWORK])
        inventory = self.place / "hosts.yml"
        inventory.write_text(yaml.safe_dump({"balancers": {"hosts": {self.name: {**host, **(variables or {})}}}}))
        run = execute(nice("ansible-playbook", "-i", inventory, *options, playbook), code=None)
        if code is not None and run.code != code:
            raise LabError(f"{playbook} ended with {run.code}:\n{run.output}")
        return run

    def boot_id(self) -> str:
        """Empty while it does not answer."""
        return self.run("cat /proc/sys/kernel/random/boot_id", code=None, seconds=30).strip()[:36]

    def wait(self, before: str = "") -> float:
        """Until it lets us in, after a boot that is not the one of before; how many seconds that took."""
        began = time.monotonic()
        while time.monotonic() - began < BOOT:
            if PANIC in self.console or self.process.poll() is not None:
                break
            now = self.boot_id()
            if len(now) == 36 and now.count("-") == 4 and now != before:
                return time.monotonic() - began
            time.sleep(2)
        raise LabError(f"{self.name} did not come up; the end of its console:\n{self.console[-3000:]}")

    def reboot(self, command: str = "systemctl reboot") -> float:
        """Seconds until it lets us in again."""
        before = self.boot_id()
        self.run(f"nohup {command} >/dev/null 2>&1 &", code=None)
        return self.wait(before)

    def settled(self) -> str:
        """Waits until the boot has come to its end; what systemd says of it."""
        return self.run("systemctl is-system-running --wait || true", seconds=BOOT).strip()


def command(files: pathlib.Path, place: pathlib.Path, ports: dict[int, int], memory: int) -> list[str]:
    forwards = "".join(f",hostfwd=tcp:127.0.0.1:{here}-:{there}" for there, here in ports.items())
    words = ["qemu-system-x86_64", "-accel", "tcg", "-M", "q35", "-cpu", "max", "-m", str(memory), "-smp", "1"]
    words += ["-kernel", str(files / "kernel"), "-initrd", str(files / "initrd"), "-append", KERNEL]
    words += ["-drive", f"file={place / 'overlay'},if=virtio,format=qcow2"]
    words += [
        "-netdev",
        f"user,id=outside,ipv6=off,net={NETWORK}{forwards}",
        "-device",
        "virtio-net-pci,netdev=outside",
    ]
    return nice(*words, "-display", "none", "-monitor", "none", "-serial", f"file:{place / 'console'}")


@contextlib.contextmanager
def started(release: str, *ports: int, memory: int = MEMORY) -> t.Iterator[Guest]:
    """A bare machine for as long as a block lasts; these ports of it are reached at `guest.ports` of 127.0.0.1."""
    files, place = image(release), PLACE / "run"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    execute(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", files / "disk", place / "overlay"])
    (place / "console").touch()
    (place / "known_hosts").write_text(f"vm {(files / 'host_key.pub').read_text()}")
    forwarded = {port: free_port() for port in (SSH, *ports)}
    with (place / "qemu.log").open("w") as log:
        process = subprocess.Popen(
            command(files, place, forwarded, memory), stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    guest = Guest(release, "", "127.0.0.1", place, forwarded, process)
    try:
        say(f"Debian {release} with {memory} MiB let us in after {guest.wait():.0f} s")
        yield guest
    finally:
        process.kill()
        process.wait()
        (place / "overlay").unlink()
