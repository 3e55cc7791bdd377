"""What a caller may set, and how layers of settings combine.

A field is not set (`None`), set, or `OMIT`. `ChatOptions()` sets nothing and is the identity of
`merge`. Every field declares its combination and its kind; the merge is the product of the
combinations, so it is a monoid because they are, and it knows no field by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Generic, Never, TypeAlias, Unpack

from attrs import Attribute, field, fields, frozen
from typing_extensions import TypedDict, TypeVar

from casual_llm.errors import ConfigurationError
from casual_llm.frozen import FrozenDict, Json, thaw
from casual_llm.options import field_types
from casual_llm.options.field_types import Extra, FieldType, JsonSchema, ResponseFormat, SystemMessageHandling
from casual_llm.options.merging import BY_KEY, BY_PROVIDER_AND_KEY, LAST, Combination
from casual_llm.options.omit import OMIT, Omit
from casual_llm.tools import Tool
from casual_llm.validation import preview, type_name, unknown

__all__ = [
    "FIELDS",
    "ChatOptions",
    "Extra",
    "JsonSchema",
    "Layer",
    "ResponseFormat",
    "SystemMessageHandling",
    "Values",
    "checked",
    "extra_of",
    "layered",
    "merge",
    "resolve_for",
    "set_fields",
]

O_co = TypeVar("O_co", bound=Omit, default=Never, covariant=True)
P = TypeVar("P", bound=Omit, default=Never)


def _is(combination: Combination, kind: FieldType) -> dict[str, Combination | FieldType]:
    return {"combination": combination, "kind": kind}


class Values(TypedDict, Generic[P], total=False):
    """What `ChatOptions.set` takes, for type checkers: the fields of `ChatOptions`."""

    response_format: ResponseFormat | P | None
    max_tokens: int | P | None
    tools: Sequence[Tool] | P | None
    temperature: float | P | None
    top_p: float | P | None
    stop: str | Sequence[str] | P | None
    tool_choice: str | P | None
    frequency_penalty: float | P | None
    presence_penalty: float | P | None
    seed: int | P | None
    top_k: int | P | None
    extra: Extra | P | None
    provider_options: Mapping[str, Extra | Omit] | P | None
    system_message_handling: SystemMessageHandling | P | None
    strict: bool | P | None


@frozen(kw_only=True, slots=False)
class ChatOptions(Generic[O_co]):
    """The settings of a call, or of one layer of them; a field that is `None` is not set.

    >>> defaults = ChatOptions(temperature=0.7, max_tokens=1000)
    >>> defaults | ChatOptions(temperature=0.95)
    ChatOptions(max_tokens=1000, temperature=0.95)

    A value that no provider could take is refused where it is given:

    >>> ChatOptions(temperature=float("nan"))
    Traceback (most recent call last):
    ...
    casual_llm.errors.ConfigurationError: ChatOptions.temperature: nan is not finite; give a finite number, \
