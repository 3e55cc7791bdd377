"""Broken merges are found: by random examples, by enumeration and by symbolic values."""

from __future__ import annotations

import pytest
from algebra import LAWS
from laws_page import PAGE, found, listed
from mutants import MUTANTS
from proofs import BY_ENUMERATION, BY_EXAMPLES, BY_SYMBOLS, PROOFS, Proof, refuted

mutants = pytest.mark.parametrize("name", MUTANTS)
everywhere = pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: proof.name)


@mutants
def test_random_examples_find_each_law_that_a_mutant_breaks(name: str) -> None:
    assert refuted(BY_EXAMPLES, MUTANTS[name]) == [*MUTANTS[name].breaks]


@mutants
def test_enumeration_finds_the_laws_that_a_mutant_breaks_and_no_others(name: str) -> None:
    broken = [law for law in LAWS if BY_ENUMERATION.finds(law, MUTANTS[name].merge)]
    assert broken == [*MUTANTS[name].breaks]


@mutants
@pytest.mark.symbolic
def test_symbolic_values_find_each_law_that_a_mutant_breaks(name: str) -> None:
    assert refuted(BY_SYMBOLS, MUTANTS[name]) == [*MUTANTS[name].breaks]


@mutants
@everywhere
def test_the_page_shows_which_laws_found_a_mutant(name: str, proof: Proof) -> None:
    assert found(name, PAGE.read_text("utf-8"))[proof.name] == listed(MUTANTS[name].breaks)


def test_every_law_finds_a_mutant() -> None:
    assert {law for mutant in MUTANTS.values() for law in mutant.breaks} == {*LAWS}
