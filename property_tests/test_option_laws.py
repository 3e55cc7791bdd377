"""Options form a monoid under merge, and hold only what can be sent."""

from __future__ import annotations

import copy
from itertools import product
from typing import Any

import pytest
from hypothesis import given, strategies as st
from strategies import json_objects, nested, option_fields, options

from casual_llm.errors import ConfigurationError
from casual_llm.frozen import Json
from casual_llm.options import ChatOptions, JsonSchema, merge, set_fields
from casual_llm.tools import Tool

# Options that symbolic execution can follow: numbers alone.
_numeric = st.builds(
    ChatOptions,
    max_tokens=st.none() | st.integers(1, 99),
    seed=st.none() | st.integers(),
    top_k=st.none() | st.integers(0, 99),
)


@given(options)
def test_no_options_are_the_identity_of_merge_on_both_sides(some: ChatOptions) -> None:
    assert ChatOptions() | some == some == some | ChatOptions()


@given(options, options, options)
def test_merge_is_associative(a: ChatOptions, b: ChatOptions, c: ChatOptions) -> None:
    assert (a | b) | c == a | (b | c)


@pytest.mark.symbolic
@given(_numeric, _numeric, _numeric)
def test_merge_of_numbers_is_associative(a: ChatOptions, b: ChatOptions, c: ChatOptions) -> None:
    assert (a | b) | c == a | (b | c)


@pytest.mark.symbolic
@given(_numeric)
def test_no_options_are_the_identity_of_numbers(some: ChatOptions) -> None:
    assert ChatOptions() | some == some == some | ChatOptions()


@given(options)
def test_merge_is_idempotent(some: ChatOptions) -> None:
    assert some | some == some


@given(st.lists(options, max_size=4), st.lists(options, max_size=4))
def test_merging_layers_is_merging_their_merges(below: list[ChatOptions], above: list[ChatOptions]) -> None:
    assert merge(*below, *above) == merge(merge(*below), merge(*above))


@given(options, option_fields)
def test_what_the_later_layer_sets_stands(below: ChatOptions, above: dict[str, Any]) -> None:
    merged = set_fields(below | ChatOptions(**above))
    assert {**merged, "extra": None} == {**merged, **set_fields(ChatOptions(**above)), "extra": None}


@given(options, options)
def test_what_only_one_layer_sets_stays(a: ChatOptions, b: ChatOptions) -> None:
    merged, left, right = set_fields(a | b), set_fields(a), set_fields(b)
    alone = left.keys() ^ right.keys()
    assert {name: merged[name] for name in alone} == {name: {**left, **right}[name] for name in alone}


@given(options, options)
def test_merge_sets_nothing_that_no_layer_sets(a: ChatOptions, b: ChatOptions) -> None:
    assert set_fields(a | b).keys() == set_fields(a).keys() | set_fields(b).keys()


@given(json_objects, json_objects)
def test_extra_is_joined_key_by_key_and_the_later_value_stands(
    below: dict[str, Json], above: dict[str, Json]
) -> None:
    merged = ChatOptions(extra=below) | ChatOptions(extra=above)
    assert merged == ChatOptions(extra={**below, **above})


@given(options, options)
def test_merge_leaves_its_layers_as_they_were(a: ChatOptions, b: ChatOptions) -> None:
    before = copy.deepcopy((a, b))
    merge(a, b)
    assert (a, b) == before


@given(options)
def test_the_repr_names_exactly_what_is_set(some: ChatOptions) -> None:
    shown = ", ".join(f"{name}={value!r}" for name, value in set_fields(some).items())
    assert repr(some) == f"ChatOptions({shown})"


def test_options_do_not_change_with_the_lists_they_were_given() -> None:
    tools, stop, extra = [Tool(name="f")], ["a"], {"a": [1]}
    some = ChatOptions(tools=tools, stop=stop, extra=extra)
    before = copy.deepcopy(some)
    [part.clear() for part in (tools, stop, extra["a"], extra)]
    assert some == before


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *product(["temperature", "top_p", "frequency_penalty"], [float("nan"), "1", True]),
        *product(["max_tokens", "seed", "top_k"], [1.0, float("inf"), "1", False, [1]]),
        ("temperature", -0.1),
        ("temperature", float("inf")),
        ("top_p", 1.1),
        ("top_p", -1),
        ("presence_penalty", float("-inf")),
        ("max_tokens", 0),
        ("top_k", -1),
        ("stop", 5),
        ("stop", [5]),
        ("stop", {"a": 1}),
        ("tools", "weather"),
        ("tools", [{"name": "weather"}]),
        ("tools", Tool(name="weather")),
        ("tool_choice", ""),
        ("tool_choice", 5),
        ("response_format", "xml"),
        ("response_format", dict),
        ("response_format", {"type": "object"}),
        ("extra", [1]),
        ("extra", {5: 1}),
        ("extra", {"a": float("nan")}),
        ("extra", {"a": {"b": [b""]}}),
        ("extra", {"a": "\ud800"}),
        ("extra", {"\ud800": 1}),
        ("system_message_handling", "drop"),
        ("system_message_handling", 5),
    ],
    ids=str,
)
def test_a_value_that_is_no_option_is_refused_with_its_place_named(name: str, value: Any) -> None:  # noqa: ANN401
    with pytest.raises(ConfigurationError, match=rf"ChatOptions\.{name}.*; .+"):
        ChatOptions(**{name: value})


@pytest.mark.parametrize("depth", [300, 100_000])
def test_an_extra_too_deep_for_json_is_refused_with_its_place_named(depth: int) -> None:
    with pytest.raises(ConfigurationError, match=r"ChatOptions\.extra"):
        ChatOptions(extra={"a": nested(depth)})


@given(st.integers(10**308, 10**400) | st.integers(-(10**400), -(10**308)))
def test_a_seed_is_a_whole_number_of_any_length(seed: int) -> None:
    assert ChatOptions(seed=seed).seed == seed


@pytest.mark.parametrize(
    ("given_", "place"),
    [
        ({"name": "A", "schema": [1]}, "JsonSchema.schema"),
        ({"name": "A", "schema": {"a": float("nan")}}, r"JsonSchema\.schema\.a"),
        ({"name": 5, "schema": {}}, "JsonSchema.name"),
        ({"name": "A", "schema": {}, "strict": "yes"}, "JsonSchema.strict"),
    ],
    ids=str,
)
def test_a_schema_that_is_none_is_refused_with_its_place_named(given_: dict[str, Any], place: str) -> None:
    with pytest.raises(ConfigurationError, match=place):
        JsonSchema(**given_)


@pytest.mark.parametrize("layer", [None, {"temperature": 1}, "hot"])
def test_a_layer_that_is_no_options_is_refused(layer: Any) -> None:  # noqa: ANN401
    with pytest.raises(ConfigurationError, match=r"layers\[1\]: .*; give ChatOptions"):
        merge(ChatOptions(), layer)
