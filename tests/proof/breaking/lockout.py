# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One way to lock oneself out, tried: the run, what it said, what is left, and who gets in then."""

from __future__ import annotations

import contextlib
import json
import pathlib
import re
import shutil
import subprocess
import threading
import typing as t

from tests.proof.breaking import access, cuts, node
from tests.proof.breaking.lockouts import HOPS, Lockout
from tests.proof.lab import HERE, ROOT, STATE, Lab, Machine, Run, execute

KEYS = {"stranger": ("ed25519", "256"), "short": ("rsa", "2048")}
# Leads through the machine whose address the file holds at that moment.
HOP_SSH = "ssh -F /dev/null -i {state}/key -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"
UNDID = re.compile(r"The node undid it|It was undone at once")


class Outcome(t.NamedTuple):
    """What one row did."""

    name: str
    ended: str
    seconds: float
    said: str
    wrong: list[str]

    def told(self) -> str:
        lines = [f"{self.name:<50} {self.ended:<8}{self.seconds:>6.0f}  {self.said}"]
        return "\n".join([*lines, *(f"    NOT MET: {wrong}" for wrong in self.wrong)])


def make_keys() -> None:
    for name, (kind, bits) in KEYS.items():
        if not (STATE / name).exists():
            execute(["ssh-keygen", "-q", "-t", kind, "-b", bits, "-N", "", "-C", name, "-f", STATE / name])


def filled(value: t.Any) -> t.Any:
    """With the keys that are made here."""
    text = json.dumps(value)
    for name in KEYS:
        text = text.replace(f"@{name}@", (STATE / f"{name}.pub").read_text().strip())
    return json.loads(text)


def hop(machine: Machine) -> pathlib.Path:
    """Holds the address of the machine that one goes through at the moment."""
    return STATE / f"hop-{machine}"


def client_options(machine: Machine, row: Lockout) -> list[str]:
    return [*row.client, *([f"ProxyCommand=sh {STATE}/way.sh {hop(machine)} %h %p"] if row.hops else [])]


def ways(machine: Machine) -> pathlib.Path:
    """Where runs that come in otherwise have their connections."""
    return ROOT / ".cache/hop" / machine.name


def connection(machine: Machine, row: Lockout) -> dict[str, str]:
    """The same for a run, over connections of its own: a way in is none of what Ansible tells them apart by."""
    words = [f'-o "{option}"' for option in client_options(machine, row)]
    own = {"ansible_control_path_dir": str(ways(machine))}
    return {**own, "ansible_ssh_extra_args": " ".join(words)} if words else {}


def open_hops(lab: Lab, machine: Machine) -> None:
    """The machines to go through let root in by the lab's key."""
    (STATE / "way.sh").write_text(f'exec {HOP_SSH.format(state=STATE)} -W "$2:$3" "root@$(cat "$1")"\n')
    hop(machine).write_text(HOPS[0])
    for one_of_them in (lab.client, lab.workers[0]):
        one_of_them.run(
            "mkdir -p /run/sshd; ssh-keygen -A >/dev/null; install -d -m 0700 ~root/.ssh; "
            "cat >~root/.ssh/coming-$$; mv ~root/.ssh/coming-$$ ~root/.ssh/authorized_keys; "
            "pgrep -x sshd >/dev/null || /usr/sbin/sshd || pgrep -x sshd >/dev/null",
            (STATE / "key.pub").read_text(),
        )


def run_of(lab: Lab, machine: Machine, row: Lockout) -> Run:
    variables = {**connection(machine, row), "balancer_confirm_timeout": row.timeout, **filled(row.change or {})}
    how: dict[str, t.Any] = {"limit": f"{machine},localhost", "code": None}
    more = STATE / f"more-{machine}.yml"
    more.write_text(row.inventory.replace("@address@", machine.address))
    options = [*row.options, *(["-i", str(more)] if row.inventory else [])]
    environment = {"ANSIBLE_TIMEOUT": str(row.patience)}
    if row.files:
        variables.update(files=list(row.files), apply=row.apply)
        words = node.extra(**variables)
        return lab.playbook(HERE / "lockout.yml", *words, environment=environment, **how)
    return lab.playbook("site.yml", *options, *node.extra(**variables), environment=environment, **how)


def meanwhile(row: Lockout) -> str:
    """Nothing of it happens where it is not told to go."""
    return f"read go || exit 0\n{row.meanwhile}"


