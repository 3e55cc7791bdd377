"""The shape of an answer in the vendor's subset of JSON Schema, or as an instruction.

A class is rewritten into the subset (vendor's page "Structured outputs", "JSON Schema limitations"):
objects are closed, and limits of numbers, texts and lists go into the descriptions, where the model
reads them. A schema that a caller gives is sent as it was given. Models that know no schemas, and
classes that the subset cannot say, get an instruction instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from attrs import frozen

from casual_llm.frozen import Json
from casual_llm.options import JsonSchema, ResponseFormat
from casual_llm.providers.anthropic.models import takes_schemas
from casual_llm.wire.json import dump, mapping, text
from casual_llm.wire.json_schema import sent_schema
from casual_llm.wire.report import Loss

PATH = "options.response_format"
UNNAMED = "answer"
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
_NAMED = frozenset({"properties", "$defs", "definitions"})
"""Keywords under which keys are names of the user's."""
# The vendor's expressions know neither looking around, nor word boundaries, nor references back.
_HARD_PATTERN = re.compile(r"\(\?|\\[bB1-9]")


@frozen(kw_only=True)
class Shape:
    """How the shape of an answer is asked for."""

    format: Mapping[str, Json] | None = None
    """For `output_config`."""
    instruction: str | None = None
    """For the system prompt."""
    losses: tuple[Loss, ...] = ()
    changes: tuple[Loss, ...] = ()


def shape_of(model: str, wanted: ResponseFormat | None) -> Shape:
    """Say how a model is asked for an answer of some shape.

    >>> shape_of("claude-opus-4-6", JsonSchema(name="answer", schema={"type": "object"})).format
    {'type': 'json_schema', 'schema': {'type': 'object'}}
    >>> shape_of("claude-3-haiku-20240307", "json").instruction
    'Answer with JSON alone, without any text around it.'
    """
    if wanted is None:
        return Shape()
    if wanted == "text":
        return Shape(changes=(Loss(path=PATH, kind="dropped", asked="text"),))
    if wanted == "json":
        return _instructed(_JSON, "json")
    asked = sent_schema(wanted)
    derived = not isinstance(wanted, JsonSchema)
    if not takes_schemas(model) or (derived and not _can_be_said(asked)):
        return _instructed(_SCHEMA + dump(asked.schema).decode(), asked.name)
    return _formatted(asked, derived=derived)


def _instructed(instruction: str, asked: str) -> Shape:
    lost = Loss(path=PATH, kind="replaced", asked=asked, applied="an instruction in the system prompt")
    return Shape(instruction=instruction, losses=(lost,))


def _formatted(asked: JsonSchema, *, derived: bool) -> Shape:
    limits = sorted(set(_limits(asked.schema))) if derived else []
    schema = mapping(_in_words(asked.schema)) if limits else asked.schema
    losses, changes = list[Loss](), list[Loss]()
    if limits:
        losses.append(Loss(path=PATH, kind="replaced", asked=limits, applied="words in the descriptions"))
    if asked.strict is False:  # the vendor holds every answer to its schema
        losses.append(Loss(path=f"{PATH}.strict", kind="replaced", asked=False, applied=True))
    if asked.strict:
        changes.append(Loss(path=f"{PATH}.strict", kind="dropped", asked=True))
    if asked.name != UNNAMED:
        changes.append(Loss(path=f"{PATH}.name", kind="dropped", asked=asked.name))
    told: Mapping[str, Json] = {"type": "json_schema", "schema": schema}
    return Shape(format=told, losses=tuple(losses), changes=tuple(changes))


def _can_be_said(asked: JsonSchema) -> bool:
    # A class with a free-form map is not strict; one that refers to itself has no end in the subset.
    return asked.strict is True and not _returns(asked.schema, asked.schema, ())


def _returns(root: Mapping[str, Json], schema: Json, on_the_way: tuple[str, ...]) -> bool:
    if isinstance(schema, list | tuple):
        return any(_returns(root, item, on_the_way) for item in schema)
    if not isinstance(schema, Mapping):
        return False
    name = text(schema.get("$ref")).removeprefix("#/$defs/")
    if name in on_the_way:
        return True
    target = mapping(root.get("$defs")).get(name) if name else None
    inner = [item for key, item in schema.items() if key != "$defs"]
    return _returns(root, inner, on_the_way) or _returns(root, target, (*on_the_way, name))


def _limits(schema: Json) -> Iterator[str]:
    if isinstance(schema, list | tuple):
        for item in schema:
            yield from _limits(item)
    elif isinstance(schema, Mapping):
        yield from _refused(schema)
        for key, item in schema.items():
            yield from _limits([*mapping(item).values()] if key in _NAMED else _further(key, item))


def _further(key: str, value: Json) -> Json:
    return None if key in {"enum", "const", "default", "examples"} else value


def _refused(schema: Mapping[str, Json]) -> list[str]:
    found = [key for key in schema if key in _LIMITS]
    if schema.get("minItems", 0) not in {0, 1}:
        found.append("minItems")
    if text(schema.get("format")) not in {"", *_FORMATS}:
        found.append("format")
    return [*found, "pattern"] if _HARD_PATTERN.search(text(schema.get("pattern"))) else found


def _in_words(schema: Json) -> Json:
    if isinstance(schema, list | tuple):
        return [_in_words(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    refused = _refused(schema)
    kept = {key: _keyword(key, item) for key, item in schema.items() if key not in refused}
    if not refused:
        return kept
    words = ", ".join(f"{key}: {dump(schema[key]).decode()}" for key in refused)
    return {**kept, "description": f"{text(schema.get('description'))} ({words})".lstrip()}


def _keyword(key: str, value: Json) -> Json:
    if key in _NAMED:
        return {name: _in_words(schema) for name, schema in mapping(value).items()}
    return value if _further(key, value) is None else _in_words(value)
