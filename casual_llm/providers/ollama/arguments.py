"""Arguments of tool calls: text to us, an object to Ollama."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic_core import from_json
from returns.result import safe

from casual_llm.frozen import Json, freeze_object
from casual_llm.wire.json import dump


@safe(exceptions=(ValueError,))
def arguments_of(text: str) -> Mapping[str, Json]:
    """Read the text of arguments as the object that it is; a blank text is one without keys.

    >>> arguments_of('{"city": "Oslo"}').unwrap()
    {'city': 'Oslo'}
    >>> print(arguments_of("[1]").failure())
    arguments: a list given; give a dict
    """
    # What is not a finite number or no Unicode has no JSON form, and `freeze_object` refuses it.
    return freeze_object(from_json(text.encode() if text.strip() else b"{}"), "arguments")


def compact(text: str) -> str:
    """Write arguments as they are read back; a text that is no object stays as it is.

    >>> compact('{"city": "Oslo"}'), compact(""), compact('{"city": "Os')
    ('{"city":"Oslo"}', '{}', '{"city": "Os')
    """
    return arguments_of(text).map(dump).map(bytes.decode).value_or(text)
