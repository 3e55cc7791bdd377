"""From the text of a configuration file to its data: TOML, JSON and, with the extra `yaml`, YAML.

Each parser is strict: what it would have to guess, such as the meaning of a key that stands twice, is
an error with its line or place.
"""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from returns.result import Failure, Result, safe

from casual_llm.failures import ConfigProblems


def _toml(text: str) -> object:
    return tomllib.loads(f"{text}\n")  # so that an error on the last line has a line


class _Twice(dict[str, Any]):
    """A JSON object in which keys stand twice."""

    keys_twice: tuple[str, ...] = ()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if len(set(keys)) == len(keys):
        return dict(pairs)
    doubled = _Twice(pairs)
    doubled.keys_twice = tuple(key for key, times in Counter(keys).items() if times > 1)
    return doubled


def _doubled(data: object, place: str = "") -> Iterator[str]:
    items = data.items() if isinstance(data, Mapping) else enumerate(data) if isinstance(data, list) else ()
    if isinstance(data, _Twice):
        yield from (f"{place}{key}" for key in data.keys_twice)
    for key, item in items:
        yield from _doubled(item, f"{place}{key}.")


def _json(text: str) -> object:
    data = json.loads(text, object_pairs_hook=_object)
    doubled = [*_doubled(data)]
    if doubled:
        raise ValueError("\n".join(f"{place}: the key stands twice; keep one" for place in doubled))
    return data


def _yaml(text: str) -> object:
    try:
        from casual_llm.config.yaml import load  # noqa: PLC0415 # an extra
    except ImportError:
        raise ValueError('YAML is an extra: pip install "casual-llm[yaml]", or write TOML') from None
    return load(text)


PARSERS: Final[Mapping[str, Callable[[str], object]]] = {
    ".toml": _toml,
    ".json": _json,
    ".yaml": _yaml,
    ".yml": _yaml,
}
"""By the ending of the file's name."""


EMPTY: Final = "the file is empty; give at least [clients.NAME] and [models.NAME]"


def parse_text(text: str, ending: str) -> Result[object, ConfigProblems]:
    r"""Read the data out of a text.

    >>> parse_text("[presets.precise]\ntemperature = 0.0", ".toml").unwrap()
    {'presets': {'precise': {'temperature': 0.0}}}
    >>> print(parse_text('{"models": {"a": {}, "a": {}}}', ".json").failure())
    models.a: the key stands twice; keep one
    """
    if ending not in PARSERS:
        return Failure(ConfigProblems((f"{ending!r} is no known ending; give one of {', '.join(PARSERS)}",)))
    if not text.strip():
        return Failure(ConfigProblems((EMPTY,)))
    return safe(exceptions=(ValueError, RecursionError))(PARSERS[ending])(text).alt(_told)


def _told(error: Exception) -> ConfigProblems:
    if isinstance(error, RecursionError):
        return ConfigProblems(("it is nested too deep; no option is",))
    return ConfigProblems(tuple(str(error).split("\n")))
