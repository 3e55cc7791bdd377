"""Extra keys of a request body: those of `extra`, and of `provider_options` for one provider."""

from __future__ import annotations

from collections.abc import Sequence

from casual_llm.options.chat_options import Layer
from casual_llm.options.merging import BY_KEY
from casual_llm.options.omit import OMIT
from casual_llm.options.paths import flatten


def path_of_extra(options: Layer, providers: Sequence[str], key: str) -> str:
    """Return the path at which options set an extra key; the last of the providers' names wins.

    >>> from casual_llm.options import ChatOptions
    >>> path_of_extra(ChatOptions(provider_options={"openai": {"store": True}}), ["openai"], "store")
    'options.provider_options.openai.store'
    """
    paths = flatten(options)
    setting = [provider for provider in providers if ("provider_options", provider, key) in paths]
    return f"options.provider_options.{setting[-1]}.{key}" if setting else f"options.extra.{key}"


def apply_alias(options: Layer, alias: str, name: str) -> Layer:
    """Merge the provider options of an alias of a server into those of the server; the alias wins.

    >>> from casual_llm.options import ChatOptions
    >>> options = ChatOptions(provider_options={"proxy": {"store": True}})
    >>> apply_alias(options, "proxy", "openai").provider_options["openai"]
    {'store': True}
    """
    by_provider = options.provider_options
    if by_provider is None or by_provider is OMIT or alias not in by_provider or alias == name:
        return options
    merged = BY_KEY.combine(*[by_provider[each] for each in (name, alias) if each in by_provider])
    return options.set(provider_options={**by_provider, name: merged})
