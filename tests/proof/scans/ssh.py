# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ssh-audit, of the version that is pinned, as an operator calls it: with its test of rates."""

from __future__ import annotations

import re

from tests.proof.lab import ROOT, Lab, Machine, execute

POLICIES = {"12": "Hardened Debian 12 (version 3)", "13": "Hardened Debian 13 (version 1)"}
RSA_KEY = "/etc/ssh/ssh_host_rsa_key"
TAGS = ("--tags", "ssh,proof")


def pinned() -> str:
    found = re.search(r"^ssh-audit==(\S+)$", (ROOT / "requirements-dev.txt").read_text(), re.MULTILINE)
    return found[1] if found else ""


def installed() -> str:
    return execute(["python3", "-c", "import importlib.metadata as m; print(m.version('ssh-audit'))"]).output.strip()


def release(machine: Machine) -> str:
    """Of Debian: 12."""
    return machine.run(". /etc/os-release; echo $VERSION_ID").strip()


def scan(machine: Machine, *options: str) -> tuple[int, str]:
    """Exit code and report; 0 is a server without a warning, or one that passes the policy."""
    run = execute(["ssh-audit", "-n", *options, machine.address], code=None)
    return run.code, run.output


def complaints(report: str) -> list[str]:
    lines = [" ".join(line.split()) for line in report.splitlines()]
    return [line for line in lines if "[fail]" in line or "[warn]" in line]


def require_profiles(lab: Lab, balancer: Machine, variables: dict[str, object]) -> None:
    """`compatible` passes the release's hardened policy, with an RSA host key of 4096 bits; `strict` is faultless."""
    # As the README of the role has it: the key of the package is too short, and is never replaced by the role.
    balancer.run(f"rm -f {RSA_KEY} {RSA_KEY}.pub; ssh-keygen -q -t rsa -b 4096 -N '' -f {RSA_KEY}")
    lab.site(*TAGS, limit=balancer, variables=variables)
    policy = POLICIES[release(balancer)]
    code, report = scan(balancer, "-P", policy)
    lab.print(report)
    lab.require(code == 0, f"{balancer}: compatible passes {policy!r}")
    code, report = scan(balancer)
    found = complaints(report)
    lab.print("\n".join([f"{balancer}: without a policy, compatible (exit code {code}):", *(found or ["nothing"])]))
    lab.require(not [line for line in found if "[fail]" in line], f"{balancer}: compatible without a fail")
    lab.site(*TAGS, limit=balancer, variables={**variables, "ssh_profile": "strict"})
    code, report = scan(balancer)
    lab.print(report)
    found = complaints(report)
    seen = "(kex) " in report and "(mac) " in report
    lab.require(seen and code == 0 and not found, f"{balancer}: strict without a fail and without a warn {found or ''}")
