# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows the lines of issues that take long, `make proof`; see README.md.

    python -m tests.proof.proof [--list] [LINE...]

Without a line: all that were not yet shown for exactly these files.
"""

from __future__ import annotations

import datetime
import importlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import typing as t

from tests.proof import stage
from tests.proof.lab import CACHE, HERE, ROOT, load_lab

NAME = re.compile(r"line_(\d+)_(\d+)\.py")
SECONDS = 1800
# What makes a line show less than it promises: a result is kept for the same of them only.
SHORTER = (
    "PROOF_CHANGES",
    "PROOF_ROUNDS",
    "PROOF_EACH",
    "PROOF_REQUESTS",
    "ONLY",
    "STEPS",
    "BALANCERS",
    "PROOF_MEMORY",
    "PROOF_RELEASE",
)
INNER = "--inside"


def lines() -> list[str]:
    found = (NAME.fullmatch(path.name) for path in HERE.glob("line_*.py"))
    numbers = sorted((int(name[1]), int(name[2])) for name in found if name)
    return [f"{issue}.{number}" for issue, number in numbers]


def module(line: str) -> t.Any:
    return importlib.import_module(f"tests.proof.line_{line.replace('.', '_')}")


def about(line: str) -> str:
    return str(module(line).__doc__ or "").strip().splitlines()[0]


def in_the_lab(line: str) -> bool:
    """Whether it needs the lab's containers; a line with a virtual machine does not, and says so: `LAB = False`."""
    return bool(getattr(module(line), "LAB", True))


def git(*words: str, index: str | None = None) -> str:
    environment = {**os.environ, **({"GIT_INDEX_FILE": index} if index else {})}
    return subprocess.run(
        ["git", *words], check=True, cwd=ROOT, env=environment, capture_output=True, text=True
    ).stdout.strip()


def files_now() -> tuple[str, str]:
    """The tree that a commit of all files would have, by an index of our own, and the last commit."""
    with tempfile.TemporaryDirectory() as scratch:
        index = str(pathlib.Path(scratch, "index"))
        git("read-tree", "HEAD", index=index)
        git("add", "--all", index=index)
        tree = git("write-tree", index=index)
    commit = git("rev-parse", "--short", "HEAD")
    return tree, commit if tree == git("rev-parse", "HEAD^{tree}") else f"{commit}-changed"


def now() -> str:
    return datetime.datetime.now().isoformat(timespec="seconds")


def shorter() -> str:
    return " ".join(f"{name}={os.environ[name]}" for name in SHORTER if name in os.environ)


def kept(tree: str) -> dict[str, dict[str, t.Any]]:
    """By line: the last result for exactly these files."""
    found: dict[str, dict[str, t.Any]] = {}
    for path in sorted(CACHE.glob("*/*.json"), key=lambda path: path.stat().st_mtime):
        result = json.loads(path.read_text())
        if (result.get("tree"), result.get("shorter")) == (tree, shorter()):
            found[result["line"]] = result
    return found


def show(line: str, place: pathlib.Path, tree: str) -> dict[str, t.Any]:
    """Runs a line in a process of its own, which is ended when its time is over, with all that it started."""
    bound = int(getattr(module(line), "SECONDS", SECONDS))
    print(f"proof: {line} {about(line)} (at most {bound} s)", flush=True)
    began = time.monotonic()
    output = place / f"{line}.txt"
    with output.open("w") as text:
        text.write(f"{line} {about(line)}\n{now()} {place.name} {shorter()}\n\n")
        text.flush()
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.proof.proof", INNER, line],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=text,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code = process.wait(timeout=bound)
        except subprocess.TimeoutExpired:
            code = -1
            text.write(f"\nended: it took longer than {bound} s\n")
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    seconds = time.monotonic() - began
    outcome = "shown" if code == 0 else "FAILED"
    result = {"line": line, "about": about(line), "tree": tree, "outcome": outcome, "seconds": round(seconds, 1)}
    result["when"] = now()
    result.update(output=str(output.relative_to(ROOT)), shorter=shorter())
    (place / f"{line}.json").write_text(json.dumps(result, indent=2) + "\n")
    print(f"proof: {line} {outcome}, {seconds:.0f} s, {result['output']}", flush=True)
    return result


def inside(line: str) -> None:
    """The process of one line."""
    lab = load_lab()
    if in_the_lab(line):
        stage.ready(lab)
    try:
        module(line).main(lab)
    except Exception:
        lab.print(traceback.format_exc())
        lab.missed.append("the line came to its end")
    if lab.missed:
        sys.exit("\n".join(["", "This was not met:", *(f"  {what}" for what in lab.missed)]))


def summary(found: dict[str, dict[str, t.Any]]) -> str:
    table = [f"{'line':<6}{'outcome':<9}{'seconds':>8}  {'when':<21}about"]
    for line in lines():
        result = found.get(line, {"outcome": "not run", "seconds": 0, "when": "", "about": about(line)})
        about_it = f"{result['about']} {result.get('shorter', '')}".rstrip()
        table.append(f"{line:<6}{result['outcome']:<9}{result['seconds']:>8.0f}  {result['when']:<21}{about_it}")
    return "\n".join(table) + "\n"


def end(number: int, _frame: object) -> None:
    """The machines are stopped too when somebody stops the runner."""
    sys.exit(128 + number)


def main() -> None:
    words = sys.argv[1:]
    if words[:1] == [INNER]:
        inside(words[1])
        return
    known = lines()
    if words == ["--list"]:
        print("\n".join(f"{line} {about(line)}" for line in known))
        return
    if unknown := sorted(set(words) - set(known)):
        sys.exit(f"proof: no such line: {', '.join(unknown)}; there are {', '.join(known)}")
    tree, commit = files_now()
    found = kept(tree)
    wanted = words or [line for line in known if found.get(line, {}).get("outcome") != "shown"]
    if not wanted:
        print(f"{summary(found)}\nproof: all of them were shown for these files")
        return
    place = CACHE / f"{datetime.date.today().isoformat()}-{commit}"
    place.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, end)
    with stage.started(machines=any(map(in_the_lab, wanted))):
        for line in wanted:
            found[line] = show(line, place, tree)
            (place / "summary.txt").write_text(summary(found))
    print(f"\n{summary(found)}\n{place.relative_to(ROOT)}")
    if any(found[line]["outcome"] != "shown" for line in wanted):
        sys.exit(1)


if __name__ == "__main__":
    main()
