"""The laws hold for all layers over a few values of each field.

Why a few values are enough, and why these maps are, is argued in docs/laws.md.
"""

from __future__ import annotations

from itertools import product

import algebra
import pytest
from domains import DOMAINS, Domain, counterexamples

from casual_llm.options import FIELDS, merge, set_fields

everywhere = pytest.mark.parametrize("domain", DOMAINS.values(), ids=[*DOMAINS])


def test_every_field_has_a_domain() -> None:
    assert {domain.field for domain in DOMAINS.values()} == FIELDS.keys()


@everywhere
def test_merging_two_layers_of_a_domain_gives_a_layer_of_the_domain(domain: Domain) -> None:
    assert {merge(a, b) for a in domain.a for b in domain.a} == {*domain.a}


@everywhere
def test_the_merge_of_a_field_is_its_combination(domain: Domain) -> None:
    combine = FIELDS[domain.field].combination.combine
    set_layers = [(a, value) for a in domain.a for value in set_fields(a).values()]
    for (a, below), (b, above) in product(set_layers, repeat=2):
        assert set_fields(merge(a, b)) == {domain.field: combine(below, above)}


@everywhere
def test_empty_options_below_never_change_anything(domain: Domain) -> None:
    assert not [*counterexamples(algebra.left_identity, merge, domain)]


@everywhere
def test_empty_options_above_never_change_anything(domain: Domain) -> None:
    assert not [*counterexamples(algebra.right_identity, merge, domain)]


@everywhere
def test_grouping_never_matters(domain: Domain) -> None:
    assert not [*counterexamples(algebra.associativity, merge, domain)]


@everywhere
def test_the_same_layer_twice_is_always_that_layer(domain: Domain) -> None:
    assert not [*counterexamples(algebra.idempotence, merge, domain)]


@everywhere
def test_what_no_layer_sets_is_never_set(domain: Domain) -> None:
    assert not [*counterexamples(algebra.absent_stays_absent, merge, domain)]


@everywhere
def test_the_later_value_always_wins(domain: Domain) -> None:
    assert not [*counterexamples(algebra.later_set_wins, merge, domain)]


@everywhere
def test_a_layer_never_changes_what_it_does_not_set(domain: Domain) -> None:
    assert not [*counterexamples(algebra.nothing_else_changes, merge, domain)]


@everywhere
def test_omit_always_removes_what_lower_layers_set(domain: Domain) -> None:
    assert not [*counterexamples(algebra.omit_removes, merge, domain)]


@everywhere
def test_an_omitted_option_always_stays_omitted(domain: Domain) -> None:
    assert not [*counterexamples(algebra.removed_stays_removed, merge, domain)]
