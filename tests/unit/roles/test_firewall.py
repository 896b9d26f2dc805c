# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
import pytest

from ansible_collections.hardened.balancer.plugins.filter.joined_reach import joined_reach
from ansible_collections.hardened.balancer.plugins.module_utils import _nft
from ansible_collections.hardened.balancer.plugins.plugin_utils._ports import networks_by_family

ROLE = Path(__file__).parents[3] / "roles" / "firewall"
OPEN: dict[str, Any] = {"networks": [], "ssh": [22], "tcp": [], "udp": []}
FILTER: dict[str, Any] = {
    "syn_rate": {"rate": 300, "burst": 600},
    "syn_exempt": "",
    "bypass": True,
    "output": "accept",
    "allowed": [],
}
WORKERS = ("workers4", "workers6")
REACH: dict[str, Any] = {"workers4": "", "workers6": "", "others": []}
needs_a_kernel = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("nft"), reason="loads rules in a network namespace: needs root and nft"
)


def ruleset(
    networks: list[str],
    ssh: list[int],
    tcp: list[str],
    udp: list[str],
    restricted: list[dict[str, Any]] | None = None,
    template: str = "firewall",
    reach: Sequence[dict[str, Any] | None] = (REACH,),
    **more: Any,
) -> str:
    """`reach` is what runs, and what will run, as the plan of each says it; workers alone may be given without."""
    workers: dict[str, Any] = {key: more.pop(key) for key in WORKERS if key in more}
    environment = jinja2.Environment(trim_blocks=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    environment.filters["hardened.balancer.networks_by_family"] = networks_by_family
    text = (ROLE / f"templates/etc/hardened-balancer/{template}.nft.j2").read_text()
    return environment.from_string(text).render(
        balancer_plan={
            "management_networks": networks,
            "firewall": {**FILTER, "syn_exempt": " ".join(networks), **more},
        },
        __firewall_ssh=ssh,
        __firewall_open={"tcp": tcp, "udp": udp, "restricted": restricted or []},
        __firewall_reached=joined_reach([{**REACH, **workers}] if workers else reach),
    )


def rules(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]


def listed(text: str, path: Path) -> str:
    """What the kernel makes of it when it is loaded twice, in a network of its own."""
    path.write_text(text)
    script = 'nft -f "$1" && nft -f "$1" && nft -s -t list ruleset'
    done = subprocess.run(
        ["unshare", "--net", "sh", "-c", script, "-", path], capture_output=True, text=True, check=True
    )
    return done.stdout


def in_force(tmp_path: Path, text: str, *changes: str) -> subprocess.CompletedProcess[str]:
    """What the role says of a kernel, a network of its own, in which the rules were loaded and then changed."""
    staged = tmp_path / "staged/etc/hardened-balancer"
    staged.mkdir(parents=True, exist_ok=True)
    staged.joinpath("firewall.nft").write_text(text)
    systemctl = tmp_path / "systemctl"
    systemctl.write_text("#!/bin/sh\n")
    systemctl.chmod(0o755)
    lines = [(ROLE / "files" / name).read_text() for name in ("aside.sh", "firewall.sh")]
    lines += ["set -e", 'nft -f "$STAGED$rules"', *changes, "in_force"]
    environment = {**os.environ, "STAGED": str(tmp_path / "staged"), "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    return subprocess.run(
        ["unshare", "--net", "sh", "-c", "\n".join(lines)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )


def test_ssh_from_anywhere_and_nothing_served() -> None:
    found = rules(ruleset(**OPEN))
    assert "tcp dport { 22 } accept" in found
    assert [line for line in found if "dport" in line and line.endswith("accept")] == [
        "udp sport 67 udp dport 68 accept",
        "ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept",
        "tcp dport { 22 } accept",
    ]


def test_ssh_from_networks_of_one_family_closes_the_other() -> None:
    found = rules(ruleset(**{**OPEN, "networks": ["198.51.100.0/24", "203.0.113.9"], "ssh": [2222, 22]}))
    assert [line for line in found if line.endswith("tcp dport { 22, 2222 } accept")] == [
        "ip saddr { 198.51.100.0/24, 203.0.113.9/32 } tcp dport { 22, 2222 } accept"
    ]
    assert not any("@ssh_rate6" in line for line in found)


def test_ssh_is_accepted_whatever_its_state_and_rated_before() -> None:
    found = rules(ruleset(**{**OPEN, "networks": ["198.51.100.0/24", "2001:db8::/32"]}))
    rated = [index for index, line in enumerate(found) if "add @ssh_rate" in line]
    accepted = [index for index, line in enumerate(found) if line.endswith("tcp dport { 22 } accept")]
    assert len(rated) == len(accepted) == 2
    assert max(rated) < min(accepted)
    assert not any("ct state" in found[index] or "flags" in found[index] for index in accepted)
    assert any("ip6 saddr & ffff:ffff:ffff:ffff:: limit" in found[index] for index in rated)


def test_served_ports_and_ranges() -> None:
    found = rules(ruleset(**{**OPEN, "tcp": ["80", "8000-8010"], "udp": ["443"]}))
    assert "tcp dport { 80, 8000-8010 } accept" in found
    assert "udp dport { 443 } accept" in found


STATS = {"protocol": "tcp", "ports": ["8404", "9000-9010"], "sources": ["198.51.100.0/24", "2001:db8::/32"]}
SYSLOG = {"protocol": "udp", "ports": ["514"], "sources": ["203.0.113.7/32"]}
NOBODY = {"protocol": "tcp", "ports": ["10000"], "sources": []}


def test_restricted_ports_are_open_to_their_networks_alone() -> None:
    found = rules(ruleset(**{**OPEN, "restricted": [STATS, SYSLOG, NOBODY]}))
    assert [line for line in found if "saddr {" in line and line.endswith("accept")] == [
        "ip saddr { 198.51.100.0/24 } tcp dport { 8404, 9000-9010 } accept",
        "ip6 saddr { 2001:db8::/32 } tcp dport { 8404, 9000-9010 } accept",
        "ip saddr { 203.0.113.7/32 } udp dport { 514 } accept",
    ]
    assert not any("10000" in line for line in found)


@needs_a_kernel
def test_the_kernel_says_what_the_plan_said(tmp_path: Path) -> None:
    path = tmp_path / "rules"
    touching = {"protocol": "tcp", "ports": ["7000"], "sources": ["198.51.101.0/24", "198.51.102.0/24"]}
    path.write_text(ruleset(**{**OPEN, "tcp": ["80", "8405"], "restricted": [touching, STATS, SYSLOG]}))
    script = 'nft -f "$1" && nft --json --terse list ruleset'
    done = subprocess.run(
        ["unshare", "--net", "sh", "-c", script, "-", path], capture_output=True, text=True, check=True
    )
    found = _nft.restricted(_nft.accepts(_nft.parse(done.stdout)))
    assert sorted(found, key=str) == sorted([touching, STATS, SYSLOG], key=str)


@needs_a_kernel
@pytest.mark.parametrize(
    "wanted",
    [
        OPEN,
        {**OPEN, "networks": ["198.51.100.0/24", "198.51.100.128/25"], "tcp": ["80"]},
        {**OPEN, "networks": ["2001:db8::/32"], "udp": ["443"]},
        {"networks": ["192.0.2.1", "2001:db8::1"], "ssh": [22, 2222], "tcp": ["80", "8000-8010"], "udp": ["1-65535"]},
    ],
)
def test_the_kernel_takes_it_and_drops_the_rest(wanted: dict[str, Any], tmp_path: Path) -> None:
    found = listed(ruleset(**wanted), tmp_path / "rules")
    assert [line for line in found.splitlines() if line.startswith("table ")] == [
        "table inet hardened_balancer_bans {",
        "table inet hardened_balancer {",
    ]
    for hook, policy in (("input", "drop"), ("forward", "drop"), ("output", "accept")):
        assert f"type filter hook {hook} priority filter; policy {policy};" in found


BANS = "inet hardened_balancer_bans"


@needs_a_kernel
@pytest.mark.parametrize(
    "change",
    [
        "true",
        f"nft add element {BANS} ban4 '{{ 203.0.113.7 timeout 1h }}'",
        f"nft add set {BANS} office '{{ type ipv4_addr; }}'; nft add chain {BANS} mine; nft add rule {BANS} mine drop",
        f"nft add chain {BANS} early '{{ type filter hook prerouting priority -320; }}'",
    ],
)
def test_what_operators_have_beside_the_bans_is_no_change(tmp_path: Path, change: str) -> None:
    done = in_force(tmp_path, ruleset(**{**OPEN, "networks": ["198.51.100.0/24"], "tcp": ["80"]}), change)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@needs_a_kernel
@pytest.mark.parametrize(
    "change",
    [
        "nft delete table inet hardened_balancer",
        "nft add rule inet hardened_balancer input accept",
        f"nft delete table {BANS}",
        f"nft flush chain {BANS} prerouting",
        f"nft insert rule {BANS} prerouting accept",
        f"nft flush chain {BANS} prerouting; nft delete set {BANS} ban6",
    ],
)
def test_what_is_ours_and_differs_is_a_change(tmp_path: Path, change: str) -> None:
    done = in_force(tmp_path, ruleset(**OPEN), change)
    assert done.returncode == 1
    assert "in the kernel are not those of" in done.stdout


LOCKS_OUT = """\
table inet hardened_balancer {
}
delete table inet hardened_balancer
table inet hardened_balancer {
    chain input {
        type filter hook input priority 0; policy drop;
    }
}
"""


def undone(tmp_path: Path, old: str, file: str, *, kept: bool = True) -> tuple[int, str, str]:
    """Of an undo: its code, what was in force before the change and what is afterwards. `file` is what comes back."""
    for name, text in (
        ("old", old),
        ("new", LOCKS_OUT),
        ("rules", file),
        ("failsafe", ruleset(**OPEN, template="firewall-failsafe")),
    ):
        (tmp_path / name).write_text(text)
    systemctl = tmp_path / "systemctl"
    systemctl.write_text(f'#!/bin/sh\ncase $1 in reload-or-restart) exec nft -f "{tmp_path}/rules" ;; esac\n')
    systemctl.chmod(0o755)
    lines = [(ROLE / "files" / name).read_text() for name in ("aside.sh", "firewall.sh")]
    lines += [f"rules={tmp_path}/rules failsafe={tmp_path}/failsafe before={tmp_path}/before"]
    lines += [f"coming={tmp_path}/coming pointer={tmp_path}/pointer", "cd $(dirname $rules)"]
    lines += [
        "nft -f old",
        "live >was",
        "keep_live" if kept else "true",
        "nft -f new",
        "apply",
        "code=$?",
        "live >is",
        "exit $code",
    ]
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    environment.pop("STAGED", None)
    done = subprocess.run(
        ["unshare", "--net", "sh", "-c", "\n".join(lines)], capture_output=True, check=False, env=environment
    )
    return done.returncode, (tmp_path / "was").read_text(), (tmp_path / "is").read_text()


@needs_a_kernel
def test_an_undo_brings_back_what_was_in_force(tmp_path: Path) -> None:
    rules_before = ruleset(
        **{**OPEN, "networks": ["198.51.100.0/24"], "tcp": ["80"]}, output="drop", workers4="10.0.0.1 . 80"
    )
    code, was, now = undone(tmp_path, rules_before, rules_before)
    assert (code, now) == (0, was)
    # The run came in through what somebody loaded by hand.
    code, was, now = undone(tmp_path, rules_before, ruleset(**OPEN))
    assert (code, now) == (0, was)


@needs_a_kernel
def test_an_undo_whose_old_file_does_not_load_lets_ssh_in_again(tmp_path: Path) -> None:
    code, was, now = undone(tmp_path, ruleset(**OPEN), "table inet hardened_balancer {")
    assert code != 0
    assert now == was
    code, _was, now = undone(tmp_path, ruleset(**OPEN), "table inet hardened_balancer {", kept=False)
    assert code != 0
    assert "tcp dport 22 accept" in now


@needs_a_kernel
def test_another_table_survives(tmp_path: Path) -> None:
    other = "table inet theirs {\n chain input {\n type filter hook input priority 10; policy accept;\n }\n}\n"
    path = tmp_path / "rules"
    path.write_text(ruleset(**OPEN))
    script = 'printf "%s" "$2" | nft -f - && nft -f "$1" && nft list tables'
    done = subprocess.run(
        ["unshare", "--net", "sh", "-c", script, "-", path, other], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [
        "table inet theirs",
        "table inet hardened_balancer_bans",
        "table inet hardened_balancer",
    ]


UNIT = ROLE / "templates/etc/systemd/system/hardened-balancer-firewall.service.j2"


# With the files of a test, in the way of a shell.
UNIT_LINES = [line.replace("$$", "$").partition("=")[::2] for line in UNIT.read_text().splitlines()]


def commands(key: str) -> list[str]:
    return [command for name, command in UNIT_LINES if name == key]


def started() -> str:
    (stop,) = commands("ExecStopPost")
    start = " && ".join(commands("ExecStart"))
    return f"SERVICE_RESULT=success; {start} || SERVICE_RESULT=exit-code; export SERVICE_RESULT; {stop}"


def reloaded() -> str:
    """After the distribution's unit has emptied the rule set."""
    (reload,) = commands("ExecReload")
    return f"nft flush ruleset; {reload}"


def chain_after(script: str, path: Path, failsafe: Path) -> str:
    """The chain that there is then, in a network of its own; empty where there is none."""
    script = script.replace("/etc/hardened-balancer/firewall.nft", str(path))
    script = script.replace("/etc/hardened-balancer/firewall-failsafe.nft", str(failsafe))
    script += "\nnft list chain inet hardened_balancer input"
    done = subprocess.run(["unshare", "--net", "sh", "-c", script], check=False, capture_output=True, text=True)
    return done.stdout


@needs_a_kernel
@pytest.mark.parametrize(
    ("end", "served"),
    [
        ("", False),  # empty
        ("table inet hardened_balancer {", False),  # before the table
        ("delete table inet hardened_balancer\n", False),  # behind a table without a chain
        ("\ntable inet hardened_balancer {\n    set", False),  # behind its deletion
        ("chain input", False),  # in the midst of it
        ("whole", True),
    ],
)
def test_however_the_file_is_cut_off_there_is_a_filter(tmp_path: Path, end: str, served: bool) -> None:
    path, failsafe = tmp_path / "rules", tmp_path / "failsafe"
    text = ruleset(**{**OPEN, "tcp": ["80"]})
    path.write_text(text if end == "whole" else text[: text.index(end)])
    failsafe.write_text(ruleset(**OPEN, template="firewall-failsafe"))
    for script in (started(), reloaded()):
        chain = chain_after(script, path, failsafe)
        assert "policy drop" in chain
        assert ("tcp dport 80 accept" in chain) is served
