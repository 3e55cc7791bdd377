"""Download images for formats that accept no URLs, without ever reaching into private networks.

A name is resolved once. Every address it has must be public, and the connection goes to the very address
that was checked, so a name that means another address a moment later leads nowhere else. A redirect is a
new URL, with all checks again. Nothing that a server claims is trusted where its bytes can be checked: not
its size, not its media type. Errors name the host and never the rest of a URL, which may hold a token.
"""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from functools import lru_cache

from attrs import field, frozen
from returns.pipeline import is_successful

from casual_llm.errors import ImageFetchError
from casual_llm.shell.connections import empty_context
from casual_llm.shell.http_library import HttpLibrary, HttpPool, PoolResponse, Url, http_library
from casual_llm.wire.addresses import refused_address
from casual_llm.wire.images import agreed_media_type

_OK = 200
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
_CONNECT = 10.0
"""Seconds for an address to answer before the next one is tried."""
_HEAD = 16
"""Bytes that are enough to detect the type of an image."""
_DIGITS = 18
"""A size with more digits is larger than any limit."""
_DEFAULT_PORTS = {"http": 80, "https": 443}
_PORTS = 2**16
_HEADERS = {"accept": "image/*", "accept-encoding": "identity", "user-agent": "casual-llm"}
_REMEDY = "download it yourself and pass its bytes, or use read_image(path)"


async def resolve(host: str, port: int) -> Sequence[str]:
    """Look up the addresses of a host, in the order to try them."""
    loop = asyncio.get_running_loop()
    entries = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(address[0]) for *_, address in entries))


@lru_cache(maxsize=1)
def trusted() -> ssl.SSLContext:
    """Return the certificates that are trusted; loading them takes 28 ms, so it is done once."""
    return http_library().ssl_context(trust_env=False)


@frozen(kw_only=True)
class Network:
    """What a download needs of the network, and its limits; tests replace it."""

    resolve: Callable[[str, int], Awaitable[Sequence[str]]] = resolve
    refused: Callable[[str], str | None] = refused_address
    trusted: Callable[[], ssl.SSLContext] = trusted
    deadline: float = 30.0
    """Seconds for all of it, redirects included."""
    largest: int = 10 * 1024 * 1024
    """Bytes."""
    library: HttpLibrary = field(factory=http_library, repr=False)


async def fetch_image_as_base64(url: str, *, network: Network | None = None) -> tuple[str, str]:
    """Download a PNG, JPEG, GIF or WebP image, and return its base64 and its media type.

    Args:
        url: An http or https URL of a public host, without user name and password.
        network: What replaces the network, such as in a test, and the limits: by default 30 seconds for
            everything, redirects included, and 10 MiB.

    Raises:
        ImageFetchError: The URL leads into a private network, the download fails, or it is not an image.

    >>> asyncio.run(fetch_image_as_base64("http://localhost/cat.png?token=secret"))
    Traceback (most recent call last):
    ...
    casual_llm.errors.ImageFetchError: image at localhost: its address is loopback; \
download it yourself and pass its bytes, or use read_image(path)
    """
    settings = network or Network()
    target = _checked(url, settings.library)
    try:
        async with asyncio.timeout(settings.deadline):
            return await _download(target, settings)
    except TimeoutError:
        problem = f"it took longer than {settings.deadline:g} seconds"
    raise _failed(target, problem)


def _failed(url: Url, problem: str) -> ImageFetchError:
    return ImageFetchError(f"image at {url.host or 'no host'}: {problem}; {_REMEDY}")


