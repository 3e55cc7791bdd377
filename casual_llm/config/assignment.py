"""From `OPTION=VALUE`, as a flag writes it, to the options that say it.

A value may be meant as JSON or as text. The first meaning that the option takes is it.
"""

from __future__ import annotations

import math
from typing import Any

from returns.pipeline import is_successful
from returns.result import safe

from casual_llm.config.text import parse_text
from casual_llm.errors import ConfigurationError
from casual_llm.options import FIELDS, Layer
from casual_llm.options.merging import LAST, Path
from casual_llm.options.paths import at_path, nest, parse_path
from casual_llm.validation import join_path


def assigned(text: str, place: str) -> Layer:
    """Read `OPTION=VALUE` as the options that say it; a value is JSON, or else text.

    >>> assigned("temperature=0.2", "--set"), assigned("extra.user=u-1", "--set")
    (ChatOptions(temperature=0.2), ChatOptions(extra={'user': 'u-1'}))
    """
    name, equals, written = text.partition("=")
    if not equals:
        raise ConfigurationError(f"{place}: {text!r} sets nothing; give OPTION=VALUE, as temperature=0.2")
    path = parse_path(name.strip(), place)
    tried = [_said(path, value, place) for value in _meanings(path, written, place)]
    for result in tried:
        if is_successful(result):
            return result.unwrap()
    raise tried[0].failure()


def _meanings(path: Path, written: str, place: str) -> list[object]:
    parsed = parse_text(written, ".json")
    any_text_fits = FIELDS[path[0]].combination is not LAST
    # In a text such as stop=[END], a bracket is no JSON yet; with a quotation mark behind it, it is.
    is_json = written.lstrip().startswith(("{", "[") if any_text_fits else ('{"', '["'))
    if is_json and not is_successful(parsed):
        raise ConfigurationError(f"{join_path(place, '.'.join(path))}: {parsed.failure().problems[0]}")
    value = parsed.value_or(written)
    # What looks like a number or a word of JSON may be meant as text, as in stop=5.
    is_text = isinstance(value, str | int | None) or (isinstance(value, float) and math.isfinite(value))
    return [value, written] if is_text or not is_successful(parsed) else [value]


@safe(exceptions=(ConfigurationError,))
def _said(path: Path, value: Any, place: str) -> Layer:  # noqa: ANN401 # whatever JSON holds
    name, *keys = path
    kind = FIELDS[name].kind
    read = kind.read(nest(keys, value), join_path(place, name))
    return at_path((name,), kind.check(read, join_path(place, name)))
