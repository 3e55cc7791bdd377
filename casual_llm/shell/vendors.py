"""Vendors, a row each, and the one function that resolves the parts of a client.

A key is sent to its own vendor only. A server that is known, by its host or by its dialect, gets the key
of its own variable, and never what the variable of another vendor holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypedDict
from urllib.parse import urlsplit

from attrs import frozen
from frozendict import frozendict

from casual_llm.config import ClientConfig, Provider, Timeout, address_of, key_variables
from casual_llm.config.connection import KEY_VARIABLES
from casual_llm.options import ChatOptions, Layer, SystemMessageHandling, layered
from casual_llm.providers import anthropic, ollama, openai_chat
from casual_llm.providers.openai_chat import DIALECTS, Dialect, dialect_named, dialect_of
from casual_llm.providers.openai_chat.dialects import COMPATIBLE, LLAMACPP, OPENAI
from casual_llm.redaction import Secret
from casual_llm.shell.authorise import Authorise, bearer, header_key
from casual_llm.shell.download import fetch_image_as_base64
from casual_llm.shell.environment import (
    anthropic_base_url,
    ollama_base_url,
    resolve_base_url,
    resolve_secret,
)
from casual_llm.shell.images import Fetch
from casual_llm.shell.transport import HttpClient, HttpTransport, Transport
from casual_llm.wire.codec import Codec


@frozen(kw_only=True)
class Vendor:
    """How the clients of one vendor are made."""

    provider: Provider
    key_variable: str | None = None
    base_url_variable: str | None = None
    base_url: str
    codec: Callable[[Dialect], Codec[Any]]
    key_header: str | None
    """`authorization` takes `Bearer` and the key, any other header the key alone; `None`: the dialect's."""
    key_required: bool = True
    """Whether a server that is not on this machine needs a key."""
    argument: str = "base_url"
    """The argument of the constructor that holds the base URL."""
    parse: Callable[[object, str], str] = address_of
    fetch: Fetch | None = None


_ROWS = (
    Vendor(
        provider=Provider.OPENAI,
        key_variable=KEY_VARIABLES[Provider.OPENAI],
        base_url_variable="OPENAI_BASE_URL",
        base_url="https://api.openai.com/v1",
        codec=openai_chat.codec,
        key_header=None,
    ),
    Vendor(
        provider=Provider.ANTHROPIC,
        key_variable=KEY_VARIABLES[Provider.ANTHROPIC],
        base_url_variable="ANTHROPIC_BASE_URL",
        base_url="https://api.anthropic.com",
        codec=lambda _: anthropic.codec(),
        key_header="x-api-key",
        parse=anthropic_base_url,
    ),
    Vendor(
        provider=Provider.OLLAMA,
        key_variable=KEY_VARIABLES[Provider.OLLAMA],
        base_url_variable="OLLAMA_HOST",
        base_url="http://localhost:11434",
        codec=lambda _: ollama.codec(),
        key_header="authorization",
        key_required=False,
        argument="host",
        parse=ollama_base_url,
        fetch=fetch_image_as_base64,
    ),
    Vendor(
        provider=Provider.LOCAL,
        base_url="local:",
        codec=lambda _: openai_chat.codec(LLAMACPP),
        key_header=None,
        key_required=False,
        parse=lambda base_url, _: str(base_url),
    ),
)
VENDORS: Mapping[Provider, Vendor] = frozendict({row.provider: row for row in _ROWS})
_HOSTS = {urlsplit(row.base_url).hostname: row for row in _ROWS if row.base_url.startswith("https:")}
_ALL_VARIABLES = {row.key_variable for row in (*DIALECTS, *_ROWS) if row.key_variable}


@frozen(kw_only=True)
class Settings:
    """The arguments of a constructor."""

    api_key: Secret | None = None
    base_url: str | None = None
    headers: Mapping[str, str] = frozendict()
    dialect: Dialect | None = None
    timeout: float | Timeout | None
    system_message_handling: SystemMessageHandling | None
    default_options: Layer | None
    http_client: HttpClient[Any] | None = None
    http2: bool = False
    transport: Transport | None = None
    name: str | None = None


class Parts(TypedDict):
    """The arguments of a `CodecClient`."""

    codec: Codec[Any]
    transport: Transport
    base_url: str
    headers: Mapping[str, str]
    authorise: Authorise | None
    total: float | None
    default_options: Layer
    fetch: Fetch | None
    name: str | None


def resolve_parts(provider: Provider, settings: Settings) -> Parts:
    """Resolve the parts of a client from what its constructor was given, the environment and the table."""
    vendor = VENDORS[provider]
    config = ClientConfig(provider=provider, api_key=settings.api_key, name=settings.name)
    url = _resolve_url(vendor, settings.base_url, settings.dialect)
    dialect = settings.dialect or dialect_of(url)
    variables = server_key_variables(config, url, settings.dialect)
    key = resolve_secret(config, url, variables, required=vendor.key_required)
    limits = Timeout.of(settings.timeout)
    handling = ChatOptions(system_message_handling=settings.system_message_handling)
    return Parts(
        codec=vendor.codec(dialect),
        transport=settings.transport
        or HttpTransport(timeout=limits, http_client=settings.http_client, http2=settings.http2),
        base_url=url,
        headers=settings.headers,
        authorise=_authorise(vendor.key_header or dialect.key_header, key) if key else None,
        total=limits.total,
        default_options=layered(default_options=settings.default_options, handling=handling),
        fetch=vendor.fetch,
        name=settings.name,
    )


def server_key_variables(config: ClientConfig, base_url: str, dialect: Dialect | None) -> tuple[str, ...]:
    """List the environment variables that may hold the key of a server, in the order they are tried.

    >>> config = ClientConfig(provider="openai")
    >>> server_key_variables(config, "https://openrouter.ai/api/v1", None)
    ('OPENROUTER_API_KEY',)
    >>> server_key_variables(config, "https://llm.example.com/v1", None)
    ('OPENAI_API_KEY',)
    """
    variables = _server_variables(base_url, dialect)
    foreign = frozenset[str]() if variables is None else _ALL_VARIABLES - variables
    server = (dialect or dialect_of(base_url)).key_variable
    return tuple(dict.fromkeys((*key_variables(config, server, foreign), *(variables or ()))))


def _server_variables(base_url: str, dialect: Dialect | None) -> frozenset[str] | None:
    """Return the variable of a server that is known; `None` of one that is not."""
    host = (urlsplit(base_url).hostname or "").rstrip(".")
    row: Dialect | Vendor = _HOSTS.get(host) or dialect_of(f"https://{host}")
    if row is COMPATIBLE and dialect is not None:
        listed = dialect_named(dialect.name) not in {None, COMPATIBLE}
        row = dialect if listed or dialect.key_variable else row
    return None if row is COMPATIBLE else frozenset(filter(None, [row.key_variable]))


def _resolve_url(vendor: Vendor, base_url: str | None, dialect: Dialect | None) -> str:
    default = vendor.base_url if dialect is None else dialect.base_url
    # The variable is the vendor's, so a server that has a base URL of its own is not there.
    elsewhere = default if dialect not in {None, OPENAI} else None
    given = base_url or elsewhere
    return resolve_base_url(
        given, vendor.base_url_variable, default, argument=vendor.argument, parse=vendor.parse
    )


def _authorise(header: str, key: Secret) -> Authorise:
    return bearer(key) if header == "authorization" else header_key(header, key)
