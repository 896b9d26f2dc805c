# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts of the inventory: those of a group, and where one of them is reached."""

from __future__ import annotations

import typing as t

from .problems import Problems, show, suggest

Inventory = dict[str, t.Any]
OWN_NAME = "inventory_hostname"


def of_group(group: str, path: str, inventory: Inventory, problems: Problems) -> list[str] | None:
    """By name, so that no order of an inventory shows; None if there is no such group."""
    if group in inventory["groups"]:
        return sorted(inventory["groups"][group])
    known = suggest(group, inventory["groups"], "groups")
    problems.add(path, f"holds {show(group)}, the inventory has no such group{known}")
    return None


def address_of(name: str, chosen: str | None, variables: dict[str, t.Any]) -> tuple[str, t.Any]:
    """The variable that says where a host is reached, and what it holds; without any it is the host's name."""
    for variable in (chosen, "ansible_host"):
        if variable and variables.get(variable) is not None:
            return variable, variables[variable]
    return OWN_NAME, name