or leave it unset

    To a type checker, `ChatOptions` holds values and `None` alone; where a field may be `OMIT`, the
    type is `ChatOptions[Omit]`.
    """

    response_format: ResponseFormat | O_co | None = field(
        default=None, metadata=_is(LAST, field_types.response_format)
    )
    max_tokens: int | O_co | None = field(default=None, metadata=_is(LAST, field_types.integer(1)))
    """The longest answer, in tokens."""
    tools: Sequence[Tool] | O_co | None = field(default=None, metadata=_is(LAST, field_types.tools))
    temperature: float | O_co | None = field(default=None, metadata=_is(LAST, field_types.number(0)))
    top_p: float | O_co | None = field(default=None, metadata=_is(LAST, field_types.number(0, 1)))
    stop: str | Sequence[str] | O_co | None = field(default=None, metadata=_is(LAST, field_types.stop))
    tool_choice: str | O_co | None = field(default=None, metadata=_is(LAST, field_types.name))
    """`auto`, `none`, `required`, or the name of the tool that must be called."""
    frequency_penalty: float | O_co | None = field(default=None, metadata=_is(LAST, field_types.number()))
    presence_penalty: float | O_co | None = field(default=None, metadata=_is(LAST, field_types.number()))
    seed: int | O_co | None = field(default=None, metadata=_is(LAST, field_types.integer()))
    top_k: int | O_co | None = field(default=None, metadata=_is(LAST, field_types.integer(0)))
    extra: Extra | O_co | None = field(default=None, metadata=_is(BY_KEY, field_types.extra))
    """Further keys of the request body, for every provider."""
    provider_options: Mapping[str, Extra | Omit] | O_co | None = field(
        default=None, metadata=_is(BY_PROVIDER_AND_KEY, field_types.provider_options)
    )
    """Further keys of the request body, by the name of the one provider that knows them."""
    system_message_handling: SystemMessageHandling | O_co | None = field(
        default=None, metadata=_is(LAST, field_types.one_of("keep", "merge"))
    )
    strict: bool | O_co | None = field(default=None, metadata=_is(LAST, field_types.flag))
    """Whether something that the provider has no word for is an error instead of a loss."""

    def __attrs_post_init__(self) -> None:
        """Check what is set and keep it frozen; keep nothing of what is not set."""
        kept = vars(self)
        for name in [name for name, value in kept.items() if value is None]:
            del kept[name]
        for name, value in kept.items():
            if value is not OMIT:
                kept[name] = FIELDS[name].kind.check(value, f"ChatOptions.{name}")

    def __or__(self, override: ChatOptions[P]) -> ChatOptions[O_co | P]:
        """Lay `override` over these options."""
        if not isinstance(override, ChatOptions):
            raise _no_options("the right side of |", override)
        return _merged([vars(self), vars(override)])

    def __init_subclass__(cls) -> None:
        """Refuse: the merge of options of two classes would be neither."""
        raise TypeError(f"{cls.__name__}: ChatOptions has no subclasses; keep one in a field instead")

    def __repr__(self) -> str:
        """Show what is set."""
        return f"ChatOptions({', '.join(f'{name}={value!r}' for name, value in set_fields(self).items())})"

    def set(self, **values: Unpack[Values[P]]) -> ChatOptions[O_co | P]:
        """Put values in place of these, whole maps included; `|` joins maps.

        >>> ChatOptions(temperature=0.7, extra={"user": "u-1"}).set(temperature=0.0, extra={})
        ChatOptions(temperature=0.0, extra={})
        >>> ChatOptions().set(**{"temprature": 0.0})
        Traceback (most recent call last):
        ...
        casual_llm.errors.ConfigurationError: ChatOptions.temprature: unknown option, did you mean \
