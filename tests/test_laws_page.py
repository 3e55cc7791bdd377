"""docs/laws.md lists exactly the laws that exist, each under its file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from domains import DOMAINS
from laws_page import PAGE, fields, list_of_laws, written
from mutants import MUTANTS

from casual_llm.options import FIELDS

TEXT = PAGE.read_text("utf-8")
LAWS = Path(__file__).parents[1] / "property_tests"
FILES = sorted(path.name for path in LAWS.glob("test_*.py"))
LISTED = dict(
    re.findall(r"(?ms)^\[(\w+\.py)\]\(\.\./property_tests/\1\)\n(.*?)(?=^###|\Z)", written("laws", TEXT))
)


def collected(file: str) -> set[str]:
    """Collect the names of tests and of invariants in stateful tests, as sentences."""
    source = (LAWS / file).read_text("utf-8")
    names = re.findall(r"(?m)^(?:async )?def test_(\w+)|^ +@invariant\(\)\n +def (\w+)", source)
    return {(test or invariant).replace("_", " ") for test, invariant in names}


def test_the_page_lists_the_files_of_laws() -> None:
    assert sorted(LISTED) == FILES


@pytest.mark.parametrize("file", FILES)
def test_the_page_lists_exactly_the_laws_of_each_file(file: str) -> None:
    sentences = re.findall(r"(?m)^- (.*)$", LISTED.get(file, ""))
    assert sorted(sentences) == sorted(collected(file))


def test_the_list_of_laws_is_up_to_date() -> None:
    assert written("laws", TEXT) == list_of_laws()


def test_every_field_is_on_the_page_with_its_combination() -> None:
    assert written("fields", TEXT) == fields()
    assert {name.split(maxsplit=1)[0] for name in DOMAINS} == FIELDS.keys()


def test_every_mutant_is_on_the_page() -> None:
    rows = re.findall(r"(?m)^\| ([^|]+) \|", written("mutants", TEXT))
    assert rows == ["mutant", *MUTANTS]
