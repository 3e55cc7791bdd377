"""Derive the schema of a structured answer from a pydantic class.

OpenAI's strict mode takes a subset of JSON Schema: every object closed, every property required,
no `oneOf`, no `default`, nothing next to a `$ref` (docs: Structured Outputs, "Supported schemas").
Where a class needs more, such as a free-form map, the schema is sent as it is, without `strict`.
Keywords that OpenAI alone refuses are left out for OpenAI.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from pydantic import BaseModel, PydanticUserError

from casual_llm.errors import ConfigurationError
from casual_llm.frozen import Json
from casual_llm.options import JsonSchema
from casual_llm.wire.json import mapping, text
from casual_llm.wire.report import PlacedError

_UNSAFE = re.compile(r"[^a-zA-Z0-9_-]+")
_LONGEST_NAME = 64
_INNER = frozenset(
    {
        *("items", "prefixItems", "contains", "anyOf", "allOf", "oneOf", "not", "if", "then", "else"),
        *("additionalProperties", "propertyNames", "unevaluatedItems", "unevaluatedProperties"),
    }
)
"""Keywords that hold schemas."""
_NAMED = frozenset({"properties", "patternProperties", "dependentSchemas", "$defs", "definitions"})
"""Keywords that hold schemas under names of the user's, which are not keywords."""
_TYPE_KEYWORDS = frozenset({"type", "$ref", "anyOf", "allOf", "oneOf", "enum", "const"})
"""Keywords of which a schema has one, if it does not allow anything at all."""
_Change: TypeAlias = Callable[[dict[str, Json]], dict[str, Json]]


def sent_schema(response_format: type[BaseModel] | JsonSchema) -> JsonSchema:
    """Derive the schema to send, or refuse a class that has none."""
    try:
        return json_schema_of(response_format)
    except PydanticUserError as error:
        problem = f"the class has no JSON Schema: {error.message.splitlines()[0]}"
        remedy = "leave out fields that JSON cannot hold"
        raise PlacedError("options.response_format", problem, remedy) from None
    except ConfigurationError as error:
        remedy = "change the schema of the class"
        raise PlacedError("options.response_format", str(error), remedy) from None


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
    name, root = plain_name(response_format.__name__), _at_root(schema)
    if any(_is_free_form(part) for part in schemas_in(schema)) or root.get("type") != "object":
        return JsonSchema(name=name, schema=schema)
    return JsonSchema(name=name, schema=mapping(rewritten(root, _closed)), strict=True)


def plain_name(name: str) -> str:
    """Make a name of what OpenAI allows in the name of a schema.

    >>> plain_name("Box[Cat]")
    'Box_Cat'
    """
    return _UNSAFE.sub("_", name).strip("_")[:_LONGEST_NAME] or "answer"


def schemas_in(schema: Json) -> Iterator[Json]:
    """Yield a schema and the schemas inside it, but no data, such as examples.

    >>> list(schemas_in({"items": True, "examples": [{"items": 1}]}))
    [{'items': True, 'examples': [{'items': 1}]}, True]
    """
    if isinstance(schema, list | tuple):
        for item in schema:
            yield from schemas_in(item)
        return
    yield schema
    for key, item in mapping(schema).items():
        if key in _INNER:
            yield from schemas_in(item)
        elif key in _NAMED:
            yield from schemas_in([*mapping(item).values()])


def is_recursive(schema: Mapping[str, Json]) -> bool:
    """Return whether a definition of a schema refers to itself, be it through others.

    >>> is_recursive({"$defs": {"Tree": {"items": {"$ref": "#/$defs/Tree"}}}})
    True
    """
    definitions = mapping(schema.get("$defs"))
    references = {name: _references(definition) for name, definition in definitions.items()}
    ends = [""]
    while ends:  # a definition that refers to none of those that are left is in no circle
        ends = [name for name, names in references.items() if names.isdisjoint(references)]
        for name in ends:
            del references[name]
    return bool(references)


def _references(schema: Json) -> set[str]:
    parts = map(mapping, schemas_in(schema))
    return {text(part.get("$ref")).removeprefix("#/$defs/") for part in parts if "$ref" in part}


def rewritten(schema: Json, change: _Change) -> Json:
    """Change a schema and then the schemas inside it, but no data, such as examples.

    >>> rewritten({"items": {"title": "A"}, "const": {"title": "B"}}, lambda part: part | {"title": "C"})
    {'items': {'title': 'C'}, 'const': {'title': 'B'}, 'title': 'C'}
    """
    if isinstance(schema, list | tuple):
        return [rewritten(item, change) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    return {key: _keyword(key, item, change) for key, item in change(dict(schema)).items()}


def _keyword(key: str, value: Json, change: _Change) -> Json:
    if key in _NAMED:
        return {name: rewritten(schema, change) for name, schema in mapping(value).items()}
    return rewritten(value, change) if key in _INNER else value


def _at_root(schema: Mapping[str, Json]) -> Mapping[str, Json]:
    # A class that refers to itself is a `$ref` at the root, where strict mode wants the object.
    target = mapping(schema.get("$defs")).get(str(schema.get("$ref")).removeprefix("#/$defs/"))
    return {**mapping(target), **{key: item for key, item in schema.items() if key != "$ref"}}


def _is_free_form(schema: Json) -> bool:
    if not isinstance(schema, Mapping):
        return schema is True
    is_open_object = schema.get("type") == "object" and "properties" not in schema
    is_map = bool(schema.get("additionalProperties", False))
    return is_open_object or is_map or not schema.keys() & _TYPE_KEYWORDS


def _closed(schema: dict[str, Json]) -> dict[str, Json]:
    strict = {key: schema[key] for key in schema if key not in {"default", "discriminator", "oneOf", "$ref"}}
    if "oneOf" in schema:
        strict["anyOf"] = schema["oneOf"]
    reference: dict[str, Json] = {key: schema[key] for key in ("$ref",) if key in schema}
    # Beside a `$ref` nothing may stand; a choice of one may have neighbours.
    strict |= {"anyOf": [reference]} if reference and strict else reference
    if "properties" in strict:
        strict |= {"additionalProperties": False, "required": list(mapping(strict["properties"]))}
    return strict
