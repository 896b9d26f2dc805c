# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What scanners print is read as they mean it, and the page about them is held to it."""

from __future__ import annotations

import pytest

from tests.proof.scans import lynis, ports, ssh
from tests.proof.scans.lynis import Finding

LYNIS = """# Lynis Report
lynis_version=3.0.8
hardening_index=68
lynis_tests_done=240
suggestion[]=BOOT-5264|Consider hardening system services|Run '/usr/bin/systemd-analyze security SERVICE' for each|-|
suggestion[]=KRNL-6000|One or more sysctl values differ from the scan profile and could be tweaked||Change sysctl value|
details[]=KRNL-6000|sysctl|desc:Restrict core dumps;field:fs.suid_dumpable;prefval:0;value:2;|
suggestion[]=SSH-7408|Consider hardening SSH configuration|Port (set 22 to )|-|
suggestion[]=SSH-7408|Consider hardening SSH configuration|MaxSessions (set 10 to 2)|-|
warning[]=NETW-2705|Couldn't find 2 responsive nameservers|-|-|
"""
NMAP = """# Nmap 7.93 scan
Host: 198.19.1.11 ()\tPorts: 80/open/tcp//http///, 443/open/tcp//, 81/closed/tcp//\tIgnored State: filtered (65532)
"""
AUDIT = """(kex) sntrup761x25519-sha512              -- [info] available since OpenSSH 9.9
(kex) curve25519-sha256                   -- [warn] does not provide protection against post-quantum attacks
"""


def test_a_report_of_lynis_names_each_setting_once() -> None:
    report = lynis.read(LYNIS)
    assert report[:3] == ("3.0.8", 68, 240)
    assert [str(finding) for finding in report.findings] == [
        "BOOT-5264",
        "KRNL-6000 fs.suid_dumpable",
        "NETW-2705",
        "SSH-7408 MaxSessions",
        "SSH-7408 Port",
    ]
    assert report.findings[1].text == "2 instead of 0"


def report(*findings: str) -> lynis.Report:
    return lynis.Report("3", 68, 200, [Finding(*one.partition(" ")[::2], "text") for one in findings])


def test_what_lynis_says_has_to_have_a_row() -> None:
    rows = [lynis.row("| SSH-7408 `Port` | another port | 12 | no |")]
    reports = {"12": report("SSH-7408 Port", "SSH-7408 MaxSessions", "HOME-9304")}
    assert lynis.unanswered(reports, rows) == ["HOME-9304 (text)", "SSH-7408 MaxSessions (text)"]


@pytest.mark.parametrize(
    ("where", "said", "agree"),
    [
        ("12", ("12",), True),
        ("12, 13", ("12", "13"), True),
        ("12, 13", ("12",), False),
        ("12", ("12", "13"), False),
        ("12", (), False),
        ("containers", ("13",), True),
        ("containers", (), False),
        ("machines", (), True),
        ("machines", ("13",), False),
    ],
)
def test_a_row_says_where_lynis_says_it(where: str, said: tuple[str, ...], agree: bool) -> None:
    rows = [lynis.row(f"| KRNL-6000 `fs.*` | other values | {where} | no |")]
    reports = {name: report(*["KRNL-6000 fs.suid_dumpable"][: name in said]) for name in ("12", "13")}
    assert (not lynis.elsewhere(reports, rows)) is agree


def test_a_release_that_was_not_asked_says_nothing_against_a_row() -> None:
    rows = [lynis.row("| HOME-9304 | strict homes | 12, 13 | no |")]
    assert not lynis.elsewhere({"12": report("HOME-9304")}, rows)


@pytest.mark.parametrize("line", ["| HOME-9304 | strict homes | no |", "| Homes | strict homes | 12 | no |"])
def test_a_row_without_a_test_or_an_answer_is_told(line: str) -> None:
    with pytest.raises(ValueError, match=r"are wanted in: \| "):
        lynis.row(line)


def test_the_page_has_an_answer_in_each_row_and_a_place_that_there_is() -> None:
    places = {"12", "13", "12, 13", lynis.CONTAINERS, lynis.MACHINES}
    rows = lynis.answers()
    assert len(rows) > 20
    assert {row.where for row in rows} <= places


def test_nmap_gives_most_ports_as_a_number() -> None:
    assert ports.read(NMAP) == ports.Scan({80, 443}, {"closed": 1, "filtered": 65532})


def test_complaints_of_ssh_audit_are_its_fails_and_warnings() -> None:
    warned = "(kex) curve25519-sha256 -- [warn] does not provide protection against post-quantum attacks"
    assert ssh.complaints(AUDIT) == [warned]
    assert ssh.pinned()
