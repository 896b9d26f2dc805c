#!/usr/bin/env python3
"""Runs the stages of `make test`, stops at the first that fails and closes with a count of the tests."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

TOGETHER = ["unit", "mutation", "docs-lint", "lint", "artifact", "unit-2.17", "build", "sanity", "keywords"]
ALONE = ["topics", "molecule"]
LANES = min(2, os.cpu_count() or 1)

ROOT = Path(__file__).resolve().parent.parent
LOGS = ROOT / ".cache" / "logs"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
CLOSING_LINE = re.compile(r"^=* ?((?:\d+ [a-z]+(?:, )?)+) in [\d.]+s", re.MULTILINE)
COUNTED = {"passed": "passed", "failed": "failed", "error": "failed", "errors": "failed", "skipped": "skipped"}


@dataclass
class Stage:
    name: str
    started: float
    process: subprocess.Popen[bytes]
    seconds: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def log(self) -> Path:
        return LOGS / f"{self.name}.log"


def start(name: str) -> Stage:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}
    print(f"{name}: started", flush=True)
    with (LOGS / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            ["make", name],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Stage(name, time.monotonic(), process)


def count(log: str) -> dict[str, int]:
    counts = dict.fromkeys(("passed", "failed", "skipped"), 0)
    for closing in CLOSING_LINE.findall(COLOUR.sub("", log)):
        for number, word in re.findall(r"(\d+) ([a-z]+)", closing):
            if word in COUNTED:
                counts[COUNTED[word]] += int(number)
    return counts


def finish(stage: Stage, show_log: bool) -> bool:
    stage.seconds = time.monotonic() - stage.started
    log = stage.log.read_text(encoding="utf-8", errors="replace")
    stage.counts = count(log)
    held = stage.process.returncode == 0
    if not held:
        stage.counts["failed"] = max(1, stage.counts["failed"])
        if show_log:
            print(log)
    tests = f", {stage.counts['passed']} tests passed" if stage.counts["passed"] else ""
    print(f"{stage.name}: {'ok' if held else 'FAILED'} after {stage.seconds:.0f} s{tests}", flush=True)
    return held


def end(stages: list[Stage]) -> None:
    for stage in stages:
        if stage.process.poll() is None:
            os.killpg(stage.process.pid, signal.SIGTERM)
            stage.process.wait()


def run_together(names: list[str], done: list[Stage]) -> bool:
    waiting, running = list(names), list[Stage]()
    try:
        while waiting or running:
            while waiting and len(running) < LANES:
                running.append(start(waiting.pop(0)))
            for stage in [stage for stage in running if stage.process.poll() is not None]:
                running.remove(stage)
                done.append(stage)
                if not finish(stage, show_log=True):
                    return False
            time.sleep(0.2)
        return True
    finally:
        end(running)


def run_alone(name: str, done: list[Stage]) -> bool:
    stage = start(name)
    done.append(stage)
    try:
        with stage.log.open("rb") as log:
            ended = False
            while not ended:
                ended = stage.process.poll() is not None
                sys.stdout.buffer.write(log.read())
                sys.stdout.flush()
                time.sleep(0.2)
    finally:
        end([stage])
    return finish(stage, show_log=False)


def main() -> int:
    LOGS.mkdir(parents=True, exist_ok=True)
    began, done = time.monotonic(), list[Stage]()
    held = run_together(TOGETHER, done) and all(run_alone(name, done) for name in ALONE)

    print(f"\n{'stage':<12} {'seconds':>8} {'passed':>8} {'failed':>8}")
    for stage in done:
        print(f"{stage.name:<12} {stage.seconds:>8.0f} {stage.counts['passed']:>8} {stage.counts['failed']:>8}")
    print(f"{'together':<12} {time.monotonic() - began:>8.0f}")
    if not held:
        print(f"stopped at the stage {done[-1].name}; its output: {done[-1].log.relative_to(ROOT)}")
    total = {word: sum(stage.counts[word] for stage in done) for word in ("passed", "failed", "skipped")}
    skipped = f", {total['skipped']} skipped" if total["skipped"] else ""
    print(f"{total['passed']} passed, {total['failed']} failed{skipped}")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
