# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is mutated: the variables of every example inventory and of every block of docs/topics that is not refused."""

from __future__ import annotations

import json
import pathlib
import typing as t
import unittest.mock

import jinja2
import yaml

from ansible_collections.hardened.balancer.plugins.plugin_utils._model import plan as model
from ansible_collections.hardened.balancer.plugins.plugin_utils._model import secrets, sections, shapes
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.problems import Problems
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.sections import Drawn
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.shape import Shape
from tests.topics import examples as topics

ROOT = pathlib.Path(__file__).resolve().parents[2]
INVENTORIES = ROOT / "inventories"
PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
RELEASES = {"3.0": "debian 13"}
Variables = dict[str, t.Any]


class Example(t.NamedTuple):
    name: str
    variables: Variables
    inventory: dict[str, t.Any]


class Outcome(t.NamedTuple):
    problems: Problems
    drawn: Drawn


def every_example() -> list[Example]:
    homes = [INVENTORIES / "example", *sorted((INVENTORIES / "examples").iterdir())]
    found = [_of_inventory(home) for home in homes if home.is_dir()]
    return found + [_of_page(one) for one in topics.all_examples() if not one.refused]


class _Placeholders:
    def __getattr__(self, name: str) -> str:
        return secrets.placeholder(name)


def _templated(variables: Variables, more: Variables, files: t.Callable[[str], str]) -> Variables:
    """As the action plugin does it, but that every secret is there: it is a placeholder from here on."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    environment.filters["from_json"] = json.loads
    environment.globals["lookup"] = lambda _kind, path: files(path)
    prefixes = ("haproxy_", "balancer_", "firewall_")
    theirs = {name: value for name, value in variables.items() if not name.startswith(prefixes)}
    context = {**more, **topics.templated(theirs, more, environment), "haproxy_secrets": _Placeholders()}
    ours = {n: v for n, v in variables.items() if n.startswith(prefixes) and n != "haproxy_secrets"}
    return t.cast(Variables, topics.templated(ours, context, environment))


def _of_page(example: topics.Example) -> Example:
    given = yaml.safe_load(example.variables) or {}
    more = {"inventory_hostname": "lb1", "ansible_host": topics.GROUPS["balancers"]["lb1"]}
    variables = _templated(given, more, lambda path: example.files.get(path, PEM))
    variables.setdefault("haproxy_node", {"release": RELEASES.get(example.since, "debian 12")})
    hosts: dict[str, Variables] = {
        name: {"ansible_host": address} for group in topics.GROUPS.values() for name, address in group.items()
    }
    for path, text in example.files.items():
        if path.startswith("host_vars/"):
            hosts[pathlib.PurePath(path).stem].update(yaml.safe_load(text))
    groups = {group: sorted(members) for group, members in topics.GROUPS.items()}
    return Example(example.name, variables, {"name": "lb1", "groups": groups, "hosts": hosts})


def _of_inventory(home: pathlib.Path) -> Example:
    groups: dict[str, list[str]] = {}
    hosts: dict[str, Variables] = {}
    _members(yaml.safe_load((home / "hosts.yml").read_text())["all"], "all", groups, hosts)
    for name, own in hosts.items():
        own.update(_files_of(home / "host_vars", name))
    balancer = sorted(groups["balancers"])[0]
    given = {**_files_of(home / "group_vars", "all"), **_files_of(home / "group_vars", "balancers"), **hosts[balancer]}

    def file(path: str) -> str:
        return (home / pathlib.PurePath(path).name).read_text()

    more = {"inventory_hostname": balancer, "inventory_dir": str(home)}
    return Example(
        home.name,
        _templated(given, {**given, **more}, file),
        {
            "name": balancer,
            "groups": {group: sorted(set(members)) for group, members in groups.items()},
            "hosts": hosts,
        },
    )


def _members(group: t.Any, name: str, groups: dict[str, list[str]], hosts: dict[str, Variables]) -> list[str]:
    found = []
    for host, variables in ((group or {}).get("hosts") or {}).items():
        hosts.setdefault(host, {}).update(variables or {})
        found.append(host)
    for child, content in ((group or {}).get("children") or {}).items():
        found += _members(content, child, groups, hosts)
    groups.setdefault(name, []).extend(found)
    return found


def _files_of(home: pathlib.Path, name: str) -> Variables:
    """Of a group or a host: a file, or a directory of files, in which the later of one name wins."""
    found: Variables = {}
    for path in [home / f"{name}.yml", *sorted((home / name).glob("*.*"))]:
        if path.is_file():
            found.update(yaml.safe_load(path.read_text()) or {})
    return found


def shape_of(variable: str) -> Shape | None:
    if variable.startswith(shapes.SITE_PREFIX):
        return shapes.SITE
    return shapes.VARIABLES[variable][1] if variable in shapes.VARIABLES else None


def outcome(variables: Variables, inventory: dict[str, t.Any]) -> Outcome:
    """The whole model on a stated node; the lines with their paths, which a plan has no longer."""
    given = {name: secrets.split(shape_of(name) or Shape("text"), value, name, {}) for name, value in variables.items()}
    kept: list[Drawn] = []
    real = sections.draw

    def draw(*arguments: t.Any) -> Drawn:
        kept.append(real(*arguments))
        return kept[-1]

    with unittest.mock.patch.object(sections, "draw", draw):
        drafted, problems = model.draft(given, inventory)
    if not problems:
        problems = model.complete(drafted, model.stated_node(drafted))[1]
    return Outcome(problems, kept[0])
