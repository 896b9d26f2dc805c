# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tree of configuration files as plain data: secrets filled in, digest, differences.

Files are a mapping of relative paths to texts. What the plan gives carries placeholders and is called the source.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import hashlib
import json
import re
import typing as t

MAIN = "haproxy.cfg"
SOURCES = ".sources.json"
DIGEST = "@digest@"
PLACEHOLDER = re.compile(r"@secret:([^@\s]+)@")
PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(?:/[A-Za-z0-9_][A-Za-z0-9._-]*)*")
WORD = re.compile(r"[A-Za-z0-9_.,:/=+-]")
# dpkg follows our link and leaves what a package brings beside its target.
LEFT_BY_PACKAGES = (".dpkg-dist", ".dpkg-new", ".dpkg-old", ".dpkg-tmp", ".ucf-dist")
UNSHOWN = "(differs; not shown, this file holds secrets)"

Files = dict[str, str]
Secrets = t.Mapping[str, str]


class Quoted(t.NamedTuple):
    """A line of haproxy.cfg, and the line that begins its section."""

    section: str
    text: str


class TreeError(Exception):
    """Says what is wrong with the files that were given, and which lines HAProxy named."""

    def __init__(self, message: str, quoted: t.Sequence[Quoted] = ()) -> None:
        super().__init__(message)
        self.quoted = quoted


def quoted(text: str, numbers: t.Iterable[int]) -> dict[int, Quoted]:
    """The lines of these numbers; HAProxy counts from 1, and a number may lie behind the end."""
    section, found = "", {}
    wanted = set(numbers)
    for number, line in enumerate(text.splitlines(), 1):
        if line[:1].strip() and not line.startswith("#"):
            section = line.strip()
        if number in wanted:
            found[number] = Quoted(section, line.strip())
    return found


def sources(files: t.Iterable[t.Mapping[str, t.Any]]) -> Files:
    found: Files = {}
    for file in files:
        path = str(file["path"])
        if not PATH.fullmatch(path):
            raise TreeError(f"files: {path!r} is not a relative path of letters, digits, '.', '_' and '-'")
        if path in found:
            raise TreeError(f"files: {path!r} is given twice")
        found[path] = str(file["content"])
    if MAIN not in found:
        raise TreeError(f"files: there is no {MAIN} among {', '.join(sorted(found)) or 'them'}")
    for path in found:
        parents = {path[:i] for i, letter in enumerate(path) if letter == "/"}
        if parents & set(found):
            raise TreeError(f"files: {sorted(parents & set(found))[0]!r} is a file and the directory of {path!r}")
    return found


def fill(source: Files, secrets: Secrets) -> Files:
    """Secrets in the place of their placeholders."""
    missing = sorted({f"{name} in {path}" for path, text in source.items() for name in names_in(text) - set(secrets)})
    if missing:
        raise TreeError(f"no secret was given for: {', '.join(missing)}; give it in haproxy_secrets")
    return {path: (_fill_main if path == MAIN else _fill_text)(text, secrets) for path, text in source.items()}


def names_in(text: str) -> set[str]:
    return set(PLACEHOLDER.findall(text))


def _fill_text(text: str, secrets: Secrets) -> str:
    return PLACEHOLDER.sub(lambda match: secrets[match[1]], text)


def _fill_main(text: str, secrets: Secrets) -> str:
    return "".join(_fill_line(line, secrets) if "@secret:" in line else line for line in text.splitlines(keepends=True))


def _fill_line(line: str, secrets: Secrets) -> str:
    """A secret stays one word of HAProxy's language, whatever is in it and however the line quotes it."""
    done, position = [], 0
    for match in PLACEHOLDER.finditer(line):
        done.append(line[position : match.start()])
        value = secrets[match[1]]
        if "\n" in value or "\r" in value:
            raise TreeError(
                f"the secret {match[1]} has several lines, and {MAIN} takes one word of it: {line.strip()}; "
                "such a secret can stand in a certificate or in another file only"
            )
        done.append(escape(value, quoting(line[: match.start()])))
        position = match.end()
    return "".join([*done, line[position:]])


