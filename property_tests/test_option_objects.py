"""Options are immutable, hashable values that can be copied, pickled and printed."""

from __future__ import annotations

import copy
import pickle
from itertools import product
from typing import Any

import pytest
from hypothesis import given, strategies as st
from strategies import layer_fields, options

from casual_llm.options import (
    ChatOptions,
    JsonSchema,
    Layer,
    Reasoning,
    extra_of,
    merge,
    resolve_for,
    set_fields,
)
from casual_llm.options.omit import OMIT, Omit, Replace
from casual_llm.tools import Tool

_NUMBERS = [0, 0.0, False, 1, 1.0, True]
_NAMES = {
    "ChatOptions": ChatOptions,
    "JsonSchema": JsonSchema,
    "OMIT": OMIT,
    "Replace": Replace,
    "Reasoning": Reasoning,
}


def _emptied(value: Any) -> None:  # noqa: ANN401 # whatever a caller gives
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _emptied(item)
    if isinstance(value, dict | list) and not isinstance(value, Replace):
        value.clear()


def _stored(some: Layer) -> Layer:
    read: Layer = pickle.loads(pickle.dumps(some))  # noqa: S301 # written just now
    return read


@given(layer_fields)
def test_options_do_not_change_with_the_lists_and_dicts_they_were_given(values: dict[str, Any]) -> None:
    some = ChatOptions(**values)
    before = copy.deepcopy(some)
    _emptied(values)
    assert some == before


def test_options_do_not_change_with_a_list_deep_inside() -> None:
    tools, stop, extra = [Tool(name="f")], ["a"], {"a": [1]}
    some = ChatOptions(tools=tools, stop=stop, extra=extra, provider_options={"openai": extra})
    before = copy.deepcopy(some)
    [part.clear() for part in (tools, stop, extra["a"], extra)]
    assert some == before


@given(options, options)
def test_merging_does_not_change_its_layers(a: Layer, b: Layer) -> None:
    before = copy.deepcopy((a, b))
    merge(a, b)
    assert (a, b) == before


@given(options, options)
def test_merged_options_contain_nothing_mutable(a: Layer, b: Layer) -> None:
    assert isinstance(hash(merge(a, b)), int)  # lists, dicts and sets have no hash


@given(options)
def test_thawed_extra_is_a_separate_dict(some: Layer) -> None:
    before, further = resolve_for(some), extra_of(resolve_for(some))
    further.clear()
    assert resolve_for(some) == before


@given(options, options)
def test_merge_commutes_with_pickling(a: Layer, b: Layer) -> None:
    assert _stored(merge(a, b)) == merge(_stored(a), _stored(b)) == merge(a, b)


@given(options, options)
def test_merge_commutes_with_copying(a: Layer, b: Layer) -> None:
    assert copy.deepcopy(merge(a, b)) == merge(copy.deepcopy(a), copy.copy(b)) == merge(a, b)


@given(options)
def test_a_copy_has_the_repr_of_the_original(some: Layer) -> None:
    assert repr(_stored(some)) == repr(copy.deepcopy(some)) == repr(some)


@given(options, options)
def test_options_that_set_the_same_are_equal(a: Layer, b: Layer) -> None:
    assert (a == b) == (set_fields(a) == set_fields(b))


@given(options)
def test_equal_options_have_equal_hashes(some: Layer) -> None:
    assert hash(some) == hash(_stored(some)) == hash(ChatOptions(**set_fields(some)))


@pytest.mark.parametrize(("left", "right"), [*product(_NUMBERS, _NUMBERS)])
def test_equal_numbers_make_equal_options_with_equal_hashes(left: float, right: float) -> None:
    a, b = ChatOptions(extra={"n": [left]}), ChatOptions(extra={"n": [right]})
    assert (left == right) == (a == b) == (hash(a) == hash(b))


@given(st.dictionaries(st.sampled_from("ab"), st.integers(), min_size=1))
def test_a_replacing_map_differs_from_a_plain_one(items: dict[str, int]) -> None:
    adds, replaces = ChatOptions(extra=items), ChatOptions(extra=Replace(items))
    assert adds != replaces
    assert len({adds, replaces, ChatOptions(extra=Replace(items))}) == 2
    assert Replace(items) != items


@given(options)
def test_the_repr_shows_exactly_the_fields_that_are_set(some: Layer) -> None:
    shown = ", ".join(f"{name}={value!r}" for name, value in set_fields(some).items())
    assert repr(some) == f"ChatOptions({shown})"


@given(options)
def test_the_repr_evaluates_to_the_options(some: Layer) -> None:
    plain = some.without("tools", "response_format")  # tools and classes are shown, not written
    assert eval(repr(plain), dict(_NAMES)) == plain  # noqa: S307 # shown just now


@pytest.mark.parametrize("field", [ChatOptions().extra, ChatOptions().seed])
def test_a_field_that_is_not_set_is_none(field: object) -> None:
    assert field is None


@pytest.mark.parametrize("same", [copy.copy, copy.deepcopy, lambda omit: pickle.loads(pickle.dumps(omit))])  # noqa: S301
def test_every_copy_of_omit_is_omit(same: Any) -> None:  # noqa: ANN401 # any way to copy
    assert same(OMIT) is OMIT
    assert same(ChatOptions(seed=OMIT)).seed is OMIT


def test_omit_has_its_name_as_its_repr_and_has_a_hash() -> None:
    assert (repr(OMIT), str(OMIT), list(Omit)) == ("OMIT", "OMIT", [OMIT])
    assert {OMIT: 1}[OMIT] == 1
