# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Idempotence and truth: `--check` names what the run changes, a second run changes nothing, and there is a way back.

A bare machine of each release is looked at as a whole (`inside/system.py`) before and after each step:

1. `--check --diff` changes nothing. What the run then changes of files, packages and units is named there, but for the
   exceptions, which are printed with their reason; and what is named there is changed.
2. A second run changes nothing, nor does a `--check`.
3. A frontend is taken out of the inventory: its port is closed, and nobody listens there.
4. The commands that README.md has under "Leaving", as they are printed there: what is left is what was there before,
   but for what it says, and the provider's login gets in.
"""

from __future__ import annotations

import json
import pathlib
import re
import shlex
import typing as t

import yaml

from tests.proof.breaking import access, node
from tests.proof.lab import INVENTORY, ROOT, STATE, Lab, Machine, Run, execute

SECONDS = 1800
System = dict[str, dict[str, str]]
Changes = dict[str, dict[str, str]]
PORTS = "22,80,443,9000"
# By pattern: what a --check does not name, and why. What a package that it names brings along is found by its list.
EXCEPTIONS = {
    r"/etc/(passwd|group|g?shadow|sub[ug]id)-?": "accounts of packages and of administrators",
    r"/etc/(ld\.so\.cache|rc[\dS]\.d/.*|alternatives/.*|init\.d/.*)": "what installing a package makes",
    r"/etc/systemd/(system|user)/([^/]+\.(wants|requires)(/.*)?|dbus-[^/]+)": "links of units that start at boot",
    r"/var/lib/hardened-balancer(/.*)?": "the collection's own notes on the node",
    r"/etc/haproxy/(trees(/.*)?|haproxy\.cfg)": "trees are shown by the names of their files",
    r"/etc/hardened-balancer/ssh-moduli": "the larger groups of the package's own /etc/ssh/moduli",
    r"/etc/apt/apt\.conf\.d/(20auto|50unattended)-upgrades": "what unattended-upgrades writes when it is installed",
}
# Dependencies that other packages suggest, as tar does with xz-utils, would stay.
AUTOREMOVE = "--autoremove -o APT::AutoRemove::RecommendsImportant=false -o APT::AutoRemove::SuggestsImportant=false"
ANSIBLE = {r"/(home/[^/]+|root)/\.ansible(/.*)?": "Ansible's own place for its files"}
# What README.md says that stays, or that the system does by itself.
STAYS = {
    r"/etc/(passwd|group|g?shadow|sub[ug]id)-?": "accounts that packages have made, and copies of before",
    r"/etc/(ld\.so\.cache|rc[\dS]\.d/.*|alternatives/.*)": "what a package leaves",
}


def look(lab: Lab, machine: Machine) -> System:
    lab.place(machine)
    return t.cast("System", json.loads(machine.run("cd /proof && python3 -m tests.proof.inside.system")))


def changes(before: System, after: System) -> Changes:
    """By part: what differs, from what to what."""
    found: Changes = {}
    for part, old in before.items():
        new = after[part]
        names = sorted(name for name in {**old, **new} if old.get(name) != new.get(name))
        found[part] = {name: f"{old.get(name, 'none')} -> {new.get(name, 'none')}" for name in names}
    return found


def told(of: Changes) -> list[str]:
    return [f"{part}: {name}: {how}" for part, names in of.items() for name, how in names.items()]


def main(lab: Lab) -> None:
    for machine in lab.balancers:
        lab.bare(machine)
    node.on_all(lab, whole)


def whole(lab: Lab, machine: Machine) -> list[str]:
    bare = look(lab, machine)
    printed = [machine.name, *truth(lab, machine, bare)]
    again(lab, machine)
    closed(lab, machine)
    return [*printed, *leaving(lab, machine, bare)]


def run(lab: Lab, machine: Machine, *options: str) -> Run:
    return node.site(lab, machine, *options)


# --- 1


def named(output: str) -> set[str]:
    """The words of what a run shows as changed: heads of differences, items of loops, sentences."""
    lines = re.findall(r"^changed: .*|^(?:---|\+\+\+) .*|^ +msg: .*|^ +- .*", output, re.MULTILINE)
    return {word.strip("'\"(),;:=[]") for line in lines for word in re.split(r"[\s=]+", line)}


def truth(lab: Lab, machine: Machine, bare: System) -> list[str]:
    checked = run(lab, machine, "--check", "--diff")
    lab.require(checked.code == 0, f"{machine}: --check on a bare machine ends well{failure(checked)}")
    left, _said = besides(told(changes(bare, look(lab, machine))), ANSIBLE)
    lab.require(not left, f"{machine}: --check has changed nothing {left[:5] or ''}")
    first = run(lab, machine)
    lab.require(first.code == 0, f"{machine}: the run after it ends well{failure(first)}")
    done = changes(bare, look(lab, machine))
    keep(machine, checked=checked.output, done=done)
    words = named(checked.output)
    packages = set(done["packages"])
    brought = set(machine.run(f"dpkg -L {' '.join(packages)} 2>/dev/null", code=None).splitlines())
    # Without our packages' names among them: those were asked for, and have to be named.
    needed = packages & set(machine.run("apt-mark showauto").split())
    depended = {re.escape(name): "packages that those which are named depend on" for name in needed}
    missed, excepted = besides(unnamed(done, words, brought), {**ANSIBLE, **EXCEPTIONS, **depended})
    lab.require(not missed, f"{machine}: --check has named all that was changed {missed[:9] or ''}")
    more = sorted(word for word in words if named_in_vain(word, done))
    lab.require(not more, f"{machine}: all that --check has named was changed {more[:9] or ''}")
    counts = ", ".join(f"{len(names)} {part}" for part, names in done.items() if part in ("files", "packages", "units"))
    return [f"--check named what was changed of {counts}; not by name:", *excepted]


def unnamed(done: Changes, words: set[str], brought: set[str]) -> list[str]:
    """Of files, packages and units; what a package that is named has in its list is named with it."""
    units = "\n".join(words)
    parents = {str(parent) for path in words if path.startswith("/") for parent in pathlib.PurePath(path).parents}
    files = [path for path in done["files"] if path not in words | brought | parents]
    units_of_packages = {path.rsplit("/", 1)[-1] for path in brought}
    return [
        *(f"files: {path}" for path in files),
        *(f"packages: {name}" for name in done["packages"] if name not in words),
        *(f"units: {name}" for name in done["units"] if name not in units_of_packages and name not in units),
    ]


def named_in_vain(word: str, done: Changes) -> bool:
    return word.startswith("/etc/") and word not in done["files"]


def besides(found: list[str], exceptions: dict[str, str]) -> tuple[list[str], list[str]]:
    """Those that no exception has, and each exception with those that it has."""
    rest: list[str] = []
    had: dict[str, list[str]] = {}
    for one in found:
        path = one.split(": ")[1]
        reason = next((why for pattern, why in exceptions.items() if re.fullmatch(pattern, path)), "")
        if reason:
            had.setdefault(reason, []).append(path)
        else:
            rest.append(one)
    return rest, [f"  {reason}: {' '.join(paths[:6])}" for reason, paths in had.items()]


def failure(done: Run) -> str:
    return "" if done.code == 0 else f": {access.said(done.output, '', 400)}"


# --- 2 and 3


def again(lab: Lab, machine: Machine) -> None:
    before = look(lab, machine)
    for options in ([], ["--check"], ["--check", "--diff"]):
        done = run(lab, machine, *options)
        what = " ".join(["a second run", *options])
        lab.require(
            done.code == 0 and not done.changed(machine.name), f"{machine}: {what} changes nothing{failure(done)}"
        )
    left = told(changes(before, look(lab, machine)))
    lab.require(not left, f"{machine}: nor is anything else on it than before {left[:5] or ''}")


def open_ports(lab: Lab, machine: Machine) -> str:
    scan = f"nmap -n -Pn -p {PORTS} --open -oG - {machine.address}"
    return " ".join(re.findall(r"(\d+)/open", lab.client.run(scan)))


def closed(lab: Lab, machine: Machine) -> None:
    given = yaml.safe_load(INVENTORY.read_text())["balancers"]["vars"]["haproxy_frontends"]
    before = open_ports(lab, machine)
    done = run(lab, machine, *node.extra(haproxy_frontends=given[:1]))
    after = open_ports(lab, machine)
    lab.require(
        (done.code, before, after) == (0, "22 80 443 9000", "22 80 443"),
        f"{machine}: without the frontend of 9000: open were {before}, are {after}{failure(done)}",
    )
    now = look(lab, machine)
    # The workers have the same port behind a backend that is there still: `address . 9000`.
    named = re.compile(r"(?<! \. )\b9000\b")
    left = [one for part in ("listeners", "rules") for one in now[part].items() if named.search(" ".join(one))]
    lab.require(not left, f"{machine}: nothing listens there, and no rule names it {left or ''}")


# --- 4


def section() -> str:
    """What README.md says of leaving."""
    sections = re.split(r"^## ", (ROOT / "README.md").read_text(), flags=re.MULTILINE)
    return next(one for one in sections if one.startswith("Leaving\n"))


def typed(lab: Lab, machine: Machine, commands: str) -> Run:
    """By an administrator over SSH, each of them has to succeed."""
    return execute([*lab.ssh(machine), f"sudo -n sh -exc {shlex.quote(commands)}"], code=None)


def leaving(lab: Lab, machine: Machine, bare: System) -> list[str]:
    text = section()
    done = typed(lab, machine, "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL)))
    keep(machine, typed=done.output)
    lab.require(done.code == 0, f"{machine}: what README.md says of leaving can be typed{tail(done)}")
    after = look(lab, machine)
    # Now, because nobody can ask for the rules once nftables is gone.
    rules = [line for line in after["rules"].values() if line.startswith("table") and "hardened_balancer" in line]
    lab.require(not rules, f"{machine}: none of the packet filter's tables is left {rules or ''}")
    brought = {name for name, how in changes(bare, after)["packages"].items() if how.startswith("none")}
    ours = " ".join(sorted(brought & set(re.findall(r"[a-z0-9.+-]+", text))))
    done = typed(lab, machine, f"apt-get -y purge {ours}\napt-get -y purge {AUTOREMOVE}")
    lab.require(done.code == 0, f"{machine}: the packages go that it names and that came with it: {ours}{tail(done)}")
    now = changes(bare, look(lab, machine))
    keep(machine, left=now)
    lab.require(access.until_in(lab, machine) is not None, f"{machine}: the provider's login gets in")
    left, excepted = besides(told(now), {**ANSIBLE, **STAYS})
    lab.require(not left, f"{machine}: it is what it was before {left[:9] or ''}")
    return ["what is left after leaving, beside that:", *excepted]


def tail(done: Run) -> str:
    return "" if done.code == 0 else f": {done.output[-600:]}"


def keep(machine: Machine, **what: t.Any) -> None:
    """Beside the lab's own state, for whoever wants to look closer."""
    for name, one in what.items():
        text = one if isinstance(one, str) else json.dumps(one, indent=1)
        (STATE / f"{machine}.{name}").write_text(text)
