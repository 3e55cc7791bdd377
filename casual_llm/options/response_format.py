"""What form an answer has: free text, any JSON, or JSON of a given schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from attrs import Attribute, field, frozen
from pydantic import BaseModel

from casual_llm.frozen import Json
from casual_llm.options.field_types import FieldType
from casual_llm.validation import expected, json_object


def _schema(value: object) -> Mapping[str, Json]:
    return json_object(value, "JsonSchema.schema")


def _name(_: object, __: Attribute[Any], value: object) -> None:
    if not isinstance(value, str):
        raise expected("JsonSchema.name", "a string", value)


def _strict(_: object, __: Attribute[Any], value: object) -> None:
    if value is not None and not isinstance(value, bool):
        raise expected("JsonSchema.strict", "True, False or None", value)


@frozen(kw_only=True)
class JsonSchema:
    """A JSON Schema that the answer must follow, for callers without a pydantic class.

    Args:
        name: what providers call the schema; sent unchanged
        schema: the JSON Schema as a dict; kept frozen, all the way down
        strict: whether the provider enforces the schema; `None`, the default, leaves it to the provider

    A `ConfigurationError` names the argument that is not valid.

    >>> JsonSchema(name="Age", schema={"type": "integer"}).name
    'Age'
    >>> JsonSchema(name="Age", schema={"default": float("nan")})
    Traceback (most recent call last):
    ...
    casual_llm.errors.ConfigurationError: JsonSchema.schema.default: nan has no JSON form; use a finite number
    """

    name: str = field(validator=_name)
    """What providers call the schema."""
    schema: Mapping[str, Json] = field(converter=_schema)
    """The JSON Schema itself, frozen."""
    strict: bool | None = field(default=None, validator=_strict)
    """Whether the provider enforces the schema; by default this is not sent."""


ResponseFormat: TypeAlias = Literal["json", "text"] | type[BaseModel] | JsonSchema
"""Free text, any JSON, or JSON of a given shape."""


def _check(value: object, path: str) -> ResponseFormat:
    if isinstance(value, JsonSchema):
        return value
    if isinstance(value, type) and issubclass(value, BaseModel) and value is not BaseModel:
        return value
    if value == "json" or value == "text":  # noqa: PLR1714 # so that a type checker knows the word
        return value
    raise expected(path, '"json", "text", a pydantic class or a JsonSchema', value)


def _read(value: Json, path: str) -> object:
    if not isinstance(value, Mapping):
        return value
    table = json_object(value, path)
    name, schema, strict = table.get("name"), table.get("schema"), table.get("strict")
    known = table.keys() <= {"name", "schema", "strict"}
    if not (
        known and isinstance(name, str) and isinstance(schema, Mapping) and isinstance(strict, bool | None)
    ):
        raise expected(path, "a table with name, schema and, optionally, strict", value)
    return JsonSchema(name=name, schema=schema, strict=strict)


response_format = FieldType(
    check=_check,
    read=_read,
    schema={
        "anyOf": [
            {"enum": ["json", "text"]},
            {
                "type": "object",
                "properties": {
                    "name": {"type": "string"},
                    "schema": {"type": "object"},
                    "strict": {"type": ["boolean", "null"]},
                },
                "required": ["name", "schema"],
                "additionalProperties": False,
            },
        ]
    },
)
