# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a balancer is, as far as a change could spoil it: read before and after, compared as text."""

from __future__ import annotations

import concurrent.futures
import itertools
import json
import os
import pathlib
import re
import time
import typing as t

from tests.proof.lab import Lab, Machine, Run, execute

HERE = pathlib.Path(__file__).parent
PYTHON = "/usr/local/lib/python3.*/dist-packages"
# Who knocked how often, in sets of ours; and the engine's way to its name server, another one after each start.
COUNTED = r"^\s+(elements = \{ )?[0-9a-f.:]+ limit rate over|127\.0\.0\.11"
# Each part is a command, run as root on the balancer.
PARTS = {
    "link": "readlink /etc/haproxy/haproxy.cfg || echo none",
    "files": 'cd -P /etc/haproxy && cd "$(dirname "$(readlink -f haproxy.cfg)")" && '
    "find . -type f -printf '%p %m %u\\n' -exec sha256sum '{}' + | sort",
    # dpkg leaves the package's own file beside a link that stands in its place.
    "beside": "ls -A /etc/haproxy | grep -v '\\.dpkg-new$'; "
    "ls -A /etc/haproxy/trees | grep -Ev '^[0-9a-f]{16}$' || true",
    # A reboot takes the directory itself, which holds nothing between runs.
    "of the run": "find /run/hardened-balancer -mindepth 1 2>/dev/null | sort || true",
    "firewall": f"nft -s list ruleset | grep -vE '{COUNTED}'",
    "HAProxy beside the unit": "for one in /proc/[0-9]*; do grep -sqx haproxy $one/comm && "
    "! grep -sq haproxy.service $one/cgroup && tr '\\0' ' ' <$one/cmdline; done",
    "units": "for unit in haproxy hardened-balancer-recover hardened-balancer-firewall; do "
    "echo $unit $(systemctl is-enabled $unit 2>&1); done; systemctl is-active haproxy; "
    "systemctl show haproxy -p LoadState -p NeedDaemonReload; cat /etc/systemd/system/haproxy.service.d/*",
}
NEVER = 1 << 30
_numbers = itertools.count(10_000 + int(time.time()) % 80_000)

State = dict[str, str]


def state(machine: Machine) -> State:
    """By parts; what runs is one of them."""
    return {**read(machine, PARTS), "runs": digest(machine)}


def read(machine: Machine, parts: dict[str, str]) -> State:
    """What the command of each part says."""
    script = "\n".join(f"echo '==== {name}'; ({command}) 2>&1 || true" for name, command in parts.items())
    found = re.split(r"^==== (.+)\n", machine.run(script), flags=re.MULTILINE)[1:]
    return dict(zip(found[::2], found[1::2]))


def digest(machine: Machine) -> str:
    """Of the running process; what a dead one says is empty."""
    answer = machine.run(
        'python3 -c "import socket; s = socket.socket(1); s.settimeout(5); '
        "s.connect('/run/haproxy/admin.sock'); s.sendall(b'show info\\n'); print(s.makefile().read())\" 2>&1",
        code=None,
    )
    found = re.search(r"^description: hardened\.balancer (\w+)$", answer, re.MULTILINE)
    return found[1] if found else ""


def linked(of: State) -> str:
    found = re.search(r"([0-9a-f]{16})/haproxy\.cfg", of["link"])
    return found[1] if found else ""


def differences(before: State, after: State) -> list[str]:
    """The parts that differ, each with the lines that are in one of both only."""
    found = []
    for name in before:
        old, new = before[name].splitlines(), after.get(name, "").splitlines()
        if old != new:
            gone = [f"-{line}" for line in old if line not in new]
            more = [f"+{line}" for line in new if line not in old]
            found.append(f"{name}: {' '.join([*gone, *more][:6]) or 'another order'}"[:400])
    return found


def variables(number: int | None = None, **more: t.Any) -> list[str]:
    """Options of a run with a change of its own: a bound that nobody notices, different each time."""
    queue = f"{number or next(_numbers)}ms"
    return extra(haproxy_defaults={"timeout": {"queue": queue}}, **more)


def extra(**variables: t.Any) -> list[str]:
    """Variables of the command line, without a file that another run could need at the same time."""
    return ["--extra-vars", json.dumps(variables)]


def number() -> int:
    return next(_numbers)


def site(lab: Lab, machine: Machine, *options: str, code: int | None = None) -> Run:
    """One balancer by itself: the other one is broken at the same time."""
    return lab.site(*options, limit=f"{machine},localhost", code=code)


def on_all(lab: Lab, what: t.Callable[[Lab, Machine], list[str]]) -> None:
    """Both balancers at once; what was found is printed one after the other."""
    wanted = os.environ.get("BALANCERS", "").split()
    machines = [one for one in lab.balancers if not wanted or one.name in wanted]
    with concurrent.futures.ThreadPoolExecutor(len(machines)) as pool:
        for printed in pool.map(lambda machine: what(lab, machine), machines):
            lab.print("\n".join(["", *printed]))


def chosen(name: str, variable: str = "ONLY") -> bool:
    """Whether a regular expression in the environment leaves this row in."""
    return re.search(os.environ.get(variable, ""), name) is not None


def excerpt(output: str, pattern: str, width: int = 150) -> str:
    """The line of a run's output that says why, without what Ansible puts around it."""
    lines = [" ".join(line.split()) for line in output.splitlines()]
    start = next((i for i, line in enumerate(lines) if re.match(r"(fatal|\[ERROR\]|ERROR)", line)), 0)
    # The head of a list says nothing without what it is the head of.
    lines = [f"{line} {after}" if line.endswith("changed:") else line for line, after in zip(lines, [*lines[1:], ""])]
    hits = [line for line in lines[start:] if re.search(pattern, line)] if pattern else []
    hits = hits or [line for line in lines[start:] if line.startswith(("msg:", "[ERROR]"))]
    return (hits[0] if hits else "")[:width]


def put(machine: Machine, path: str, text: str) -> None:
    machine.run(f"mkdir -p $(dirname {path}); cat >{path}", text)


def install(machine: Machine, name: str) -> None:
    """A program of this directory, for every Python of the balancer to import when it starts."""
    text = (HERE / f"{name}.py").read_text()
    machine.run(
        f"for place in {PYTHON}; do cat >$place/lab_{name}.py; echo 'import lab_{name}' >$place/lab.pth; done", text
    )


def uninstall(machine: Machine) -> None:
    machine.run(f"rm -rf {PYTHON}/lab.pth {PYTHON}/lab_*.py /run/lab-steps")


def up_again(machine: Machine, seconds: float = 60.0) -> None:
    """After its container was started: until systemd has done what a boot does."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        said = machine.run("systemctl is-system-running 2>&1 || true", code=None)
        if re.search(r"^(running|degraded)", said, re.MULTILINE):
            return
        time.sleep(0.2)
    raise TimeoutError(f"{machine} did not boot within {seconds:.0f} s")


def kill(machine: Machine) -> None:
    execute(["docker", "kill", "--signal", "KILL", machine.container])


def boot(machine: Machine) -> None:
    execute(["docker", "start", machine.container])
    up_again(machine)
