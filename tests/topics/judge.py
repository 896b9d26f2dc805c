# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether answers are what a line of a page expects."""

from __future__ import annotations

import collections
import json
import re
import time
import typing as t

from tests.topics import language
from tests.topics.client import Answer
from tests.topics.language import Step

Logs = t.Callable[[], list[str]]
LOG_PATIENCE = 2.0
QUIET = 0.3


def like(pattern: str, value: str) -> bool:
    """`*` stands for anything."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), value, re.DOTALL) is not None


def sent(answer: Answer, name: str) -> list[str]:
    """The values of a header as the worker saw them."""
    return [value for key, value in answer.told.get("headers") or [] if key.lower() == name.lower()]


# Of one answer: whether the words hold.
EACH: dict[str, t.Callable[[Answer, tuple[str, ...]], bool]] = {
    "status": lambda a, w: (
        a.status == int(w[0]) and (not w[1] or _from(a, w[1])) and (not w[2] or a.values("location") == [w[2]])
    ),
    "names": lambda a, w: _from(a, w[0]),
    "bare": lambda a, w: _from(a, w[0]),
    "to": lambda a, w: a.values("location") == [w[0]],
    "sends": lambda a, w: bool(sent(a, w[0])) and like(w[1], ", ".join(sent(a, w[0]))),
    "sends_no": lambda a, w: bool(a.told) and not sent(a, w[0]),
    "sends_line": lambda a, w: f"{a.told.get('method')} {a.told.get('path')}" == w[0],
    "sends_proxy": lambda a, w: a.told.get("proxy") == [w[0], w[1]],
    "sends_sni": lambda a, w: a.told.get("name") == w[0],
    "sends_from": lambda a, w: a.told.get("source") == w[0],
    "sends_body": lambda a, w: a.told.get("body") == w[0],
    "sends_alpn": lambda a, w: a.told.get("alpn") == w[0],
    "sends_certificate": lambda a, w: a.told.get("certificate") == w[0],
    "gets": lambda a, w: any(like(w[1], value) for value in a.values(w[0])),
    "gets_no": lambda a, w: a.outcome == "answered" and not a.values(w[0]),
    "gets_text": lambda a, w: w[0] in a.body.decode(errors="replace"),
    "gets_certificate": lambda a, w: a.certificate == w[0],
    "gets_alpn": lambda a, w: a.alpn == w[0],
    "outcome": lambda a, w: a.outcome == ("answered" if w[0] == "still open" else w[0]),
    "says": lambda a, w: w[0] in a.body.decode(errors="replace"),
}


def _from(answer: Answer, names: str) -> bool:
    return bool(set(answer.names) & set(language.names(names)))


def judge(step: Step, answers: list[Answer], before: list[Answer], logs: Logs, asked: int) -> list[str]:
    """What does not hold, each with the answer that shows it."""
    wrong = []
    for kind, words in step.expectations:
        if kind in EACH:
            wrong += [f"{step.text}\n    answer: {a}" for a in answers if not EACH[kind](a, words)][:1]
        elif not ALL[kind](words, answers, before, logs, asked):
            told = f"{asked} requests at workers, {max(a.seconds for a in answers):.2f} s at most, {_counted(answers)}"
            wrong.append(f"{step.text}\n    {told}, logged: {logs()[-3:]}")
    return wrong


def _counted(answers: list[Answer]) -> dict[str, int]:
    keys = [key for a in answers for key in (*a.names, str(a.status) if a.status else a.outcome)]
    return dict(collections.Counter(keys))


def _spread(words: tuple[str, ...], answers: list[Answer], before: list[Answer], logs: Logs, asked: int) -> bool:
    counted = _counted(answers)
    return all(
        _is_about(counted.get(name, 0), number) if roughly else counted.get(name, 0) == number
        for roughly, number, name in language.spread(words[0])
    )


def _is_about(counted: int, number: int) -> bool:
    return counted > 0 and abs(counted - number) <= max(2, round(number * 0.35))


def _one(words: tuple[str, ...], answers: list[Answer], before: list[Answer], logs: Logs, asked: int) -> bool:
    return bool(answers[0].names) and len({tuple(a.names) for a in answers}) == 1


def _same(words: tuple[str, ...], answers: list[Answer], before: list[Answer], logs: Logs, asked: int) -> bool:
    return _one(words, [*before, *answers], before, logs, asked)


def _other(words: tuple[str, ...], answers: list[Answer], before: list[Answer], logs: Logs, asked: int) -> bool:
    known = {tuple(a.names) for a in before}
    return all(a.names and tuple(a.names) not in known for a in answers)


def _unasked(words: tuple[str, ...], answers: list[Answer], before: list[Answer], logs: Logs, asked: int) -> bool:
    return asked == 0


def _time(words: tuple[str, ...], answers: list[Answer], before: list[Answer], logs: Logs, asked: int) -> bool:
    slowest = max(a.seconds for a in answers)
    return slowest <= float(words[1]) if words[0] == "within" else slowest >= float(words[1])


def _logs(words: tuple[str, ...], answers: list[Answer], before: list[Answer], logs: Logs, asked: int) -> bool:
    return _soon(lambda: any(like(f"*{words[0]}*", line) for line in logs()))


def _logs_nothing(words: tuple[str, ...], answers: list[Answer], before: list[Answer], logs: Logs, asked: int) -> bool:
    return not _soon(lambda: any(" HTTP/" in line for line in logs()), QUIET)


def _logs_json(words: tuple[str, ...], answers: list[Answer], before: list[Answer], logs: Logs, asked: int) -> bool:
    wanted = dict(part.split(": ", 1) for part in words[0].split(" and "))

    def found() -> bool:
        for line in logs():
            try:
                entry = json.loads(line[line.index("{") :])
            except ValueError:
                continue
            if all(str(entry.get(key)) == value for key, value in wanted.items()):
                return True
        return False

    return _soon(found)


def _soon(found: t.Callable[[], bool], patience: float | None = None) -> bool:
    limit = time.monotonic() + (LOG_PATIENCE if patience is None else patience)
    while not found():
        if time.monotonic() > limit:
            return False
        time.sleep(0.02)
    return True


ALL: dict[str, t.Callable[[tuple[str, ...], list[Answer], list[Answer], Logs, int], bool]] = {
    "spread": _spread,
    "one": _one,
    "same": _same,
    "other": _other,
    "unasked": _unasked,
    "time": _time,
    "logs": _logs,
    "logs_nothing": _logs_nothing,
    "logs_json": _logs_json,
}
