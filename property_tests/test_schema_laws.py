"""A pydantic class becomes the strictest schema that its meaning allows."""

from __future__ import annotations

import copy
import enum
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Optional
from uuid import UUID

import pytest
from hypothesis import given, strategies as st
from pydantic import BaseModel, ConfigDict, Field, HttpUrl, create_model
from returns.result import Failure
from strategies import json_schemas, json_values, texts

from casual_llm.frozen import Json, thaw
from casual_llm.messages import ChatMessage, UserMessage
from casual_llm.options import ChatOptions, JsonSchema
from casual_llm.providers.ollama.options import name_of
from casual_llm.providers.openai_chat import codec
from casual_llm.providers.openai_chat.dialects import OPENAI
from casual_llm.providers.openai_chat.schema import schema_of
from casual_llm.wire.codec import Call
from casual_llm.wire.json_schema import json_schema_of


class Colour(enum.Enum):
    RED = "red"
    GREEN = "green"


class City(BaseModel):
    """A city; its description is a sibling of a `$ref` where a field has another one."""

    name: str = "Oslo"


class Tree(BaseModel):
    label: str
    branches: list[Tree] = []


class DescribedTree(BaseModel):
    branches: list[Annotated[DescribedTree, Field(description="one step further")]] = []


class Chain(BaseModel):
    following: Chain = None  # type: ignore[assignment] # a default next to the reference


def _list_of(kind: Any) -> Any:  # noqa: ANN401 # annotations are made at run time
    return list[kind]


def _perhaps(kind: Any) -> Any:  # noqa: ANN401
    return Optional[kind]  # noqa: UP045 # `None | None` is no annotation


def _pair_of(kinds: tuple[Any, Any]) -> Any:  # noqa: ANN401
    return tuple[kinds]  # type: ignore[valid-type]


def _class_of(fields: dict[str, Any]) -> type[BaseModel]:
    return create_model("Answer", **fields)


# Keywords of a schema must stay plain names where a user gives them to fields.
_field_names = st.sampled_from(
    ["type", "properties", "default", "required", "items", "enum", "ref", "a", "b"]
)
_plain: st.SearchStrategy[Any] = st.sampled_from(
    [str, int, bool, float, None, Literal["a", "default"], Colour, City, Tree]
)
_annotations: st.SearchStrategy[Any] = st.recursive(
    _plain,
    lambda inner: st.one_of(
        inner.map(_list_of),
        inner.map(_perhaps),
        st.tuples(inner, inner).map(_pair_of),
        st.dictionaries(_field_names, inner, max_size=2).map(_class_of),
    ),
    max_leaves=3,
)
_free_forms: st.SearchStrategy[Any] = st.sampled_from(
    [Any, dict, list, dict[str, int], list[dict[str, str]], dict[str, Any] | None, tuple[Any, int]]
)
_texts_of_fields = st.builds(
    lambda description, default: Field(default, description=description),
    st.none() | texts,
    st.sampled_from([..., None, "x"]),
)


def _classes(annotations: st.SearchStrategy[Any]) -> st.SearchStrategy[type[BaseModel]]:
    fields = st.dictionaries(_field_names, st.tuples(annotations, _texts_of_fields), min_size=1, max_size=2)
    return fields.map(_class_of)


classes = _classes(_annotations)
_formats = {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}
_with_limits: st.SearchStrategy[Any] = st.sampled_from(
    [
        *(set[str], list[HttpUrl], Path, date, UUID | None),
        Annotated[str, Field(json_schema_extra={"pattern": "(?=a)", "examples": ["a"]})],
        Annotated[str, Field(pattern="a", json_schema_extra={"writeOnly": True})],
    ]
)
_unsayable: st.SearchStrategy[Any] = st.sampled_from(
    [tuple[int, str], list[tuple[()]], Literal[1, "a"], Annotated[Any, Field(examples=[1])]]
)


def _fields_of(annotations: st.SearchStrategy[Any]) -> st.SearchStrategy[type[BaseModel]]:
    return st.dictionaries(_field_names, annotations, min_size=1, max_size=3).map(_class_of)


def _schemas(schema: Any) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401 # JSON, walked by its keywords
    """Iterate over a schema and its subschemas, and nothing else."""
    if isinstance(schema, Mapping):
        yield schema
        inner = [schema.get("properties"), schema.get("$defs"), {"items": schema.get("items")}]
        several = [schema.get("anyOf"), schema.get("prefixItems")]
        parts = [part for named in inner for part in dict(named or {}).values()]
        for part in [*parts, *(part for some in several for part in some or ())]:
            yield from _schemas(part)


@given(classes)
def test_every_object_is_closed_and_requires_every_property(answer: type[BaseModel]) -> None:
    objects = [part for part in _schemas(json_schema_of(answer).schema) if part.get("type") == "object"]
    assert objects
    assert all(part["additionalProperties"] is False for part in objects)
    assert all(part["required"] == tuple(part["properties"]) for part in objects)


@given(classes)
def test_a_fully_typed_schema_is_strict(answer: type[BaseModel]) -> None:
    assert json_schema_of(answer).strict is True


@given(classes)
def test_no_keyword_remains_that_strict_mode_rejects(answer: type[BaseModel]) -> None:
    keywords = {key for part in _schemas(json_schema_of(answer).schema) for key in part}
    assert not keywords & {"default", "oneOf", "discriminator"}