class Trap:
    """As soon as the change is in force, and before the new connection comes: something happens to the balancer."""

    def __init__(self, machine: Machine, row: Lockout) -> None:
        self.row, self.hop, self.sprung = row, hop(machine), False
        self.applied = cuts.inside(machine) / access.UNDO.lstrip("/") / row.at / "applied"
        command = ["docker", "exec", "-i", machine.container, "sh", "-c", meanwhile(row)]
        self.shell = subprocess.Popen(command, stdin=subprocess.PIPE, text=True)
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()

    def watch(self) -> None:
        while not self.over.wait(0.002):
            if cuts.exists(self.applied):
                self.sprung = True
                if self.row.moves:
                    self.hop.write_text(HOPS[1])
                break
        with contextlib.suppress(BrokenPipeError):
            self.shell.communicate("go\n" if self.sprung else "")

    def end(self) -> list[str]:
        self.over.set()
        self.thread.join()
        return [] if self.sprung else ["nothing was put in force, so nothing happened meanwhile"]


def one(lab: Lab, machine: Machine, row: Lockout) -> Outcome:
    # A connection that the row before left would lead another way.
    shutil.rmtree(ways(machine), ignore_errors=True)
    if row.hops:
        open_hops(lab, machine)
    if row.first is not None:
        first = {**connection(machine, row._replace(client=())), **row.first}
        lab.site(*row.options, *node.extra(**first), limit=f"{machine},localhost")
    try:
        machine.run(row.before or "true")
        before = access.state(machine)
        trap = Trap(machine, row) if row.at else None
        run = run_of(lab, machine, row)
        wrong = trap.end() if trap else []
        wrong += judged(row, run, before, machine)
        if row.hops:
            hop(machine).write_text(HOPS[0])
    finally:
        if row.lift:
            machine.run(row.lift)
    wrong += way_in(lab, machine, row)
    return Outcome(row.name, ended(run), run.seconds, said(row, run), wrong)


def ended(run: Run) -> str:
    """By its exit code, and where a task has failed by what the balancer did then."""
    if run.code == 2:
        return "undone" if UNDID.search(one_line(run)) else "refused"
    return f"code {run.code}" if run.code else "kept"


def one_line(run: Run) -> str:
    return " ".join(run.output[run.output.find("\nTASK") :].split())


def said(row: Lockout, run: Run) -> str:
    return access.said(run.output, row.says) if run.code else "the change is in force"


def judged(row: Lockout, run: Run, before: node.State, machine: Machine) -> list[str]:
    wrong = [] if ended(run) == row.ends else [f"it should be {row.ends}"]
    text = one_line(run)
    if row.says and not re.search(row.says, text):
        wrong.append(f"the message does not hold {row.says}")
    if "Traceback" in text:
        wrong.append("a traceback")
    if not access.until_decided(machine):
        wrong.append("the change is neither kept nor undone")
    if row.ends == "kept":
        left = access.state(machine)["left over"]
        return wrong + ([f"left over: {left.split()}"] if left.strip() else [])
    now = {**access.state(machine), **{part: before[part] for part in row.differs}}
    return wrong + [f"changed: {part}" for part in node.differences(before, now)]


def way_in(lab: Lab, machine: Machine, row: Lockout) -> list[str]:
    if access.until_in(lab, machine, *client_options(machine, row), seconds=15) is None:
        # From inside, so that the rows after this one can be tried.
        machine.run("systemctl reload ssh.service || systemctl restart ssh.service", code=None)
        return ["nobody gets in"]
    if row.hops and row.ends == "kept" and access.got_in(lab, machine):
        return ["who comes from elsewhere gets in too"]
    return []


def restore(lab: Lab, machine: Machine, usual: node.State, row: Lockout | None = None) -> list[str]:
    """A good run without help, as far as one is needed; through the other machine where that is the only way."""
    if not node.differences(usual, access.state(machine)):
        return []
    hops = row and row.hops and not access.got_in(lab, machine)
    way = connection(machine, row) if row and hops else {}
    wrong = [] if hops or access.until_in(lab, machine) is not None else ["nobody gets in for the next run"]
    good = lab.site(*node.extra(**way), limit=f"{machine},localhost", code=None)
    wrong += [f"the next good run failed: {access.said(good.output, '', 400)}"] if good.code else []
    found = node.differences(usual, access.state(machine))
    return wrong + [f"after the next good run: {part}" for part in found]
