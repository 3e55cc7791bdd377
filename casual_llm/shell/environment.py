"""Resolve the base URL and the key of a server: what was given, else what environment variables hold."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

from returns.result import safe

from casual_llm.config import ClientConfig, address_of
from casual_llm.config.connection import find_key
from casual_llm.errors import ConfigurationError
from casual_llm.redaction import Secret
from casual_llm.validation import wrong_type

_PORT = 11434
_HOST = re.compile(r"(?:(https?)://)?(\[[^\]]*\]|[^:/\[\]]*)(?::(\d*))?(/(?!/).*)?", re.IGNORECASE)
# A server listens on all addresses; a client reaches it on this machine.
_LOOPBACK = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 # looked up, not bound to


def resolve_base_url(
    given: str | None,
    variable: str | None,
    default: str | None,
    *,
    argument: str = "base_url",
    parse: Callable[[object, str], str] = address_of,
) -> str:
    """Return the base URL of a server: the one given, else the environment's, else the default.

    Args:
        given: The URL that the caller passed, in the argument of this name.
        variable: The environment variable that may hold one; an error names what it is about.
        default: The URL of the vendor, or `None` where there is none.
        argument: The name of the caller's argument.
        parse: Checks the URL and returns it in its usual form.
    """
    if variable and not given and os.environ.get(variable):
        return parse(os.environ[variable], variable)
    if not given and default is None:
        remedy = f"pass {argument}=, or set {variable}"
        raise ConfigurationError(f"{argument}: no URL given, and this server has no default; {remedy}")
    return parse(given or default, argument)


def resolve_secret(
    config: ClientConfig, base_url: str, variables: Sequence[str], *, required: bool = True
) -> Secret | None:
    """Return the key for a server: the one given, else that of the first variable that holds one.

    Args:
        config: Holds the key that the caller gave, if any.
        base_url: Where the key would be sent; a server on this machine needs none.
        variables: The environment variables to try, in this order.
        required: Whether a missing key is an error, for a server that is not on this machine.
    """
    key = find_key(config, os.environ, variables)
    stripped = key.stripped() if key else None
    if stripped or not required or is_loopback(base_url):
        return stripped or None
    if not variables:
        raise ConfigurationError("api_key: no API key given; pass api_key=")
    names, verb = " and ".join(variables), "is" if len(variables) == 1 else "are"
    raise ConfigurationError(
        f"api_key: no API key given, and {names} {verb} not set; pass api_key=, or set a variable"
    )


def is_loopback(base_url: str) -> bool:
    """Return whether a URL leads to this machine.

    >>> is_loopback("http://localhost:8000/v1"), is_loopback("http://localhost.example.com/v1")
    (True, False)
    """
    host = (urlsplit(base_url).hostname or "").rstrip(".")
    address = _ip(host).value_or(None)
    if address is None:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def ollama_base_url(text: object, argument: str = "host") -> str:
    """Read what `OLLAMA_HOST` may hold as a base URL: a port, a host, or a whole URL.

    >>> ollama_base_url(":11500"), ollama_base_url("0.0.0.0"), ollama_base_url("https://ollama.example.com")
    ('http://127.0.0.1:11500', 'http://127.0.0.1:11434', 'https://ollama.example.com')
    """
    if not isinstance(text, str):
        raise wrong_type(argument, "a string", text)
    bare = text.strip().strip("\"'")  # as the vendor's own programs read the variable
    parts = _HOST.fullmatch(f"[{bare}]" if _is_ipv6(bare) else bare)
    scheme, host, port, path = parts.groups() if parts else (None, None, None, None)
    if parts is None or (scheme and not host):
        return address_of(bare if "://" in bare else f"http://{bare}", argument)
    # Where there is a scheme and no port, the port is the scheme's.
    ending = port or (None if scheme else _PORT)
    origin = f"{scheme or 'http'}://{_LOOPBACK.get(host or '', host)}"
    return address_of(origin + (f":{ending}" if ending else "") + (path or ""), argument)


def anthropic_base_url(text: object, argument: str = "base_url") -> str:
    """Read a base URL of Anthropic, which users often end in the version.

    >>> anthropic_base_url("https://api.anthropic.com/v1/")
    'https://api.anthropic.com'
    """
    return address_of(text, argument).removesuffix("/v1")


_ip = safe(exceptions=(ValueError,))(ip_address)


def _is_ipv6(text: str) -> bool:
    return isinstance(_ip(text).value_or(None), IPv6Address)