@given(_fields_of(_with_limits))
def test_a_strict_schema_has_no_keyword_that_openai_rejects(answer: type[BaseModel]) -> None:
    sent = schema_of(answer)
    parts = [*_schemas(sent.schema)]
    assert sent.strict
    assert not {key for part in parts for key in part} & {"uniqueItems", "examples", "writeOnly"}
    assert {part["format"] for part in parts if "format" in part} <= _formats
    assert "(?=a)" not in {part.get("pattern") for part in parts}


@given(_fields_of(_unsayable))
def test_a_class_that_strict_mode_does_not_support_is_sent_to_openai_unchanged(
    answer: type[BaseModel],
) -> None:
    sent = schema_of(answer)
    assert (thaw(sent.schema), sent.strict) == (answer.model_json_schema(), None)


@given(classes)
def test_a_reference_has_no_sibling_keywords(answer: type[BaseModel]) -> None:
    references = [part for part in _schemas(json_schema_of(answer).schema) if "$ref" in part]
    assert all(len(part) == 1 for part in references)


@given(classes)
def test_every_reference_leads_to_a_definition(answer: type[BaseModel]) -> None:
    schema: Any = json_schema_of(answer).schema
    led = {part["$ref"] for part in _schemas(schema) if "$ref" in part}
    assert led <= {f"#/$defs/{name}" for name in schema.get("$defs", {})}


@given(classes)
def test_every_field_of_the_class_is_a_property_of_its_name(answer: type[BaseModel]) -> None:
    schema: Any = json_schema_of(answer).schema
    assert list(schema["properties"]) == list(answer.model_fields)


@given(classes | _classes(_free_forms))
def test_the_schema_of_the_class_itself_is_not_changed(answer: type[BaseModel]) -> None:
    before = copy.deepcopy(answer.model_json_schema())
    json_schema_of(answer)
    assert answer.model_json_schema() == before


@given(_classes(_free_forms))
def test_a_free_form_is_sent_unchanged_and_not_as_strict(answer: type[BaseModel]) -> None:
    sent = json_schema_of(answer)
    assert (thaw(sent.schema), sent.strict) == (answer.model_json_schema(), None)


@given(json_values)
def test_data_inside_a_schema_is_not_rewritten(value: Json) -> None:
    answer = create_model("Answer", a=(int, Field(examples=[value])))
    schema: Any = thaw(json_schema_of(answer).schema)
    assert schema["properties"]["a"]["examples"] == [value]


@given(json_schemas)
def test_an_explicit_schema_is_sent_unchanged(schema: JsonSchema) -> None:
    assert json_schema_of(schema) is schema_of(schema) is schema


@given(st.text("Az_7[] -éПд\u2028", min_size=1, max_size=100))
def test_every_class_has_a_name_that_the_api_accepts(name: str) -> None:
    answer = create_model(name, a=(int, ...))
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", json_schema_of(answer).name)


@given(st.text("Az_7[] -éПд\u2028", max_size=100) | json_values)
def test_every_title_of_a_schema_becomes_a_name_that_the_api_accepts(title: Json) -> None:
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name_of({"title": title}))


class Cat(BaseModel):
    kind: Literal["cat"]


class Dog(BaseModel):
    kind: Literal["dog"]


class Owner(BaseModel):
    pet: Cat | Dog = Field(discriminator="kind")


def test_a_discriminated_union_becomes_any_of() -> None:
    schema: Any = thaw(json_schema_of(Owner).schema)
    assert schema["properties"]["pet"]["anyOf"] == [{"$ref": "#/$defs/Cat"}, {"$ref": "#/$defs/Dog"}]


@pytest.mark.parametrize("extra", ["allow", "forbid", "ignore"])
def test_a_class_that_allows_extra_keys_is_not_strict(extra: Literal["allow", "forbid", "ignore"]) -> None:
    answer = create_model("Answer", __config__=ConfigDict(extra=extra), a=(int, ...))
    assert json_schema_of(answer).strict is (None if extra == "allow" else True)


def test_a_field_of_any_type_is_a_free_form() -> None:
    config = ConfigDict(json_schema_extra={"properties": {"a": True}})
    assert json_schema_of(create_model("Answer", __config__=config, a=(int, ...))).strict is None


@pytest.mark.parametrize("answer", [Tree, DescribedTree, Chain])
def test_a_recursive_class_has_a_schema(answer: type[BaseModel]) -> None:
    schema = json_schema_of(answer).schema
    assert all("properties" in part for part in _schemas(schema) if part.get("type") == "object")


class Task(BaseModel):
    run: Callable[[], int]


class Limit(BaseModel):
    by_name: dict[str, int]
    at_most: float = float("inf")


_HELLO: list[ChatMessage] = [UserMessage(content="Hi")]


@pytest.mark.parametrize("answer", [Task, Limit])
def test_a_class_without_a_schema_is_a_failure_with_its_path(answer: type[BaseModel]) -> None:
    call = Call(model="m", messages=_HELLO, options=ChatOptions(response_format=answer))
    assert codec(OPENAI).encode(call).alt(lambda error: error.path) == Failure("options.response_format")
