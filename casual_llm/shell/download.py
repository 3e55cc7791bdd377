"""Images from the web, for formats that take no URLs: a download that stays out of private networks.

A name is resolved once. Every address it has must be public, and the connection goes to the very address
that was checked, so a name that means another address a moment later leads nowhere else. A redirect is a
new URL, with all checks again. Nothing that a server says is believed where its bytes can tell: not its
size, not its media type. Errors name the host and never the rest of a URL, which may hold a token.
"""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache

import httpx
from attrs import frozen
from returns.pipeline import is_successful

from casual_llm.errors import ImageFetchError
from casual_llm.wire.addresses import refused_address
from casual_llm.wire.images import agreed_media_type

_OK = 200
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
_CONNECT = 10.0
"""Seconds for an address to answer before the next one is tried."""
_HEAD = 16
"""Bytes that tell what an image is."""
_DIGITS = 18
"""Of a size that any computer has."""
_DEFAULT_PORTS = {"http": 80, "https": 443}
_PORTS = 2**16
_HEADERS = {"accept": "image/*", "accept-encoding": "identity", "user-agent": "casual-llm"}
_REMEDY = "download it yourself and give its bytes, or read_image(path)"


async def resolve(host: str, port: int) -> Sequence[str]:
    """Ask the system for the addresses of a host, in the order to try them."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(place[0]) for *_, place in found))


@lru_cache(maxsize=1)
def trusted() -> ssl.SSLContext:
    """Give the certificates that are trusted; loading them takes 28 ms, so it is done once."""
    return httpx.create_ssl_context(trust_env=False)


@frozen(kw_only=True)
class Network:
    """What a download needs of the world, and its limits; a test has a world of its own."""

    resolve: Callable[[str, int], Awaitable[Sequence[str]]] = resolve
    refused: Callable[[str], str | None] = refused_address
    trusted: Callable[[], ssl.SSLContext] = trusted
    deadline: float = 30.0
    """Seconds for all of it, redirects included."""
    largest: int = 10 * 1024 * 1024
    """Bytes."""


INTERNET = Network()


async def fetch_image_as_base64(url: str, *, network: Network = INTERNET) -> tuple[str, str]:
    """Download a PNG, JPEG, GIF or WebP image, and give its base64 and its media type.

    >>> asyncio.run(fetch_image_as_base64("http://localhost/cat.png?token=secret"))
    Traceback (most recent call last):
    ...
    casual_llm.errors.ImageFetchError: image at localhost: its address is loopback; \
download it yourself and give its bytes, or read_image(path)
    """
    target = _checked(url)
    try:
        async with asyncio.timeout(network.deadline):
            return await _download(target, network)
    except TimeoutError:
        seconds = f"it took longer than {network.deadline:g} seconds"
    raise _failed(target, seconds)


def _failed(url: httpx.URL, problem: str) -> ImageFetchError:
    return ImageFetchError(f"image at {url.host or 'no host'}: {problem}; {_REMEDY}")


def _checked(url: str, base: httpx.URL | None = None) -> httpx.URL:
    """Take a URL apart, and refuse what cannot or must not be fetched."""
    whose = "" if base is None else f" that {base.host} redirects to"
    unreadable = ImageFetchError(f"image: the URL{whose} cannot be read; {_REMEDY}")
    try:
        target = httpx.URL(url) if base is None else base.join(url)
    except (httpx.InvalidURL, TypeError, ValueError):
        raise unreadable from None  # the error quotes the URL
    if b"%" in target.raw_host:
        raise unreadable  # a zone of this machine, or no host at all
    if target.scheme not in _DEFAULT_PORTS or not target.host or (target.port or 0) >= _PORTS:
        raise _failed(target, "its URL is none of http or https with a host")
    if target.userinfo:
        raise _failed(target, "its URL holds a user or password")
    return target


async def _download(target: httpx.URL, network: Network) -> tuple[str, str]:
    for _ in range(_MOST_REDIRECTS + 1):
        async with _opened(target, network) as response:
            location = response.headers.get("location") if response.status_code in _REDIRECTS else None
            if location is None:
                return await _image(target, response, network.largest)
        target = _checked(location, target)
    raise _failed(target, f"it redirects more than {_MOST_REDIRECTS} times")


@asynccontextmanager
async def _opened(target: httpx.URL, network: Network) -> AsyncIterator[httpx.Response]:
    addresses = await _addresses(target, network)
    # One connection, for this host alone: a pool would share it among the hosts of an address.
    context = network.trusted() if target.scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        async with httpx.AsyncHTTPTransport(verify=context, trust_env=False) as transport:
            response = await _first_answer(transport, target, addresses)
            try:
                yield response
            finally:
                await response.aclose()
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise _failed(target, f"its server cannot be reached ({str(error) or 'no answer'})") from None
    except httpx.HTTPError:  # its text may quote what the server sent
        raise _failed(target, "the connection broke, or its server speaks no HTTP") from None


async def _addresses(target: httpx.URL, network: Network) -> Sequence[str]:
    host, port = target.raw_host.decode("ascii"), target.port or _DEFAULT_PORTS[target.scheme]
    try:
        found = await network.resolve(host, port)
    except (OSError, UnicodeError):
        found = ()
    if not found:
        raise _failed(target, "its host is not known")
    for address in found:
        reason = network.refused(address)
        if reason is not None:
            raise _failed(target, f"its address is {reason}")
    return found


async def _first_answer(
    transport: httpx.AsyncHTTPTransport, target: httpx.URL, addresses: Sequence[str]
) -> httpx.Response:
    """Ask the addresses in turn; the request names the host, and its certificate must be the host's."""
    *others, last = addresses
    for address in others:
        try:
            return await transport.handle_async_request(_request(target, address))
        except (httpx.ConnectError, httpx.ConnectTimeout):
            continue  # such as an IPv6 address on a machine without IPv6
    return await transport.handle_async_request(_request(target, last))


def _request(target: httpx.URL, address: str) -> httpx.Request:
    return httpx.Request(
        "GET",
        target.copy_with(host=address),
        headers={"host": target.netloc.decode("ascii"), **_HEADERS},
        extensions={
            "sni_hostname": target.raw_host.decode("ascii").rstrip("."),
            "timeout": {"connect": _CONNECT},
        },
    )


async def _image(target: httpx.URL, response: httpx.Response, largest: int) -> tuple[str, str]:
    if response.status_code != _OK:
        raise _failed(target, f"its server answered {response.status_code}")
    if response.headers.get("content-encoding", "").lower() not in {"", "identity"}:
        raise _failed(target, "it is compressed, though it was asked for as it is")
    length = response.headers.get("content-length", "")
    too_large = _failed(target, f"it is larger than {largest:,} bytes")
    if length.isdecimal() and (len(length) > _DIGITS or int(length) > largest):
        raise too_large
    data = bytearray()
    async for piece in response.aiter_raw():
        data += piece
        if len(data) > largest:
            raise too_large
    media_type = agreed_media_type(response.headers.get("content-type", ""), bytes(data[:_HEAD]))
    if not is_successful(media_type):
        raise _failed(target, media_type.failure())
    return base64.b64encode(data).decode(), media_type.unwrap()
