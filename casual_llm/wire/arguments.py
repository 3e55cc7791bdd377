"""Convert arguments of tool calls between JSON text, as in messages, and objects, as in most formats."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic_core import from_json

from casual_llm.frozen import Json, freeze_object
from casual_llm.wire.json import dump
from casual_llm.wire.report import PlacedError

_EXCERPT = 40


def parse_arguments(text: str) -> Mapping[str, Json] | None:
    """Return arguments as the object that they are, or `None`; blank ones are an empty object.

    >>> parse_arguments('{"city": "Oslo"}'), parse_arguments(" "), parse_arguments("[1]")
    ({'city': 'Oslo'}, {}, None)
    """
    try:
        # `freeze_object` refuses what has no JSON form, such as a number that is not finite.
        return freeze_object(from_json(text.encode() if text.strip() else b"{}"), "arguments")
    except ValueError:
        return None


def arguments_at(path: str, text: str) -> Mapping[str, Json]:
    """Return arguments as an object, or refuse them by their path.

    >>> arguments_at("messages[1].tool_calls[0].function.arguments", "")
    {}
    """
    arguments = parse_arguments(text)
    if arguments is None:
        problem = f"expected a JSON object, got {text[:_EXCERPT]!r}"
        raise PlacedError(path, problem, "repair the JSON, or leave out this call and its result")
    return arguments


def compact_arguments(text: str) -> str:
    """Return arguments in their compact form; a text that is not an object stays as it is.

    >>> compact_arguments('{"city": "Oslo"}'), compact_arguments(""), compact_arguments('{"city": "Os')
    ('{"city":"Oslo"}', '{}', '{"city": "Os')
    """
    arguments = parse_arguments(text)
    return text if arguments is None else dump(arguments).decode()
