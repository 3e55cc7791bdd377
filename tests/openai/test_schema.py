"""Classes as schemas of a structured answer: strict where the vendor supports it, else unchanged."""

from __future__ import annotations

import copy
from datetime import date
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, NamedTuple, TypeVar
from uuid import UUID

import pytest
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    JsonValue,
    RootModel,
    SecretStr,
    create_model,
)

from casual_llm.frozen import thaw_object
from casual_llm.options import JsonSchema
from casual_llm.providers.openai_chat.schema import schema_of
from casual_llm.wire.json_schema import json_schema_of

T = TypeVar("T")


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Wheel(BaseModel):
    """One of four."""

    inches: int = 16


class Car(BaseModel):
    colour: Colour
    wheels: list[Wheel]
    spare: Wheel = Field(default=Wheel(), description="In the boot")
    name: str | None = None
    doors: Literal[3, 5] = 5


WHEEL = {
    "description": "One of four.",
    "properties": {"inches": {"title": "Inches", "type": "integer"}},
    "title": "Wheel",
    "type": "object",
    "additionalProperties": False,
    "required": ["inches"],
}
CAR = {
    "$defs": {
        "Colour": {"enum": ["red", "blue"], "title": "Colour", "type": "string"},
        "Wheel": WHEEL,
    },
    "properties": {
        "colour": {"$ref": "#/$defs/Colour"},
        "wheels": {"items": {"$ref": "#/$defs/Wheel"}, "title": "Wheels", "type": "array"},
        "spare": {"description": "In the boot", "anyOf": [{"$ref": "#/$defs/Wheel"}]},
        "name": {"anyOf": [{"type": "string"}, {"type": "null"}], "title": "Name"},
        "doors": {"enum": [3, 5], "title": "Doors", "type": "integer"},
    },
    "required": ["colour", "wheels", "spare", "name", "doors"],
    "title": "Car",
    "type": "object",
    "additionalProperties": False,
}


def test_objects_are_closed_and_all_properties_are_required() -> None:
    found = json_schema_of(Car)
    assert (found.name, found.strict) == ("Car", True)
    assert thaw_object(found.schema) == CAR


def test_the_cached_schema_of_pydantic_is_not_modified() -> None:
    before = copy.deepcopy(Car.model_json_schema())
    json_schema_of(Car)
    assert Car.model_json_schema() == before


class SchemaKeywords(BaseModel):
    """Property names that are also keywords."""

    default: int = 0
    oneOf: str = "x"  # noqa: N815
    properties: list[str] = Field(default_factory=list)


def test_a_property_may_be_called_like_a_keyword() -> None:
    assert json_schema_of(SchemaKeywords).schema["required"] == ("default", "oneOf", "properties")


class Cat(BaseModel):
    kind: Literal["cat"] = "cat"


class Dog(BaseModel):
    kind: Literal["dog"] = "dog"


class Owner(BaseModel):
    pet: Annotated[Cat | Dog, Field(discriminator="kind")]


def test_one_of_becomes_any_of() -> None:
    properties = thaw_object(json_schema_of(Owner).schema)["properties"]
    assert properties == {
        "pet": {"anyOf": [{"$ref": "#/$defs/Cat"}, {"$ref": "#/$defs/Dog"}], "title": "Pet"}
    }


class Node(BaseModel):
    value: int
    children: list[Node] = Field(default_factory=list, description="Below")
    twin: Node = Field(default=None, description="Beside")  # type: ignore[assignment]


def test_a_class_may_contain_itself() -> None:
    assert thaw_object(json_schema_of(Node).schema)["properties"] == {
        "value": {"title": "Value", "type": "integer"},
        "children": {
            "description": "Below",
            "items": {"$ref": "#/$defs/Node"},
            "title": "Children",
            "type": "array",
        },
        "twin": {"description": "Beside", "anyOf": [{"$ref": "#/$defs/Node"}]},
    }


DATA: dict[str, Any] = {"default": 1, "properties": {"oneOf": []}, "type": "object"}


class Data(BaseModel):
    model_config = ConfigDict(json_schema_extra={"x-data": DATA})
    examples: Annotated[int, Field(examples=[DATA])]
    enum: Annotated[int, Field(json_schema_extra={"enum": [DATA]})]
    const: Annotated[int, Field(json_schema_extra={"const": DATA})]
    extra: Annotated[int, Field(json_schema_extra={"x-data": DATA})]


def test_data_inside_a_schema_is_not_rewritten() -> None:
    schema: dict[str, Any] = thaw_object(json_schema_of(Data).schema)
    assert schema["x-data"] == schema["properties"]["extra"]["x-data"] == DATA
    assert schema["properties"]["examples"]["examples"] == [DATA]
    assert schema["properties"]["enum"]["enum"] == [DATA]
    assert schema["properties"]["const"]["const"] == DATA


