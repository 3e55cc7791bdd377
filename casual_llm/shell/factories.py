"""Clients and models from configs; a provider is one line in the registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any

from casual_llm.config import ClientConfig, ModelConfig, Provider
from casual_llm.errors import ConfigurationError
from casual_llm.providers.openai_chat import dialect_named
from casual_llm.shell.client import CodecClient, LLMClient
from casual_llm.shell.clients import AnthropicClient, LocalClient, OllamaClient, OpenAIClient
from casual_llm.shell.model import Model


def _openai(config: ClientConfig) -> CodecClient:
    named = None if config.name is None else dialect_named(config.name)
    found = _arguments(OpenAIClient, config, "name", "api_key", "base_url")
    return OpenAIClient(**{"dialect": named, **found})


def _anthropic(config: ClientConfig) -> CodecClient:
    return AnthropicClient(**_arguments(AnthropicClient, config, "name", "api_key", "base_url"))


def _ollama(config: ClientConfig) -> CodecClient:
    found = _arguments(OllamaClient, config, "name", "api_key")
    return OllamaClient(**{"host": config.base_url, **found})


def _local(config: ClientConfig) -> CodecClient:
    for name in ("base_url", "api_key"):
        if getattr(config, name) is not None:
            raise ConfigurationError(f"{name}: the embedded model has none; leave it out, or choose openai")
    return LocalClient(**_arguments(LocalClient, config))


_OF_ALL = ("timeout", "system_message_handling", "default_options")


def _arguments(kind: type[CodecClient], config: ClientConfig, *own: str) -> dict[str, Any]:
    known = signature(kind).parameters
    for name in config.extra_kwargs:
        if name not in known:
            problem = f"{kind.__name__} takes no such argument, but {', '.join(known)}"
            raise ConfigurationError(f"extra_kwargs.{name}: {problem}")
    return {**{name: getattr(config, name) for name in (*_OF_ALL, *own)}, **config.extra_kwargs}


_REGISTRY: Mapping[Provider, Callable[[ClientConfig], CodecClient]] = {
    Provider.OPENAI: _openai,
    Provider.ANTHROPIC: _anthropic,
    Provider.OLLAMA: _ollama,
    Provider.LOCAL: _local,
}


def create_client(config: ClientConfig) -> CodecClient:
    """Make the client that a config describes.

    >>> create_client(ClientConfig(provider="openai", api_key="sk-secret"))
    OpenAIClient(base_url='https://api.openai.com/v1')
    """
    if not isinstance(config, ClientConfig):
        raise ConfigurationError(f"config: {type(config).__name__} given; give ClientConfig(...)")
    return _REGISTRY[config.provider](config)


def create_model(client: LLMClient, config: ModelConfig) -> Model:
    """Make a model of a client.

    >>> from casual_llm.shell.clients import LocalClient
    >>> create_model(LocalClient(), ModelConfig(name="smollm2")).name
    'smollm2'
    """
    if not isinstance(config, ModelConfig):
        raise ConfigurationError(f"config: {type(config).__name__} given; give ModelConfig(...)")
    return Model(
        client,
        config.name,
        default_options=config.default_options,
        system_message_handling=config.system_message_handling,
    )
