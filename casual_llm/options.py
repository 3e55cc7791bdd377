"""What a caller may set, and how layers of settings combine.

`None` means "not set" and is the default of every field, so `ChatOptions()` is the identity of
`merge`. Every field declares how it combines; the merge is the product of these combinations and
knows no field by name. No combination looks inside a value, which is what makes it associative.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any, Literal, TypeAlias

from attrs import Attribute, asdict, field, fields, frozen
from frozendict import frozendict
from pydantic import BaseModel

from casual_llm.errors import ConfigurationError
from casual_llm.frozen import Json, freeze_object
from casual_llm.tools import Tool

SystemMessageHandling: TypeAlias = Literal["keep", "merge"]
"""`keep` sends system messages where they stand; `merge` joins them into one in front."""


def last(_earlier: object, later: object) -> object:
    """Take the later value of two that are set."""
    return later


def union(earlier: Mapping[str, Json], later: Mapping[str, Json]) -> Mapping[str, Json]:
    """Join two mappings one level deep; where both have a key, the later value stands.

    No deeper, because a deep merge is not associative: with `{x: {p: 1}}`, `{x: 5}`, `{x: {q: 2}}`
    the two groupings disagree about `p`.
    """
    return frozendict({**earlier, **later})


def _fail(place: str, problem: str, remedy: str) -> ConfigurationError:
    return ConfigurationError(f"{place}: {problem}; {remedy}")


def _json_object(value: object, place: str) -> Mapping[str, Json]:
    try:
        return freeze_object(value, place)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None


def _extra(value: object) -> Mapping[str, Json] | None:
    return None if value is None else _json_object(value, "ChatOptions.extra")


def _schema(value: object) -> Mapping[str, Json]:
    return _json_object(value, "JsonSchema.schema")


def _schema_name(_: object, __: Attribute[Any], value: object) -> None:
    if not isinstance(value, str):
        raise _fail("JsonSchema.name", f"a {type(value).__name__} given", "give a string")


def _schema_strict(_: object, __: Attribute[Any], value: object) -> None:
    if value is not None and not isinstance(value, bool):
        raise _fail("JsonSchema.strict", f"{value!r} given", "give True, False or None")


@frozen(kw_only=True)
class JsonSchema:
    """A JSON Schema that the answer must follow, for callers without a pydantic class.

    >>> JsonSchema(name="Age", schema={"type": "integer"}).name
    'Age'
    """

    name: str = field(validator=_schema_name)
    schema: Mapping[str, Json] = field(converter=_schema)
    strict: bool | None = field(default=None, validator=_schema_strict)


ResponseFormat: TypeAlias = Literal["json", "text"] | type[BaseModel] | JsonSchema
"""Free text, any JSON, or JSON of a given shape."""


def _tools(value: Sequence[Tool] | None) -> Sequence[Tool] | None:
    if value is None:
        return None
    if not isinstance(value, list | tuple) or not all(isinstance(item, Tool) for item in value):
        raise _fail("ChatOptions.tools", f"{value!r} is no list of Tool", "give [Tool(...), ...]")
    return tuple(value)


def _stop(value: str | Sequence[str] | None) -> str | Sequence[str] | None:
    if value is None or isinstance(value, str):
        return value
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise _fail("ChatOptions.stop", f"{value!r} is no text", "give a string or a list of strings")
    return tuple(value)


_Validator: TypeAlias = Callable[[object, "Attribute[Any]", object], None]


def _number(low: float = -math.inf, high: float = math.inf) -> _Validator:
    def check(_: object, attribute: Attribute[Any], value: object) -> None:
        place = f"ChatOptions.{attribute.name}"
        if value is None:
            return
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _fail(place, f"{value!r} is a {type(value).__name__}", "give a number")
        if isinstance(value, float) and not math.isfinite(value):
            raise _fail(place, f"{value} is not finite", "give a finite number, or None to leave it unset")
        if not low <= value <= high:
            limits = f"of at least {low:g}" if high == math.inf else f"from {low:g} to {high:g}"
            raise _fail(place, f"{value} is out of range", f"give a number {limits}")

    return check


def _integer(low: float = -math.inf) -> _Validator:
    def check(instance: object, attribute: Attribute[Any], value: object) -> None:
        if isinstance(value, float):
            raise _fail(f"ChatOptions.{attribute.name}", f"{value} is a float", "give a whole number")
        _number(low)(instance, attribute, value)

    return check


def _one_of(*values: str) -> _Validator:
    def check(_: object, attribute: Attribute[Any], value: object) -> None:
        if value is not None and value not in values:
            place = f"ChatOptions.{attribute.name}"
            raise _fail(place, f"{value!r} is unknown", f"give one of {', '.join(values)}")

    return check


def _text(_: object, attribute: Attribute[Any], value: object) -> None:
    if value is not None and (not isinstance(value, str) or not value):
        raise _fail(f"ChatOptions.{attribute.name}", f"{value!r} is no name", "give a non-empty string")


def _response_format(_: object, __: object, value: object) -> None:
    is_class = isinstance(value, type) and issubclass(value, BaseModel)
    if value is None or is_class or isinstance(value, JsonSchema) or value in ("json", "text"):
        return
    remedy = 'give "json", "text", a pydantic class or a JsonSchema'
    raise _fail("ChatOptions.response_format", f"{value!r} is unknown", remedy)


_LAST = {"combine": last}
_UNION = {"combine": union}


@frozen(kw_only=True)
class ChatOptions:
    """The settings of a call; a field that is `None` is not sent.

    >>> defaults = ChatOptions(temperature=0.7, max_tokens=1000)
    >>> defaults | ChatOptions(temperature=0.95)
    ChatOptions(max_tokens=1000, temperature=0.95)

    A value that no provider could take is refused where it is given:

    >>> ChatOptions(temperature=float("nan"))
    Traceback (most recent call last):
    ...
    casual_llm.errors.ConfigurationError: ChatOptions.temperature: nan is not finite; give a finite number, \
