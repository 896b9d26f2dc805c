# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A library that HAProxy uses is replaced, as an update does it."""

from __future__ import annotations

import re
from typing import Any

HOOK = "python3 -I /usr/local/lib/hardened-balancer/reload_for_libraries.py"


def test_it_is_reloaded_once_and_drops_nothing(lab: Any, balancer: Any, eventually: Any) -> None:
    assert balancer.run(HOOK) == ""
    master = balancer.run("systemctl show haproxy --property=MainPID --value").strip()
    worker = balancer.worker_pid
    library = re.search(r"/\S+/libssl\.so\S*", balancer.run(f"cat /proc/{master}/maps"))
    assert library
    path = library.group()
    balancer.run(f"cp -a {path} {path}.new && mv {path}.new {path}")
    with lab.traffic(f"http://{balancer.address}/") as statuses:
        # As apt does it, from its own configuration.
        said = balancer.run('sh -c "$(apt-config dump --format=%v%n DPkg::Post-Invoke | grep reload_for_libraries)"')
        eventually(lambda: balancer.worker_pid not in ("", worker), True)
    assert "HAProxy worked with what was replaced (libssl.so" in said
    assert set(statuses) == {200}
    assert balancer.run("systemctl show haproxy --property=MainPID --value").strip() == master
    assert balancer.run(HOOK) == ""
