"""What an option may hold: each field type checks a value, reads it from a file, and has a JSON Schema.

A check takes a value and its path, and returns the value that is stored, frozen. What is not valid is a
`ConfigurationError` that names the path and what would be valid.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

from attrs import frozen
from pydantic import ValidationError

from casual_llm.errors import ConfigurationError
from casual_llm.frozen import FrozenDict, Json, freeze, freeze_key, is_too_long
from casual_llm.options.omit import OMIT, Omit, Replace
from casual_llm.tools import Tool
from casual_llm.validation import collect_errors, expected, invalid, join_path, json_object, preview, unknown

Extra: TypeAlias = Mapping[str, Json | Omit]
"""Extra keys of a request body; `OMIT` removes a key of the layers below."""

SystemMessageHandling: TypeAlias = Literal["keep", "merge"]
"""`keep` sends system messages where they are; `merge` joins them into one at the front."""


def _unchanged(value: Json, _path: str) -> object:
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
    read: Callable[[Json, str], object] = _unchanged
    """Convert a value from a file to what `check` takes."""


def number(low: float = -math.inf, high: float = math.inf) -> FieldType:
    """Build the type of finite numbers within limits; a bool is not a number.

    >>> number(0, 1).check(2, "top_p")
    Traceback (most recent call last):
    ...
    casual_llm.errors.ConfigurationError: top_p: 2 is out of range; use a number from 0 to 1
    """

    def check(value: object, path: str) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise expected(path, "a number", value)
        if isinstance(value, int) and is_too_long(value):
            raise invalid(path, "the number has too many digits", "use a smaller one")
        if isinstance(value, float) and not math.isfinite(value):
            raise invalid(path, f"{value} is not finite", "use a finite number, or leave it unset")
        if not low <= value <= high:
            limits = f"of at least {low:g}" if high == math.inf else f"from {low:g} to {high:g}"
            raise invalid(path, f"{value} is out of range", f"use a number {limits}")
        return value

    limits = {"minimum": low, "maximum": high}
    return FieldType(
        check=check, schema={"type": "number", **{k: v for k, v in limits.items() if math.isfinite(v)}}
    )


def integer(low: float = -math.inf) -> FieldType:
    """Build the type of integers of at least `low`."""
    whole = number(low)

    def check(value: object, path: str) -> int:
        if isinstance(value, float):
            raise expected(path, "an integer", value)
        checked: int = whole.check(value, path)
        return checked

    return FieldType(check=check, schema={**whole.schema, "type": "integer"})


def _flag(value: object, path: str) -> bool:
    if not isinstance(value, bool):
        raise expected(path, "True or False", value)
    return value


def one_of(*words: str) -> FieldType:
    """Build the type of a closed set of words."""

    def check(value: object, path: str) -> str:
        if not isinstance(value, str) or value not in words:
            raise expected(path, f"one of {', '.join(words)}", value)
        return value

    return FieldType(check=check, schema={"enum": words})


def _text(value: object, path: str) -> str:
    if not isinstance(value, str) or not value:
        raise expected(path, "a non-empty string", value)
    return value


def _texts(value: object, path: str) -> str | tuple[str, ...]:
    if isinstance(value, str):
        return value
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise expected(path, "a string or a list of strings", value)
    return tuple(value)


def _tools(value: object, path: str) -> tuple[Tool, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(item, Tool) for item in value):
        raise expected(path, "a list of Tool", value)
    return tuple(value)


_TOOL_KEYS = ("name", "description", "parameters")


def _read_tools(value: Json, path: str) -> list[Tool]:
    if not isinstance(value, list | tuple):
        raise expected(path, "a list of tables with name and parameters", value)
    return collect_errors(_read_tool, enumerate(value), path)


def _read_tool(item: tuple[int, Json], tools_path: str) -> Tool:
    path, value = f"{tools_path}[{item[0]}]", item[1]
    table = json_object(value, path)
    for key in table:
        if key not in _TOOL_KEYS:
            raise unknown(path, key, dict.fromkeys(_TOOL_KEYS))
    description, parameters = table.get("description"), table.get("parameters", {})
    if not isinstance(description, str | None):
        raise expected(f"{path}.description", "a string", description)
    if not isinstance(parameters, Mapping):
        raise expected(f"{path}.parameters", "the JSON Schema of an object", parameters)
    tool_name = _text(table.get("name"), f"{path}.name")
    try:
        return Tool.from_input_schema(tool_name, description, parameters)
    except ValidationError as error:
        problem = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise invalid(f"{path}.parameters", problem, "use the JSON Schema of an object") from None
    except ValueError as error:
        raise invalid(path, str(error), "use the JSON Schema of an object") from None


def _map(value: object, path: str, item: Callable[[object, str], object]) -> Mapping[str, Any] | Omit:
    if not isinstance(value, Mapping):
        raise expected(path, "a dict", value)
    checked: dict[str, Any] = {}
    problems: list[str] = []
    for key, element in value.items():
        try:
            checked[freeze_key(key, path)] = item(element, join_path(path, key))
        except ValueError as error:
            problems.append(str(error))
    if problems:
        raise ConfigurationError("\n".join(problems))
    if not isinstance(value, Replace):
        return FrozenDict(checked)
    return Replace(checked) if checked else OMIT


def _json_or_omit(value: object, path: str) -> Json | Omit:
    return OMIT if value is OMIT else freeze(value, path)


def _extra(value: object, path: str) -> Mapping[str, Json | Omit] | Omit:
    return _map(value, path, _json_or_omit)


def _extra_or_omit(value: object, path: str) -> Mapping[str, Json | Omit] | Omit:
    return OMIT if value is OMIT else _extra(value, path)


def _provider_options(value: object, path: str) -> Mapping[str, Extra | Omit] | Omit:
    by_provider = _map(value, path, _extra_or_omit)
    for provider in () if by_provider is OMIT else by_provider:
        if "." in provider:  # a path such as provider_options.openai.user would have two readings
            raise invalid(path, f"{preview(provider)} contains a dot", "use a provider's name without one")
    return by_provider


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
extra = FieldType(check=_extra, schema=_OBJECT)
provider_options = FieldType(
    check=_provider_options, schema={"type": "object", "additionalProperties": _OBJECT}
)
