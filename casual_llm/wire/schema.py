"""A pydantic class as the schema of a structured answer.

OpenAI's strict mode takes a subset of JSON Schema: every object closed, every property required,
no `oneOf`, no `default`, nothing beside a `$ref` (docs: Structured Outputs, "Supported schemas").
Where a class needs more, such as a free-form map, the schema is sent as it is, without `strict`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic import BaseModel, PydanticUserError

from casual_llm.errors import ConfigurationError
from casual_llm.frozen import Json
from casual_llm.options import JsonSchema
from casual_llm.wire.json import mapping
from casual_llm.wire.requests import UnsayableError

_UNSAFE = re.compile(r"[^a-zA-Z0-9_-]+")
_LONGEST_NAME = 64


def sent_schema(response_format: type[BaseModel] | JsonSchema) -> JsonSchema:
    """Derive the schema to send, or refuse a class that has none."""
    try:
        return json_schema_of(response_format)
    except PydanticUserError as error:
        problem = f"the class has no JSON Schema: {error.message.splitlines()[0]}"
        remedy = "leave out fields that JSON cannot hold"
        raise UnsayableError("options.response_format", problem, remedy) from None
    except ConfigurationError as error:
        remedy = "change the schema of the class"
        raise UnsayableError("options.response_format", str(error), remedy) from None


def json_schema_of(response_format: type[BaseModel] | JsonSchema) -> JsonSchema:
    """Derive the schema to send; one that was given as a schema is sent as it was given.

    >>> class Person(BaseModel):
    ...     name: str
    ...     age: int = 0
    >>> json_schema_of(Person).schema["required"]
    ('name', 'age')
    """
    if isinstance(response_format, JsonSchema):
        return response_format
    schema: Mapping[str, Json] = response_format.model_json_schema()
    name = _UNSAFE.sub("_", response_format.__name__).strip("_")[:_LONGEST_NAME] or "answer"
    if _has_free_form(schema) or _at_root(schema).get("type") != "object":
        return JsonSchema(name=name, schema=schema)
    return JsonSchema(name=name, schema=mapping(_strict(_at_root(schema))), strict=True)


def _at_root(schema: Mapping[str, Json]) -> Mapping[str, Json]:
    # A class that refers to itself is a `$ref` at the root, where strict mode wants the object.
    target = mapping(schema.get("$defs")).get(str(schema.get("$ref")).removeprefix("#/$defs/"))
    return {**mapping(target), **{key: item for key, item in schema.items() if key != "$ref"}}


def _has_free_form(schema: Json) -> bool:
    if isinstance(schema, list | tuple):
        return any(_has_free_form(item) for item in schema)
    if not isinstance(schema, Mapping):
        return schema is True
    is_open_object = schema.get("type") == "object" and "properties" not in schema
    is_map = bool(schema.get("additionalProperties", False))
    is_anything = not schema.keys() - {"title", "description", "default"}
    return is_open_object or is_map or is_anything or any(_has_free_form(item) for item in _inner(schema))


def _inner(schema: Mapping[str, Json]) -> list[Json]:
    named = [*mapping(schema.get("properties")).values(), *mapping(schema.get("$defs")).values()]
    plain = [schema[key] for key in ("items", "prefixItems", "anyOf", "allOf", "oneOf") if key in schema]
    return [*named, *plain]


def _strict(schema: Json) -> Json:
    if isinstance(schema, list | tuple):
        return [_strict(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    kept = {
        key: item for key, item in schema.items() if key not in {"default", "discriminator", "oneOf", "$ref"}
    }
    if "oneOf" in schema:
        kept["anyOf"] = schema["oneOf"]
    reference = {key: schema[key] for key in ("$ref",) if key in schema}
    strict = {key: _keyword(key, item) for key, item in kept.items()}
    # Beside a `$ref` nothing may stand; a choice of one may have neighbours.
    strict |= {"anyOf": [reference]} if reference and strict else reference
    if "properties" in strict:
        strict |= {"additionalProperties": False, "required": list(mapping(strict["properties"]))}
    return strict


def _keyword(key: str, value: Json) -> Json:
    # Under these two, keys are names of the user's, not keywords of the schema.
    if key in {"properties", "$defs"}:
        return {name: _strict(schema) for name, schema in mapping(value).items()}
    return value if key in {"enum", "const", "$ref"} else _strict(value)
