"""Tools can be given in several forms, all equivalent to a schema."""

from __future__ import annotations

import copy
import functools
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, strategies as st
from pydantic import ValidationError
from strategies import input_schemas, parameter_schemas, texts, tool_names, tools

from casual_llm.frozen import Json
from casual_llm.tools import Tool, ToolParameter


@given(parameter_schemas)
@example({"default": None})
@example({"type": ["string", "null"], "enum": ["a", None]})
@example({"anyOf": [{"type": "string"}, {"$ref": "#/$defs/City"}]})
def test_a_parameter_returns_the_keywords_it_was_given(schema: dict[str, Json]) -> None:
    assert ToolParameter.model_validate(schema).json_schema() == schema


@given(tool_names, st.none() | texts, input_schemas)
def test_a_tool_returns_the_schema_it_was_given(
    name: str, description: str | None, schema: dict[str, Json]
) -> None:
    assert Tool.from_input_schema(name, description, schema).input_schema == schema


@given(tools)
def test_a_tool_read_from_its_own_schema_is_equal(tool: Tool) -> None:
    assert Tool.from_input_schema(tool.name, tool.description, tool.input_schema) == tool


@given(tool_names, input_schemas)
def test_reading_a_tool_does_not_change_the_schema(name: str, schema: dict[str, Json]) -> None:
    before = copy.deepcopy(schema)
    Tool.from_input_schema(name, None, schema).input_schema.clear()
    assert schema == before


@given(tools)
def test_each_returned_schema_is_a_separate_copy(tool: Tool) -> None:
    before = copy.deepcopy(tool.input_schema)
    tool.input_schema["properties"] = None
    assert tool.input_schema == before


@given(tool_names)
@example("ping")
def test_an_empty_schema_is_an_object_without_properties(name: str) -> None:
    empty = {"type": "object", "properties": {}, "required": []}
    assert Tool.from_input_schema(name, None, {}).input_schema == empty


@pytest.mark.parametrize(("boolean", "schema"), [(True, {}), (False, {"not": {}})])
def test_a_boolean_schema_is_the_object_that_means_the_same(boolean: bool, schema: Json) -> None:  # noqa: FBT001
    tool = Tool.from_input_schema("f", None, {"properties": {"a": boolean}})
    assert tool.input_schema["properties"] == {"a": schema}


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ({"type": "string"}, "input_schema.type"),
        ({"type": ["object", "null"]}, "input_schema.type"),
        ({"properties": ["a"]}, "input_schema.properties"),
        ({"properties": None}, "input_schema.properties"),
        ({"properties": {"a": 5}}, "the schema of a parameter"),
        ({"properties": {"a": {"type": 5}}}, "type"),
        ({"properties": {"a": {"minimum": float("nan")}}}, "schema.minimum"),
        ({"properties": {"a": {"enum": [b""]}}}, "schema.enum[0]"),
        ({"properties": {"a": {5: 6}}}, "key 5"),
        ({"required": "a"}, "required"),
        ({"required": [5]}, "required"),
        ({"$defs": {"\ud800": {}}}, "$defs"),
        ({"$defs": {"a": "\ud800"}}, "$defs.a"),
    ],
    ids=str,
)
def test_an_invalid_schema_is_rejected_with_its_path(schema: dict[str, Json], path: str) -> None:
    with pytest.raises(ValueError, match=path.replace("$", r"\$").replace("[", r"\[")):
        Tool.from_input_schema("f", None, schema)


@pytest.mark.parametrize("keyword", ["type", "properties", "required"])
def test_an_extra_keyword_cannot_repeat_a_field(keyword: str) -> None:
    with pytest.raises(ValidationError):
        Tool(name="f", keywords={keyword: "string"})


@pytest.mark.parametrize(
    "given_", [{"name": ""}, {"name": None}, {"name": "f", "keywords": 5}, {"name": "\ud800"}]
)
def test_an_invalid_tool_is_rejected(given_: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Tool.model_validate(given_)


@pytest.mark.parametrize("given_", [5, "string", None, ["a"]])
def test_an_invalid_parameter_is_rejected(given_: object) -> None:
    with pytest.raises(ValidationError):
        ToolParameter.model_validate(given_)


def forecast(city: str, days: int = 1, *, units: list[str] | None = None) -> str:
    """Forecast the weather of a city."""
    return f"{city} {days} {units}"


def nothing() -> None:
    pass


def takes_an_event(event: threading.Event) -> None:
    event.set()


@pytest.mark.parametrize(
    ("function", "names", "required"),
    [(forecast, {"city", "days", "units"}, ("city",)), (nothing, set(), ())],
)
def test_a_function_is_a_tool_of_its_name_docstring_and_signature(
    function: Callable[..., object], names: set[str], required: tuple[str, ...]
) -> None:
    tool = Tool.from_function(function)
    assert (tool.name, tool.description) == (function.__name__, function.__doc__)
    assert (set(tool.parameters), tool.required) == (names, required)


@pytest.mark.parametrize(
    "function",
    [lambda *cities: cities, functools.partial(forecast, "Oslo"), print, takes_an_event],
    ids=["variadic", "partial", "built-in", "without a schema"],
)
def test_a_function_that_cannot_be_called_by_name_is_rejected(function: Callable[..., object]) -> None:
    with pytest.raises(ValueError, match=r"^tool.*; use "):
        Tool.from_function(function)


def test_a_schema_that_is_not_a_dict_is_rejected() -> None:
    schema: Any = 5
    with pytest.raises(ValueError, match=r"^tool f: input_schema: expected a dict, got 5$"):
        Tool.from_input_schema("f", None, schema)
