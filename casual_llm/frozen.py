"""What "frozen" means here: the base of all pydantic values, and JSON that cannot change.

Callers hand over lists and dicts; values keep tuples and frozen mappings, all the way down.
`freeze` is the one way in and `thaw` the one way out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Self, TypeVar

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


class FrozenDict(frozendict[str, _T_co]):
    """A frozendict that is shown as it is written, and made in half the time.

    >>> FrozenDict({"user": "u-1"})
    {'user': 'u-1'}
    """

    def __new__(cls, items: Mapping[str, _T_co] = frozendict()) -> Self:
        """Take the items, without asking whether they are some already."""
        made: Self = dict.__new__(cls)  # type: ignore[type-var] # of the library, whose type is no dict to mypy
        dict.update(made, items)
        return made

    def __hash__(self) -> int:
        """Agree with `==`, to which any mapping with these items is equal."""
        return hash(frozendict(dict(self)))

    def __repr__(self) -> str:
        """Show the items."""
        return dict.__repr__(self)


class FrozenModel(BaseModel):
    """The base of values that users serialise: immutable, hashable, and strict about field names."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Leave out what is absent, as a dump does."""
        fields = type(self).model_fields
        for name, value in super().__repr_args__():
            if value is not None or name not in fields or fields[name].exclude_if is None:
                yield name, value


def as_tuple(items: Sequence[_T]) -> Sequence[_T]:
    """Keep a sequence as a tuple."""
    return tuple(items)


def as_frozendict(items: Mapping[str, _T]) -> Mapping[str, _T]:
    """Keep a mapping as a frozen mapping."""
    return FrozenDict(items)


def freeze(value: object, path: str = "value", depth: int = 0) -> Json:
    """Copy a JSON value into tuples and frozen mappings.

    >>> freeze({"stop": ["a", "b"]})
    {'stop': ('a', 'b')}

    Anything that JSON cannot say is a `ValueError` that names the place:

    >>> freeze({"bias": [float("nan")]}, "extra")
    Traceback (most recent call last):
    ...
    ValueError: extra.bias[0]: nan has no JSON form; use a finite number
    """
    if isinstance(value, int) and is_too_long(value):
        raise ValueError(f"{path}: a number of more digits than can be written; give it as text")
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return _unicode(value, path)
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        raise ValueError(f"{path}: {value} has no JSON form; use a finite number")
    if depth > DEEPEST:
        raise ValueError(f"{path[:80]}...: nested more than {DEEPEST} levels deep; parsers refuse that")
    if isinstance(value, Mapping):
        return freeze_object(value, path, depth)
    if isinstance(value, list | tuple):
        return tuple(freeze(item, f"{path}[{index}]", depth + 1) for index, item in enumerate(value))
    kind = type(value).__name__
    raise ValueError(f"{path}: {kind} has no JSON form; use str, number, bool, list or dict")


def is_too_long(number: int) -> bool:
    """Tell whether Python would refuse to write the number: it has more than about 4,200 digits."""
    return number.bit_length() > _MOST_BITS


def is_broken(text: str) -> bool:
    """Tell whether a text holds half a character: a lone surrogate, which UTF-8 cannot write."""
    return not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)


def _unicode(text: str, path: str) -> str:
    if is_broken(text):
        raise ValueError(f"{path}: a lone surrogate is not text; decode the bytes with the right encoding")
    return text


def freeze_key(key: object, path: str) -> str:
    """Take a key of a JSON object, which is text."""
    if isinstance(key, str):
        return _unicode(key, path)
    raise ValueError(f"{path}: key {key!r} is of type {type(key).__name__}; JSON keys are strings")


def shown_key(key: object) -> str:
    r"""Write a key as a part of a place, on one line.

    >>> shown_key("user"), shown_key("a\nb")
    ('user', "'a\\nb'")
    """
    return str(key) if str(key).isprintable() else repr(key)


def freeze_object(value: object, path: str = "value", depth: int = 0) -> Mapping[str, Json]:
    """Copy a JSON object into a frozen mapping.

    >>> freeze_object([1], "extra")
    Traceback (most recent call last):
    ...
    ValueError: extra: a list given; give a dict
    """
    if not isinstance(value, Mapping):
        raise ValueError(f"{path}: a {type(value).__name__} given; give a dict")  # noqa: TRY004
    return FrozenDict(
        {
            freeze_key(key, path): freeze(item, f"{path}.{shown_key(key)}", depth + 1)
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
"""A field that is neither dumped nor shown where it is `None`."""

FrozenSequence = Annotated[Sequence[_T], AfterValidator(as_tuple)]
"""A field that takes any sequence and keeps a tuple."""

FrozenMapping = Annotated[Mapping[str, _T], AfterValidator(as_frozendict)]
"""A field that takes any mapping and keeps a frozen one."""

FrozenJson = Annotated[
    Mapping[str, Json], SkipValidation, BeforeValidator(lambda value: freeze_object(value, "schema"))
]
"""A field that takes any JSON object and keeps it frozen, however deep."""
