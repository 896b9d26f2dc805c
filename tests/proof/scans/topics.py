# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every example of docs/topics, with the requests below it, in the sandbox that the role gives to HAProxy's unit.

The harness of `make topics` runs as a unit of its own on the balancer, with the settings of the sandbox as they stand
in the drop-in there. For its workers' addresses it needs CAP_NET_ADMIN, which the HAProxy that it starts does not
have, and AF_NETLINK.
"""

from __future__ import annotations

import json
import pathlib
import re
import shutil
import sys

from tests.proof.lab import ROOT, STATE, Lab, Machine, execute

sys.path.insert(0, str(ROOT / "collections"))
from tests.topics import examples

PLACE = "/srv/topics"
DROP_IN = "/etc/systemd/system/haproxy.service.d/hardened-balancer.conf"
UNIT = "hardened-balancer-topics"
LANES = 2
HARNESS_ALONE = "-net_admin,-setpcap"
CONFINED = "grep -E '^(CapBnd|NoNewPrivs|Seccomp):' /proc"
HAPROXY = f'#!/bin/sh\nexec setpriv --bounding-set {HARNESS_ALONE} /usr/sbin/haproxy "$@"\n'
SERVICE = f"""[Service]
Type=oneshot
WorkingDirectory={PLACE}
Environment=PATH={PLACE}/bin:/usr/sbin:/usr/bin:/sbin:/bin PYTHONDONTWRITEBYTECODE=1
ExecStartPre=/bin/sh -c "setpriv --bounding-set {HARNESS_ALONE} {CONFINED}/self/status >{PLACE}/confined.%i"
ExecStart=/bin/sh -c "exec python3 -m tests.topics.harness jobs/%i/*.json"
LimitNOFILE=20000
@SANDBOX@
# What the harness needs beside it.
CapabilityBoundingSet=CAP_NET_ADMIN CAP_SETPCAP
RestrictAddressFamilies=AF_NETLINK
NetworkNamespacePath=/run/netns/topics%i
ReadWritePaths={PLACE}
UMask=0022
"""


def sandbox(balancer: Machine) -> str:
    """As it stands in the drop-in."""
    text = balancer.run(f"cat {DROP_IN}")
    found = re.search(
        r"^# The sandbox\..*?(?=^# (?:What the configuration|Which of it))", text, re.MULTILINE | re.DOTALL
    )
    if not found:
        raise ValueError(f"there is no sandbox in {DROP_IN}:\n{text}")
    return found[0]


def jobs(version: str) -> pathlib.Path:
    """A file for each example, spread over the lanes."""
    home = STATE / f"topics-{version}"
    shutil.rmtree(home, ignore_errors=True)
    certificates = examples.Certificates()
    chosen = [one for one in examples.all_examples() if version in examples.versions(one) and not one.refused]
    for number, example in enumerate(chosen):
        lane = home / "jobs" / str(number % LANES)
        lane.mkdir(parents=True, exist_ok=True)
        job = examples.job(example, version, certificates)
        (lane / f"{example.page}-{example.line}.json").write_text(json.dumps(job))
    shutil.rmtree(certificates.home)
    return home


def install(balancer: Machine, home: pathlib.Path) -> None:
    balancer.run(
        "command -v curl >/dev/null || { apt-get -qq update; DEBIAN_FRONTEND=noninteractive apt-get -qq install -y "
        f"--no-install-recommends curl >/dev/null; }}; rm -rf {PLACE}; mkdir -p {PLACE}/bin {PLACE}/tests"
    )
    execute(["docker", "cp", ROOT / "tests/topics", f"{balancer.container}:{PLACE}/tests/"])
    execute(["docker", "cp", home / "jobs", f"{balancer.container}:{PLACE}/"])
    balancer.run(f"chown -R root:root {PLACE}; cat >{PLACE}/bin/haproxy; chmod 0755 {PLACE}/bin/haproxy", HAPROXY)
    balancer.run(f"cat >/run/systemd/system/{UNIT}@.service", SERVICE.replace("@SANDBOX@", sandbox(balancer)))
    for lane in range(LANES):
        balancer.run(f"ip netns add topics{lane}; ip -n topics{lane} link set lo up")


def uninstall(balancer: Machine) -> None:
    for lane in range(LANES):
        balancer.run(f"ip netns delete topics{lane}", code=None)
    balancer.run(f"rm -rf {PLACE} /run/systemd/system/{UNIT}@.service; systemctl daemon-reload")


def require_topics(lab: Lab, balancer: Machine) -> None:
    version = ".".join(balancer.release.split("(")[1].split(".")[:2])
    install(balancer, jobs(version))
    try:
        units = " ".join(f"{UNIT}@{lane}" for lane in range(LANES))
        balancer.run(
            f"systemctl daemon-reload; systemctl start {units} || journalctl -u '{UNIT}@*' --no-pager | tail -30"
        )
        found = results(balancer)
        confined = balancer.run(f"cat {PLACE}/confined.*").splitlines()
    finally:
        uninstall(balancer)
    main = balancer.run(f"{CONFINED}/$(systemctl show --value -p MainPID haproxy)/status").splitlines()
    lab.require(set(confined) == set(main), f"{balancer}: the examples run confined as HAProxy does {' '.join(main)}")
    wrong = {name: why for name, why in found.items() if why}
    for name, why in wrong.items():
        lab.print("\n".join([f"{balancer}: {name}", *why]))
    lab.require(
        found and not wrong,
        f"{balancer.release}: {len(found)} examples of docs/topics work in the sandbox ({len(wrong)} do not)",
    )


def results(balancer: Machine) -> dict[str, list[str]]:
    """By example, what went otherwise than its page says."""
    script = f"""import json, pathlib
for path in pathlib.Path("{PLACE}/jobs").glob("*/*[0-9].json"):
    result = path.with_suffix(".result.json")
    print(json.dumps([path.stem, json.loads(result.read_text())["wrong"] if result.exists() else ["no result"]]))
"""
    lines = balancer.run("python3 -", script).splitlines()
    return dict(map(json.loads, lines))
