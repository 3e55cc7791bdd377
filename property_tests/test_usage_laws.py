"""Usage snapshots of one call are joined, calls are added, and unknown is not zero."""

from __future__ import annotations

from functools import reduce

import pytest
from attrs import astuple
from hypothesis import example, given, strategies as st
from pydantic import ValidationError
from strategies import known_usages, usages

from casual_llm.usage import Ledger, Usage, join, record

_snapshots = st.none() | usages
_UNKNOWN = Usage()
_ZEROS = Usage(**dict.fromkeys(Usage.model_fields, 0))
_NONZERO = st.integers(1, 2**62)
_nonzero_usages = st.builds(Usage, **dict.fromkeys(Usage.model_fields, _NONZERO))
_calls = st.lists(st.tuples(_snapshots, st.booleans()), max_size=4)
_tokens = st.none() | st.integers(0, 2**62)


@pytest.mark.symbolic
@given(_snapshots, _snapshots, _snapshots)
def test_joining_snapshots_is_associative(a: Usage | None, b: Usage | None, c: Usage | None) -> None:
    assert join(join(a, b), c) == join(a, join(b, c))


@pytest.mark.symbolic
@given(_snapshots)
def test_none_is_the_identity_of_join_on_both_sides(usage: Usage | None) -> None:
    assert join(None, usage) == usage == join(usage, None)


@pytest.mark.symbolic
@given(usages)
def test_a_snapshot_joined_with_itself_is_itself(usage: Usage) -> None:
    assert join(usage, usage) == usage


@pytest.mark.symbolic
@given(usages, _nonzero_usages)
def test_a_later_snapshot_without_gaps_and_zeros_replaces_the_earlier(earlier: Usage, later: Usage) -> None:
    assert join(earlier, later) == later


@pytest.mark.symbolic
@given(usages)
def test_an_empty_snapshot_changes_nothing(usage: Usage) -> None:
    assert join(usage, _UNKNOWN) == usage == join(_UNKNOWN, usage)


@pytest.mark.symbolic
@given(known_usages)
def test_late_zeros_change_no_known_figure(usage: Usage) -> None:
    assert join(usage, _ZEROS) == usage == join(_ZEROS, usage)


@pytest.mark.symbolic
@given(usages, usages)
def test_joining_snapshots_keeps_every_known_figure_known(earlier: Usage, later: Usage) -> None:
    assert _known(earlier) | _known(later) == _known(join(earlier, later))


@pytest.mark.symbolic
@given(usages, usages)
def test_adding_calls_keeps_every_known_figure_known(a: Usage, b: Usage) -> None:
    assert _known(a) | _known(b) == _known(a + b)


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
def test_an_unknown_usage_is_the_identity_of_the_sum(usage: Usage) -> None:
    assert usage + _UNKNOWN == usage == _UNKNOWN + usage


@pytest.mark.symbolic
@given(known_usages)
def test_a_call_that_cost_nothing_changes_no_known_sum(usage: Usage) -> None:
    assert usage + _ZEROS == usage == _ZEROS + usage


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


@pytest.mark.symbolic
@given(usages)
@example(Usage(prompt_tokens=10, cached_tokens=60))
@example(Usage(prompt_tokens=10, cached_tokens=6, cache_write_tokens=6))
@example(Usage(completion_tokens=1, reasoning_tokens=9))
def test_the_parts_are_disjoint_and_add_up_whatever_a_server_reports(usage: Usage) -> None:
    parts = usage.parts
    assert min(figure or 0 for figure in astuple(parts)) >= 0
    whole = sum(figure or 0 for figure in (parts.uncached_input, parts.cache_read, parts.cache_write))
    assert usage.prompt_tokens in {None, whole}
    assert parts.output is None or (parts.reasoning or 0) <= parts.output


@pytest.mark.symbolic
@given(usages)
def test_a_part_is_known_exactly_where_its_figure_is(usage: Usage) -> None:
    figures = (
        usage.prompt_tokens,
        usage.cached_tokens,
        usage.cache_write_tokens,
        usage.completion_tokens,
        usage.reasoning_tokens,
    )
    assert [part is None for part in astuple(usage.parts)] == [figure is None for figure in figures]


@pytest.mark.symbolic
@given(_NONZERO, _tokens, _tokens, st.integers(0, 2**62), _tokens)
def test_figures_that_fit_together_are_the_parts(
    uncached: int, read: int | None, write: int | None, answer: int, reasoning: int | None
) -> None:
    usage = Usage(
        prompt_tokens=uncached + (read or 0) + (write or 0),
        completion_tokens=answer + (reasoning or 0),
        cached_tokens=read,
        cache_write_tokens=write,
        reasoning_tokens=reasoning,
    )
    assert astuple(usage.parts) == (uncached, read, write, answer + (reasoning or 0), reasoning)
    assert sum(figure or 0 for figure in astuple(usage.parts)[:4]) == usage.total_tokens


@given(_calls)
def test_the_ledger_counts_every_call_and_remembers_the_last(calls: list[tuple[Usage | None, bool]]) -> None:
    ledger = _recorded(calls)
    assert (ledger.calls, ledger.last) == (len(calls), [None, *(usage for usage, _ in calls)][-1])


@given(_calls, st.sampled_from(sorted(Usage.model_fields)))
def test_the_total_of_the_ledger_is_the_sum_of_what_is_known(
    calls: list[tuple[Usage | None, bool]], name: str
) -> None:
    figures = [getattr(usage, name, None) for usage, _ in calls]
    assert (getattr(_recorded(calls).total, name) or 0) == sum(figure or 0 for figure in figures)


@given(_calls)
def test_the_ledger_counts_the_calls_that_are_missing_from_its_total(
    calls: list[tuple[Usage | None, bool]],
) -> None:
    exact = [usage for usage, complete in calls if complete and usage and usage.total_tokens is not None]
    assert _recorded(calls).unknown == len(calls) - len(exact)


def _recorded(calls: list[tuple[Usage | None, bool]]) -> Ledger:
    return reduce(lambda ledger, call: record(ledger, call[0], complete=call[1]), calls, Ledger())


def _known(usage: Usage | None) -> set[str]:
    return {name for name in Usage.model_fields if getattr(usage, name) is not None}


@pytest.mark.parametrize("figure", [-1, 1.5, "many", float("nan"), float("inf")])
@pytest.mark.parametrize("name", sorted(Usage.model_fields))
def test_an_invalid_number_of_tokens_is_rejected(name: str, figure: object) -> None:
    with pytest.raises(ValidationError, match=name):
        Usage.model_validate({name: figure})


@pytest.mark.parametrize("value", [5, "12 tokens", None, [1, 2], {"tokens": 5}])
def test_an_invalid_usage_is_rejected(value: object) -> None:
    with pytest.raises(ValidationError):
        Usage.model_validate(value)


@given(usages, st.integers())
def test_the_total_of_a_dump_is_computed_again(usage: Usage, total: int) -> None:
    assert Usage.model_validate({**usage.model_dump(), "total_tokens": total}) == usage
