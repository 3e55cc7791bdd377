"""The texts of invalid values: the path, the problem and the remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import TypeVar
from warnings import warn

from returns.pipeline import is_successful
from returns.result import safe

from casual_llm.frozen import Json, freeze_object, is_too_long, printable_key
from casual_llm.redaction import redact

T = TypeVar("T")
R = TypeVar("R")
_WIDTH = 62


class CasualLLMError(Exception):
    """Everything that casual_llm raises on purpose."""


class ConfigurationError(CasualLLMError, ValueError):
    """An option, a config, a key or a model file is not valid."""


# Below everything that checks a value, and imported from `casual_llm.errors`, where its text names it.
CasualLLMError.__module__ = ConfigurationError.__module__ = "casual_llm.errors"


def invalid(path: str, problem: str, remedy: str) -> ConfigurationError:
    """Build the error of one value.

    >>> invalid("timeout", "-1 is not a valid timeout", "use seconds > 0, or None")
    ConfigurationError('timeout: -1 is not a valid timeout; use seconds > 0, or None')
    """
    return ConfigurationError(f"{path}: {problem}; {remedy}")


def expected(path: str, valid: str, value: object) -> ConfigurationError:
    """Build the error of a value of the wrong type or form; what is valid is the remedy.

    >>> expected("ChatOptions.stop", "a string or a list of strings", 5)
    ConfigurationError('ChatOptions.stop: expected a string or a list of strings, got 5')
    """
    return ConfigurationError(f"{path}: expected {valid}, got {preview(value)}")


def wrong_type(path: str, valid: str, value: object) -> ConfigurationError:
    """Build the error of a value of the wrong type without showing the value, which may be a key.

    >>> wrong_type("api_key", "a string", 5)
    ConfigurationError('api_key: expected a string, got an int')
    """
    return ConfigurationError(f"{path}: expected {valid}, got {type_name(value)}")


def join_path(path: str, key: str) -> str:
    """Append a key to a path: with a dot in a file, with a space after a flag.

    >>> join_path("models.fast", "seed"), join_path("--set", "seed")
    ('models.fast.seed', '--set seed')
    """
    part = printable_key(key)
    return part if not path else f"{path} {part}" if path.startswith("--") else f"{path}.{part}"


def truncate(text: str, width: int) -> str:
    """Shorten a text that is longer than the width.

    >>> truncate("temperature", 8), truncate("seed", 8)
    ('tempe...', 'seed')
    """
    return text if len(text) <= width else text[: width - 3] + "..."


def preview(value: object) -> str:
    """Return a short form of any value for an error text; an API key in the wrong field is removed.

    >>> preview("x" * 1000)
    "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx..."
    >>> preview("sk-abcdefghijklmnop1234")
    "'[key removed]'"
    """
    if isinstance(value, int) and is_too_long(value):
        return "a number with thousands of digits"
    try:
        return truncate(redact(repr(value), None), _WIDTH)
    except Exception:  # noqa: BLE001 # a repr is code of the caller, or meets such a number inside
        return f"{type_name(value)} that cannot be shown"


def type_name(value: object) -> str:
    """Return the name of the type of a value, with its article.

    >>> type_name(5), type_name("five"), type_name(None)
    ('an int', 'a str', 'None')
    """
    if value is None:
        return "None"
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeio' else 'a'} {name}"


def unknown(path: str, name: str, known: Mapping[str, object], kind: str = "option") -> ConfigurationError:
    """Build the error of a name that is not known, with the one that was probably meant.

    >>> unknown("models.fast", "temprature", {"temperature": 1})
    ConfigurationError('models.fast.temprature: unknown option, did you mean temperature?')
    """
    close = get_close_matches(str(name), known, n=1)
    hint = f", did you mean {close[0]}?" if close else f"; use one of {', '.join(known)}"
    return ConfigurationError(f"{join_path(path, name)}: unknown {kind}{hint}")


def collect_errors(read: Callable[[T, str], R], items: Iterable[T], path: str) -> list[R]:
    """Read all items, or raise one error that lists every problem, a line each."""
    results = [safe(exceptions=(ConfigurationError,))(read)(item, path) for item in items]
    problems = [str(result.failure()) for result in results if not is_successful(result)]
    if problems:
        raise ConfigurationError("\n".join(problems))
    return [result.unwrap() for result in results]


def json_object(value: object, path: str) -> Mapping[str, Json]:
    """Freeze a JSON object."""
    try:
        return freeze_object(value, path)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None


def deprecated_names(
    module: str, aliases: Mapping[str, str], *, stacklevel: int = 2
) -> Callable[[str], object]:
    """Build the `__getattr__` of a module from its old names, each with the full name of today.

    >>> import warnings
    >>> get = deprecated_names("casual_llm", {"sent": "casual_llm.options.resolve_for"})
    >>> with warnings.catch_warnings(record=True, action="always") as caught:
    ...     get("sent").__name__, str(caught[0].message)
    ('resolve_for', 'casual_llm.sent is deprecated; use casual_llm.options.resolve_for')
    """

    def get(name: str) -> object:
        if name not in aliases:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        warn(f"{module}.{name} is deprecated; use {aliases[name]}", DeprecationWarning, stacklevel=stacklevel)
        home, _, current = aliases[name].rpartition(".")
        value: object = getattr(import_module(home), current)
        return value

    return get
