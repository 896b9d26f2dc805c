# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a mutation has to come to: refused with the path, or accepted with a difference in that key's lines alone."""

from __future__ import annotations

import collections
import functools
import re
import traceback
import typing as t

from ansible_collections.hardened.balancer.plugins.plugin_utils._model.problems import Problem
from tests.mutation.corpus import Example, Outcome, Variables, outcome
from tests.mutation.derived import DERIVED, FILES
from tests.mutation.nodes import WRONG, Key, Node, every_node, is_required, known_keys

SUGGESTED_FROM = 4
SECTION = re.compile(
    r"(haproxy_(?:site_\w+\.)?(?:frontends|backends|listens|named_defaults)\[\d+\]|haproxy_(?:global|defaults))"
)
# Servers of a source of workers are lines of the source as a whole.
SOURCE = re.compile(r"(\.workers(?:\[\d+\])?)\..*$")
# Backends and files that answers are put into are called by their place.
BY_PLACE = re.compile(r"(?<=\.routes\.)\d+|(?<=/)routes-.*(?=\.map)")
ANSWER = re.compile(r"answers/\S+")


class Fault(t.NamedTuple):
    example: str
    path: str
    mutation: str
    came: str

    def __str__(self) -> str:
        return f"{self.example}: {self.path}: {self.mutation}: {self.came}"


class Row(t.NamedTuple):
    section: str
    text: str
    path: str


class Judge:
    """All mutations of one example, or those of every so many of its nodes."""

    def __init__(self, example: Example, part: int = 0, parts: int = 1) -> None:
        self.example = example
        self.nodes = [node for i, node in enumerate(every_node(example.variables)) if i % parts == part]
        self.before = self._outcome(example.variables)
        self.rows = rows_of(self.before)
        self.counts: collections.Counter[str] = collections.Counter()
        self.faults: list[Fault] = []

    def _outcome(self, variables: Variables) -> Outcome:
        return outcome(variables, self.example.inventory)

    def run(self) -> None:
        if self.before.problems:
            self._fault("", "none", f"is refused: {'; '.join(map(str, self.before.problems))}")
            return
        for node in self.nodes:
            self._misspelt(node)
            self._wrong(node)
            self._dropped(node)

    def _fault(self, path: str, mutation: str, came: str) -> None:
        self.faults.append(Fault(self.example.name, path, mutation, came))

    def _try(self, node: Node, mutation: str, variables: Variables) -> Outcome | None:
        self.counts[mutation.split(":")[0]] += 1
        try:
            return self._outcome(variables)
        except Exception as exc:  # the very thing that must not come
            last = traceback.extract_tb(exc.__traceback__)[-1]
            self._fault(
                node.path, mutation, f"{type(exc).__name__} in {last.filename.rpartition('/')[2]}:{last.lineno}: {exc}"
            )
            return None

    def _misspelt(self, node: Node) -> None:
        if node.role not in ("variable", "key", "action"):
            return
        name = str(node.keys[-1])
        for wrong in misspellings(name):
            if wrong in known_keys(node):
                continue
            mutation = f"misspelt: {wrong}"
            came = self._try(node, mutation, renamed(self.example.variables, node.keys, wrong))
            if came is None:
                continue
            here = f"{node.above}.{wrong}" if node.above else wrong
            # Which of its words is the action is not to be told of a rule; of an option, that it is none.
            places = (here, node.above) if node.parent.kind in ("rule", "option") else (here,)
            told = [problem for problem in came.problems if problem.path in places]
            if not told:
                self._fault(node.path, mutation, said(came.problems))
            elif len(name) >= SUGGESTED_FROM and not any(re.search(meant(name), problem.text) for problem in told):
                self._fault(node.path, mutation, f"not suggested: {said(told)}")

    def _wrong(self, node: Node) -> None:
        for what, value, refuses in WRONG:
            must = refuses(node.shape)
            if node.role == "action" and what in ("nothing", "text"):
                must = None
            mutation = f"wrong type: {what}"
            came = self._try(node, mutation, replaced(self.example.variables, node.keys, value))
            if came is not None and must and not any(is_within(problem.path, node.path) for problem in came.problems):
                self._fault(node.path, mutation, said(came.problems))

    def _dropped(self, node: Node) -> None:
        mutation = "required dropped" if is_required(node) else "optional dropped"
        came = self._try(node, mutation, without(self.example.variables, node.keys))
        if came is None:
            return
        if is_required(node):
            if not any(problem.path == node.path for problem in came.problems):
                self._fault(node.path, mutation, said(came.problems))
        elif came.problems and node.role == "free":
            self.counts["optional dropped and refused"] += 1
        elif came.problems:
            self.counts["optional dropped and refused"] += 1
            holders = names_of_holders(self.example.variables, node.keys)
            strange = [problem for problem in came.problems if not refers(problem, node, holders)]
            if strange:
                self._fault(node.path, mutation, f"refused, and nothing refers to it: {said(strange)}")
        else:
            self._compare(node, mutation, came)

    def _compare_files(self, node: Node, mutation: str, came: Outcome) -> None:
        had, has = ({(plain(f.path), plain(f.content)) for f in one.drawn.files} for one in (self.before, came))
        strange = sorted({path for path, _content in had ^ has if not is_file_of(node.path, path)})
        if strange:
            self._fault(node.path, mutation, f"changes other files: {', '.join(strange[:4])}")

    def _compare(self, node: Node, mutation: str, came: Outcome) -> None:
        element = node if node.role == "element" else None
        after = rows_of(came, element, holder_of(self.example.variables, node.keys))
        before = [
            Row(plain(row.section), plain(row.text), row.path) for row in self.rows if not owns(node.path, row.path)
        ]
        now = [Row(plain(row.section), plain(row.text), row.path) for row in after if not owns(node.path, row.path)]
        self._compare_files(node, mutation, came)
        if [row[:2] for row in before] == [row[:2] for row in now]:
            return
        had, has = (collections.Counter(row[:2] for row in rows) for rows in (before, now))
        different = [(f"- {row.text} ({row.path})", row) for row in before if row[:2] in had - has]
        different += [(f"+ {row.text} ({row.path})", row) for row in now if row[:2] in has - had]
        strange = [text for text, row in different if not derives(node.path, row)]
        if strange:
            self._fault(node.path, mutation, "changes other lines: " + "; ".join(list(dict.fromkeys(strange))[:4]))
        elif not different:
            self._fault(node.path, mutation, "changes the order of other lines")


