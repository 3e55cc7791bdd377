"""What "frozen" means here: the base of all pydantic values, and JSON that cannot change.

Callers pass lists and dicts; values store tuples and frozen mappings, at every depth. `freeze` is the one
way in and `thaw` the one way out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Final, Self, TypeVar

from frozendict import frozendict
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SkipValidation
from typing_extensions import TypeAliasType

Json = TypeAliasType("Json", "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None")
"""Any JSON value; a list or tuple is an array, any mapping with string keys an object."""

_T = TypeVar("_T")
_T_co = TypeVar("_T_co", covariant=True)
DEEPEST = 128
"""Levels of nesting; parsers of JSON refuse more."""
_MOST_BITS = 14_000
TOO_DEEP: Final = f"nested more than {DEEPEST} levels deep, which parsers reject; use fewer levels"
TOO_LONG: Final = "a number with too many digits to be written; use a string"
NOT_UNICODE: Final = "contains text that is not valid Unicode; decode the bytes with the right encoding"


class FrozenDict(frozendict[str, _T_co]):
    """A frozendict whose repr is that of a dict, built in half the time.

    >>> FrozenDict({"user": "u-1"})
    {'user': 'u-1'}
    """

    def __new__(cls, items: Mapping[str, _T_co] = frozendict()) -> Self:
        """Build it, without the check whether the items are frozen already."""
        made: Self = dict.__new__(cls)  # type: ignore[type-var] # to mypy, the library's type is not a dict
        dict.update(made, items)
        return made

    def __hash__(self) -> int:
        """Return the hash of any mapping that is equal."""
        return hash(frozendict(dict(self)))

    def __repr__(self) -> str:
        """Show the items as a dict does."""
        return dict.__repr__(self)


class FrozenModel(BaseModel):
    """The base of values that users serialise: immutable, hashable, strict about field names."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Leave out absent fields, as a dump does."""
        fields = type(self).model_fields
        for name, value in super().__repr_args__():
            if value is not None or name not in fields or fields[name].exclude_if is None:
                yield name, value


def as_tuple(items: Sequence[_T]) -> Sequence[_T]:
    """Convert a sequence to a tuple."""
    return tuple(items)


def as_frozendict(items: Mapping[str, _T]) -> Mapping[str, _T]:
    """Convert a mapping to a frozen mapping."""
    return FrozenDict(items)


def freeze(value: object, path: str = "value", depth: int = 0) -> Json:
    """Copy a JSON value into tuples and frozen mappings.

    >>> freeze({"stop": ["a", "b"]})
    {'stop': ('a', 'b')}

    Anything that JSON cannot express is a `ValueError` that names the path:

    >>> freeze({"bias": [float("nan")]}, "extra")
    Traceback (most recent call last):
    ...
    ValueError: extra.bias[0]: nan has no JSON form; use a finite number
    """
    if isinstance(value, int) and is_too_long(value):
        raise ValueError(f"{path}: {TOO_LONG}")
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return _unicode(value, path)
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        raise ValueError(f"{path}: {value} has no JSON form; use a finite number")
    if depth > DEEPEST:
        raise ValueError(f"{path[:80]}...: {TOO_DEEP}")
    if isinstance(value, Mapping):
        return freeze_object(value, path, depth)
    if isinstance(value, list | tuple):
        return tuple(freeze(item, f"{path}[{index}]", depth + 1) for index, item in enumerate(value))
    type_name = type(value).__name__
    raise ValueError(f"{path}: {type_name} has no JSON form; use str, number, bool, list or dict")


def is_too_long(number: int) -> bool:
    """Return whether Python would refuse to write the number: it has more than about 4,200 digits."""
    return number.bit_length() > _MOST_BITS


def is_broken(text: str) -> bool:
    """Return whether a text contains a lone surrogate, which UTF-8 cannot encode."""
    return not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)


def _unicode(text: str, path: str) -> str:
    if is_broken(text):
        raise ValueError(f"{path}: {NOT_UNICODE}")
    return text


def freeze_key(key: object, path: str) -> str:
    """Check a key of a JSON object, which is a string."""
    if isinstance(key, str):
        return _unicode(key, path)
    raise ValueError(f"{path}: key {key!r} is of type {type(key).__name__}; use a string")


def printable_key(key: object) -> str:
    r"""Return a key as a part of a path, on one line.

    >>> printable_key("user"), printable_key("a\nb")
    ('user', "'a\\nb'")
    """
    return str(key) if str(key).isprintable() else repr(key)


def _not_a_dict(value: object, path: str) -> ValueError:
    return ValueError(f"{path}: expected a dict, got a {type(value).__name__}")


def freeze_object(value: object, path: str = "value", depth: int = 0) -> Mapping[str, Json]:
    """Copy a JSON object into a frozen mapping.

    >>> freeze_object([1], "extra")
    Traceback (most recent call last):
    ...
    ValueError: extra: expected a dict, got a list
    """
    if not isinstance(value, Mapping):
        raise _not_a_dict(value, path)
    return FrozenDict(
        {
            freeze_key(key, path): freeze(item, f"{path}.{printable_key(key)}", depth + 1)
            for key, item in value.items()
        }
    )


def thaw(value: Json) -> Json:
    """Copy a JSON value into plain lists and dicts, for callers who want to change it.

    >>> thaw(freeze({"stop": ["a", "b"]}))
    {'stop': ['a', 'b']}
    """
    if isinstance(value, Mapping):
        return {key: thaw(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [thaw(item) for item in value]
    return value


def thaw_object(value: Mapping[str, Json]) -> dict[str, Json]:
    """Copy a JSON object into a plain dict."""
    return {key: thaw(item) for key, item in value.items()}


def _is_none(value: object) -> bool:
    return value is None


Absent = Annotated[_T | None, Field(exclude_if=_is_none)]
"""A field that is left out of dumps and of the repr where it is `None`."""

FrozenSequence = Annotated[Sequence[_T], AfterValidator(as_tuple)]
"""A field that accepts any sequence and stores a tuple."""

FrozenMapping = Annotated[Mapping[str, _T], AfterValidator(as_frozendict)]
"""A field that accepts any mapping and stores a frozen one."""

FrozenJson = Annotated[
    Mapping[str, Json], SkipValidation, BeforeValidator(lambda value: freeze_object(value, "schema"))
]
"""A field that accepts any JSON object and stores it frozen, at every depth."""
