# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""lynis on a balancer, and the answers that docs/hardening.md has to what it says.

Debian's own lynis of the balancer's release runs there, but is not installed there: it is taken out of its package in
a container of the same image, and its files are put on the balancer for as long as it runs. So no package, no index
of packages and no timer of its own is among what it finds.
"""

from __future__ import annotations

import fnmatch
import re
import typing as t

from tests.proof.lab import ROOT, Machine, execute

PAGE = ROOT / "docs/hardening.md"
FILES = "usr/sbin/lynis usr/share/lynis etc/lynis"
UNPACK = f"""cd /tmp; export DEBIAN_FRONTEND=noninteractive
{{ apt-get -qq update; apt-get -qq download lynis; dpkg-deb -x lynis_*.deb lynis; }} >/dev/null 2>&1
tar -C lynis -cz {FILES} | base64
"""
REPORT = "/var/log/lynis-report.dat"
AUDIT = f"cd /; lynis audit system --quick --no-colors >/dev/null 2>&1 </dev/null || true; cat {REPORT}"
REMOVE = f"cd / && rm -rf {FILES} /var/log/lynis.log {REPORT} /var/cache/lynis"
KERNEL = "KRNL-6000"
# What a row says of where lynis says it: releases, or one of these. Of machines nobody is asked here.
CONTAINERS, MACHINES = "containers", "machines"


class Finding(t.NamedTuple):
    """A warning or a suggestion; `about` is the setting or the file that it names, if it names one."""

    test: str
    about: str
    text: str

    def __str__(self) -> str:
        return f"{self.test} {self.about}".rstrip()


class Report(t.NamedTuple):
    """What one audit said."""

    version: str
    rating: int
    tests: int
    findings: list[Finding]


class Answer(t.NamedTuple):
    """A row of the table: the tests that it answers, the settings of them, as patterns, if not all, and where."""

    tests: tuple[str, ...]
    about: tuple[str, ...]
    where: str

    def __str__(self) -> str:
        return " ".join([", ".join(self.tests), *self.about])

    def answers(self, finding: Finding) -> bool:
        named = not self.about or any(fnmatch.fnmatchcase(finding.about, pattern) for pattern in self.about)
        return finding.test in self.tests and named


def fetch(machine: Machine) -> str:
    """The files of the release's package, as text that goes through a pipe."""
    image = execute(["docker", "inspect", "--format", "{{.Config.Image}}", machine.container]).output.strip()
    return execute(["docker", "run", "--rm", "--entrypoint", "sh", image, "-ec", UNPACK]).output


def audit(machine: Machine, package: str) -> Report:
    """One audit; the balancer is then as it was before."""
    machine.run("base64 -d | tar -C / -xz", package)
    try:
        return read(machine.run(AUDIT))
    finally:
        machine.run(REMOVE)


def read(text: str) -> Report:
    """The report as lynis writes it, a key and a value in each line."""
    values = dict(line.split("=", 1) for line in text.splitlines() if re.match(r"\w+=", line))
    findings = [one for line in text.splitlines() for one in _findings(line)]
    # One suggestion stands for all settings of the kernel; each has a line of details.
    kernel = [one for one in findings if one.test == KERNEL]
    if any(one.about for one in kernel):
        findings = [one for one in findings if one.test != KERNEL or one.about]
    return Report(
        values.get("lynis_version", "?"),
        int(values.get("hardening_index", "0")),
        int(values.get("lynis_tests_done", "0")),
        sorted(set(findings)),
    )


def _findings(line: str) -> t.Iterator[Finding]:
    if found := re.match(r"(?:warning|suggestion)\[\]=([^|]+)\|([^|]*)\|([^|]*)\|", line):
        test, text, details = found.groups()
        about = details.split(" (")[0].strip()
        # More than a word is advice.
        yield Finding(test, "" if about == "-" or " " in about else about, text)
    elif found := re.match(rf"details\[\]={KERNEL}\|sysctl\|.*field:([^;]+);prefval:([^;]*);value:([^;]*);", line):
        key, wanted, value = found.groups()
        yield Finding(KERNEL, key, f"{value} instead of {wanted}")


def answers() -> list[Answer]:
    """The rows of the section about lynis: tests, with settings as `code`; what it suggests; where; what we say."""
    section = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    rows = next(part for part in section if part.startswith("lynis\n"))
    return [row(line) for line in rows.splitlines() if re.match(r"\| [A-Z]", line)]


def row(line: str) -> Answer:
    cells = [cell.strip() for cell in line.strip("|").split(" | ")]
    tests = tuple(re.findall(r"\b(?:[A-Z]+-\d{4}|LYNIS)\b", cells[0]))
    if len(cells) != 4 or not tests or not all(cells):
        raise ValueError(f"{PAGE.name}: tests, a suggestion, where, and an answer are wanted in: {line}")
    return Answer(tests, tuple(re.findall(r"`([^`]+)`", cells[0])), cells[2])


def unanswered(reports: dict[str, Report], rows: list[Answer]) -> list[str]:
    """Findings without a row."""
    found = {one for report in reports.values() for one in report.findings}
    return sorted({f"{one} ({one.text})" for one in found if not any(row.answers(one) for row in rows)})


def elsewhere(reports: dict[str, Report], rows: list[Answer]) -> list[str]:
    """Tests, and settings, of rows that lynis names on other releases than the row says, or nowhere any more."""
    wrong: list[str] = []
    for row in rows:
        for what, patterns in (("test", row.tests), ("about", row.about)):
            for pattern in patterns:
                said = {
                    release
                    for release, report in reports.items()
                    for one in report.findings
                    if row.answers(one) and fnmatch.fnmatchcase(getattr(one, what), pattern)
                }
                if not _agree(row.where, said, set(reports)):
                    wrong.append(f"{row} is for {row.where}: {pattern} is said on {', '.join(sorted(said)) or 'none'}")
    return wrong


def _agree(where: str, said: set[str], asked: set[str]) -> bool:
    if where == MACHINES:
        return not said
    if where == CONTAINERS:
        return bool(said)
    return said == asked & set(where.split(", "))
