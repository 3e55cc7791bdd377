"""A combination accepts any number of layers, and an explanation is about one path only."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st
from strategies import names

from casual_llm.frozen import FrozenDict
from casual_llm.options import ChatOptions
from casual_llm.options.explain import explain
from casual_llm.options.merging import BY_KEY, BY_PROVIDER_AND_KEY, LAST, Combination
from casual_llm.options.omit import OMIT, Replace

_leaves = st.integers() | st.just(OMIT)
_maps = st.dictionaries(names, _leaves, max_size=2).map(FrozenDict)
_replacing = st.dictionaries(names, _leaves, min_size=1, max_size=2).map(Replace)
_layers = _maps | _replacing | st.just(OMIT)
_nested = st.dictionaries(names, _layers, max_size=2).map(FrozenDict)
_of: dict[Combination, Any] = {LAST: st.integers(), BY_KEY: _layers, BY_PROVIDER_AND_KEY: _nested}


@pytest.mark.parametrize("combination", _of, ids=["last", "by key", "by provider and key"])
@given(data=st.data())
def test_combining_three_layers_is_combining_them_two_by_two(
    combination: Combination, data: st.DataObject
) -> None:
    first, second, third = data.draw(st.tuples(*[_of[combination]] * 3))
    at_once = combination.combine(first, second, third)
    assert at_once == combination.combine(combination.combine(first, second), third)
    assert at_once == combination.combine(first, combination.combine(second, third))


@given(st.dictionaries(names, st.integers(), min_size=1), st.integers())
def test_an_omitted_map_overrides_only_keys_of_that_map(items: dict[str, int], seed: int) -> None:
    below = ChatOptions(seed=seed, extra=items, provider_options={"openai": {"n": seed}})
    row = explain(client=below, call=ChatOptions(extra=OMIT))["extra"]
    assert row.overridden == (("client", items),)


@given(st.dictionaries(names, st.integers(), min_size=1), st.integers())
def test_omitted_provider_options_override_only_provider_options(items: dict[str, int], seed: int) -> None:
    below = ChatOptions(seed=seed, extra=items, provider_options={"openai": {"n": seed}})
    row = explain(client=below, call=ChatOptions(provider_options=OMIT))["provider_options"]
    assert row.overridden == (("client", {"openai": {"n": seed}}),)


@given(st.integers())
def test_an_omitted_map_overrides_nothing_where_no_lower_layer_sets_it(seed: int) -> None:
    below = ChatOptions(seed=seed, provider_options={"openai": {"n": seed}})
    assert explain(client=below, call=ChatOptions(extra=OMIT))["extra"].overridden == ()


@given(st.dictionaries(names, st.integers(), min_size=1))
def test_a_key_that_is_set_overrides_no_other_key(items: dict[str, int]) -> None:
    rows = explain(client=ChatOptions(extra=items), call=ChatOptions(extra={"new key": 1}))
    assert rows["extra.new key"].overridden == ()


def test_an_omitted_map_between_two_layers_is_the_first_that_the_upper_one_overrides() -> None:
    only = ChatOptions(extra=Replace({"b": 2}))
    row = explain(client=ChatOptions(extra={"a": 1}), model=only, call=ChatOptions(extra={"a": 3}))["extra.a"]
    assert row.overridden == (("model", OMIT), ("client", 1))


def test_a_replacing_map_is_reported_where_it_is_overridden() -> None:
    only = ChatOptions(extra=Replace({"b": 2}))
    row = explain(client=ChatOptions(extra={"a": 1}), model=only, call=ChatOptions(extra=OMIT))["extra"]
    assert row.overridden == (("model", Replace({"b": 2})), ("client", {"a": 1}))


@given(_layers, _layers)
def test_an_explanation_has_a_hash(below: Any, above: Any) -> None:  # noqa: ANN401 # of the field's own type
    explained = explain(client=ChatOptions(extra=below), call=ChatOptions(extra=above))
    assert hash(explained) == hash(explain(client=ChatOptions(extra=below), call=ChatOptions(extra=above)))
