# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is given to a playbook by `-e`. PRIVATE to the collection.

A variable that nobody reads does nothing, and a time that is none would be no time at all.
"""

from __future__ import annotations

import typing as t

from ansible_collections.hardened.balancer.plugins.plugin_utils._model.problems import misspelt, show

BOOLEANS = ("true", "false", "yes", "no", "on", "off", "1", "0")


def _is_text(value: t.Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_names(value: t.Any) -> bool:
    return all(map(_is_text, value)) if isinstance(value, list) and value else _is_text(value)


def _is_seconds(value: t.Any) -> bool:
    return not isinstance(value, bool) and str(value).isascii() and str(value).isdecimal()


def _is_boolean(value: t.Any) -> bool:
    return str(value).lower() in BOOLEANS


# By the word for it in a playbook: what it holds, and how to say what it has to be.
TYPES: dict[str, tuple[t.Callable[[t.Any], bool], str]] = {
    "text": (_is_text, "text"),
    "names": (_is_names, "a name, or several with commas between them"),
    "seconds": (_is_seconds, "a whole number of seconds, 0 or more, without a unit"),
    "boolean": (_is_boolean, "true or false"),
}


def problems(known: t.Mapping[str, str], given: t.Mapping[str, t.Any], extra: t.Iterable[str]) -> list[str]:
    """`known` says the type of each variable of the playbook, `given` has values, `extra` are all names behind `-e`."""
    found = [
        f"{name}: holds {show(value)}; must be {TYPES[known[name]][1]}"
        for name, value in given.items()
        if not TYPES[known[name]][0](value)
    ]
    for name in extra:
        if name not in known and (near := misspelt(name, known)):
            found.append(f"{name}: is no variable of this playbook; did you mean {near}?")
    return found
