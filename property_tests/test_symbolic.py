"""The laws of the merge hold for symbolic values: CrossHair looks for a counterexample and finds none.

The values are numbers and words that the solver chooses, inside layers of a fixed shape. Without
CrossHair they are random.
"""

from __future__ import annotations

import algebra
import pytest
from hypothesis import given
from proofs import SYMBOLIC

from casual_llm.options import Layer, merge

pytestmark = pytest.mark.symbolic
a, b, c, single, omitted = (SYMBOLIC[name] for name in ("a", "b", "c", "single", "omitted"))


@given(a)
def test_empty_options_below_change_no_symbol(a: Layer) -> None:
    assert algebra.left_identity(merge, a)


@given(a)
def test_empty_options_above_change_no_symbol(a: Layer) -> None:
    assert algebra.right_identity(merge, a)


@given(a, b, c)
def test_grouping_of_symbols_does_not_matter(a: Layer, b: Layer, c: Layer) -> None:
    assert algebra.associativity(merge, a, b, c)


@given(a)
def test_the_same_symbols_twice_are_those_symbols(a: Layer) -> None:
    assert algebra.idempotence(merge, a)


@given(a, b)
def test_what_no_layer_of_symbols_sets_is_not_set(a: Layer, b: Layer) -> None:
    assert algebra.absent_stays_absent(merge, a, b)


@given(a, single)
def test_the_later_symbol_wins(a: Layer, single: Layer) -> None:
    assert algebra.later_set_wins(merge, a, single)


@given(a, single)
def test_a_symbol_changes_only_its_own_path(a: Layer, single: Layer) -> None:
    assert algebra.nothing_else_changes(merge, a, single)


@given(a, omitted)
def test_omit_removes_the_symbols_of_lower_layers(a: Layer, omitted: Layer) -> None:
    assert algebra.omit_removes(merge, a, omitted)


@given(a, b, omitted)
def test_an_omitted_symbol_stays_omitted(a: Layer, b: Layer, omitted: Layer) -> None:
    assert algebra.removed_stays_removed(merge, a, b, omitted)
