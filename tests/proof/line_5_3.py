# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scanners on Debian 12 and 13: ssh-audit, nmap from outside and from within, lynis before and after, systemd-analyze.

Outside is the client; a management network is the first worker's address, and the controller's. Whatever lynis says on
a finished balancer has its answer in docs/hardening.md, and whatever is answered there is said.
"""

from __future__ import annotations

import ipaddress
import typing as t

import yaml

from tests.proof.lab import INVENTORY, Lab, Machine
from tests.proof.scans import exposure, lynis, ports, ssh, topics
from tests.proof.sysctl import set_kernel

SECONDS = 2 * 3600
METRICS = 8405


def variables(lab: Lab, balancer: Machine) -> dict[str, t.Any]:
    """The inventory with management networks, what is open to these only, and QUIC where HAProxy has it."""
    given = yaml.safe_load(INVENTORY.read_text())["balancers"]["vars"]
    frontends = given["haproxy_frontends"]
    controller = next(ipaddress.ip_network(f"{balancer.address}/24", strict=False).hosts())
    managers = [f"{controller}/32", f"{lab.workers[0].address}/32"]
    if has_quic(balancer):
        frontends[0]["binds"][1]["tls"]["quic"] = True
    return {
        "balancer_management_networks": managers,
        "haproxy_frontends": frontends,
        "haproxy_metrics": {"port": METRICS, "address": balancer.address, "networks": managers},
    }


def has_quic(balancer: Machine) -> bool:
    """On a bare one there is no HAProxy yet."""
    return "+QUIC" in balancer.run("haproxy -vv 2>&1", code=None)


def main(lab: Lab) -> None:
    lab.require(ssh.installed() == ssh.pinned(), f"ssh-audit {ssh.pinned()} of requirements-dev.txt is installed")
    before, after = {}, {}
    for balancer in lab.balancers:
        package = lynis.fetch(balancer)
        lab.bare(balancer)
        before[balancer] = lynis.audit(balancer, package)
        lab.site(limit=balancer, variables=variables(lab, balancer))
        # In a container the role cannot set what it wrote for this network.
        unset = set_kernel(balancer)
        lab.print(f"{balancer}: {len(unset)} settings of the kernel, as the role wrote them")
        # What has come out since the image was made waits for the hour of updates, which we do not.
        updates = balancer.run("apt-get -qq update; unattended-upgrade -v").splitlines()
        lab.print(f"{balancer}: updates, by unattended-upgrades: {updates[-1] if updates else 'nothing was said'}")
        after[balancer] = lynis.audit(balancer, package)
        set_kernel(balancer, unset)
        given = variables(lab, balancer)
        lab.site(limit=balancer, variables=given)
        require_ports(lab, balancer)
        ssh.require_profiles(lab, balancer, given)
        lab.print(exposure.require_exposure(lab, balancer, "the inventory of the lab"))
        exposure.require_served(lab, balancer, given, "scanned")
        exposure.require_more(lab, balancer, given)
        topics.require_topics(lab, balancer)
    require_answers(lab, before, after)


def require_ports(lab: Lab, balancer: Machine) -> None:
    """Exactly what the inventory says, from each side; of UDP what the kernel counted."""
    served = {80, 443, 9000}
    inside = lab.workers[0]
    for source, wanted in ((lab.client, served), (inside, {*served, 22, METRICS})):
        where = "from a management network" if source is inside else "from outside"
        scan = ports.tcp(source, balancer)
        lab.print(f"{balancer}: nmap -sT -Pn -p- {where}: {scan}")
        lab.require(scan.open == wanted, f"{balancer}: {where}, open are exactly {sorted(wanted)}")
        quiet = ports.ALL - len(wanted)
        lab.require(scan.others == {"filtered": quiet}, f"{balancer}: {where}, the other {quiet} ports say nothing")
        require_udp(lab, balancer, source, where)


def require_udp(lab: Lab, balancer: Machine, source: Machine, where: str) -> None:
    opened = {443} if has_quic(balancer) else set()
    lab.print(f"{balancer}: nmap -sU {where}: port, what nmap says, packets that arrived, packets let through")
    for port, (said, arrived, passed) in ports.udp(source, balancer).items():
        lab.print(f"{port:>7}  {said:<16}{arrived:>4}{passed:>4}")
        met = arrived and (passed == arrived if port in opened else not passed and said == "open|filtered")
        lab.require(met, f"{balancer}: {where}, UDP {port} is {'let through' if port in opened else 'dropped'}")


def require_answers(lab: Lab, before: dict[Machine, lynis.Report], after: dict[Machine, lynis.Report]) -> None:
    lab.print(f"\n{'lynis':<16}{'version':>9}{'index before':>14}{'after':>7}{'tests':>7}{'remaining':>11}")
    for balancer, report in after.items():
        index = before[balancer].rating
        lab.print(
            f"{balancer.release:<16}{report.version:>9}{index:>14}{report.rating:>7}{report.tests:>7}"
            f"{len(report.findings):>11}"
        )
        lab.require(report.tests and report.rating > index, f"{balancer}: lynis rates it higher than the bare machine")
    reports = {ssh.release(balancer): report for balancer, report in after.items()}
    for finding in sorted({one for report in reports.values() for one in report.findings}):
        where = " ".join(release for release, report in reports.items() if finding in report.findings)
        lab.print(f"    {finding!s:<52}{where:<7}{finding.text}")
    rows = lynis.answers()
    missing = lynis.unanswered(reports, rows)
    lab.print("\n".join(f"without an answer: {one}" for one in missing))
    lab.require(rows and not missing, f"what lynis says has its row in {lynis.PAGE.name} ({len(missing)} have not)")
    wrong = lynis.elsewhere(reports, rows)
    lab.print("\n".join(wrong))
    lab.require(not wrong, f"what has a row is said by lynis, where the row says ({len(wrong)} are not)")
