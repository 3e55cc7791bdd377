"""Build clients and models from configs; a provider is one line in the table."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import signature
from typing import Any

from casual_llm.config import ClientConfig, ModelConfig, Provider
from casual_llm.errors import ConfigurationError
from casual_llm.providers.openai_chat import dialect_named
from casual_llm.shell.client import CodecClient
from casual_llm.shell.clients import AnthropicClient, LocalClient, OllamaClient, OpenAIClient
from casual_llm.shell.model import Model
from casual_llm.shell.protocols import LLMClient
from casual_llm.shell.vendors import VENDORS
from casual_llm.validation import wrong_type

_CLIENTS: Mapping[Provider, type[CodecClient]] = {
    Provider.OPENAI: OpenAIClient,
    Provider.ANTHROPIC: AnthropicClient,
    Provider.OLLAMA: OllamaClient,
    Provider.LOCAL: LocalClient,
}


def create_client(config: ClientConfig) -> CodecClient:
    """Build the client that a config describes.

    The key is that of the config, else that of `{NAME}_API_KEY` (in upper case, with `_` for `-` and `.`),
    else that of the server's own variable, such as `OPENAI_API_KEY`. A server that is known never gets the
    key of another vendor's variable.

    Args:
        config: The provider, and what else the client should be given: `extra_kwargs` are further keyword
            arguments of its constructor, and count before the fields of the config. The `name` of a known
            server, such as `openrouter`, sets its base URL and its dialect.

    Raises:
        ConfigurationError: The key is missing, or an argument is wrong or unknown.

    >>> create_client(ClientConfig(provider="openai", api_key="sk-secret"))
    OpenAIClient(base_url='https://api.openai.com/v1')
    >>> create_client(ClientConfig(name="openrouter", provider="openai", api_key="sk-secret"))
    OpenAIClient(base_url='https://openrouter.ai/api/v1')
    """
    if not isinstance(config, ClientConfig):
        raise wrong_type("config", "a ClientConfig", config)
    client = _CLIENTS[config.provider]
    parameters = signature(client).parameters
    for name in config.extra_kwargs:
        if name not in parameters:
            problem = f"{client.__name__} does not accept this argument"
            raise ConfigurationError(f"extra_kwargs.{name}: {problem}; use one of {', '.join(parameters)}")
    return client(**{**_arguments(config, parameters), **config.extra_kwargs})


def _arguments(config: ClientConfig, parameters: Mapping[str, object]) -> dict[str, Any]:
    arguments = {
        "timeout": config.timeout,
        "system_message_handling": config.system_message_handling,
        "default_options": config.default_options,
        "api_key": config.secret,
        VENDORS[config.provider].argument: config.base_url,
    }
    absent = [name for name in arguments if name not in parameters]
    for name in absent:
        if arguments.pop(name) is not None:
            raise ConfigurationError(
                f"{name}: the embedded model does not use it; remove it, or use provider openai"
            )
    named = {
        "name": config.name,
        "dialect": dialect_named(config.name or ""),
    }
    return {**arguments, **{name: value for name, value in named.items() if name in parameters}}


def create_model(client: LLMClient, config: ModelConfig) -> Model:
    """Build a model of a client.

    Args:
        client: The client that sends its calls; one client may serve many models.
        config: The model's name at the provider, and the defaults of its calls.

    Raises:
        ConfigurationError: An argument is of another type.

    >>> from casual_llm.shell.clients import LocalClient
    >>> create_model(LocalClient(), ModelConfig(name="smollm2")).name
    'smollm2'
    """
    if not isinstance(config, ModelConfig):
        raise wrong_type("config", "a ModelConfig", config)
    return Model(
        client,
        config.name,
        default_options=config.default_options,
        system_message_handling=config.system_message_handling,
    )
