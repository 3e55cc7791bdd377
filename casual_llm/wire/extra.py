"""Further keys of a request body: those of `extra`, and of `provider_options` for the provider at hand."""

from __future__ import annotations

from collections.abc import Sequence

from casual_llm.options import Layer
from casual_llm.places import leaves


def place_of(options: Layer, providers: Sequence[str], key: str) -> str:
    """Say where options give a further key; the last of the providers' names has the last word.

    >>> from casual_llm.options import ChatOptions
    >>> place_of(ChatOptions(provider_options={"openai": {"store": True}}), ["openai"], "store")
    'options.provider_options.openai.store'
    """
    said = leaves(options)
    named = [provider for provider in providers if ("provider_options", provider, key) in said]
    return f"options.provider_options.{named[-1]}.{key}" if named else f"options.extra.{key}"
