# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person asks of a request, brought into the form that HAProxy has, which knows no parentheses.

What a key asks is in fetches.py, how any, all and not are multiplied out in forms.py, and how a line in HAProxy's
words is read, and how long it may be, in phrases.py.
"""

from __future__ import annotations

import typing as t

from . import catalogue, fetches, phrases
from .forms import ALWAYS, NEVER, Form, Literal, both, bounded, either, fitting, negated, one_line, printed
from .problems import Problems, show, suggest
from .site import Site

__all__ = [
    "ALWAYS",
    "NEVER",
    "Form",
    "Literal",
    "bind_ends_tls",
    "both",
    "check_named",
    "either",
    "ends_tls",
    "negated",
    "of_line",
    "of_mapping",
    "of_when",
    "one_line",
    "printed",
]

Link = tuple[str, str]  # where a condition of haproxy_conditions is used, and its name


class _Context(t.NamedTuple):
    mode: str
    site: Site
    problems: Problems
    tls: bool
    chain: tuple[Link, ...] = ()


def of_mapping(
    condition: dict[str, t.Any], mode: str, site: Site, path: str, problems: Problems, *, tls: bool = False
) -> Form:
    """A condition of our own keys. `tls`: the frontend ends TLS itself, so that the name is known without looking."""
    form = _mapping(condition, path, _Context(mode, site, problems, tls))
    return fitting(form, path, problems)


def of_line(
    line: str,
    site: Site,
    mode: str,
    path: str,
    problems: Problems,
    *,
    tls: bool = False,
) -> Form:
    """A condition in HAProxy's words; names of haproxy_conditions stand in it like ACLs."""
    form = _line(line, path, _Context(mode, site, problems, tls))
    return fitting(form, path, problems)


def of_when(
    when: str | dict[str, t.Any] | None,
    mode: str,
    site: Site,
    path: str,
    problems: Problems,
    *,
    tls: bool = False,
) -> Form:
    """Either of both; what could not be read, and was reported, holds always."""
    if isinstance(when, dict):
        return of_mapping(when, mode, site, path, problems, tls=tls)
    return of_line(when, site, mode, path, problems, tls=tls) if when else ALWAYS


def check_named(site: Site, problems: Problems) -> None:
    """The conditions of haproxy_conditions by themselves, whether something uses them or not."""
    context = _Context("http", site, problems, tls=False)
    for name, condition in site.conditions.items():
        path = _path_of(name, site)
        if name in catalogue.PREDEFINED_ACLS or name.lower() in ("or", "if", "unless"):
            problems.add(f"{path}.name", f"holds {show(name)}, a word of HAProxy's own in conditions")
        if not fetches.given(condition) and not problems.below(path):
            problems.add(path, f"has no condition; give at least one of: {', '.join(fetches.KEYS)}")
        fitting(_named(name, path, context), path, problems)


def ends_tls(proxy: dict[str, t.Any]) -> bool:
    """Whether TLS ends at every place that the section listens at."""
    binds = [bind for bind in proxy.get("binds") or [] if bind]
    return bool(binds) and all(bind_ends_tls(bind) for bind in binds)


def bind_ends_tls(bind: dict[str, t.Any]) -> bool:
    return bool(bind.get("tls") or bind.get("ssl")) or "ssl" in (bind.get("raw") or "").split()


def _mapping(condition: dict[str, t.Any], path: str, context: _Context) -> Form:
    form = ALWAYS
    for key in fetches.given(condition):
        here = f"{path}.{key}"
        if key in NESTED:
            part = NESTED[key](condition[key], here, context)
        else:
            part = _asked(key, condition[key], here, context)
        form = both(form, part, path, context.problems)
    return form


def _asked(key: str, value: t.Any, path: str, context: _Context) -> Form:
    """A key that asks something of the request itself."""
    if context.mode == "tcp" and key in fetches.HTTP_ONLY:
        _tell_mode(key, path, context)
        return ALWAYS
    form = ALWAYS
    for alternatives in fetches.literals(key, value, context.mode, context.tls, path, context.problems):
        form = both(form, [[Literal(False, words)] for words in alternatives], path, context.problems)
    return form


def _tell_mode(key: str, path: str, context: _Context) -> None:
    """A named condition is right by itself: the mistake is where it is used."""
    if context.chain:
        where, name = context.chain[0]
        text = f"holds {show(name)}, whose {key} needs mode: http"
    else:
        where, text = path, "needs mode: http"
    context.problems.add(where, f"{text}; a frontend in mode: tcp sees no request, only sni")


def _named(name: str, path: str, context: _Context) -> Form:
    """A condition of haproxy_conditions, at `path`; what is wrong inside is told where it is defined."""
    known = context.site.conditions
    if name not in known:
        context.problems.add(
            path, f"holds {show(name)}, no condition has this name{suggest(name, known, 'haproxy_conditions')}"
        )
        return ALWAYS
    names = [link[1] for link in context.chain]
    if name in names:
        circle = [*names[names.index(name) :], name]
        # The same circle is met from each of its members: it is told once, at the first by name.
        first = circle.index(min(circle))
        circle = [*circle[first:-1], *circle[: first + 1]]
        context.problems.add(
            f"{_path_of(circle[0], context.site)}.condition", f"asks for itself: {' -> '.join(circle)}"
        )
        return ALWAYS
    inner = context._replace(chain=(*context.chain, (path, name)))
    return _mapping(known[name], _path_of(name, context.site), inner)


def _path_of(name: str, site: Site) -> str:
    return site.names.get("condition", {}).get(name, f"haproxy_conditions.{name}")


def _names(names: list[str | None], path: str, context: _Context) -> Form:
    return _all_of([_named(name, path, context) for name in names if name], path, context)


def _all(conditions: list[dict[str, t.Any] | None], path: str, context: _Context) -> Form:
    return _all_of([_mapping(c, f"{path}[{i}]", context) for i, c in enumerate(conditions) if c], path, context)


def _all_of(forms: list[Form], path: str, context: _Context) -> Form:
    result = ALWAYS
    for form in forms:
        result = both(result, form, path, context.problems)
    return result


def _any(conditions: list[dict[str, t.Any] | None], path: str, context: _Context) -> Form:
    forms = [_mapping(c, f"{path}[{i}]", context) for i, c in enumerate(conditions) if c]
    return bounded([conjunction for form in forms for conjunction in form], path, context.problems)


def _not(condition: dict[str, t.Any], path: str, context: _Context) -> Form:
    return negated(_mapping(condition, path, context), path, context.problems)


NESTED: dict[str, t.Callable[[t.Any, str, _Context], Form]] = {
    "condition": _names,
    "any": _any,
    "all": _all,
    "not": _not,
}


def _line(line: str, path: str, context: _Context) -> Form:
    terms, wrong = phrases.read(line)
    if wrong:
        context.problems.add(path, wrong)
        return ALWAYS
    result = NEVER
    for term in terms:
        form = ALWAYS
        for is_negated, words in term:
            part = _word(words, path, context)
            part = negated(part, path, context.problems) if is_negated else part
            form = both(form, part, path, context.problems)
        result = either(result, form, path, context.problems)
    return result


def _word(words: str, path: str, context: _Context) -> Form:
    if words in context.site.conditions:
        return _named(words, path, context)
    return [[Literal(False, words)]]
