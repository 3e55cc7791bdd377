"""Snapshots of a call are joined, calls are added, and what is unknown is not zero."""

from __future__ import annotations

from functools import reduce

import pytest
from hypothesis import example, given, strategies as st
from pydantic import ValidationError
from strategies import known_usages, usages

from casual_llm.usage import Ledger, Usage, join, record

_snapshots = st.none() | usages
_ZERO = Usage(prompt_tokens=0, completion_tokens=0, cached_tokens=0, reasoning_tokens=0)


@pytest.mark.symbolic
@given(_snapshots, _snapshots, _snapshots)
def test_joining_snapshots_is_associative(a: Usage | None, b: Usage | None, c: Usage | None) -> None:
    assert join(join(a, b), c) == join(a, join(b, c))


@pytest.mark.symbolic
@given(_snapshots)
def test_no_snapshot_is_the_identity_of_join_on_both_sides(usage: Usage | None) -> None:
    assert join(None, usage) == usage == join(usage, None)


@pytest.mark.symbolic
@given(usages)
def test_a_snapshot_joined_with_itself_is_itself(usage: Usage) -> None:
    assert join(usage, usage) == usage


@pytest.mark.symbolic
@given(usages, known_usages)
def test_a_later_snapshot_that_knows_all_stands_alone(earlier: Usage, later: Usage) -> None:
    assert join(earlier, later) == later


@pytest.mark.symbolic
@given(usages)
def test_a_later_snapshot_that_knows_nothing_changes_nothing(usage: Usage) -> None:
    assert join(usage, Usage()) == usage == join(Usage(), usage)


@pytest.mark.symbolic
@given(usages, usages)
def test_adding_calls_is_commutative(a: Usage, b: Usage) -> None:
    assert a + b == b + a


@pytest.mark.symbolic
@given(usages, usages, usages)
def test_adding_calls_is_associative(a: Usage, b: Usage, c: Usage) -> None:
    assert (a + b) + c == a + (b + c)


@pytest.mark.symbolic
@given(usages)
def test_a_call_that_cost_nothing_is_the_identity_of_the_sum(usage: Usage) -> None:
    assert usage + _ZERO == usage


@pytest.mark.symbolic
@given(usages)
def test_what_is_unknown_in_one_call_is_unknown_in_the_sum(usage: Usage) -> None:
    assert usage + Usage() == Usage()


@pytest.mark.symbolic
@given(usages)
@example(Usage(prompt_tokens=0, completion_tokens=None))
def test_the_total_is_known_exactly_where_both_halves_are(usage: Usage) -> None:
    assert (usage.total_tokens is None) == (None in {usage.prompt_tokens, usage.completion_tokens})


@pytest.mark.symbolic
@given(known_usages, known_usages)
def test_the_total_of_a_sum_is_the_sum_of_the_totals(a: Usage, b: Usage) -> None:
    totals = (a.total_tokens or 0) + (b.total_tokens or 0)
    assert (a + b).total_tokens == totals


@given(st.lists(_snapshots, max_size=4))
def test_the_ledger_counts_every_call_and_remembers_the_last(reported: list[Usage | None]) -> None:
    ledger = reduce(record, reported, Ledger())
    assert (ledger.calls, ledger.last) == (len(reported), [None, *reported][-1])


@given(st.lists(known_usages, max_size=4))
def test_the_total_of_the_ledger_is_the_sum_of_the_calls(reported: list[Usage]) -> None:
    assert reduce(record, reported, Ledger()).total == sum(reported, _ZERO)


@given(st.lists(_snapshots, max_size=3), st.lists(_snapshots, max_size=3))
def test_a_call_that_reports_nothing_makes_the_total_unknown(
    before: list[Usage | None], after: list[Usage | None]
) -> None:
    assert reduce(record, [*before, None, *after], Ledger()).total == Usage()


@pytest.mark.parametrize("figure", [-1, 1.5, "many", float("nan"), float("inf")])
@pytest.mark.parametrize("name", sorted(Usage.model_fields))
def test_what_is_no_number_of_tokens_is_refused(name: str, figure: object) -> None:
    with pytest.raises(ValidationError, match=name):
        Usage.model_validate({name: figure})


@pytest.mark.parametrize("value", [5, "12 tokens", None, [1, 2], {"tokens": 5}])
def test_what_is_no_usage_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        Usage.model_validate(value)


@given(usages, st.integers())
def test_the_total_of_a_dump_is_computed_again_and_not_believed(usage: Usage, total: int) -> None:
    assert Usage.model_validate({**usage.model_dump(), "total_tokens": total}) == usage