temperature?
        """
        _known(values)
        return ChatOptions(**{**vars(self), **values})

    def without(self, *names: str) -> ChatOptions[O_co]:
        """Leave fields unset, so that a layer below decides; to send nothing, set them to `OMIT`.

        >>> ChatOptions(temperature=0.7, seed=1).without("temperature")
        ChatOptions(seed=1)
        """
        _known(names)
        return _merged([{name: value for name, value in vars(self).items() if name not in names}])


Layer: TypeAlias = ChatOptions[Omit]
"""Options of one layer, or of several merged: a field may be `OMIT`."""


class _Declared:
    """What a field says of itself."""

    def __init__(self, attribute: Attribute[Any]) -> None:
        combination, kind = attribute.metadata.get("combination"), attribute.metadata.get("kind")
        if not isinstance(combination, Combination) or not isinstance(kind, FieldType):
            raise TypeError(
                f"ChatOptions.{attribute.name}: no combination declared; give field(metadata=_is(...))"
            )
        self.combination = combination
        self.kind = kind


FIELDS: Mapping[str, _Declared] = {attribute.name: _Declared(attribute) for attribute in fields(ChatOptions)}
"""All fields, each with its combination and its kind."""
_JOINED = [
    (name, declared.combination) for name, declared in FIELDS.items() if declared.combination is not LAST
]

for _name in FIELDS:  # what is not set is not kept, so that `vars(options)` is what options say
    setattr(ChatOptions, _name, None)


def _known(names: Iterable[str]) -> None:
    for name in names:
        if name not in FIELDS:
            raise unknown("ChatOptions", name, FIELDS)


def set_fields(options: Layer) -> dict[str, Any]:
    """Give the fields that are set, by name; one that is `OMIT` is among them.

    >>> set_fields(ChatOptions(temperature=0.0, stop=OMIT))
    {'temperature': 0.0, 'stop': OMIT}
    """
    said = vars(options)
    return {name: said[name] for name in FIELDS if name in said}


def merge(*layers: ChatOptions[P]) -> ChatOptions[P]:
    """Lay options over each other; in every field the last layer that sets it wins.

    >>> merge(ChatOptions(seed=1, top_p=0.5), ChatOptions(), ChatOptions(seed=2))
    ChatOptions(top_p=0.5, seed=2)
    >>> merge()
    ChatOptions()

    `extra` is joined key by key, `provider_options` by provider and key:

    >>> merge(ChatOptions(extra={"a": 1, "b": 1}), ChatOptions(extra={"b": 2})).extra
    {'a': 1, 'b': 2}
    """
    for place, layer in enumerate(layers):
        if not isinstance(layer, ChatOptions):
            raise _no_options(f"layers[{place}]", layer)
    return _merged([vars(layer) for layer in layers])


def _merged(said: Sequence[dict[str, Any]]) -> ChatOptions[Any]:
    options: ChatOptions[Any] = object.__new__(ChatOptions)
    # What layers say was checked when they were made, and combining makes nothing new of it.
    merged = vars(options)
    for own in said:
        merged |= own
    for name, combination in _JOINED:
        if name in merged:
            merged[name] = combination.combine(*[own[name] for own in said if name in own])
    return options


def layered(**layers: ChatOptions[P] | None) -> ChatOptions[P]:
    """Merge named layers, the lowest first; `None` is a layer that says nothing.

    >>> layered(client=ChatOptions(temperature=0.7), model=None, call=ChatOptions(temperature=0.0))
    ChatOptions(temperature=0.0)
    """
    return _merged([vars(layer) for layer in checked(layers).values()])


def checked(layers: Mapping[str, ChatOptions[P] | None]) -> dict[str, ChatOptions[P]]:
    """Leave out layers that are `None`, and refuse what is no options by its layer's name."""
    given: dict[str, ChatOptions[P]] = {}
    for name, layer in layers.items():
        if isinstance(layer, ChatOptions):
            given[name] = layer
        elif layer is not None:
            raise _no_options(name, layer)
    return given


def _no_options(place: str, layer: object) -> ConfigurationError:
    return ConfigurationError(f"{place}: {preview(layer)} is {type_name(layer)}; give ChatOptions(...)")


_FURTHER = frozenset({"extra", "provider_options"})


def resolve_for(options: Layer, *providers: str) -> ChatOptions:
    """Give what is sent: no `OMIT`, and the settings of the named providers joined to `extra`.

    >>> preset = ChatOptions(stop=OMIT, extra={"user": "u-1"}, provider_options={"openai": {"store": True}})
    >>> resolve_for(preset, "openai")
    ChatOptions(extra={'user': 'u-1', 'store': True})
    >>> resolve_for(preset, "anthropic")
    ChatOptions(extra={'user': 'u-1'})
    """
    said = {**vars(options)}
    if _FURTHER.isdisjoint(said) and not any(value is OMIT for value in said.values()):
        return _merged([said])  # which is what most calls say
    # What is omitted for one provider takes away what is said for all, so it stays until one is named.
    own = _by_provider(said.pop("provider_options", None))
    stripped = {name: FIELDS[name].combination.sent(value) for name, value in said.items()}
    told = {name: value for name, value in stripped.items() if value is not OMIT}
    if own and not providers:
        return _merged([told, {"provider_options": own}])
    settings = [own[provider] for provider in providers if provider in own]
    extra = BY_KEY.sent(BY_KEY.combine(told.pop("extra", {}), *settings))
    return _merged([told, {} if extra is OMIT else {"extra": extra}])


def _by_provider(said: Mapping[str, Extra | Omit] | Omit | None) -> Mapping[str, Extra]:
    maps = {} if said is None or said is OMIT else said
    return FrozenDict({name: FrozenDict(own) for name, own in maps.items() if own is not OMIT and own})


def extra_of(options: ChatOptions) -> dict[str, Json]:
    """Give the further keys of what is sent, as a dict of the caller's own.

    >>> extra_of(resolve_for(ChatOptions(extra={"user": "u-1", "seed": OMIT})))
    {'user': 'u-1'}
    """
    return {key: thaw(value) for key, value in (options.extra or {}).items() if value is not OMIT}