def rows_of(came: Outcome, dropped: Node | None = None, siblings: t.Sized = ()) -> list[Row]:
    """The titles and lines of all sections; the places of a list from which an element is gone as they were before."""
    found = []
    for section in came.drawn.sections:
        name = f"{section.kind} {section.name}"
        found.append(Row(name, section.title, section.path))
        found += [Row(name, line.text, line.path) for line in section.lines]
    if dropped is None:
        return found
    place = int(dropped.keys[-1])
    head = dropped.path[: dropped.path.rindex("[")]
    form = re.compile(re.escape(head) + r"\[(\d+)\]")

    def before(path: str) -> str:
        match = form.match(path)
        moved = match is not None and int(match[1]) >= place
        if match and moved:
            return f"{head}[{int(match[1]) + 1}]{path[match.end() :]}"
        # Of two the one that is left has no number any more.
        alone = len(siblings) == 2 and is_within(path, head) and not match
        return f"{head}[{1 - place}]{path[len(head) :]}" if alone else path

    return [row._replace(path=before(row.path)) for row in found]


def plain(text: str) -> str:
    text = BY_PLACE.sub("*", text)
    return ANSWER.sub(lambda found: re.sub(r"\.\d+", ".*", found[0]), text)


def is_within(path: str, of: str) -> bool:
    return path == of or path.startswith((f"{of}.", f"{of}["))


def owns(key: str, line: str) -> bool:
    """Whether a line comes from the key, from something in it, or from the part of a section that the key is in."""
    line = SOURCE.sub(r"\1", line)
    if is_within(line, key):
        return True
    section = SECTION.match(line)
    return is_within(key, line) and not (section and section[0] == line)


def is_file_of(key: str, path: str) -> bool:
    return any(re.search(files, path) and re.search(keys, key) for keys, files in FILES)


