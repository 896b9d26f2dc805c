# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people read of a role is what the model checks."""

from __future__ import annotations

import importlib.util
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SPEC = importlib.util.spec_from_file_location("generate", ROOT / "tools/generate.py")
assert SPEC
assert SPEC.loader
generate = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(generate)


@pytest.mark.parametrize("path", generate.generated(), ids=lambda path: str(path.relative_to(ROOT)))
def test_generated_files_are_up_to_date(path: pathlib.Path) -> None:
    assert path.read_text() == generate.generated()[path], "run `make generate`"


@pytest.mark.parametrize("path", generate.generated(), ids=lambda path: str(path.relative_to(ROOT)))
def test_ansible_finds_nothing_to_template_in_them(path: pathlib.Path) -> None:
    assert "{{" not in path.read_text()
