"""Parse the text of a configuration file into data: TOML, JSON and, with the extra `yaml`, YAML.

Each parser is strict: what it would have to guess, such as the meaning of a duplicate key, is an error
with its line or path.
"""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from returns.result import Failure, Result, safe

from casual_llm.failures import ConfigProblems
from casual_llm.frozen import TOO_DEEP


def _toml(text: str) -> object:
    return tomllib.loads(f"{text}\n")  # so that an error on the last line has a line


class _WithDuplicates(dict[str, Any]):
    """A JSON object with duplicate keys."""

    duplicates: tuple[str, ...] = ()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if len(set(keys)) == len(keys):
        return dict(pairs)
    table = _WithDuplicates(pairs)
    table.duplicates = tuple(key for key, times in Counter(keys).items() if times > 1)
    return table


def _duplicate_keys(data: object, prefix: str = "") -> Iterator[str]:
    items = data.items() if isinstance(data, Mapping) else enumerate(data) if isinstance(data, list) else ()
    if isinstance(data, _WithDuplicates):
        yield from (f"{prefix}{key}" for key in data.duplicates)
    for key, item in items:
        yield from _duplicate_keys(item, f"{prefix}{key}.")


def _json(text: str) -> object:
    data = json.loads(text, object_pairs_hook=_object)
    paths = [*_duplicate_keys(data)]
    if paths:
        raise ValueError("\n".join(f"{path}: duplicate key; remove one" for path in paths))
    return data


def _yaml(text: str) -> object:
    try:
        from casual_llm.config.yaml import load
    except ImportError:
        raise ValueError('YAML is an extra: pip install "casual-llm[yaml]", or write TOML') from None
    return load(text)


PARSERS: Final[Mapping[str, Callable[[str], object]]] = {
    ".toml": _toml,
    ".json": _json,
    ".yaml": _yaml,
    ".yml": _yaml,
}
"""By the extension of the file's name."""


EMPTY: Final = "the file is empty; define at least [clients.NAME] and [models.NAME]"


def parse_text(text: str, extension: str) -> Result[object, ConfigProblems]:
    r"""Parse a text by the extension of its file.

    >>> parse_text("[presets.precise]\ntemperature = 0.0", ".toml").unwrap()
    {'presets': {'precise': {'temperature': 0.0}}}
    >>> print(parse_text('{"models": {"a": {}, "a": {}}}', ".json").failure())
    models.a: duplicate key; remove one
    """
    if extension not in PARSERS:
        problem = f"unsupported file extension {extension!r}; use one of {', '.join(PARSERS)}"
        return Failure(ConfigProblems((problem,)))
    if not text.strip():
        return Failure(ConfigProblems((EMPTY,)))
    return safe(exceptions=(ValueError, RecursionError))(PARSERS[extension])(text).alt(_problems)


def _problems(error: Exception) -> ConfigProblems:
    if isinstance(error, RecursionError):
        return ConfigProblems((TOO_DEEP,))
    return ConfigProblems(tuple(str(error).split("\n")))
