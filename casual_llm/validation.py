"""How a value that cannot be used is told: by its place, its problem and the remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import TypeVar

from returns.pipeline import is_successful
from returns.result import safe

from casual_llm.frozen import Json, freeze_object, is_too_long, shown_key
from casual_llm.redaction import redact

T = TypeVar("T")
R = TypeVar("R")
_WIDTH = 62


class CasualLLMError(Exception):
    """Everything that casual_llm raises on purpose."""


class ConfigurationError(CasualLLMError, ValueError):
    """An option, a config, a key or the weights are wrong."""


# Below everything that checks a value, and imported from `casual_llm.errors`, where its text names it.
CasualLLMError.__module__ = ConfigurationError.__module__ = "casual_llm.errors"


def invalid(place: str, problem: str, remedy: str) -> ConfigurationError:
    """Make the error of one value."""
    return ConfigurationError(f"{place}: {problem}; {remedy}")


def join_path(place: str, key: str) -> str:
    """Name a place inside a place: by a dot in a file, by a space after a flag.

    >>> join_path("models.fast", "seed"), join_path("--set", "seed")
    ('models.fast.seed', '--set seed')
    """
    told = shown_key(key)
    return told if not place else f"{place} {told}" if place.startswith("--") else f"{place}.{told}"


def truncate(text: str, width: int) -> str:
    """Shorten a text that is longer.

    >>> truncate("temperature", 8), truncate("seed", 8)
    ('tempe...', 'seed')
    """
    return text if len(text) <= width else text[: width - 3] + "..."


def preview(value: object) -> str:
    """Show a value in an error: in short, whatever it is, and no key that stands in the wrong place.

    >>> preview("x" * 1000)
    "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx..."
    >>> preview("sk-abcdefghijklmnop1234")
    "'[key removed]'"
    """
    if isinstance(value, int) and is_too_long(value):
        return "a number of thousands of digits"
    try:
        return truncate(redact(repr(value), None), _WIDTH)
    except Exception:  # noqa: BLE001 # a repr is code of the caller, or meets such a number inside
        return f"{type_name(value)} that cannot be shown"


def type_name(value: object) -> str:
    """Name the type of a value, with its article.

    >>> type_name(5), type_name("five")
    ('an int', 'a str')
    """
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def unknown(place: str, name: str, known: Mapping[str, object], kind: str = "option") -> ConfigurationError:
    """Refuse a name that nothing has, and tell the one that was meant.

    >>> unknown("models.fast", "temprature", {"temperature": 1})
    ConfigurationError('models.fast.temprature: unknown option, did you mean temperature?')
    """
    close = get_close_matches(str(name), known, n=1)
    hint = f", did you mean {close[0]}?" if close else f"; give one of {', '.join(known)}"
    return ConfigurationError(f"{join_path(place, name)}: unknown {kind}{hint}")


def collect_errors(read: Callable[[T, str], R], items: Iterable[T], place: str) -> list[R]:
    """Read all items, or refuse all that are wrong at once, a line each."""
    results = [safe(exceptions=(ConfigurationError,))(read)(item, place) for item in items]
    told = [str(result.failure()) for result in results if not is_successful(result)]
    if told:
        raise ConfigurationError("\n".join(told))
    return [result.unwrap() for result in results]


def json_object(value: object, place: str) -> Mapping[str, Json]:
    """Freeze a JSON object."""
    try:
        return freeze_object(value, place)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
