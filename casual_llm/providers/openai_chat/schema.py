"""Rewrite the schema of a structured answer for OpenAI's strict mode.

Strict mode fails a call for a keyword or a format that it does not know (docs: Structured Outputs,
"Supported schemas"), so what it does not know is removed from the schema of a class: pydantic checks
the answer anyway. A class that strict mode cannot express, such as one with a tuple of two types, is sent
as it is, without `strict`. A schema that a caller gives is sent unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic import BaseModel

from casual_llm.frozen import Json
from casual_llm.options import JsonSchema
from casual_llm.wire.json import mapping, text
from casual_llm.wire.json_schema import rewritten, schemas_in, sent_schema

_KEYWORDS = frozenset(
    {
        *("title", "description", "type", "enum", "const", "anyOf", "$ref", "$defs"),
        *("properties", "required", "additionalProperties", "items", "minItems", "maxItems"),
        *("pattern", "format", "minLength", "maxLength", "multipleOf"),
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    }
)
_FORMATS = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}  # not "uri"
)
# Looking around fails the call within the server, with a status of 500.
_HARD_PATTERN = re.compile(r"\(\?<?[=!]")


def schema_of(wanted: type[BaseModel] | JsonSchema) -> JsonSchema:
    """Return the schema to send, strict where strict mode can express it.

    >>> class Tags(BaseModel):
    ...     tags: set[str]
    >>> schema_of(Tags).schema["properties"]["tags"]
    {'items': {'type': 'string'}, 'title': 'Tags', 'type': 'array'}
    """
    sent = sent_schema(wanted)
    if isinstance(wanted, JsonSchema) or not sent.strict:
        return sent
    schema = mapping(rewritten(sent.schema, _known))
    if all(_is_typed(mapping(part)) for part in schemas_in(schema) if part is not False):
        return JsonSchema(name=sent.name, schema=schema, strict=True)
    return JsonSchema(name=sent.name, schema=wanted.model_json_schema())


def _known(schema: dict[str, Json]) -> dict[str, Json]:
    return {key: item for key, item in schema.items() if key in _KEYWORDS and not _is_refused(key, item)}


def _is_refused(key: str, value: Json) -> bool:
    if key == "pattern":
        return _HARD_PATTERN.search(text(value)) is not None
    return key == "format" and text(value) not in _FORMATS


def _is_typed(schema: Mapping[str, Json]) -> bool:
    has_items = schema.get("type") != "array" or "items" in schema
    return has_items and bool(schema.keys() & {"type", "$ref", "anyOf"})
