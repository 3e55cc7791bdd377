"""Convert arguments of tool calls between JSON text, as in messages, and objects, as in most formats."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic_core import from_json

from casual_llm.frozen import Json, freeze_object
from casual_llm.wire.json import dump
from casual_llm.wire.report import PlacedError


def arguments_of(given: Json) -> str:
    """Return the input of a call as text; some servers send the text itself.

    >>> arguments_of({"city": "Oslo"})
    '{"city":"Oslo"}'
    """
    if given is None:
        return "{}"
    return given if isinstance(given, str) else dump(given).decode()


def compact_arguments(given: Json) -> str:
    """Return the input of a call as compact text; a text that is not an object stays as it is.

    >>> compact_arguments('{"city": "Oslo"}'), compact_arguments(""), compact_arguments('{"city": "Os')
    ('{"city":"Oslo"}', '{}', '{"city": "Os')
    """
    return arguments_of(object_or_text(given) if isinstance(given, str) else given)


def object_or_text(arguments: str) -> Mapping[str, Json] | str:
    """Return the arguments of a call as the object that they are, or as they stand.

    >>> object_or_text('{"city": "Oslo"}'), object_or_text("{")
    ({'city': 'Oslo'}, '{')
    """
    try:
        return _object(arguments)
    except ValueError:
        return arguments


def object_at(path: str, arguments: str) -> Mapping[str, Json]:
    """Return the arguments of a call as an object, or refuse them by their path; blank ones are an empty one.

    >>> object_at("messages[1].tool_calls[0].function.arguments", " ")
    {}
    """
    try:
        return _object(arguments)
    except ValueError as error:
        problem = f"not a JSON object: {error}"
        remedy = "repair the JSON, or leave out this call and its result"
        raise PlacedError(path, problem, remedy) from None


def _object(arguments: str) -> Mapping[str, Json]:
    if not arguments or arguments.isspace():
        return {}
    # `freeze_object` refuses what has no JSON form, such as a number that is not finite.
    return freeze_object(from_json(arguments.encode()), "arguments")
