# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several balancers say of themselves, as one screen. PRIVATE to the collection.

`answers` is {balancer: result of hardened.balancer.haproxy_info}; a result may be that of a task that failed.
"""

from __future__ import annotations

import typing as t

Answers = t.Mapping[str, t.Mapping[str, t.Any]]
# A screen has some fifty lines; the rest of them is for balancers and frontends.
ENOUGH_WORKERS = 30
UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
NO_ANSWER = "does not answer"


def status(answers: Answers, every_worker: bool = False) -> list[str]:
    running = {name: answer["haproxy"] for name, answer in answers.items() if answered(answer)}
    workers = _workers(running)
    return [
        _headline(answers, running, workers),
        *_table(["balancer", "HAProxy", "for", "runs", "connections", "old processes"], _balancers(running)),
        *(f"{name} {NO_ANSWER}: {reason(answer)}" for name, answer in answers.items() if name not in running),
        *_table(["frontend", "state", "sessions", "of"], _frontends(running)),
        *_table(["backend", "worker", "state", "sessions", "weight"], _rows(workers, list(running), every_worker)),
        *_left_out(workers, every_worker),
    ]


def answered(answer: t.Mapping[str, t.Any]) -> bool:
    """A node on which HAProxy does not run may say so without failing."""
    return not answer.get("failed") and not answer.get("unreachable") and bool(answer.get("haproxy"))


def reason(answer: t.Mapping[str, t.Any]) -> str:
    """The first line: a screen has no room for more."""
    words = str(answer.get("msg") or "").strip().splitlines()
    return words[0] if words else "it did not say why"


def serves(server: t.Mapping[str, t.Any]) -> bool:
    """Whether new requests go there; the words are those of `show stat`."""
    return str(server.get("status", "")).startswith(("UP", "no check")) and server.get("weight") != 0


class Worker(t.NamedTuple):
    backend: str
    name: str
    seen: dict[str, t.Mapping[str, t.Any]]

    @property
    def up(self) -> bool:
        return all(serves(server) for server in self.seen.values())


def _workers(running: Answers) -> list[Worker]:
    found: dict[tuple[str, str], Worker] = {}
    for balancer, haproxy in running.items():
        for server in haproxy.get("servers") or []:
            key = (server["backend"], server["name"])
            found.setdefault(key, Worker(*key, {})).seen[balancer] = server
    return list(found.values())


def _headline(answers: Answers, running: Answers, workers: list[Worker]) -> str:
    backends = {worker.backend for worker in workers}
    parts = [
        f"{_count(len(answers), 'balancer')}, {_count(len(backends), 'backend')}, {_count(len(workers), 'worker')}",
        *_unless_zero(len(answers) - len(running), "balancer", NO_ANSWER),
        *_nobody_serves(workers, list(running)),
        *_unless_zero(sum(not worker.up for worker in workers), "worker", "does not serve everywhere"),
        *(["the balancers have different workers"] if len(_sets_of_workers(running)) > 1 else []),
    ]
    return "; ".join(parts if len(parts) > 1 else [*parts, "all serve"])


def _nobody_serves(workers: list[Worker], balancers: list[str]) -> list[str]:
    """Also where a balancer has none of a backend's servers any more, which others have."""
    found = []
    for backend in sorted({worker.backend for worker in workers}):
        of_it = [worker.seen for worker in workers if worker.backend == backend]
        empty = [name for name in balancers if not any(name in seen and serves(seen[name]) for seen in of_it)]
        if empty:
            found.append(f"nobody serves {backend}{'' if empty == balancers else ' on ' + ', '.join(empty)}")
    return found


def _sets_of_workers(running: Answers) -> set[frozenset[tuple[str, str]]]:
    """More than one is a run of the site that has not reached all."""
    return {frozenset((s["backend"], s["name"]) for s in haproxy.get("servers") or []) for haproxy in running.values()}


def _unless_zero(number: int, what: str, does: str) -> list[str]:
    words = does.replace("does not", "do not", 1) if number != 1 else does
    return [f"{_count(number, what)} {words}"] if number else []


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _balancers(running: Answers) -> list[list[str]]:
    return [
        [
            name,
            str(haproxy.get("version") or "?"),
            duration(haproxy.get("uptime")),
            haproxy.get("digest") or "not ours",
            _connections(haproxy),
            str(sum(one.get("kind") == "old" for one in haproxy.get("processes") or []) or "-"),
        ]
        for name, haproxy in running.items()
    ]


