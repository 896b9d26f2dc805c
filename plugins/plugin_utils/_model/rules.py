# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules: a line of HAProxy's, or one action with its arguments; checked against the catalogue, printed in order."""

from __future__ import annotations

import itertools
import typing as t

from . import actions, catalogue, conditions, phrases
from .check import check
from .line import File, Line
from .problems import Problems, nearest, show, suggest
from .scalars import SCALARS
from .shape import Shape
from .site import Site

# {words, when: None or {word, condition}, path, action: its name in the catalogue, files: where it needs any}
Rule = dict[str, t.Any]

# typed action: (HAProxy's name, {key: (word in front of the value, what it may be)})
ACTIONS = actions.ACTIONS
PLACES = {"tcp-request": ("connection", "session", "content"), "tcp-response": ("content",)}
WITHOUT_CONDITIONS = ("http-check", "tcp-check")
CONDITIONAL = ("if", "unless")
# HAProxy reads no more words of a line (configuration manual, section 2.2).
WORDS = 64


def check_rule(family: str, value: t.Any, path: str, problems: Problems) -> Rule | None:
    """The rule as the words behind the name of its family, and when it holds; None where a problem was added."""
    found = Problems()
    if isinstance(value, str):
        rule = _line(family, value, path, found)
    elif isinstance(value, dict):
        rule = _mapping(family, value, path, found)
    else:
        rule = None
        found.add(path, f"holds {show(value)}, which must be a line of HAProxy's or an action")
    for problem in found:
        problems.add(*problem)
    return None if found else rule


def lines(proxy: dict[str, t.Any], family: str, site: Site, problems: Problems) -> list[Line]:
    """The rules of one family (`http_request`) of a section, in the order written."""
    name = family.replace("_", "-")
    result: list[Line] = []
    ended: dict[str, str] = {}
    for rule in proxy.get(family.replace("-", "_")) or []:
        if not rule:
            continue
        place = rule["action"].partition(" ")[0] if name in PLACES else ""
        if place in ended:
            problems.add(rule["path"], f"is never reached: {ended[place]} ends these rules for every request")
        final = _is_final(name, rule["action"])
        if final and not rule["when"]:
            ended[place] = rule["path"]
        head = f"{name} {rule['words']}"
        result += [Line(text, rule["path"]) for text in _with_condition(head, rule, final, proxy, site, problems)]
    return result


def files(proxy: dict[str, t.Any]) -> list[File]:
    """What the rules of a section answer with, where it is too much for a line."""
    families = [family.replace("-", "_") for family in catalogue.RULE_FAMILIES]
    rules = [rule for family in families for rule in proxy.get(family) or [] if rule]
    return [file for rule in rules for file in rule.get("files") or []]


def _is_final(family: str, action: str) -> bool:
    known = catalogue.actions_of(family).get(action)
    return known is not None and "final" in known.kind


def _with_condition(
    head: str, rule: Rule, final: bool, proxy: dict[str, t.Any], site: Site, problems: Problems
) -> list[str]:
    """The line, or several where one is too short for the condition and the rule may stand there twice."""
    when, path = rule["when"], rule["path"]
    if when is None:
        return [head]
    room = WORDS - phrases.count(head) - 1
    condition = when["condition"]
    here = f"{path}.{when['word']}" if rule["typed"] else path
    if isinstance(condition, str) and not _names(condition, site):
        _terms, wrong = phrases.read(condition)
        if wrong:
            problems.add(here, wrong)
        _check_room(condition, room, path, problems)
        return [f"{head} {when['word']} {condition}"]
    mode, tls = proxy.get("mode") or "http", conditions.ends_tls(proxy)
    form = conditions.of_when(condition, mode, site, here, problems, tls=tls)
    if when["word"] == "unless":
        form = conditions.negated(form, here, problems)
    if final or not form:
        return conditioned(head, form, path, problems)
    told = len(problems)
    text = conditions.one_line(form, here, problems)
    if len(problems) == told:
        _check_room(text, room, path, problems)
    return [f"{head} if {text}"]


def conditioned(head: str, form: conditions.Form, path: str, problems: Problems) -> list[str]:
    """A rule that may stand there more than once, for it ends the evaluation: a line for as much as fits into one."""
    room = WORDS - phrases.count(head) - 1
    texts = _fitting(form, room)
    for text in texts:
        _check_room(text, room, path, problems)
    return [f"{head} if {text}" for text in texts]


