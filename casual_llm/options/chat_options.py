"""The options of a call.

A field is not set (`None`), set, or `OMIT`. `ChatOptions()` sets nothing and is the identity of the
merge. Every field declares how it combines and what it may hold; the merge is the product of the
combinations, so it is a monoid because they are, and it knows no field by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Generic, Never, TypeAlias, Unpack

from attrs import Attribute, field, fields, frozen
from typing_extensions import TypeVar

from casual_llm.errors import ConfigurationError
from casual_llm.options import field_types
from casual_llm.options.field_types import Extra, FieldType, SystemMessageHandling
from casual_llm.options.merging import BY_KEY, BY_PROVIDER_AND_KEY, LAST, Combination
from casual_llm.options.omit import OMIT, Omit
from casual_llm.options.reasoning import Reasoning, ReasoningEffort, reasoning as reasoning_type
from casual_llm.options.response_format import ResponseFormat, response_format as response_format_type
from casual_llm.options.values import P, Values
from casual_llm.tools import Tool
from casual_llm.validation import expected, unknown

O_co = TypeVar("O_co", bound=Omit, default=Never, covariant=True)


def _option(combination: Combination, field_type: FieldType) -> dict[str, Combination | FieldType]:
    return {"combination": combination, "field_type": field_type}


@frozen(kw_only=True, slots=False)
class ChatOptions(Generic[O_co]):
    """The options of a call, or of one layer of them.

    Every field is `None` by default, which means "not set": a layer below, or the provider, decides.
    0, 0.0, "" and [] are values. `OMIT` means "send nothing, even if a layer below sets this".

    Args:
        response_format: "text", "json", a pydantic class or a `JsonSchema` that the answer must follow
        max_tokens: the maximum length of the answer, in tokens; an integer of at least 1
        tools: what the model may call; a list of `Tool`
        temperature: how random the answer is; a number of at least 0
        top_p: the share of probability that tokens are sampled from; a number from 0 to 1
        stop: a text, or a list of texts, at which the answer ends
        tool_choice: "auto", "none", "required", or the name of the tool that must be called
        parallel_tool_calls: whether one answer may call several tools
        reasoning: an effort such as "high", a dict, or a `Reasoning`
        frequency_penalty: how much repeated tokens are avoided; a number
        presence_penalty: how much tokens that occurred at all are avoided; a number
        seed: an integer for repeatable answers, as far as the provider can
        top_k: how many of the most likely tokens are sampled from; an integer of at least 0
        extra: more keys of the request body, for every provider; a dict of JSON
        provider_options: more keys of the request body, by the name of the provider they are for
        system_message_handling: "keep" sends system messages where they are, "merge" joins them at the front
        strict: whether something that a provider cannot express raises an error instead of being dropped

    What a provider does not support is dropped and reported as a `Loss`. A value that no provider accepts is
    a `ConfigurationError`, which is also a `ValueError`:

    >>> ChatOptions(temperature=float("nan"))
    Traceback (most recent call last):
    ...
    casual_llm.errors.ConfigurationError: ChatOptions.temperature: nan is not finite; use a finite number, \
