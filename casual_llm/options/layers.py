"""Merge layers of options, and resolve the result into what is sent."""

from __future__ import annotations

from collections.abc import Mapping

from casual_llm.frozen import FrozenDict, Json, thaw
from casual_llm.options.chat_options import FIELDS, ChatOptions, Layer, merge_fields, not_options
from casual_llm.options.field_types import Extra
from casual_llm.options.merging import BY_KEY
from casual_llm.options.omit import OMIT, Omit
from casual_llm.options.values import P


def merge(*layers: ChatOptions[P]) -> ChatOptions[P]:
    """Merge layers of options; in every field the last layer that sets it wins.

    Args:
        layers: Options, the lowest layer first; without any, the result sets nothing.

    Raises:
        ConfigurationError: An argument is not options.

    >>> merge(ChatOptions(seed=1, top_p=0.5), ChatOptions(), ChatOptions(seed=2))
    ChatOptions(top_p=0.5, seed=2)
    >>> merge()
    ChatOptions()

    `extra` is merged key by key, `provider_options` by provider and key:

    >>> merge(ChatOptions(extra={"a": 1, "b": 1}), ChatOptions(extra={"b": 2})).extra
    {'a': 1, 'b': 2}
    """
    for index, layer in enumerate(layers):
        if not isinstance(layer, ChatOptions):
            raise not_options(f"layers[{index}]", layer)
    return merge_fields([vars(layer) for layer in layers])


def layered(**layers: ChatOptions[P] | None) -> ChatOptions[P]:
    """Merge named layers, so that an error can name the layer.

    Args:
        layers: Options by names of your choice, the lowest layer first; `None` is a layer that sets nothing.

    Raises:
        ConfigurationError: A layer is neither options nor `None`; the text has its name.

    >>> layered(client=ChatOptions(temperature=0.7), model=None, call=ChatOptions(temperature=0.0))
    ChatOptions(temperature=0.0)
    """
    return merge_fields([vars(layer) for layer in checked(layers).values()])


def checked(layers: Mapping[str, ChatOptions[P] | None]) -> dict[str, ChatOptions[P]]:
    """Return the layers that are not `None`; what is not options is an error with the layer's name."""
    given: dict[str, ChatOptions[P]] = {}
    for name, layer in layers.items():
        if isinstance(layer, ChatOptions):
            given[name] = layer
        elif layer is not None:
            raise not_options(name, layer)
    return given


_EXTRA_FIELDS = frozenset({"extra", "provider_options"})


def resolve_for(options: Layer, *providers: str) -> ChatOptions:
    """Return what is sent: no `OMIT`, and the options of the named providers merged into `extra`.

    Args:
        options: Merged options, which may contain `OMIT`.
        providers: Keys of `provider_options`, such as `"openai"`; where two set the same key, the last wins.
            Without any, `provider_options` are kept.

    >>> preset = ChatOptions(stop=OMIT, extra={"user": "u-1"}, provider_options={"openai": {"store": True}})
    >>> resolve_for(preset, "openai")
    ChatOptions(extra={'user': 'u-1', 'store': True})
    >>> resolve_for(preset, "anthropic")
    ChatOptions(extra={'user': 'u-1'})
    """
    values = {**vars(options)}
    if _EXTRA_FIELDS.isdisjoint(values) and not any(value is OMIT for value in values.values()):
        return merge_fields([values])  # the common case
    # A key omitted for one provider removes what is set for all, so it stays until a provider is named.
    by_provider = _by_provider(values.pop("provider_options", None))
    stripped = {name: FIELDS[name].combination.without_omit(value) for name, value in values.items()}
    set_values = {name: value for name, value in stripped.items() if value is not OMIT}
    if by_provider and not providers:
        return merge_fields([set_values, {"provider_options": by_provider}])
    extras = [by_provider[provider] for provider in providers if provider in by_provider]
    extra = BY_KEY.without_omit(BY_KEY.combine(set_values.pop("extra", {}), *extras))
    return merge_fields([set_values, {} if extra is OMIT else {"extra": extra}])


def _by_provider(given: Mapping[str, Extra | Omit] | Omit | None) -> Mapping[str, Extra]:
    maps = {} if given is None or given is OMIT else given
    return FrozenDict(
        {name: FrozenDict(extra) for name, extra in maps.items() if extra is not OMIT and extra}
    )


def extra_of(options: ChatOptions) -> dict[str, Json]:
    """Return the extra keys that are sent, as a new dict that the caller may change.

    Args:
        options: Options as `resolve_for` returns them; keys set to `OMIT` are left out.

    >>> extra_of(resolve_for(ChatOptions(extra={"user": "u-1", "seed": OMIT})))
    {'user': 'u-1'}
    """
    return {key: thaw(value) for key, value in (options.extra or {}).items() if value is not OMIT}
