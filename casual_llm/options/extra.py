"""Further keys of a request body: those of `extra`, and of `provider_options` for the provider at hand."""

from __future__ import annotations

from collections.abc import Sequence

from casual_llm.options.chat_options import Layer
from casual_llm.options.merging import BY_KEY
from casual_llm.options.omit import OMIT
from casual_llm.options.paths import flatten


def path_of_extra(options: Layer, providers: Sequence[str], key: str) -> str:
    """Say where options give a further key; the last of the providers' names has the last word.

    >>> from casual_llm.options import ChatOptions
    >>> path_of_extra(ChatOptions(provider_options={"openai": {"store": True}}), ["openai"], "store")
    'options.provider_options.openai.store'
    """
    said = flatten(options)
    named = [provider for provider in providers if ("provider_options", provider, key) in said]
    return f"options.provider_options.{named[-1]}.{key}" if named else f"options.extra.{key}"


def apply_alias(options: Layer, alias: str, name: str) -> Layer:
    """Let what options say for an alias of a server be said for the server; the alias has the last word.

    >>> from casual_llm.options import ChatOptions
    >>> options = ChatOptions(provider_options={"proxy": {"store": True}})
    >>> apply_alias(options, "proxy", "openai").provider_options["openai"]
    {'store': True}
    """
    told = options.provider_options
    if told is None or told is OMIT or alias not in told or alias == name:
        return options
    both = BY_KEY.combine(*[told[each] for each in (name, alias) if each in told])
    return options.set(provider_options={**told, name: both})