def _fitting(form: conditions.Form, room: int) -> list[str]:
    """Alternatives are spread over lines, and the values of one over several."""
    texts = conditions.printed(form)
    if all(phrases.count(text) <= room for text in texts):
        return texts
    half = len(form) // 2
    parts = [form[:half], form[half:]] if half else [[narrow] for narrow in _narrowed(form[0], room)]
    return [text for part in parts for text in _fitting(part, room)] if len(parts) > 1 else texts


def _narrowed(conjunction: list[conditions.Literal], room: int) -> conditions.Form:
    lists = [x for x in conjunction if not x.negated and phrases.may_split(x.words)]
    others = [x for x in conjunction if x not in lists]
    left = room - sum(phrases.count(x.words) for x in others)
    parts = phrases.split_all([x.words for x in lists], left)
    choices = itertools.product(*([conditions.Literal(False, words) for words in part] for part in parts))
    return [[*others, *choice] for choice in choices]


def _check_room(condition: str, room: int, path: str, problems: Problems) -> None:
    count = phrases.count(condition)
    if count > room:
        problems.add(
            path,
            f"has a condition of {count} words, where this rule leaves room for {max(room, 0)}: HAProxy reads {WORDS} "
            "of a line; put the values into haproxy_patterns and compare with -f",
        )


def _names(condition: str, site: Site) -> bool:
    """Whether a condition in HAProxy's words has names of haproxy_conditions in it; else it is printed as written."""
    terms, _wrong = phrases.read(condition)
    return any(words in site.conditions for term in terms for _negated, words in term)


def _line(family: str, value: str, path: str, problems: Problems, *, known_words: str = "") -> Rule | None:
    """A line as HAProxy reads it behind the name of the family."""
    accepted, line = SCALARS["line"][1](value, Shape("line"))
    if not accepted:
        problems.add(path, "must be one line of text, as HAProxy reads it")
        return None
    words = phrases.words_of(line)
    if words is None:
        problems.add(path, phrases.CUT_OFF)
        return None
    action = known_words or _action_of(family, words, path, problems)
    if action is None:
        return None
    when = None
    if family not in WITHOUT_CONDITIONS:
        at = next((i for i, word in enumerate(words) if i and word in CONDITIONAL), None)
        if at is not None:
            when = {"word": words[at], "condition": " ".join(words[at + 1 :])}
            line = " ".join(words[:at])
            if not when["condition"]:
                problems.add(path, f"ends with {when['word']}; the condition is missing")
    return {"words": line, "when": when, "path": path, "action": action, "typed": False}


def _action_of(family: str, words: list[str], path: str, problems: Problems) -> str | None:
    """The catalogue's name of what a line does."""
    known = catalogue.actions_of(family)
    if words[0] == family:
        problems.add(path, f"begins with {family}, which is written in front of it anyway")
        return None
    places = PLACES.get(family, ())
    place = f"{words[0]} " if words[0] in places else ""
    if place and len(words) == 1:
        problems.add(path, f"says where and not what; {words[0]} needs an action behind it")
        return None
    word = words[1] if place else words[0]
    action = _named(word, place, known)
    if action is None:
        problems.add(path, f"holds {show(word)}, which is {_unknown(family, word, place)}")
    return action


def _named(word: str, place: str, known: t.Container[str]) -> str | None:
    """`set-var(txn.x)` is set-var, `lua.f` is lua, and a table's slot above those of the manual is one of them."""
    bare = word.partition("(")[0]
    slot = f"{bare.rstrip('0123456789')}0"
    return next((place + name for name in (bare, bare.partition(".")[0], slot) if place + name in known), None)


def _unknown(family: str, word: str, place: str = "", written: t.Callable[[str], str] = str) -> str:
    known = catalogue.actions_of(family)
    here = {name.removeprefix(place) for name in known if name.startswith(place) and (place or " " not in name)}
    here |= set() if place else set(PLACES.get(family, ()))
    others = [
        f
        for f in catalogue.RULE_FAMILIES
        if f != family and _named(word.replace("_", "-"), "", catalogue.actions_of(f))
    ]
    typed = {key for key, (name, _keys) in ACTIONS.items() if name in here and written is not str}
    stages = [
        stage for stage in PLACES.get(family, ()) if not place and _named(word.replace("_", "-"), f"{stage} ", known)
    ]
    if stages:
        return f"no action of {family} by itself; say where: {', '.join(stages)}"
    tail = suggest(word, {written(name) for name in here} | typed, "known here")
    where = f"; it is one of {', '.join(others)}" if others else ""
    return f"no action of {family}{f' {place.strip()}' if place else ''}{where or tail}"