def _connections(haproxy: t.Mapping[str, t.Any]) -> str:
    limits = haproxy.get("limits") or {}
    now, most = limits.get("connections"), limits.get("maxconn")
    return "?" if now is None else f"{now} of {most}" if most else str(now)


def duration(seconds: t.Any) -> str:
    """The two largest units: more of them say nothing."""
    if not isinstance(seconds, int):
        return "?"
    words = []
    for size, unit in UNITS:
        number, seconds = divmod(seconds, size)
        words += [f"{number} {unit}"] if number else []
    return " ".join(words[:2]) or "0 s"


def _frontends(running: Answers) -> list[list[str]]:
    seen: dict[str, dict[str, t.Mapping[str, t.Any]]] = {}
    for balancer, haproxy in running.items():
        for one in haproxy.get("frontends") or []:
            seen.setdefault(one["name"], {})[balancer] = one
    everywhere = list(running)
    return [
        [
            name,
            _by_state({balancer: str(one.get("status", "?")) for balancer, one in found.items()}, everywhere),
            str(sum(one.get("sessions") or 0 for one in found.values())),
            str(sum(one.get("limit") or 0 for one in found.values()) or "?"),
        ]
        for name, found in seen.items()
    ]


def _rows(workers: list[Worker], everywhere: list[str], every_worker: bool) -> list[list[str]]:
    return [
        [
            worker.backend,
            worker.name,
            _by_state({name: _state(server) for name, server in worker.seen.items()}, everywhere, _away(worker)),
            str(sum(server.get("sessions") or 0 for server in worker.seen.values())),
            _by_state(
                {name: str(server.get("weight", "?")) for name, server in worker.seen.items()}, list(worker.seen)
            ),
        ]
        for worker in _shown(workers, every_worker)
    ]


def _away(worker: Worker) -> dict[str, int]:
    """For how many seconds it has not been served, by balancer."""
    since = {name: server.get("since") for name, server in worker.seen.items() if not serves(server)}
    return {name: seconds for name, seconds in since.items() if isinstance(seconds, int)}


def _shown(workers: list[Worker], every_worker: bool) -> list[Worker]:
    """Of many those that need somebody."""
    if every_worker or len(workers) <= ENOUGH_WORKERS:
        return workers
    return [worker for worker in workers if not worker.up][:ENOUGH_WORKERS]


def _left_out(workers: list[Worker], every_worker: bool) -> list[str]:
    rest = len(workers) - len(_shown(workers, every_worker))
    away = sum(not worker.up for worker in workers)
    if not rest:
        return []
    what = "all of them serve" if away <= ENOUGH_WORKERS else f"{away - ENOUGH_WORKERS} of them do not serve"
    return [f"{_count(rest, 'more worker')}, {what}; -e every_worker=true names each"]


def _state(server: t.Mapping[str, t.Any]) -> str:
    """HAProxy's word, why it is not up, and what an administrator has set if the word does not say it."""
    word = str(server.get("status", "?"))
    parts = [word]
    if word.startswith("DOWN") and server.get("check_status"):
        parts.append(str(server["check_status"]))
    admin = str(server.get("admin") or "ready")
    if admin != "ready" and not word.lower().startswith(admin):
        parts.append(f"({admin})")
    return " ".join(parts)


def _by_state(states: t.Mapping[str, str], everywhere: list[str], away: t.Mapping[str, int] | None = None) -> str:
    """One word where all agree, else each word with those that say it; with the longest time of those that are away."""
    groups: dict[str, list[str]] = {}
    for balancer in everywhere:
        groups.setdefault(states.get(balancer, "unknown"), []).append(balancer)
    told = {
        state: state + _for_long([seconds for name, seconds in (away or {}).items() if name in of])
        for state, of in groups.items()
    }
    if len(groups) == 1:
        return next(iter(told.values()))
    return "; ".join(f"{told[state]} on {', '.join(of)}" for state, of in groups.items())


def _for_long(seconds: list[int]) -> str:
    return f" for {duration(max(seconds))}" if seconds else ""


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    """Its head in capitals parts it from the one before; an empty line would be shown as a pair of quotes."""
    if not rows:
        return []
    lines = [[cell.upper() for cell in head], *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines]