def quoting(text: str) -> str:
    """The kind of quotes that are open at the end of `text`."""
    inside, skip = "", False
    for letter in text:
        if skip:
            skip = False
        elif letter == "\\" and inside != "'":
            skip = True
        elif letter in ("'", '"') and inside in ("", letter):
            inside = "" if inside else letter
    return inside


def escape(value: str, inside: str) -> str:
    if inside == "'":
        return value.replace("'", "'\\''")
    return "".join(letter if WORD.fullmatch(letter) else _hexadecimal(letter) for letter in value)


def _hexadecimal(letter: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in letter.encode())


def digest(filled: Files) -> str:
    """Over all paths and contents; lengths keep two trees from running into each other."""
    state = hashlib.sha256()
    for path in sorted(filled):
        for part in (path.encode(), filled[path].encode(errors="surrogateescape")):
            state.update(f"{len(part)}:".encode() + part)
    return state.hexdigest()[:16]


def named(files: Files, name: str) -> Files:
    """With the digest where the configuration states it."""
    return {**files, MAIN: files[MAIN].replace(DIGEST, name)}


def unnamed(files: Files, name: str) -> Files:
    return {path: text.replace(name, DIGEST) if path == MAIN else text for path, text in files.items()}


def recorded(source: Files) -> str:
    """What is kept beside a tree so that it can be shown without its secrets: the files that hold some."""
    return json.dumps({path: text for path, text in source.items() if names_in(text)}, indent=0, sort_keys=True)


def edited(wanted: Files, present: Files) -> list[str]:
    """Paths of a tree that is not as it was written; what a package left there is nobody's edit."""
    paths = {path for path in set(wanted) | set(present) if not path.endswith(LEFT_BY_PACKAGES)}
    return sorted(path for path in paths if wanted.get(path) != present.get(path))


def shown(present: Files, record: Files | None, filled: Files, source: Files) -> Files:
    """A tree on disk as it may be shown. `filled` and `source` are what it should be, where that is known."""
    result = {}
    for path, text in present.items():
        if path.endswith(LEFT_BY_PACKAGES):
            continue
        if record is None or (source and path not in source):
            result[path] = UNSHOWN + "\n"
        elif names_in(source.get(path, "")):
            result[path] = _lines_shown(text, filled[path], source[path])
        else:
            result[path] = record.get(path, text)
    return result


def _lines_shown(text: str, filled: str, origin: str) -> str:
    """Lines that are as they should be are shown as the source has them; others could hold anything."""
    if text == filled:
        return origin
    known = dict(zip(filled.splitlines(), origin.splitlines())) if filled.count("\n") == origin.count("\n") else {}
    return "".join(known.get(line, UNSHOWN) + "\n" for line in text.splitlines())


def mask(text: str, secrets: Secrets) -> str:
    """Placeholders instead of values, in what a program said."""
    for name, value in sorted(secrets.items(), key=lambda pair: -len(pair[1])):
        for form in (value, escape(value, ""), json.dumps(value)[1:-1]):
            text = text.replace(form, f"@secret:{name}@") if form else text
    return text


def diff_entries(before: Files, after: Files, rotated: t.Collection[str] = ()) -> list[dict[str, str]]:
    """One entry per file; `rotated` are files in which nothing but the value of a secret changes."""
    entries = []
    for path in sorted(set(before) | set(after)):
        if before.get(path) != after.get(path):
            entries.append(
                {
                    "before_header": path,
                    "after_header": path,
                    "before": before.get(path, ""),
                    "after": after.get(path, ""),
                }
            )
        elif path in rotated:
            names = ", ".join(sorted(names_in(after[path])))
            entries.append({"prepared": f"{path}: the value of a secret changes ({names})\n"})
    return entries
