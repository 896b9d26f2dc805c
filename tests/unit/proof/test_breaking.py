# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import typing as t
from collections import Counter

import pytest

from tests.proof import line_5_1
from tests.proof.breaking import cuts, node, steps
from tests.proof.breaking.cases import CASES
from tests.proof.breaking.drifts import DRIFTS
from tests.proof.breaking.lockout import meanwhile
from tests.proof.breaking.lockouts import LOCKOUTS
from tests.proof.breaking.moments import MOMENTS
from tests.proof.breaking.steps import Steps
from tests.proof.lab import ROOT

RUN = """
PLAY [Service] ***

TASK [hardened.balancer.haproxy : Write the tree] ***
changed: [lb1]

RUNNING HANDLER [hardened.balancer.haproxy : Put HAProxy in force] ***
[ERROR]: Task failed: Module failed: port 8090 is taken
fatal: [lb1]: FAILED! =>
    changed: false
    msg: |-
        HAProxy said:
          cannot bind socket (Address already in use) for [0.0.0.0:8090]
"""


def test_the_tasks_of_a_run_are_found_in_their_order_with_the_handlers() -> None:
    assert cuts.tasks(RUN) == [
        "hardened.balancer.haproxy : Write the tree",
        "hardened.balancer.haproxy : Put HAProxy in force",
    ]


def test_the_excerpt_is_the_line_of_the_failure_that_says_why() -> None:
    assert node.excerpt(RUN, r"0\.0\.0\.0:8090") == ("cannot bind socket (Address already in use) for [0.0.0.0:8090]")
    assert node.excerpt(RUN, "not in there").startswith("[ERROR]: Task failed")
    assert node.excerpt("", "anything") == ""


def test_states_are_compared_by_parts_and_lines() -> None:
    before = {"link": "a\n", "firewall": "one\ntwo\n"}
    assert node.differences(before, dict(before)) == []
    assert node.differences(before, {"link": "b\n", "firewall": "two\none\n"}) == [
        "link: -a +b",
        "firewall: another order",
    ]
    assert node.differences(before, {"link": "a\n"}) == ["firewall: -one -two"]


@pytest.mark.parametrize(
    ("link", "digest"),
    [("trees/0123456789abcdef/haproxy.cfg\n", "0123456789abcdef"), ("none\n", ""), ("trees/other.cfg", "")],
)
def test_the_digest_that_the_link_leads_to(link: str, digest: str) -> None:
    assert node.linked({"link": link}) == digest


EVENTS: list[tuple[str, tuple[t.Any, ...], str]] = [
    ("open", ("/etc/haproxy/x", "w", os.O_WRONLY | os.O_CREAT), "write /etc/haproxy/x"),
    ("open", ("/etc/haproxy/x", "r", os.O_RDONLY), ""),
    ("open", (7, "w", os.O_WRONLY), ""),
    ("open", ("/tmp/ansible/x", "w", os.O_WRONLY), ""),
    ("os.rename", ("/etc/a", "/etc/b", -1, -1), "rename /etc/a /etc/b"),
    ("os.mkdir", ("/tmp/scratch", 0o700, -1), ""),
    ("subprocess.Popen", ("systemctl", ["systemctl", "reload", "haproxy"], None, None), "run systemctl reload haproxy"),
    ("import", ("json", None, None, None, None), ""),
]


@pytest.mark.parametrize(("event", "arguments", "step"), EVENTS)
def test_a_step_is_what_changes_the_world_outside(event: str, arguments: tuple[t.Any, ...], step: str) -> None:
    assert Steps(1, "stop", "haproxy_apply").step(event, arguments) == step


def test_what_is_asked_again_and_again_is_one_step_until_a_file_changes() -> None:
    steps = Steps(1, "stop", "haproxy_apply")
    ask = ("socket.connect", (None, "/run/haproxy/admin.sock"))
    assert [steps.step(*ask), steps.step(*ask)] == ["ask /run/haproxy/admin.sock", ""]
    steps.step("os.remove", ("/etc/haproxy/x", -1))
    assert steps.step(*ask) == "ask /run/haproxy/admin.sock"


def test_steps_count_from_the_moment_at_which_a_module_of_ours_begins() -> None:
    def code(file: str) -> t.Any:
        return compile("", file, "exec")

    steps = Steps(1, "stop", "")
    for file in ("plugins/modules/proof.py", "plugins/module_utils/_haproxy_apply.py"):
        steps("exec", (code(file),))
        assert steps.name == ""
    steps("exec", (code("a.zip/ansible_collections/hardened/balancer/plugins/modules/haproxy_apply.py"),))
    assert steps.name == "haproxy_apply"


def test_a_script_of_many_lines_is_one_step(tmp_path: pathlib.Path) -> None:
    steps = Steps(9, "kill", "confirmed", str(tmp_path))
    for script in ("set -e\ntrue\n", "false"):
        steps("subprocess.Popen", ("sh", ["sh", "-c", script], None, None))
    assert (tmp_path / "steps").read_text().splitlines() == [
        "confirmed: run sh -c set -e true",
        "confirmed: run sh -c false",
    ]