or leave it unset

    Lists become tuples, dicts become frozen. Layers merge with `|`, the right side over the left:

    >>> defaults = ChatOptions(temperature=0.7, max_tokens=1000)
    >>> defaults | ChatOptions(temperature=0.95)
    ChatOptions(max_tokens=1000, temperature=0.95)

    To a type checker, `ChatOptions` holds values and `None` alone; where a field may be `OMIT`, the
    type is `ChatOptions[Omit]`.
    """

    response_format: ResponseFormat | O_co | None = field(
        default=None, metadata=_option(LAST, response_format_type)
    )
    """The form of the answer: "text", "json", a pydantic class or a `JsonSchema`."""
    max_tokens: int | O_co | None = field(default=None, metadata=_option(LAST, field_types.integer(1)))
    """The maximum length of the answer in tokens, at least 1; added and reported where it is required."""
    tools: Sequence[Tool] | O_co | None = field(default=None, metadata=_option(LAST, field_types.tools))
    """The tools that the model may call; a later layer replaces the whole list."""
    temperature: float | O_co | None = field(default=None, metadata=_option(LAST, field_types.number(0)))
    """How random the answer is, at least 0; providers have different maxima, and some models accept none."""
    top_p: float | O_co | None = field(default=None, metadata=_option(LAST, field_types.number(0, 1)))
    """Sample from the most likely tokens whose probabilities add up to this, from 0 to 1."""
    stop: str | Sequence[str] | O_co | None = field(default=None, metadata=_option(LAST, field_types.stop))
    """One text or several, at which the answer ends; providers limit how many."""
    tool_choice: str | O_co | None = field(default=None, metadata=_option(LAST, field_types.name))
    """`auto`, `none`, `required`, or the name of the tool that must be called."""
    parallel_tool_calls: bool | O_co | None = field(default=None, metadata=_option(LAST, field_types.flag))
    """Whether one answer may call several tools."""
    reasoning: Reasoning | ReasoningEffort | Mapping[str, object] | O_co | None = field(
        default=None, metadata=_option(LAST, reasoning_type)
    )
    """How much the model reasons; stored as a `Reasoning`, whichever way it was given."""
    frequency_penalty: float | O_co | None = field(default=None, metadata=_option(LAST, field_types.number()))
    """Avoid tokens by how often they occurred; usually from -2 to 2. Not supported by Anthropic."""
    presence_penalty: float | O_co | None = field(default=None, metadata=_option(LAST, field_types.number()))
    """Avoid tokens that occurred at all; usually from -2 to 2. Not supported by Anthropic."""
    seed: int | O_co | None = field(default=None, metadata=_option(LAST, field_types.integer()))
    """An integer for repeatable answers, as far as the provider can. Not supported by Anthropic."""
    top_k: int | O_co | None = field(default=None, metadata=_option(LAST, field_types.integer(0)))
    """Sample from this many of the most likely tokens, at least 0. Not supported by OpenAI itself."""
    extra: Extra | O_co | None = field(default=None, metadata=_option(BY_KEY, field_types.extra))
    """More keys of the request body, for every provider; layers merge key by key."""
    provider_options: Mapping[str, Extra | Omit] | O_co | None = field(
        default=None, metadata=_option(BY_PROVIDER_AND_KEY, field_types.provider_options)
    )
    """More keys of the request body, by the name of the one provider they are for."""
    system_message_handling: SystemMessageHandling | O_co | None = field(
        default=None, metadata=_option(LAST, field_types.one_of("keep", "merge"))
    )
    """`keep` sends system messages where they are, `merge` joins them into one at the front."""
    strict: bool | O_co | None = field(default=None, metadata=_option(LAST, field_types.flag))
    """Whether something that the provider cannot express raises an error instead of being dropped."""

    def __attrs_post_init__(self) -> None:
        """Check what is set and store it frozen; store nothing for what is not set."""
        values = vars(self)
        for name in [name for name, value in values.items() if value is None]:
            del values[name]
        for name, value in values.items():
            if value is not OMIT:
                values[name] = FIELDS[name].field_type.check(value, f"ChatOptions.{name}")

    def __or__(self, override: ChatOptions[P]) -> ChatOptions[O_co | P]:
        """Merge `override` over these options."""
        if not isinstance(override, ChatOptions):
            raise not_options("the right side of |", override)
        return merge_fields([vars(self), vars(override)])

    def __init_subclass__(cls) -> None:
        """Reject subclasses: options of two classes could not be merged."""
        raise TypeError(f"{cls.__name__}: ChatOptions has no subclasses; keep one in a field instead")

    def __repr__(self) -> str:
        """Show what is set."""
        return f"ChatOptions({', '.join(f'{name}={value!r}' for name, value in set_fields(self).items())})"

    def set(self, **values: Unpack[Values[P]]) -> ChatOptions[O_co | P]:
        """Return options with these values replaced, whole dicts included; `|` merges dicts.

        Args:
            values: Fields by name, as for the constructor; `None` unsets a field.

        Raises:
            ConfigurationError: A name is unknown, or a value is invalid.

        >>> ChatOptions(temperature=0.7, extra={"user": "u-1"}).set(temperature=0.0, extra={})
        ChatOptions(temperature=0.0, extra={})
        >>> ChatOptions().set(**{"temprature": 0.0})
        Traceback (most recent call last):
        ...
        casual_llm.errors.ConfigurationError: ChatOptions.temprature: unknown option, did you mean \
temperature?
        """
        _check_names(values)
        return ChatOptions(**{**vars(self), **values})

    def without(self, *names: str) -> ChatOptions[O_co]:
        """Return options with these fields unset, so that a layer below decides; `OMIT` sends nothing.

        Args:
            names: Names of fields, whether they are set or not.

        Raises:
            ConfigurationError: A name is unknown.

        >>> ChatOptions(temperature=0.7, seed=1).without("temperature")
        ChatOptions(seed=1)
        """
        _check_names(names)
        return merge_fields([{name: value for name, value in vars(self).items() if name not in names}])


Layer: TypeAlias = ChatOptions[Omit]
"""Options of one layer, or of several merged: a field may be `OMIT`."""


class _Declaration:
    """How a field combines and what it may hold."""

    def __init__(self, attribute: Attribute[Any]) -> None:
        combination = attribute.metadata.get("combination")
        field_type = attribute.metadata.get("field_type")
        if not isinstance(combination, Combination) or not isinstance(field_type, FieldType):
            raise TypeError(
                f"ChatOptions.{attribute.name}: no combination declared; use field(metadata=_option(...))"
            )
        self.combination = combination
        self.field_type = field_type


FIELDS: Mapping[str, _Declaration] = {
    attribute.name: _Declaration(attribute) for attribute in fields(ChatOptions)
}
"""All fields, each with its combination and its type."""
_MAP_FIELDS = [
    (name, declaration.combination)
    for name, declaration in FIELDS.items()
    if declaration.combination is not LAST
]

for _name in FIELDS:  # what is not set is not stored, so that `vars(options)` is exactly what is set
    setattr(ChatOptions, _name, None)


def _check_names(names: Iterable[str]) -> None:
    for name in names:
        if name not in FIELDS:
            raise unknown("ChatOptions", name, FIELDS)


def not_options(path: str, layer: object) -> ConfigurationError:
    """Build the error of a layer that is not options."""
    return expected(path, "ChatOptions(...)", layer)


def set_fields(options: Layer) -> dict[str, Any]:
    """Return the fields that are set, by name; those that are `OMIT` are included.

    >>> set_fields(ChatOptions(temperature=0.0, stop=OMIT))
    {'temperature': 0.0, 'stop': OMIT}
    """
    values = vars(options)
    return {name: values[name] for name in FIELDS if name in values}


def merge_fields(layers: Sequence[dict[str, Any]]) -> ChatOptions[Any]:
    """Merge the set fields of layers, the lowest first.

    >>> merge_fields([{"seed": 1}, {"seed": 2, "top_p": 0.5}])
    ChatOptions(top_p=0.5, seed=2)
    """
    options: ChatOptions[Any] = object.__new__(ChatOptions)
    # Values were checked when their layer was built, and a merge makes no new ones.
    merged = vars(options)
    for layer in layers:
        merged |= layer
    for name, combination in _MAP_FIELDS:
        if name in merged:
            merged[name] = combination.combine(*[layer[name] for layer in layers if name in layer])
    return options
