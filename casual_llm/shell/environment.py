"""Where a provider is and with which key: what was given, else what the environment says."""

from __future__ import annotations

import os
import re
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

from returns.result import safe

from casual_llm.config import ClientConfig, address_of, key_variables, resolve_api_key
from casual_llm.errors import ConfigurationError
from casual_llm.validation import invalid, type_name

_OLLAMA = "http://localhost:11434"
_PORT = 11434
_HOST = re.compile(r"(?:(https?)://)?(\[[^\]]*\]|[^:/\[\]]*)(?::(\d*))?(/(?!/).*)?", re.IGNORECASE)
# A server listens on all addresses; a client reaches it on this machine.
_HERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 # looked up, not bound to


def resolve_base_url(given: str | None, variable: str, own: str | None) -> str:
    """Choose the address of a server: the one given, else the environment's, else its own."""
    told, place = _told(given, "base_url", variable)
    if not told and own is None:
        remedy = f"give base_url=, or set {variable}"
        raise ConfigurationError(f"base_url: none given, and this server has none of its own; {remedy}")
    return address_of(told or own, place)


def _told(given: str | None, place: str, variable: str) -> tuple[str | None, str]:
    """Give an address, and the place that it is from, which an error of it names."""
    found = os.environ.get(variable)
    return (found, variable) if found and not given else (given, place)


def key_for(
    config: ClientConfig, place: str, dialect: str | None = None, *, required: bool = True
) -> str | None:
    """Choose the key for an address, or refuse; a server on this machine needs none.

    `dialect` is the variable of a server that is known by its address.
    """
    key = (resolve_api_key(config, os.environ, dialect) or "").strip()
    if not key and required and not is_loopback(place):
        tried = " and ".join(key_variables(config, dialect))
        raise ConfigurationError(f"api_key: none given, and {tried} not set; give api_key= or set a variable")
    return header("api_key", key) if key else None


def is_loopback(place: str) -> bool:
    """Tell whether an address is on this machine.

    >>> is_loopback("http://localhost:8000/v1"), is_loopback("http://localhost.example.com/v1")
    (True, False)
    """
    host = (urlsplit(place).hostname or "").rstrip(".")
    found = _ip(host).value_or(None)
    if found is None:
        return host == "localhost" or host.endswith(".localhost")
    return found.is_loopback or found.is_unspecified


def header(name: str, value: str) -> str:
    """Check the value of a header, because an error of the HTTP library would quote it."""
    if not isinstance(value, str):
        raise invalid(name, f"{type_name(value)} given", "give a string")
    if not value.isascii() or not value.isprintable():
        raise ConfigurationError(f"{name}: holds a character that no header can; was it copied whole?")
    return value


def ollama_address(host: str | None) -> str:
    """Choose the address of an Ollama server: the one given, else `OLLAMA_HOST`, else the usual one."""
    told, place = _told(host, "host", "OLLAMA_HOST")
    return ollama_host(told or _OLLAMA, place)


def ollama_host(text: object, place: str = "host") -> str:
    """Read what `OLLAMA_HOST` may hold as an address: a port, a host, or a whole URL.

    >>> ollama_host(":11500"), ollama_host("0.0.0.0"), ollama_host("https://ollama.example.com")
    ('http://127.0.0.1:11500', 'http://127.0.0.1:11434', 'https://ollama.example.com')
    """
    if not isinstance(text, str):
        raise invalid(place, f"{type_name(text)} given", "give a string")
    told = text.strip().strip("\"'")  # as the vendor's own programs read the variable
    found = _HOST.fullmatch(f"[{told}]" if _is_ipv6(told) else told)
    scheme, host, port, path = found.groups() if found else (None, None, None, None)
    if found is None or (scheme and not host):
        return address_of(told if "://" in told else f"http://{told}", place)
    # Where a scheme is said and no port, the port is the scheme's.
    ending = port or (None if scheme else _PORT)
    where = f"{scheme or 'http'}://{_HERE.get(host or '', host)}"
    return address_of(where + (f":{ending}" if ending else "") + (path or ""), place)


_ip = safe(exceptions=(ValueError,))(ip_address)


def _is_ipv6(text: str) -> bool:
    return isinstance(_ip(text).value_or(None), IPv6Address)
