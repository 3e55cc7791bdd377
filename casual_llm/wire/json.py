"""JSON from the wire: parsed once, then asked politely.

Replies break their own schemas all the time, so nothing here raises or rejects: a value of the
wrong kind is read as absent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from pydantic_core import from_json, to_json
from returns.result import safe

from casual_llm.frozen import Json

EMPTY: Mapping[str, Json] = {}
_TOO_MANY = 2**63


@safe(exceptions=(ValueError, RecursionError))
def parse(data: bytes) -> Json:
    """Parse JSON; bytes that are almost JSON are read by replacing what is no text.

    >>> parse(b' {"a": 1}').unwrap()
    {'a': 1}
    >>> parse(b"<html>").failure()
    ValueError('Expecting value: line 1 column 1 (char 0)')
    """
    try:
        value: Json = from_json(data)
    except ValueError:
        value = _repaired(data)
    return value


def _repaired(data: bytes) -> Json:
    # Broken UTF-8 and lone surrogates come over the wire; the rest of the text is worth keeping.
    try:
        loose: object = json.loads(data.decode("utf-8-sig", "replace"))
    except json.JSONDecodeError as error:
        raise ValueError(str(error)) from None
    value: Json = from_json(json.dumps(loose, ensure_ascii=False).encode("utf-8", "replace"))
    return value


def dump(value: Json) -> bytes:
    """Write JSON as compact UTF-8."""
    return to_json(value)


def mapping(value: Json) -> Mapping[str, Json]:
    """Read an object; anything else is an empty one."""
    # Asking the abstract class costs ten times as much as asking for what parsers give.
    return value if type(value) is dict or isinstance(value, Mapping) else EMPTY


def items(value: Json) -> Sequence[Json]:
    """Read an array; anything else is an empty one."""
    return value if type(value) is list or isinstance(value, list | tuple) else ()


def text(value: Json) -> str:
    """Read a string; anything else is an empty one."""
    return value if isinstance(value, str) else ""


def count(value: Json) -> int | None:
    """Read a number of tokens; some servers write it as a float."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value < _TOO_MANY else None  # false for NaN, and no overflow for huge integers