def derives(key: str, row: Row) -> bool:
    line = f"{row.section}: {row.text}"
    return any(re.search(keys, key) and re.search(lines, line) for keys, lines, _reason in DERIVED)


def names_of_holders(variables: Variables, keys: tuple[Key, ...]) -> list[str]:
    """The names of what a key is in: others refer to it for what is in it."""
    holders = [holder_of(variables, keys[:i]) for i in range(2, len(keys) + 1)]
    return [str(holder["name"]) for holder in holders if isinstance(holder, dict) and "name" in holder]


def refers(problem: Problem, node: Node, holders: list[str]) -> bool:
    """Whether a problem is about what is gone: by its path, its key, a name that was in it or one that it was in."""
    if is_within(node.path, problem.path) or is_within(problem.path, node.path):
        return True
    said_of_it = f"{problem.path} {problem.text}"
    if node.above and not SECTION.fullmatch(node.above) and node.above in problem.text:
        return True
    words = [str(key) for key in node.keys[-1:] if isinstance(key, str)]
    # An element of a list is called by the list.
    words += [str(key) for key in node.keys[-2:-1] if isinstance(key, str)]
    words += [*names_in(node.value), *holders]
    words += [word.replace("_", "-") for word in words]
    if node.keys[0] == "haproxy_node" and "node" in problem.text:
        return True
    return any(re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", said_of_it) for word in words)


def names_in(value: t.Any) -> list[str]:
    if isinstance(value, dict):
        own = [str(value[key]) for key in ("name", "path", "prefix") if isinstance(value.get(key), str)]
        return own + [name for key, element in value.items() for name in [str(key), *names_in(element)]]
    if isinstance(value, list):
        return [name for element in value for name in names_in(element)]
    return [word for word in re.findall(r"[\w.:-]+", str(value)) if len(word) > 1][:20] if value is not None else []


def meant(name: str) -> str:
    """A suggestion of the name, in our spelling or HAProxy's."""
    written = re.sub("[-_]", "[-_]", re.escape(name.partition("(")[0]).replace("\\-", "-"))
    return rf"did you mean (?:\S+ or )?{written}\b"


def misspellings(name: str) -> list[str]:
    """A letter left out, and two that changed their places; by how its name begins a variable is known as ours."""
    first = len(next((p for p in ("haproxy_", "balancer_", "firewall_") if name.startswith(p)), ""))
    last = len("haproxy_site") if name.startswith("haproxy_site_") else len(name.partition("(")[0])
    middle = (first + last) // 2
    dropped = name[:middle] + name[middle + 1 :]
    swapped = name[: middle - 1] + name[middle] + name[middle - 1] + name[middle + 1 :]
    return [wrong for wrong in dict.fromkeys((dropped, swapped)) if wrong and wrong != name]


def said(problems: t.Iterable[Problem]) -> str:
    return "; ".join(map(str, problems)) or "accepted"


def holder_of(variables: Variables, keys: tuple[Key, ...]) -> t.Any:
    return functools.reduce(lambda value, key: value[key], keys[:-1], t.cast(t.Any, variables))


def _changed(value: t.Any, keys: tuple[Key, ...], change: t.Callable[[t.Any, t.Any], t.Any]) -> t.Any:
    """A copy along the way to a key only."""
    first, *rest = keys
    copy: t.Any = dict(value) if isinstance(value, dict) else list(value)
    if rest:
        copy[first] = _changed(copy[first], tuple(rest), change)
        return copy
    return change(copy, first)


def renamed(variables: Variables, keys: tuple[Key, ...], name: str) -> Variables:
    return t.cast(
        Variables,
        _changed(variables, keys, lambda holder, key: {name if k == key else k: v for k, v in holder.items()}),
    )


def replaced(variables: Variables, keys: tuple[Key, ...], value: t.Any) -> Variables:
    def change(holder: t.Any, key: t.Any) -> t.Any:
        holder[key] = value
        return holder

    return t.cast(Variables, _changed(variables, keys, change))


def without(variables: Variables, keys: tuple[Key, ...]) -> Variables:
    def change(holder: t.Any, key: t.Any) -> t.Any:
        del holder[key]
        return holder

    return t.cast(Variables, _changed(variables, keys, change))
