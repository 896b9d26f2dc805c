# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines of a `requests` block, read into plain data. What they mean to a person is in docs/README.md."""

from __future__ import annotations

import re
import typing as t

NAME = r"[\w.:-]+"
NAMES = rf"{NAME}(?: or {NAME})*"
METHODS = r"GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH|TRACE"
ASK = re.compile(rf"(?:(\d+) (times|at once) )?({METHODS}|TCP) (\S+)(?: \((.*)\))?")
DURATION = r"(\d+(?:\.\d+)?)s"

# Lines that ask nothing: what happens between requests.
EVENTS = {
    "stop": re.compile(rf"stop ({NAME}(?:, {NAME})*)"),
    "start": re.compile(rf"start ({NAME}(?:, {NAME})*)"),
    "wait": re.compile(rf"wait until ({NAME}(?:/{NAME})?) is (up|down|in maintenance|not in use)"),
    "peers": re.compile(r"wait for (peers)"),
    "pause": re.compile(rf"pause {DURATION}"),
    "dns": re.compile(rf"DNS ({NAME}) is (.+)"),
    "agent": re.compile(rf'the agent of ({NAME}) says "(.+)"'),
    "late": re.compile(rf"({NAME}(?:, {NAME})*) answers? after {DURATION}"),
    "status": re.compile(rf"({NAME}(?:, {NAME})*) answers? (\d{{3}}|as usual)(?: to (/\S*))?"),
    "header": re.compile(rf"({NAME}(?:, {NAME})*) answers? with ([\w-]+): (.+)"),
    "role": re.compile(rf"({NAME}) is the (master|replica)"),
    "breaks": re.compile(rf"({NAME}) breaks off (\d+) requests?"),
    "runtime": re.compile(r"runtime (.+)"),
    "session": re.compile(rf"({NAME})"),
}
WITH_EXPECTATION = ("runtime", "session")

# What stands in parentheses behind an address: how the client asks.
DETAILS = {
    "h2": re.compile(r"(h2)"),
    "tls": re.compile(r"(tls)"),
    "stays": re.compile(r"(stays)"),
    "no_sni": re.compile(r"(no sni)"),
    "from": re.compile(rf"from ({NAME})"),
    "to": re.compile(rf"to ({NAME})"),
    "as": re.compile(rf"as ({NAME})"),
    "sni": re.compile(rf"sni ({NAME})"),
    "user": re.compile(r"user (\S+:.+)"),
    "certificate": re.compile(rf"certificate of ({NAME})"),
    "proxy": re.compile(rf"proxy (v[12] from {NAME})"),
    "says": re.compile(r'says "(.*)"'),
    "body": re.compile(r'body "(.*)"'),
    "header": re.compile(r"([\w-]+: .*)"),
}
NEXT_DETAIL = re.compile(
    rf", (?=(?:h2|tls|stays|no sni|(?:from|to|as|sni) {NAME}$|(?:from|to|as|sni) {NAME},|user \S+:"
    r'|certificate of|proxy v|says "|body "|[\w-]+: ))'
)

