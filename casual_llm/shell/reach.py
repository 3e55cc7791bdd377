"""Where a provider is and with which key: what was given, else what the environment says."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from casual_llm.checks import a_kind, wrong
from casual_llm.config import ClientConfig, address_of, key_variables, resolve_api_key
from casual_llm.errors import ConfigurationError

_EVERYWHERE = {None, "0.0.0.0", "::"}  # noqa: S104 # compared with, not bound to
_LOOPBACK = ("localhost", "127.", "::1")


def address(given: str | None, variable: str, default: str) -> str:
    """Choose the address of a server: the one given, else the environment's, else the default."""
    return address_of(given or os.environ.get(variable) or default)


def key_for(
    config: ClientConfig, place: str, dialect: str | None = None, *, required: bool = True
) -> str | None:
    """Choose the key for an address, or refuse; a server on this machine needs none.

    `dialect` is the variable of a server that is known by its address.
    """
    key = resolve_api_key(config, os.environ, dialect)
    if key is None:
        if is_loopback(place) or not required:
            return None
        tried = " and ".join(key_variables(config, dialect))
        raise ConfigurationError(f"api_key: none given, and {tried} not set; give api_key= or set a variable")
    return header("api_key", key.strip())


def is_loopback(place: str) -> bool:
    """Tell whether an address is on this machine."""
    return (urlsplit(place).hostname or "").startswith(_LOOPBACK)


def header(name: str, value: str) -> str:
    """Check the value of a header, because an error of the HTTP library would quote it."""
    if not isinstance(value, str):
        raise wrong(name, f"{a_kind(value)} given", "give a string")
    if not value.isascii() or not value.isprintable():
        raise ConfigurationError(f"{name}: holds a character that no header can; was it copied whole?")
    return value


def ollama_host(text: str) -> str:
    """Read what `OLLAMA_HOST` may hold as an address: a port, a host, or a whole URL.

    >>> ollama_host(":11500"), ollama_host("0.0.0.0"), ollama_host("https://ollama.example.com")
    ('http://127.0.0.1:11500', 'http://127.0.0.1:11434', 'https://ollama.example.com')
    """
    bare = "://" not in text
    parts = urlsplit(f"http://{text}" if bare else text)
    # A server listens on 0.0.0.0; a client reaches it on this machine.
    everywhere = parts.hostname in _EVERYWHERE
    host = "127.0.0.1" if everywhere else parts.netloc.removesuffix(f":{parts.port}")
    port = 11434 if bare and parts.port is None else parts.port
    return address_of(f"{parts.scheme}://{host}{'' if port is None else f':{port}'}{parts.path}", "host")
