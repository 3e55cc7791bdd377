"""What an option may hold: each kind checks a value, reads it from a file, and says so as JSON Schema.

A check takes a value and its place, and gives the value that is kept, frozen. What is wrong is a
`ConfigurationError` that names the place and the remedy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

from attrs import Attribute, field, frozen
from pydantic import BaseModel, ValidationError

from casual_llm.errors import ConfigurationError
from casual_llm.frozen import FrozenDict, Json, freeze, freeze_key, is_too_long
from casual_llm.options.omit import OMIT, Omit, Replace
from casual_llm.tools import Tool
from casual_llm.validation import collect_errors, invalid, join_path, json_object, preview, type_name, unknown

Extra: TypeAlias = Mapping[str, Json | Omit]
"""Further keys of a request body; `OMIT` removes a key of the layers below."""


def _schema(value: object) -> Mapping[str, Json]:
    return json_object(value, "JsonSchema.schema")


def _name(_: object, __: Attribute[Any], value: object) -> None:
    if not isinstance(value, str):
        raise invalid("JsonSchema.name", f"{type_name(value)} given", "give a string")


def _strict(_: object, __: Attribute[Any], value: object) -> None:
    if value is not None and not isinstance(value, bool):
        raise invalid("JsonSchema.strict", f"{preview(value)} given", "give True, False or None")


@frozen(kw_only=True)
class JsonSchema:
    """A JSON Schema that the answer must follow, for callers without a pydantic class.

    >>> JsonSchema(name="Age", schema={"type": "integer"}).name
    'Age'
    """

    name: str = field(validator=_name)
    schema: Mapping[str, Json] = field(converter=_schema)
    strict: bool | None = field(default=None, validator=_strict)


ResponseFormat: TypeAlias = Literal["json", "text"] | type[BaseModel] | JsonSchema
"""Free text, any JSON, or JSON of a given shape."""

SystemMessageHandling: TypeAlias = Literal["keep", "merge"]
"""`keep` sends system messages where they stand; `merge` joins them into one in front."""


def _as_it_is(value: Json, _place: str) -> object:
    return value


@frozen(kw_only=True)
class FieldType:
    """What a field may hold.

    >>> number(0, 1).check(0.5, "top_p")
    0.5
    >>> number(0, 1).schema
    {'type': 'number', 'minimum': 0, 'maximum': 1}
    """

    check: Callable[[object, str], Any]
    schema: Mapping[str, Json]
    read: Callable[[Json, str], object] = _as_it_is
    """Make of a value in a file what `check` takes."""


def number(low: float = -math.inf, high: float = math.inf) -> FieldType:
    """Take a finite number within limits; a bool is none."""

    def check(value: object, place: str) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise invalid(place, f"{preview(value)} is {type_name(value)}", "give a number")
        if isinstance(value, int) and is_too_long(value):
            raise invalid(place, "the number has too many digits to be written", "give a smaller one")
        if isinstance(value, float) and not math.isfinite(value):
            raise invalid(place, f"{value} is not finite", "give a finite number, or leave it unset")
        if not low <= value <= high:
            limits = f"of at least {low:g}" if high == math.inf else f"from {low:g} to {high:g}"
            raise invalid(place, f"{value} is out of range", f"give a number {limits}")
        return value

    limits = {"minimum": low, "maximum": high}
    return FieldType(
        check=check, schema={"type": "number", **{k: v for k, v in limits.items() if math.isfinite(v)}}
    )


def integer(low: float = -math.inf) -> FieldType:
    """Take a whole number of at least `low`."""
    whole = number(low)

    def check(value: object, place: str) -> int:
        if isinstance(value, float):
            raise invalid(place, f"{value} is a float", "give a whole number")
        kept: int = whole.check(value, place)
        return kept

    return FieldType(check=check, schema={**whole.schema, "type": "integer"})


def _flag(value: object, place: str) -> bool:
    if not isinstance(value, bool):
        raise invalid(place, f"{preview(value)} is {type_name(value)}", "give True or False")
    return value


def one_of(*words: str) -> FieldType:
    """Take one of a few words."""

    def check(value: object, place: str) -> str:
        if not isinstance(value, str) or value not in words:
            raise invalid(place, f"{preview(value)} is unknown", f"give one of {', '.join(words)}")
        return value

    return FieldType(check=check, schema={"enum": words})


def _text(value: object, place: str) -> str:
    if not isinstance(value, str) or not value:
        raise invalid(place, f"{preview(value)} is no name", "give a non-empty string")
    return value


def _texts(value: object, place: str) -> str | tuple[str, ...]:
    if isinstance(value, str):
        return value
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise invalid(place, f"{preview(value)} is no text", "give a string or a list of strings")
    return tuple(value)


def _tools(value: object, place: str) -> tuple[Tool, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(item, Tool) for item in value):
        raise invalid(place, f"{preview(value)} is no list of Tool", "give [Tool(...), ...]")
    return tuple(value)


_OF_A_TOOL = ("name", "description", "parameters")


def _read_tools(value: Json, place: str) -> list[Tool]:
    if not isinstance(value, list | tuple):
        raise invalid(place, f"{preview(value)} is no list", "give a list of tables with name and parameters")
    return collect_errors(_read_tool, enumerate(value), place)


def _read_tool(item: tuple[int, Json], tools: str) -> Tool:
    place, value = f"{tools}[{item[0]}]", item[1]
    given = json_object(value, place)
    for key in given:
        if key not in _OF_A_TOOL:
            raise unknown(place, key, dict.fromkeys(_OF_A_TOOL))
    description, parameters = given.get("description"), given.get("parameters", {})
    if not isinstance(description, str | None) or not isinstance(parameters, Mapping):
        raise invalid(place, "it is no tool", "give name and description as text, parameters as JSON Schema")
    called = _text(given.get("name"), f"{place}.name")
    try:
        return Tool.from_input_schema(called, description, parameters)
    except ValidationError as error:
        problem = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise invalid(f"{place}.parameters", problem, "give a JSON Schema of an object") from None
    except ValueError as error:
        raise invalid(place, str(error), "give a JSON Schema of an object") from None


def _response_format(value: object, place: str) -> ResponseFormat:
    if isinstance(value, JsonSchema):
        return value
    if isinstance(value, type) and issubclass(value, BaseModel) and value is not BaseModel:
        return value
    if value == "json" or value == "text":  # noqa: PLR1714 # so that a type checker knows the word
        return value
    remedy = 'give "json", "text", a pydantic class or a JsonSchema'
    raise invalid(place, f"{preview(value)} is unknown", remedy)


def _read_format(value: Json, place: str) -> object:
    if not isinstance(value, Mapping):
        return value
    given = json_object(value, place)
    name, schema, strict = given.get("name"), given.get("schema"), given.get("strict")
    known = given.keys() <= {"name", "schema", "strict"}
    if not (
        known and isinstance(name, str) and isinstance(schema, Mapping) and isinstance(strict, bool | None)
    ):
        raise invalid(place, "it is no schema", "give name and schema, and strict if it is meant")
    return JsonSchema(name=name, schema=schema, strict=strict)


def _map(value: object, place: str, item: Callable[[object, str], object]) -> Mapping[str, Any] | Omit:
    if not isinstance(value, Mapping):
        raise invalid(place, f"{preview(value)} is {type_name(value)}", "give a dict")
    kept: dict[str, Any] = {}
    problems: list[str] = []
    for key, of in value.items():
        try:
            kept[freeze_key(key, place)] = item(of, join_path(place, key))
        except ValueError as error:
            problems.append(str(error))
    if problems:
        raise ConfigurationError("\n".join(problems))
    if not isinstance(value, Replace):
        return FrozenDict(kept)
    return Replace(kept) if kept else OMIT


def _json_or_omit(value: object, place: str) -> Json | Omit:
    return OMIT if value is OMIT else freeze(value, place)


def _extra(value: object, place: str) -> Mapping[str, Json | Omit] | Omit:
    return _map(value, place, _json_or_omit)


def _extra_or_omit(value: object, place: str) -> Mapping[str, Json | Omit] | Omit:
    return OMIT if value is OMIT else _extra(value, place)


def _provider_options(value: object, place: str) -> Mapping[str, Extra | Omit] | Omit:
    kept = _map(value, place, _extra_or_omit)
    for provider in () if kept is OMIT else kept:
        if "." in provider:  # a place such as provider_options.openai.user would have two readings
            raise invalid(place, f"{preview(provider)} holds a dot", "give a provider's name without one")
    return kept


_STRINGS: Mapping[str, Json] = {"type": "array", "items": {"type": "string"}}
_OBJECT: Mapping[str, Json] = {"type": "object"}

flag = FieldType(check=_flag, schema={"type": "boolean"})
name = FieldType(check=_text, schema={"type": "string", "minLength": 1})
stop = FieldType(check=_texts, schema={"anyOf": [{"type": "string"}, _STRINGS]})
tools = FieldType(
    check=_tools,
    read=_read_tools,
    schema={
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "name": {"type": "string", "minLength": 1},
                "description": {"type": ["string", "null"]},
                "parameters": {"type": "object", "description": "JSON Schema of the arguments"},
            },
            "required": ["name"],
            "additionalProperties": False,
        },
    },
)
response_format = FieldType(
    check=_response_format,
    read=_read_format,
    schema={
        "anyOf": [
            {"enum": ["json", "text"]},
            {
                "type": "object",
                "properties": {
                    "name": {"type": "string"},
                    "schema": _OBJECT,
                    "strict": {"type": ["boolean", "null"]},
                },
                "required": ["name", "schema"],
                "additionalProperties": False,
            },
        ]
    },
)
extra = FieldType(check=_extra, schema=_OBJECT)
provider_options = FieldType(
    check=_provider_options, schema={"type": "object", "additionalProperties": _OBJECT}
)
