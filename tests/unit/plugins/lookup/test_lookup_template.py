# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup gives what Ansible's own gives, and copies no variable for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import lookup_loader
from ansible.template import Templar

from ansible_collections.hardened.balancer.plugins.lookup.template import LookupModule, trusted

TEXT = r"""{# a comment #}
{% for name in names %}
{{ loop.index }}: {{ name }} {{ nested }} \d+\n
{% endfor %}
{{ "mäh" | upper }}

"""


class Whole:
    """A value that nobody may copy."""

    def __deepcopy__(self, memo: Any) -> Whole:
        raise AssertionError("was copied")


def looked_up(ours: bool, playbook: Path, *terms: str, **more: Any) -> Any:
    loader = DataLoader()
    loader.set_basedir(str(playbook))
    variables: dict[str, Any] = {
        "names": ["a", "b"],
        "nested": trusted("{{ names[0] }}"),
        "playbook_dir": str(playbook),
        **more,
    }
    given: dict[str, Any] = {"loader": loader, "templar": Templar(loader, variables=variables)}
    lookup = LookupModule(**given) if ours else lookup_loader.get("template", **given)
    return lookup.run(list(terms), variables=variables)


@pytest.fixture
def playbook(tmp_path: Path) -> Path:
    tmp_path.joinpath("templates").mkdir()
    tmp_path.joinpath("templates/one.j2").write_text(TEXT)
    tmp_path.joinpath("templates/two.j2").write_text("5")
    return tmp_path


def test_as_ansibles_own(playbook: Path) -> None:
    found = looked_up(True, playbook, "one.j2", "two.j2")
    assert found == looked_up(False, playbook, "one.j2", "two.j2")
    assert found == ["1: a a \\d+\\n\n2: b a \\d+\\n\nMÄH\n\n", "5"]


def test_no_variable_is_copied(playbook: Path) -> None:
    assert looked_up(True, playbook, "two.j2", big=Whole()) == ["5"]
    with pytest.raises(AssertionError, match="was copied"):
        looked_up(False, playbook, "two.j2", big=Whole())


def test_a_template_that_is_not_there(playbook: Path) -> None:
    with pytest.raises(AnsibleError, match=r"there is no template 'three\.j2'"):
        looked_up(True, playbook, "three.j2")


def test_a_name_that_is_not_known(playbook: Path) -> None:
    playbook.joinpath("templates/three.j2").write_text("{{ nobody }}")
    with pytest.raises(AnsibleError, match="nobody"):
        looked_up(True, playbook, "three.j2")
