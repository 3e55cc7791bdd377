"""Options accept only what can be sent; anything else is rejected with its path and a remedy."""

from __future__ import annotations

from itertools import product
from typing import Any, get_args

import pytest
from attrs import fields_dict
from hypothesis import given, strategies as st
from pydantic import BaseModel
from strategies import nested, reasoning_fields

from casual_llm.errors import ConfigurationError
from casual_llm.options import (
    FIELDS,
    ChatOptions,
    JsonSchema,
    Reasoning,
    ReasoningEffort,
    layered,
    merge,
)
from casual_llm.options.omit import OMIT, Replace
from casual_llm.tools import Tool


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
        *product(["parallel_tool_calls", "strict"], [0, "yes", [True]]),
        ("reasoning", "highest"),
        ("reasoning", 5),
        ("reasoning", ["high"]),
        ("reasoning", {}),
        ("reasoning", {"efort": "high"}),
        ("reasoning", {"effort": None}),
        ("reasoning", {"effort": 5, "budget_tokens": 0}),
        ("reasoning", {"effort": "high", "budget_tokens": 1}),
        ("tools", "weather"),
        ("tools", [{"name": "weather"}]),
        ("tools", Tool(name="weather")),
        ("tool_choice", ""),
        ("tool_choice", 5),
        ("response_format", "xml"),
        ("response_format", BaseModel),
        ("provider_options", {"a.b": {}}),
        ("response_format", dict),
        ("response_format", {"type": "object"}),
        ("extra", [1]),
        ("extra", {5: 1}),
        ("extra", {"a": float("nan")}),
        ("extra", {"a": {"b": [b""]}}),
        ("extra", {"a": "\ud800"}),
        ("extra", {"\ud800": 1}),
        ("extra", Replace({"a": b""})),
        ("extra", {"a": [OMIT]}),
        ("provider_options", [1]),
        ("provider_options", {5: {}}),
        ("provider_options", {"openai": 5}),
        ("provider_options", {"openai": {5: 1}}),
        ("provider_options", {"openai": {"a": {"b": float("inf")}}}),
        ("provider_options", {"\ud800": {}}),
        ("provider_options", Replace({"openai": None})),
        ("system_message_handling", "drop"),
        ("system_message_handling", 5),
    ],
    ids=str,
)
def test_an_invalid_value_is_rejected_with_its_path(name: str, value: Any) -> None:  # noqa: ANN401
    with pytest.raises(ConfigurationError, match=rf"ChatOptions\.{name}.*: .+"):
        ChatOptions(**{name: value})


@pytest.mark.parametrize("depth", [300, 100_000])
def test_extra_that_is_nested_too_deep_is_rejected_with_its_path(depth: int) -> None:
    with pytest.raises(ConfigurationError, match=r"ChatOptions\.extra"):
        ChatOptions(extra={"a": nested(depth)})


@given(st.integers(10**308, 10**400) | st.integers(-(10**400), -(10**308)))
def test_a_seed_is_an_integer_of_any_size(seed: int) -> None:
    assert ChatOptions(seed=seed).seed == seed


@pytest.mark.parametrize("name", ["seed", "extra", "provider_options"])
def test_a_number_too_long_to_be_printed_is_rejected_with_its_path(name: str) -> None:
    fields: dict[str, Any] = {
        "seed": 10**5000,
        "extra": {"a": 10**5000},
        "provider_options": {"a": {"b": 10**5000}},
    }
    with pytest.raises(ConfigurationError, match=rf"ChatOptions\.{name}.*digits"):
        ChatOptions(**{name: fields[name]})


@pytest.mark.parametrize(
    ("given_", "path"),
    [
        ({"name": "A", "schema": [1]}, "JsonSchema.schema"),
        ({"name": "A", "schema": {"a": float("nan")}}, r"JsonSchema\.schema\.a"),
        ({"name": 5, "schema": {}}, "JsonSchema.name"),
        ({"name": "A", "schema": {}, "strict": "yes"}, "JsonSchema.strict"),
    ],
    ids=str,
)
def test_an_invalid_schema_is_rejected_with_its_path(given_: dict[str, Any], path: str) -> None:
    with pytest.raises(ConfigurationError, match=path):
        JsonSchema(**given_)


