"""The shape of an answer: the vendor's format, its subset of JSON Schema, or an instruction."""

from __future__ import annotations

import json
from datetime import date
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, SecretStr

from casual_llm.messages import ChatMessage, SystemMessage, UserMessage
from casual_llm.options import ChatOptions, JsonSchema, ResponseFormat
from casual_llm.providers.anthropic import codec
from casual_llm.wire.codec import Call, Encoded

HI = UserMessage(content="Hi")


class Person(BaseModel):
    """Someone."""

    name: str = Field(description="In full", min_length=1)
    born: date
    age: Annotated[int, Field(ge=0, le=150)] | None = None
    tags: list[str] = Field(max_length=3)


class Plain(BaseModel):
    kind: Literal["a", "b"]


class Tree(BaseModel):
    children: list[Tree]


class Scores(BaseModel):
    by_name: dict[str, int]


class Named(BaseModel):
    minimum: str
    pattern: str = Field(pattern=r"^\d+$")
    secret: SecretStr
    code: str = Field(pattern=r"\bb")
    pair: tuple[int, str]


def encoded(wanted: ResponseFormat, model: str = "claude-opus-4-6", **extra: Any) -> Encoded:  # noqa: ANN401
    options = ChatOptions(max_tokens=9, response_format=wanted, extra=extra or None)
    messages: list[ChatMessage] = [SystemMessage(content="Be brief."), HI]
    return codec().encode(Call(model=model, messages=messages, options=options)).unwrap()


def body(found: Encoded) -> Any:  # noqa: ANN401
    return json.loads(found.request.body)


def schema(found: Encoded) -> Any:  # noqa: ANN401
    assert body(found)["output_config"]["format"]["type"] == "json_schema"
    return body(found)["output_config"]["format"]["schema"]


def losses_of(found: Encoded) -> list[tuple[str, str]]:
    return [(loss.path, loss.kind) for loss in found.losses]


def test_a_class_is_a_closed_schema() -> None:
    found = encoded(Plain)
    assert schema(found) == {
        "title": "Plain",
        "type": "object",
        "properties": {"kind": {"title": "Kind", "enum": ["a", "b"], "type": "string"}},
        "required": ["kind"],
        "additionalProperties": False,
    }
    assert losses_of(found) == []
    assert {change.path for change in found.changes} == {
        "options.response_format.name",
        "options.response_format.strict",
    }


def test_limits_that_the_vendor_refuses_go_into_the_descriptions() -> None:
    found = encoded(Person)
    properties = schema(found)["properties"]
    assert properties["name"] == {
        "title": "Name",
        "type": "string",
        "description": "In full (minLength: 1)",
    }
    assert properties["born"] == {"title": "Born", "type": "string", "format": "date"}
    assert properties["age"]["anyOf"][0] == {
        "type": "integer",
        "description": "(maximum: 150, minimum: 0)",
    }
    assert properties["tags"]["description"] == "(maxItems: 3)"
    (lost,) = found.losses
    assert (lost.path, lost.kind) == ("options.response_format", "replaced")
    assert lost.asked == ("maxItems", "maximum", "minLength", "minimum")


def test_names_of_properties_are_no_keywords_and_plain_patterns_stay() -> None:
    properties = schema(encoded(Named))["properties"]
    assert set(properties) == {"minimum", "pattern", "secret", "code", "pair"}
    assert properties["pattern"]["pattern"] == r"^\d+$"
    assert properties["secret"]["description"] == '(format: "password")'
    assert properties["code"]["description"] == r'(pattern: "\\bb")'
    assert "prefixItems" not in properties["pair"]
    assert "minItems: 2" in properties["pair"]["description"]


def test_a_schema_that_is_given_is_sent_as_it_is() -> None:
    given = {"type": "object", "properties": {"a": {"type": "integer", "minimum": 1}}}
    found = encoded(JsonSchema(name="answer", schema=given))
    assert schema(found) == given
    assert (found.losses, found.changes) == ((), ())


@pytest.mark.parametrize(
    ("given", "losses", "changes"),
    [
        (JsonSchema(name="a", schema={}), [], ["options.response_format.name"]),
        (JsonSchema(name="answer", schema={}, strict=True), [], ["options.response_format.strict"]),
        (JsonSchema(name="answer", schema={}, strict=False), ["options.response_format.strict"], []),
    ],
)
def test_what_the_format_does_not_hold_is_reported(
    given: JsonSchema, losses: list[str], changes: list[str]
) -> None:
    found = encoded(given)
    assert [loss.path for loss in found.losses] == losses
    assert [change.path for change in found.changes] == changes


@pytest.mark.parametrize(
    ("wanted", "model"),
    [
        (Plain, "claude-3-haiku-20240307"),
        (Plain, "claude-3-7-sonnet-20250219"),
        (Plain, "claude-sonnet-4-0"),
        (Plain, "claude-opus-4-20250514"),
        (JsonSchema(name="answer", schema={"type": "object"}), "claude-3-5-haiku-20241022"),
        (Scores, "claude-opus-4-6"),
        (Tree, "claude-opus-4-6"),
    ],
)
def test_a_model_or_a_class_without_a_format_gets_an_instruction(wanted: ResponseFormat, model: str) -> None:
    found = encoded(wanted, model=model)
    sent = body(found)
    assert "output_config" not in sent
    assert losses_of(found) == [("options.response_format", "replaced")]
    assert sent["system"][0] == {"type": "text", "text": "Be brief."}
    instruction, _, last = sent["system"][1]["text"].partition("\n")
    assert instruction.startswith("Answer with JSON alone")
    assert json.loads(last)["type"] == "object"


@pytest.mark.parametrize("model", ["claude-opus-4-6", "claude-3-haiku-20240307", "my-model"])
def test_plain_json_is_an_instruction_to_all(model: str) -> None:
    found = encoded("json", model=model)
    assert losses_of(found) == [("options.response_format", "replaced")]
    assert body(found)["system"][1]["text"] == "Answer with JSON alone, without any text around it."


def test_text_is_what_the_vendor_gives_anyway() -> None:
    found = encoded("text")
    assert [(change.path, change.kind) for change in found.changes] == [
        ("options.response_format", "dropped")
    ]
    assert list(body(found)) == ["model", "max_tokens", "system", "messages"]


def test_other_settings_of_the_output_are_sent_with_the_schema() -> None:
    found = encoded(JsonSchema(name="answer", schema={}), output_config={"effort": "high"})
    assert body(found)["output_config"] == {
        "format": {"type": "json_schema", "schema": {}},
        "effort": "high",
    }
    assert found.losses == ()


@pytest.mark.parametrize(
    ("config", "path"),
    [({"format": None}, "options.extra.output_config.format"), (None, "options.extra.output_config")],
)
def test_a_schema_in_extra_wins_and_is_reported(config: Any, path: str) -> None:  # noqa: ANN401
    found = encoded(JsonSchema(name="answer", schema={}), output_config=config)
    assert losses_of(found) == [(path, "overridden")]
    assert body(found)["output_config"] == config


def test_without_a_shape_extra_says_all() -> None:
    found = encoded("text", output_config={"effort": "low"})
    assert (body(found)["output_config"], found.losses) == ({"effort": "low"}, ())
