"""Parse `OPTION=VALUE`, as a flag writes it, into options.

A value may be meant as JSON or as text. The first meaning that the option accepts is used.
"""

from __future__ import annotations

import math

from returns.pipeline import is_successful
from returns.result import safe

from casual_llm.config.text import parse_text
from casual_llm.errors import ConfigurationError
from casual_llm.options import FIELDS, Layer
from casual_llm.options.merging import LAST, Path
from casual_llm.options.paths import at_path, nest, parse_path
from casual_llm.validation import invalid, join_path


def assigned(text: str, path: str) -> Layer:
    """Read `OPTION=VALUE` as options; a value is JSON, or else text. Errors begin with the path.

    >>> assigned("temperature=0.2", "--set"), assigned("extra.user=u-1", "--set")
    (ChatOptions(temperature=0.2), ChatOptions(extra={'user': 'u-1'}))
    """
    name, equals, value_text = text.partition("=")
    if not equals:
        raise invalid(path, f"{text!r} has no value", "use OPTION=VALUE, such as temperature=0.2")
    option = parse_path(name.strip(), path)
    results = [_option_set(option, value, path) for value in _meanings(option, value_text, path)]
    for result in results:
        if is_successful(result):
            return result.unwrap()
    raise results[0].failure()


def _meanings(option: Path, value_text: str, path: str) -> list[object]:
    parsed = parse_text(value_text, ".json")
    any_text_is_valid = FIELDS[option[0]].combination is not LAST
    # In a text such as stop=[END], a bracket alone is not JSON yet; with a quotation mark after it, it is.
    is_json = value_text.lstrip().startswith(("{", "[") if any_text_is_valid else ('{"', '["'))
    if is_json and not is_successful(parsed):
        raise ConfigurationError(f"{join_path(path, '.'.join(option))}: {parsed.failure().problems[0]}")
    value = parsed.value_or(value_text)
    # What looks like a JSON number or word may be meant as text, as in stop=5.
    is_text = isinstance(value, str | int | None) or (isinstance(value, float) and math.isfinite(value))
    return [value, value_text] if is_text or not is_successful(parsed) else [value]


@safe(exceptions=(ConfigurationError,))
def _option_set(option: Path, value: object, path: str) -> Layer:
    name, *keys = option
    field_type = FIELDS[name].field_type
    read = field_type.read(nest(keys, value), join_path(path, name))
    return at_path((name,), field_type.check(read, join_path(path, name)))
