"""From the text of a configuration file to its data: TOML, JSON and, with the extra `yaml`, YAML.

Each parser is strict: what it would have to guess, such as the meaning of a key that stands twice, is
an error with its line or place.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from returns.result import Failure, Result, safe

from casual_llm.errors import ConfigError


def _toml(text: str) -> object:
    return tomllib.loads(text)


class _Twice(dict[str, Any]):
    """A JSON object in which keys stand twice."""

    keys_twice: tuple[str, ...] = ()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if len(set(keys)) == len(keys):
        return dict(pairs)
    doubled = _Twice(pairs)
    doubled.keys_twice = tuple(dict.fromkeys(key for key in keys if keys.count(key) > 1))
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
        from ruamel.yaml import YAML  # noqa: PLC0415 # an extra
        from ruamel.yaml.error import MarkedYAMLError, YAMLError  # noqa: PLC0415 # an extra
    except ImportError:
        raise ValueError('YAML is an extra: pip install "casual-llm[yaml]", or write TOML') from None
    try:
        return YAML(typ="safe", pure=True).load(text)
    except MarkedYAMLError as error:
        line = "" if error.problem_mark is None else f" (at line {error.problem_mark.line + 1})"
        raise ValueError(f"{error.problem}{line}") from None
    except YAMLError as error:
        raise ValueError(str(error)) from None


PARSERS: Final[Mapping[str, Callable[[str], object]]] = {
    ".toml": _toml,
    ".json": _json,
    ".yaml": _yaml,
    ".yml": _yaml,
}
"""By the ending of the file's name."""


def parse_text(text: str, ending: str) -> Result[object, ConfigError]:
    r"""Read the data out of a text.

    >>> parse_text("[presets.precise]\ntemperature = 0.0", ".toml").unwrap()
    {'presets': {'precise': {'temperature': 0.0}}}
    >>> print(parse_text('{"models": {"a": {}, "a": {}}}', ".json").failure())
    models.a: the key stands twice; keep one
    """
    if ending not in PARSERS:
        return Failure(ConfigError((f"{ending!r} is no known ending; give one of {', '.join(PARSERS)}",)))
    if not text.strip():
        return Failure(ConfigError(("the file is empty; give at least [clients.NAME] and [models.NAME]",)))
    return safe(exceptions=(ValueError, RecursionError))(PARSERS[ending])(text).alt(_told)


def _told(error: Exception) -> ConfigError:
    if isinstance(error, RecursionError):
        return ConfigError(("it is nested too deep; no option is",))
    return ConfigError(tuple(str(error).splitlines()))
