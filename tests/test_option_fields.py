"""A field of `ChatOptions` without a declared combination gets nowhere."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import get_type_hints

import pytest
from attrs import fields

from casual_llm.options import ChatOptions, Values, chat_options

SOURCE = Path(chat_options.__file__)
SEED = "field(default=None, metadata=_option(LAST, field_types.integer()))"


def changed(tmp_path: Path, new: str) -> Path:
    """Write the module with another declaration of one field."""
    text = SOURCE.read_text()
    assert text.count(SEED) == 1
    path = tmp_path / "options.py"
    path.write_text(text.replace(SEED, new))
    return path


def test_every_field_can_be_set_by_the_same_name_and_type() -> None:
    declared, taken = get_type_hints(ChatOptions), get_type_hints(Values)
    assert [*taken] == [field.name for field in fields(ChatOptions)]
    for name, annotation in taken.items():
        assert str(annotation).replace("~P", "+O_co") == str(declared[name])


@pytest.mark.parametrize(
    "new", ["None", "field(default=None)", "field(default=None, metadata={'field_type': 1})"]
)
def test_a_field_without_a_combination_cannot_be_imported(tmp_path: Path, new: str) -> None:
    path = changed(tmp_path, new)
    run = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=False)  # noqa: S603 # our own source
    assert "TypeError: ChatOptions.seed: no combination declared" in run.stderr


def test_a_declaration_that_leaves_the_combination_out_does_not_pass_the_type_checker(tmp_path: Path) -> None:
    path = changed(tmp_path, "field(default=None, metadata=_option(field_types.integer()))")
    cache = ["--cache-dir", str(tmp_path / "cache")]
    command = [sys.executable, "-m", "mypy", *cache, "--shadow-file", str(SOURCE), str(path), str(SOURCE)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=SOURCE.parents[2])  # noqa: S603 # our own source
    assert 'Missing positional argument "field_type" in call to "_option"' in run.stdout