@pytest.mark.parametrize("layer", [None, {"temperature": 1}, "hot"])
def test_a_layer_that_is_not_options_is_rejected(layer: Any) -> None:  # noqa: ANN401
    with pytest.raises(ConfigurationError, match=r"layers\[1\]: expected ChatOptions"):
        merge(ChatOptions(), layer)


@pytest.mark.parametrize("layer", [{"temperature": 1}, "hot"])
def test_a_named_layer_that_is_not_options_is_rejected_with_its_name(layer: Any) -> None:  # noqa: ANN401
    with pytest.raises(ConfigurationError, match=r"^model: expected ChatOptions"):
        layered(client=ChatOptions(), model=layer)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("provider_options", r"ChatOptions\.provider_options\.openai\.a"),
        ("extra", r"ChatOptions\.extra\.openai\.a"),
    ],
)
def test_an_invalid_value_deep_in_a_map_is_rejected_with_its_path(name: str, path: str) -> None:
    fields: dict[str, Any] = {name: {"openai": {"a": float("nan")}}}
    with pytest.raises(ConfigurationError, match=path):
        ChatOptions(**fields)


@given(st.sampled_from([*FIELDS]), st.sampled_from("xyz"))
def test_a_misspelled_name_gets_a_suggestion(name: str, slip: str) -> None:
    hint = rf"^ChatOptions\.{slip}{name}: unknown option, did you mean {name}\?$"
    with pytest.raises(ConfigurationError, match=hint):
        ChatOptions().set(**{f"{slip}{name}": None})
    with pytest.raises(ConfigurationError, match=hint):
        ChatOptions(seed=1).without(f"{slip}{name}")


def test_a_name_unlike_all_others_is_rejected_with_the_list_of_names() -> None:
    with pytest.raises(
        ConfigurationError, match=r"ChatOptions\.q: unknown option; use one of response_format, "
    ):
        ChatOptions().without("q")


@given(st.sampled_from([*FIELDS]), st.sampled_from([None, OMIT]))
def test_every_field_accepts_none_and_omit(name: str, state: Any) -> None:  # noqa: ANN401
    fields: dict[str, Any] = {name: state}
    assert getattr(ChatOptions(**fields), name) is state


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("declared", ["field_type", "combination"])
def test_a_field_without_a_combination_or_a_type_is_rejected(name: str, declared: str) -> None:
    undeclared = fields_dict(ChatOptions)[name].evolve(metadata={declared: getattr(FIELDS[name], declared)})
    with pytest.raises(TypeError, match=rf"ChatOptions\.{name}: no combination declared; use"):
        type(FIELDS[name])(undeclared)


_long_numbers = st.integers(16**4000, 16**5000)


@given(st.sampled_from([*FIELDS]), _long_numbers | _long_numbers.map(lambda number: [number]))
def test_a_value_too_long_to_be_shown_is_rejected(name: str, value: Any) -> None:  # noqa: ANN401 # whatever it is
    with pytest.raises(ConfigurationError, match=rf"^ChatOptions\.{name}: .+"):
        ChatOptions(**{name: value})


@given(reasoning_fields)
def test_the_short_forms_of_reasoning_are_stored_as_reasoning(fields: dict[str, Any]) -> None:
    whole = Reasoning(**fields)
    assert ChatOptions(reasoning=fields) == ChatOptions(reasoning=whole)
    assert Reasoning.of(fields) == Reasoning.of(whole) == ChatOptions(reasoning=whole).reasoning


@pytest.mark.parametrize("effort", get_args(ReasoningEffort))
def test_an_effort_alone_is_reasoning_with_that_effort(effort: ReasoningEffort) -> None:
    assert ChatOptions(reasoning=effort).reasoning == Reasoning(effort=effort) == Reasoning.of(effort)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({}, "Reasoning: no field is set; set one of effort, budget_tokens, show, between_tools"),
        (
            {"effort": "low", "budget_tokens": 1},
            "Reasoning: effort and budget_tokens exclude each other; set only one of the two",
        ),
        ({"budget_tokens": 0}, "Reasoning.budget_tokens: 0 is out of range; use a number of at least 1"),
        ({"show": "yes"}, "Reasoning.show: expected True or False, got 'yes'"),
    ],
)
def test_invalid_reasoning_is_rejected_with_its_path(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        Reasoning(**fields)
    assert str(refusal.value) == problem