# What stands behind the arrow, each with what it takes.
EXPECTATIONS = {
    "status": re.compile(rf"(\d{{3}})(?: from (?!one worker|the same worker|another worker)({NAMES}))?(?: to (\S+))?"),
    "spread": re.compile(rf"((?:about )?\d+ times {NAME}(?:(?:, | and )(?:about )?\d+ times {NAME})*)"),
    "one": re.compile(r"from (one worker)"),
    "same": re.compile(r"from (the same worker)"),
    "other": re.compile(r"from (another worker)"),
    "names": re.compile(rf"from ({NAMES})"),
    "to": re.compile(r"to (\S+)"),
    "unasked": re.compile(r"(asks no worker)"),
    "sends_no": re.compile(r"sends no ([\w-]+)"),
    "sends_line": re.compile(rf"sends ((?:{METHODS}) \S+)"),
    "sends_proxy": re.compile(rf"sends PROXY (v[12]) from ({NAME})"),
    "sends_sni": re.compile(rf"sends the name ({NAME})"),
    "sends_from": re.compile(rf"sends from ({NAME})"),
    "sends_body": re.compile(r'sends "(.*)"'),
    "sends_alpn": re.compile(r"sends (h2|http/1\.1)"),
    "sends_certificate": re.compile(rf"sends the certificate of ({NAME})"),
    "sends": re.compile(r"sends ([\w-]+): (.*)"),
    "gets_no": re.compile(r"gets no ([\w-]+)"),
    "gets_text": re.compile(r'gets "(.*)"'),
    "gets_certificate": re.compile(rf"gets the certificate of ({NAME})"),
    "gets_alpn": re.compile(r"gets (h2|http/1\.1)"),
    "gets": re.compile(r"gets ([\w-]+): (.*)"),
    "logs": re.compile(r'logs "(.*)"'),
    "logs_nothing": re.compile(r"logs (nothing)"),
    "logs_json": re.compile(r"logs JSON with (.+)"),
    "time": re.compile(rf"(within|after) {DURATION}"),
    "outcome": re.compile(r"(refused|closed|no answer|TLS fails|still open)"),
    "says": re.compile(r'says "(.*)"'),
    "bare": re.compile(rf"({NAMES})"),
}
NEXT_EXPECTATION = re.compile(r', (?=(?:from|to|asks|sends|gets|logs|within|after|says)[ "])')

Found = list[tuple[str, tuple[str, ...]]]


class Step(t.NamedTuple):
    text: str
    kind: str
    words: tuple[str, ...] = ()
    times: int = 1
    at_once: bool = False
    details: tuple[tuple[str, str], ...] = ()
    expectations: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def detail(self, name: str) -> str:
        return next((value for key, value in self.details if key == name), "")


class LanguageError(Exception):
    """Says which line cannot be read."""


def read(block: str) -> list[Step]:
    """One step a line; a line that begins with an arrow expects more of the line before."""
    lines: list[str] = []
    for line in block.splitlines():
        bare = " ".join(line.split())
        if bare.startswith("->") and lines:
            lines[-1] += f" {bare}"
        elif bare and not bare.startswith("#"):
            lines.append(bare)
    return [_step(line) for line in lines]


def _step(line: str) -> Step:
    asked, *parts = re.split(r" -> ", line)
    expectations = tuple(_expectation(one, line) for part in parts for one in NEXT_EXPECTATION.split(part))
    match = ASK.fullmatch(asked)
    if match:
        times, how, method, address, details = match.groups()
        if not expectations:
            raise LanguageError(f"nothing is expected of: {line}")
        found = tuple(_one_of(DETAILS, one, line) for one in NEXT_DETAIL.split(details)) if details else ()
        return Step(
            line,
            "ask",
            (method, address),
            int(times or 1),
            how == "at once",
            tuple((kind, words[0]) for kind, words in found),
            expectations,
        )
    kind, words = _one_of(EVENTS, asked, line)
    if bool(expectations) != (kind in WITH_EXPECTATION) and kind != "runtime":
        raise LanguageError(f"cannot be read: {line}")
    return Step(line, kind, words, expectations=expectations)


def _expectation(text: str, line: str) -> tuple[str, tuple[str, ...]]:
    return _one_of(EXPECTATIONS, text, line)


def _one_of(table: dict[str, re.Pattern[str]], text: str, line: str) -> tuple[str, tuple[str, ...]]:
    for kind, pattern in table.items():
        match = pattern.fullmatch(text)
        if match:
            return kind, tuple(group or "" for group in match.groups())
    raise LanguageError(f"'{text}' cannot be read in: {line}")


def names(text: str) -> list[str]:
    return re.split(r", | or ", text)


def spread(text: str) -> list[tuple[bool, int, str]]:
    """`about 50 times a, 50 times b` as (roughly, number, name or status)."""
    found = []
    for part in re.split(r", | and ", text):
        match = re.fullmatch(rf"(about )?(\d+) times ({NAME})", part)
        if match:
            found.append((bool(match[1]), int(match[2]), match[3]))
    return found
