# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Workers picked from any structure: Terraform's output, a cloud's inventory, a JSON file."""

from __future__ import annotations

import typing as t

from .check import check
from .problems import Problems, show
from .scalars import is_address
from .shape import Shape
from .shapes.servers import WORKER

NEEDED = "a list of addresses, or of mappings with address"
HOST = Shape("host")


def find(source: dict[str, t.Any], path: str, problems: Problems) -> list[dict[str, t.Any]]:
    """The workers in the order of the list, each with name and path; the others have been told of."""
    items = _items(source, path, problems)
    if items is None:
        return []
    if not items and not source.get("allow_empty"):
        where = f"{path}.query" if "query" in source else f"{path}.from"
        problems.add(where, "finds no worker; allow_empty: true accepts that")
    found = [_worker(item, f"{path}.from[{i}]", problems) for i, item in enumerate(items)]
    return [worker for worker in found if worker]


def _items(source: dict[str, t.Any], path: str, problems: Problems) -> list[t.Any] | None:
    found, where, verb = _plain(source["from"]), f"{path}.from", "holds"
    if isinstance(found, str):
        problems.add(where, f"holds text, which must be {NEEDED}, or what query finds such in; from_json reads JSON")
        return None
    if "query" in source:
        if not source["query"]:
            return None
        before = len(problems)
        found, where, verb = _search(source["query"], found, f"{path}.query", problems), f"{path}.query", "finds"
        if len(problems) > before:
            return None
    if not isinstance(found, list):
        hint = "" if "query" in source else "; query picks it"
        problems.add(where, f"{verb} {show(found)}, which must be {NEEDED}{hint}")
        return None
    return found


def _search(query: str, structure: t.Any, path: str, problems: Problems) -> t.Any:
    try:
        import jmespath
    except ImportError:
        problems.add(
            path,
            "needs the Python library jmespath beside Ansible on the controller; install it: pip install jmespath",
        )
        return None
    try:
        return jmespath.search(query, structure)
    except Exception as error:  # besides its own, the library lets those of Python's arithmetic and slices through
        problems.add(path, f"is refused by jmespath: {' '.join(str(error).split()).rstrip(' ^')}")
        return None


def _plain(value: t.Any) -> t.Any:
    """Without Ansible's types, which jmespath takes for no text; keys sorted, so that `*` gives the same every time."""
    if isinstance(value, t.Mapping):
        return {str(key): _plain(element) for key, element in sorted(value.items(), key=lambda pair: str(pair[0]))}
    if isinstance(value, (list, tuple)):
        return [_plain(element) for element in value]
    for kind in (bool, str, int, float):
        if isinstance(value, kind):
            return kind(value)
    return None if value is None else str(value)


def _worker(item: t.Any, path: str, problems: Problems) -> dict[str, t.Any] | None:
    if isinstance(item, dict):
        worker = check(WORKER, {key: value for key, value in item.items() if value is not None}, path, problems)
    elif isinstance(item, str):
        worker = {"address": check(HOST, item, path, problems)}
    else:
        problems.add(path, f"holds {show(item)}, which must be an address, or a mapping with address")
        return None
    if not worker.get("address") or ("name" in worker and not worker["name"]):
        return None
    return {**worker, "name": worker.get("name") or _name(worker), "path": path}


def _name(worker: dict[str, t.Any]) -> str:
    """Of what tells the worker from the others of its list, in letters that a name may have."""
    address = worker["address"].lower() if is_address(worker["address"]) else worker["address"]
    port = f"-{worker['port']}" if worker.get("port") else ""
    return f"{address.replace(':', '-')}{port}"