class Empty(BaseModel):
    pass


def test_a_class_without_fields_is_a_closed_object() -> None:
    assert thaw_object(json_schema_of(Empty).schema) == {
        "properties": {},
        "title": "Empty",
        "type": "object",
        "additionalProperties": False,
        "required": [],
    }


class Counts(BaseModel):
    counts: dict[str, int] = {}


class Anything(BaseModel):
    value: Any = None


class Described(BaseModel):
    value: Annotated[Any, Field(examples=[1])]


class AnyJson(BaseModel):
    values: list[JsonValue] = []


class AnyObject(BaseModel):
    value: dict[str, Any]


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    value: int = 0


class Bare(BaseModel):
    model_config = ConfigDict(json_schema_extra={"properties": {"value": True}})


class Deep(BaseModel):
    many: list[tuple[int, Counts]]


class Choice(BaseModel):
    either: Counts | int


@pytest.mark.parametrize("cls", [Counts, Anything, Described, AnyJson, AnyObject, Open, Bare, Deep, Choice])
def test_a_schema_that_strict_mode_does_not_support_is_sent_as_it_is(cls: type[BaseModel]) -> None:
    found = json_schema_of(cls)
    assert found.strict is None
    assert thaw_object(found.schema) == cls.model_json_schema()


# OpenAI's strict mode.


def written(value: Any) -> Any:  # noqa: ANN401
    """Return the only field of a class as it is sent to OpenAI, if the schema is strict."""
    found = schema_of(create_model("Answer", value=(value, ...)))
    assert found.strict
    return thaw_object(found.schema)["properties"]["value"]  # type: ignore[index, call-overload]


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (HttpUrl, {"type": "string", "minLength": 1, "maxLength": 2083}),
        (Path, {"type": "string"}),
        (bytes, {"type": "string"}),
        (SecretStr, {"type": "string"}),
        (set[str], {"type": "array", "items": {"type": "string"}}),
        (frozenset[int], {"type": "array", "items": {"type": "integer"}}),
        (list[HttpUrl], {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 2083}}),
        (Path | None, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        (Annotated[str, Field(examples=["x"])], {"type": "string"}),
        (Annotated[str, Field(json_schema_extra={"pattern": "^(?!a)b"})], {"type": "string"}),
        (Annotated[str, Field(pattern="^b$")], {"type": "string", "pattern": "^b$"}),
        (Annotated[int, Field(ge=1, le=9)], {"type": "integer", "minimum": 1, "maximum": 9}),
        (date, {"type": "string", "format": "date"}),
        (UUID, {"type": "string", "format": "uuid"}),
    ],
)
def test_keywords_that_strict_mode_rejects_are_dropped(value: Any, sent: dict[str, Any]) -> None:  # noqa: ANN401
    assert written(value) == {"title": "Value", **sent}


class Point(NamedTuple):
    x: int
    y: int


class Mixed(BaseModel):
    value: Literal[1, "a"]


@pytest.mark.parametrize(
    "cls",
    [
        create_model("Pair", value=(tuple[int, str], ...)),
        create_model("Pairs", value=(list[tuple[int, str]] | None, ...)),
        create_model("Place", value=(Point, ...)),
        create_model("Nothing", value=(tuple[()], ...)),
        Mixed,
        RootModel[list[int]],
        RootModel[Cat | Dog],
        Described,
        Counts,
    ],
)
def test_a_class_that_strict_mode_does_not_support_is_sent_as_it_is(cls: type[BaseModel]) -> None:
    found = schema_of(cls)
    assert found.strict is None
    assert thaw_object(found.schema) == cls.model_json_schema()


def test_an_explicit_schema_is_sent_unchanged() -> None:
    schema = {"type": "object", "default": {}, "uniqueItems": True, "format": "uri"}
    given = JsonSchema(name="any name", schema=schema, strict=True)
    assert json_schema_of(given) is schema_of(given) is given


class Box(BaseModel, Generic[T]):
    value: T


class Größe(BaseModel):  # noqa: PLC2401
    value: int


@pytest.mark.parametrize(
    ("cls", "name"),
    [
        (Car, "Car"),
        (Box[int], "Box_int"),
        (Größe, "Gr_e"),
        (type("日本", (Wheel,), {}), "answer"),
        (type("A" * 99, (Wheel,), {}), "A" * 64),
    ],
    ids=["plain", "generic", "accents", "no letter that is allowed", "long"],
)
def test_the_name_of_a_schema_has_only_characters_that_the_vendor_allows(
    cls: type[BaseModel], name: str
) -> None:
    assert json_schema_of(cls).name == name
