# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What speaks against taking workers out of several balancers, or putting them back. PRIVATE to the collection.

`answers` is {balancer: result of hardened.balancer.haproxy_info}. Nothing is changed on any of them before all agree.
"""

from __future__ import annotations

import typing as t

from ansible_collections.hardened.balancer.plugins.plugin_utils._model.problems import suggest
from ansible_collections.hardened.balancer.plugins.plugin_utils._status import Answers, answered, reason, serves

Servers = list[t.Mapping[str, t.Any]]


def worker_problems(
    answers: Answers, workers: list[str], backend: str | None = None, leaving: bool = False
) -> list[str]:
    silent = [f"{name} does not answer: {reason(answer)}" for name, answer in answers.items() if not answered(answer)]
    if silent:
        return silent
    servers = {name: list(answer["haproxy"].get("servers") or []) for name, answer in answers.items()}
    unknown = _unknown_backend(servers, backend) if backend else []
    unknown = unknown or [line for worker in workers for line in _unknown_worker(servers, worker, backend)]
    if unknown or not leaving:
        return unknown
    return [line for name, found in servers.items() for line in _emptied(name, found, workers, backend)]


def _unknown_backend(servers: t.Mapping[str, Servers], backend: str) -> list[str]:
    known = {server["backend"] for found in servers.values() for server in found}
    if backend in known:
        return []
    return [f"no balancer has a backend {backend!r} with workers{suggest(backend, known, 'backends')}"]


def _unknown_worker(servers: t.Mapping[str, Servers], worker: str, backend: str | None) -> list[str]:
    known = {name: {s["name"] for s in found if backend in (None, s["backend"])} for name, found in servers.items()}
    having = [name for name, names in known.items() if worker in names]
    where = f"in backend {backend} " if backend else ""
    if not having:
        return [f"no balancer has a worker {worker!r} {where}".rstrip() + suggest(worker, set().union(*known.values()))]
    lacking = [name for name in known if name not in having]
    if not lacking:
        return []
    verb = "does" if len(lacking) == 1 else "do"
    return [
        f"{', '.join(lacking)} {verb} not know the worker {worker!r} {where}that {', '.join(having)} sends traffic to; "
        f"run hardened.balancer.site to make them agree, or name the balancers that you mean: "
        f"-e balancer_hosts={','.join(having)}"
    ]


def _emptied(balancer: str, servers: Servers, workers: list[str], backend: str | None) -> list[str]:
    """Backends in which nobody is left who serves; one in which nobody serves now is not made worse."""
    lines = []
    for name in dict.fromkeys(server["backend"] for server in servers if backend in (None, server["backend"])):
        of_backend = [server for server in servers if server["backend"] == name]
        leaving = [s["name"] for s in of_backend if s["name"] in workers and serves(s)]
        staying = [s for s in of_backend if s["name"] not in workers]
        if leaving and not any(serves(s) for s in staying):
            others = ", ".join(f"{s['name']} is {s.get('status', '?')}" for s in staying) or "there is no other"
            lines.append(
                f"{balancer}: nobody would be left in backend {name} without {', '.join(leaving)} ({others}); "
                "bring another one back first, or say -e allow_empty=true if that is what you want"
            )
    return lines