or None to leave it unset
    """

    response_format: ResponseFormat | None = field(default=None, validator=_response_format, metadata=_LAST)
    max_tokens: int | None = field(default=None, validator=_integer(1), metadata=_LAST)
    """The longest answer, in tokens."""
    tools: Sequence[Tool] | None = field(default=None, converter=_tools, metadata=_LAST)
    temperature: float | None = field(default=None, validator=_number(0), metadata=_LAST)
    top_p: float | None = field(default=None, validator=_number(0, 1), metadata=_LAST)
    stop: str | Sequence[str] | None = field(default=None, converter=_stop, metadata=_LAST)
    tool_choice: str | None = field(default=None, validator=_text, metadata=_LAST)
    """`auto`, `none`, `required`, or the name of the tool that must be called."""
    frequency_penalty: float | None = field(default=None, validator=_number(), metadata=_LAST)
    presence_penalty: float | None = field(default=None, validator=_number(), metadata=_LAST)
    seed: int | None = field(default=None, validator=_integer(), metadata=_LAST)
    top_k: int | None = field(default=None, validator=_integer(0), metadata=_LAST)
    extra: Mapping[str, Json] | None = field(default=None, converter=_extra, metadata=_UNION)
    """Further keys of the request body, for what only one provider knows."""
    system_message_handling: SystemMessageHandling | None = field(
        default=None, validator=_one_of("keep", "merge"), metadata=_LAST
    )

    def __or__(self, override: ChatOptions) -> ChatOptions:
        """Lay `override` over these options."""
        return merge(self, override)

    def __repr__(self) -> str:
        """Show what is set."""
        return f"ChatOptions({', '.join(f'{name}={value!r}' for name, value in set_fields(self).items())})"


def set_fields(options: ChatOptions) -> dict[str, Any]:
    """Give the fields that are set, by name.

    >>> set_fields(ChatOptions(temperature=0.0))
    {'temperature': 0.0}
    """
    shallow = asdict(options, recurse=False)
    return {name: value for name, value in shallow.items() if value is not None}


def merge(*layers: ChatOptions) -> ChatOptions:
    """Lay options over each other; in every field the last layer that sets it wins.

    >>> merge(ChatOptions(seed=1, top_p=0.5), ChatOptions(), ChatOptions(seed=2))
    ChatOptions(top_p=0.5, seed=2)
    >>> merge()
    ChatOptions()

    `extra` is joined key by key, one level deep:

    >>> merge(ChatOptions(extra={"a": 1, "b": 1}), ChatOptions(extra={"b": 2})).extra
    frozendict.frozendict({'a': 1, 'b': 2})
    """
    return reduce(_merge, layers, ChatOptions())


def _merge(base: ChatOptions, override: ChatOptions) -> ChatOptions:
    if not isinstance(override, ChatOptions):
        raise _fail("options", f"{override!r} is a {type(override).__name__}", "give ChatOptions(...)")
    above = set_fields(override)
    below = set_fields(base)
    both = above.keys() & below.keys()
    combined = {name: _COMBINE[name](below[name], above[name]) for name in both}
    return ChatOptions(**{**below, **above, **combined})


_COMBINE: dict[str, Callable[[Any, Any], Any]] = {
    attribute.name: attribute.metadata["combine"] for attribute in fields(ChatOptions)
}