def test_what_lies_on_the_disk_is_another_number_once_something_was_done_to_it(tmp_path: pathlib.Path) -> None:
    (tmp_path / "more").mkdir()
    file = tmp_path / "more/file"
    file.write_text("one")
    changes: list[t.Callable[[], object]] = [
        lambda: file.write_text("two!"),
        lambda: file.chmod(0o600),
        lambda: file.rename(tmp_path / "more/other"),
        lambda: (tmp_path / "beside").symlink_to("file"),
        (tmp_path / "more/other").unlink,
    ]
    seen = [steps.lying([str(tmp_path)])]
    for change in changes:
        change()
        seen.append(steps.lying([str(tmp_path)]))
    assert len(set(seen)) == len(changes) + 1
    assert steps.lying([str(tmp_path)]) == seen[-1]


def test_a_look_marks_each_step_with_its_process(tmp_path: pathlib.Path) -> None:
    (tmp_path / "look").touch()
    look = steps.Steps(node.NEVER, "leave", "confirmed", str(tmp_path))
    look("os.rename", ("/etc/a", "/etc/b"))
    look("os.rename", ("/etc/b", "/etc/a"))
    lines = [line.split() for line in (tmp_path / "marks").read_text().splitlines()]
    assert [process for process, _disk in lines] == [str(os.getpid())] * 2


def test_a_run_ends_with_what_has_a_session_of_its_own_and_nothing_beside_it() -> None:
    def started(mark: str, seconds: int) -> subprocess.Popen[str]:
        # Of two that sleep, the shell waits for one.
        script = f"setsid sleep {seconds} & sleep {seconds}; :"
        return subprocess.Popen(["sh", "-c", script], env={**os.environ, cuts.MARK: mark}, text=True)

    def left(mark: str) -> int:
        return sum(1 for pid in cuts._processes() if cuts._environment(pid).get(cuts.MARK) == mark)

    ours, other = f"{os.getpid()} ours", f"{os.getpid()} other"
    with started(ours, 300) as run, started(other, 300) as beside:
        try:
            while left(ours) < 3 or left(other) < 3:
                pass
            cuts._end(run)
            assert (left(ours), left(other)) == (0, 3)
        finally:
            run.kill()
            cuts._end(beside)


MARKS = [cuts.Mark(*pair) for pair in (("1", "a"), ("1", "a"), ("1", "b"), ("2", "b"), ("3", "b"), ("3", "a"))]


def test_a_cut_is_worth_it_where_it_leaves_something_else() -> None:
    assert cuts.differing(MARKS, "stop") == [1, 3, 6]
    assert cuts.differing(MARKS, "leave") == [1, 3, 4, 5, 6]


def test_both_directions_are_cut_in_turn_to_the_end_of_the_longer_one() -> None:
    assert list(line_5_1.in_turn({1: [1, 3, 6], 0: [2]})) == [(1, 1), (0, 2), (1, 3), (0, 0), (1, 6), (0, 0)]


NAMES = [[case.name for case in CASES], [drift.name for drift in DRIFTS], [*(row.name for row in LOCKOUTS), *MOMENTS]]


@pytest.mark.parametrize("names", NAMES)
def test_names_are_given_once(names: list[str]) -> None:
    assert [name for name, number in Counter(names).items() if number > 1] == []


PATTERNS = {case.says for case in CASES} | {row.says for row in LOCKOUTS} | {drift.shows for drift in DRIFTS}


def test_nothing_is_shown_by_the_name_of_a_task_that_every_run_has() -> None:
    """But for one whose task is there for this alone."""
    names = [path.read_text() for place in ("playbooks", "roles") for path in (ROOT / place).rglob("*.yml")]
    tasks = {f"TASK [{name}]" for text in names for name in re.findall(r"- name: (.*)", text)}
    assert len(tasks) > 50
    shown = {pattern for pattern in PATTERNS for task in tasks if pattern and re.search(pattern, task)}
    assert shown == {"Start HAProxy at boot"}


def test_there_are_twenty_bad_changes_that_are_to_be_refused() -> None:
    assert sum(case.ends == "refused" for case in CASES) >= 20


def test_a_lockout_that_is_no_success_has_to_say_why_and_what_happens_meanwhile_a_moment() -> None:
    """Without these, a row would be met by any run that fails, or wait for nothing."""
    assert len(LOCKOUTS) >= 25
    assert [row.name for row in LOCKOUTS if (row.ends == "kept") is bool(row.says)] == []
    assert {row.ends for row in LOCKOUTS} == {"refused", "undone", "kept"}
    assert [row.name for row in LOCKOUTS if (row.meanwhile or row.moves) and not row.at] == []
    assert [row.name for row in LOCKOUTS if row.ends == "refused" and row.at] == []


SHELL = [text for case in CASES for text in (case.before, case.meanwhile, case.lift) if text]
SHELL += [text for drift in DRIFTS for text in (drift.done, drift.helped) if text]
SHELL += [text for row in LOCKOUTS for text in (row.before, meanwhile(row), row.lift, row.apply) if text]


@pytest.mark.parametrize("text", sorted(set(SHELL)))
def test_what_is_done_to_a_balancer_is_shell(text: str) -> None:
    done = subprocess.run(["sh", "-n", "-c", text], check=False, capture_output=True, text=True)
    assert done.stderr == ""


@pytest.mark.parametrize("pattern", sorted(PATTERNS))
def test_patterns_are_patterns(pattern: str) -> None:
    assert re.compile(pattern)