def _mapping(family: str, value: dict[t.Any, t.Any], path: str, problems: Problems) -> Rule | None:
    """One action as a key; if and unless beside it."""
    keys = [str(key) for key in value if key not in CONDITIONAL]
    if len(keys) != 1:
        near = next(filter(None, (nearest(key, CONDITIONAL) for key in keys)), None)
        tail = f"; did you mean {near}?" if near else ""
        problems.add(path, f"must have one action; found {', '.join(keys) or 'none'}{tail}")
        return None
    if all(word in value for word in CONDITIONAL):
        problems.add(path, "has both if and unless, and a rule has one condition; say it with any, all and not")
        return None
    key, given = next((str(k), v) for k, v in value.items() if k not in CONDITIONAL)
    rule = _placed(family, key, given, path, problems)
    word = next((word for word in CONDITIONAL if word in value), None)
    if word and family in WITHOUT_CONDITIONS:
        problems.add(f"{path}.{word}", f"stands beside a step of {family}, which has no condition")
    elif word:
        condition = check(Shape("when"), value[word], f"{path}.{word}", problems)
        if rule and rule["when"]:
            problems.add(f"{path}.{word}", f"stands beside a line that has its own {rule['when']['word']}")
        if rule:
            rule.update(when={"word": word, "condition": condition}, typed=True)
    return rule


def _placed(family: str, key: str, given: t.Any, path: str, problems: Problems) -> Rule | None:
    here = f"{path}.{key}"
    if key == "raw":
        line = check(Shape("line"), given, here, problems)
        return {"words": line, "when": None, "path": path, "action": "", "typed": True}
    if key not in PLACES.get(family, ()):
        return _action(family, "", key, given, here, path, problems)
    if isinstance(given, str):
        return _with_path(_line(family, f"{key} {given}", here, problems), path)
    if not isinstance(given, dict) or len(given) != 1:
        problems.add(here, f"holds {show(given)}, which must be a line, or one action like {{accept: true}}")
        return None
    inner, argument = next(iter(given.items()))
    return _action(family, f"{key} ", str(inner), argument, f"{here}.{inner}", path, problems)


def _with_path(rule: Rule | None, path: str) -> Rule | None:
    return {**rule, "path": path, "typed": True} if rule else None


def _action(family: str, place: str, key: str, given: t.Any, here: str, path: str, problems: Problems) -> Rule | None:
    """A typed action with its keys, or any other of the catalogue with its arguments as one line."""
    known = catalogue.actions_of(family)
    name, _keys = ACTIONS.get(key) or (_in_haproxys_words(key), {})
    action = _named(name, place, known)
    if action is None:
        text = _unknown(family, key, place, lambda name: name.replace("-", "_"))
        problems.add(here, f"is {text}; what only a newer HAProxy has goes into raw")
        return None
    written = key in ACTIONS and (isinstance(given, (dict, bool)) or key in actions.ALONE or given is None)
    if written:
        words, made = actions.words(key, {} if given in (True, None) else given, here, problems)
        rule = {"words": place + words, "when": None, "path": path, "action": action, "typed": True}
        return {**rule, "files": made} if made else rule
    arguments = (
        "" if given is True else check(Shape("line"), str(given) if _is_number(given) else given, here, problems)
    )
    if arguments is None:
        return None
    gap = "" if not arguments or arguments.startswith("(") else " "
    return _with_path(_line(family, f"{place}{name}{gap}{arguments}", here, problems, known_words=action), path)


def _is_number(value: t.Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _in_haproxys_words(key: str) -> str:
    """`sc_inc_gpc0(0)` is sc-inc-gpc0(0): what stands behind a bracket or a point is a name of the user's."""
    for mark in ("(", "."):
        head, found, tail = key.partition(mark)
        if found:
            return f"{head.replace('_', '-')}{mark}{tail}"
    return key.replace("_", "-")