def _checked(url: str, library: HttpLibrary, base: Url | None = None) -> Url:
    """Parse a URL, and refuse what cannot or must not be fetched."""
    whose = "" if base is None else f" that {base.host} redirects to"
    unreadable = ImageFetchError(f"image: the URL{whose} cannot be read; {_REMEDY}")
    try:
        target: Url = library.url(url) if base is None else base.join(url)
    except (library.invalid_url, TypeError, ValueError):
        raise unreadable from None  # the error quotes the URL
    if b"%" in target.raw_host:
        raise unreadable  # a zone of this machine, or no host at all
    if target.scheme not in _DEFAULT_PORTS or not target.host or (target.port or 0) >= _PORTS:
        raise _failed(target, "its URL must be http or https, with a host")
    if target.userinfo:
        raise _failed(target, "its URL holds a user or password")
    return target


async def _download(target: Url, network: Network) -> tuple[str, str]:
    for _ in range(_MOST_REDIRECTS + 1):
        async with _opened(target, network) as response:
            location = response.headers.get("location") if response.status_code in _REDIRECTS else None
            if location is None:
                return await _image(target, response, network.largest)
        target = _checked(location, network.library, target)
    raise _failed(target, f"it redirects more than {_MOST_REDIRECTS} times")


@asynccontextmanager
async def _opened(target: Url, network: Network) -> AsyncIterator[PoolResponse]:
    addresses = await _addresses(target, network)
    # One connection, for this host alone: a pool would share it among the hosts of an address.
    context = network.trusted() if target.scheme == "https" else empty_context()
    library = network.library
    try:
        async with (
            aclosing(library.pool(verify=context, trust_env=False)) as pool,
            aclosing(await _first_response(library, pool, target, addresses)) as response,
        ):
            yield response
    except library.connect_errors as error:
        raise _failed(target, f"its server cannot be reached ({str(error) or 'no answer'})") from None
    except library.http_error:  # its text may quote what the server sent
        raise _failed(target, "the connection broke, or its server does not speak HTTP") from None


async def _addresses(target: Url, network: Network) -> Sequence[str]:
    host, port = target.raw_host.decode("ascii"), target.port or _DEFAULT_PORTS[target.scheme]
    try:
        addresses = await network.resolve(host, port)
    except (OSError, UnicodeError):
        addresses = ()
    if not addresses:
        raise _failed(target, "its host is not known")
    for address in addresses:
        reason = network.refused(address)
        if reason is not None:
            raise _failed(target, f"its address is {reason}")
    return addresses


async def _first_response(
    library: HttpLibrary, pool: HttpPool, target: Url, addresses: Sequence[str]
) -> PoolResponse:
    """Try the addresses in turn; the request names the host, and its certificate must be the host's."""
    *others, last = addresses
    for address in others:
        try:
            return await pool.handle_async_request(_request(library, target, address))
        except library.connect_errors:
            continue  # such as an IPv6 address on a machine without IPv6
    return await pool.handle_async_request(_request(library, target, last))


def _request(library: HttpLibrary, target: Url, address: str) -> object:
    return library.request(
        "GET",
        target.copy_with(host=address),
        headers={"host": target.netloc.decode("ascii"), **_HEADERS},
        extensions={
            "sni_hostname": target.raw_host.decode("ascii").rstrip("."),
            "timeout": {"connect": _CONNECT},
        },
    )


async def _image(target: Url, response: PoolResponse, largest: int) -> tuple[str, str]:
    if response.status_code != _OK:
        raise _failed(target, f"its server answered {response.status_code}")
    if response.headers.get("content-encoding", "").lower() not in {"", "identity"}:
        raise _failed(target, "it is compressed, although no compression was requested")
    length = response.headers.get("content-length", "")
    too_large = _failed(target, f"it is larger than {largest:,} bytes")
    if length.isdecimal() and (len(length) > _DIGITS or int(length) > largest):
        raise too_large
    data = bytearray()
    async for chunk in response.aiter_raw():
        data += chunk
        if len(data) > largest:
            raise too_large
    media_type = agreed_media_type(response.headers.get("content-type", ""), bytes(data[:_HEAD]))
    if not is_successful(media_type):
        raise _failed(target, media_type.failure())
    return base64.b64encode(data).decode(), media_type.unwrap()
