"""Rewrite the schema of a structured answer into the vendor's subset, or into an instruction.

A class is rewritten into the subset (vendor's page "Structured outputs", "JSON Schema limitations"):
objects are closed, and limits of numbers, texts and lists go into the descriptions, where the model
reads them. A schema that a caller gives is sent unchanged. For models without support for
schemas, and for classes that the subset cannot express, an instruction in the prompt is sent instead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from casual_llm.frozen import Json
from casual_llm.options import JsonSchema, ResponseFormat
from casual_llm.wire.json import dump, mapping, text
from casual_llm.wire.json_schema import is_recursive, rewritten, schemas_in, sent_schema
from casual_llm.wire.report import Report

_PATH = "options.response_format"
_UNNAMED = "answer"
"""The name of a schema that was read: the wire has none."""

_JSON = "Answer with JSON alone, without any text around it."
_SCHEMA = _JSON + " The JSON follows this JSON Schema:\n"
_LIMITS = frozenset(
    {
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        *("minLength", "maxLength", "maxItems", "uniqueItems", "prefixItems"),
        *("contains", "minContains", "maxContains", "minProperties", "maxProperties", "propertyNames"),
    }
)
_FORMATS = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"}
)
# The vendor's expressions know neither looking around, nor word boundaries, nor references back.
_HARD_PATTERN = re.compile(r"\(\?|\\[bB1-9]")


class OutputFormat(NamedTuple):
    """How the shape of an answer is asked for."""

    format: Mapping[str, Json] | None = None
    """For `output_config`."""
    instruction: str | None = None
    """For the system prompt."""


def output_format(wanted: ResponseFormat | None, report: Report, *, schemas: bool = True) -> OutputFormat:
    """Return how to ask for an answer of some shape; `schemas` is whether the model supports them.

    >>> output_format(JsonSchema(name="answer", schema={"type": "object"}), Report()).format
    {'type': 'json_schema', 'schema': {'type': 'object'}}
    >>> output_format("json", Report()).instruction
    'Answer with JSON alone, without any text around it.'
    """
    if wanted is None:
        return OutputFormat()
    if wanted == "text":
        report.changed(_PATH, "dropped", "text")
        return OutputFormat()
    if wanted == "json":
        return _instruction(_JSON, "json", report)
    sent, is_derived = sent_schema(wanted), not isinstance(wanted, JsonSchema)
    # A class with a free-form map is not strict; one that refers to itself has no end in the subset.
    if not schemas or (is_derived and (not sent.strict or is_recursive(sent.schema))):
        return _instruction(_SCHEMA + dump(sent.schema).decode(), sent.name, report)
    schema = _subschema(sent.schema, report) if is_derived else sent.schema
    _report_fields(sent, report)
    return OutputFormat(format={"type": "json_schema", "schema": schema})


def _instruction(instruction: str, name: str, report: Report) -> OutputFormat:
    report.replaced(_PATH, name, "an instruction in the system prompt")
    return OutputFormat(instruction=instruction)


def _report_fields(sent: JsonSchema, report: Report) -> None:
    if sent.strict is False:  # the vendor holds every answer to its schema
        report.replaced(f"{_PATH}.strict", asked=False, applied=True)
    if sent.strict:
        report.changed(f"{_PATH}.strict", "dropped", asked=True)
    if sent.name != _UNNAMED:
        report.changed(f"{_PATH}.name", "dropped", sent.name)


def _subschema(schema: Mapping[str, Json], report: Report) -> Mapping[str, Json]:
    """Return a schema in the vendor's subset."""
    limits = sorted({key for part in schemas_in(schema) for key in _limits(mapping(part))})
    if not limits:
        return schema
    report.replaced(_PATH, limits, "words in the descriptions")
    return mapping(rewritten(schema, limits_to_description))


def _limits(schema: Mapping[str, Json]) -> list[str]:
    """Return the keywords of a schema that the vendor refuses."""
    limits = [key for key in schema if key in _LIMITS]
    if schema.get("minItems", 0) not in {0, 1}:
        limits.append("minItems")
    if text(schema.get("format")) not in {"", *_FORMATS}:
        limits.append("format")
    return [*limits, "pattern"] if _HARD_PATTERN.search(text(schema.get("pattern"))) else limits


def limits_to_description(schema: dict[str, Json]) -> dict[str, Json]:
    """Put the keywords that the vendor refuses into the description.

    >>> limits_to_description({"type": "integer", "minimum": 1, "description": "Age"})
    {'type': 'integer', 'description': 'Age (minimum: 1)'}
    """
    limits = _limits(schema)
    if not limits:
        return schema
    rest = {key: value for key, value in schema.items() if key not in limits}
    words = ", ".join(f"{key}: {dump(schema[key]).decode()}" for key in limits)
    return {**rest, "description": f"{text(schema.get('description'))} ({words})".lstrip()}


def read_format(value: Json) -> JsonSchema | None:
    """Read a `JsonSchema` from the body; `None` for any other value."""
    wanted = mapping(value)
    schema = wanted.get("schema")
    is_schema = wanted.keys() == {"type", "schema"} and wanted["type"] == "json_schema"
    return JsonSchema(name=_UNNAMED, schema=schema) if is_schema and isinstance(schema, Mapping) else None
