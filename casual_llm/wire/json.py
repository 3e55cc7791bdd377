"""JSON from the wire: parsed once, then read leniently.

Replies break their own schemas all the time, so nothing here raises or rejects: a value of the
wrong type is read as absent.
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
    """Parse JSON; in bytes that are almost JSON, replace the characters that are not valid Unicode.

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


def parse_or(data: bytes, default: Json) -> Json:
    """Parse JSON as `parse` does, or return a default; without a `Result` for every event of a stream.

    >>> parse_or(b'{"a": 1}', None), parse_or(b"<html>", None)
    ({'a': 1}, None)
    """
    try:
        value: Json = from_json(data)
    except ValueError:
        value = parse(data).value_or(default)
    return value


def _repaired(data: bytes) -> Json:
    # Servers send broken UTF-8 and lone surrogates; the rest of the text is worth keeping.
    try:
        loose: object = json.loads(data.decode("utf-8-sig", "replace"))
    except json.JSONDecodeError as error:
        raise ValueError(str(error)) from None
    value: Json = from_json(json.dumps(loose, ensure_ascii=False).encode("utf-8", "replace"))
    return value


def dump(value: Json) -> bytes:
    """Encode JSON as compact UTF-8."""
    return to_json(value)


def mapping(value: Json) -> Mapping[str, Json]:
    """Read an object; return an empty one for anything else."""
    # A check against the abstract class takes ten times as long as one against the type that parsers return.
    return value if type(value) is dict or isinstance(value, Mapping) else EMPTY


def items(value: Json) -> Sequence[Json]:
    """Read an array; return an empty one for anything else."""
    return value if type(value) is list or isinstance(value, list | tuple) else ()


def text(value: Json) -> str:
    """Read a string; return an empty one for anything else."""
    return value if isinstance(value, str) else ""


def count(value: Json) -> int | None:
    """Read a number of tokens, which some servers write as a float; return `None` for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value < _TOO_MANY else None  # false for NaN, and no overflow for huge integers
