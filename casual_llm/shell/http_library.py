"""The HTTP library: httpx2 where it is installed, else httpx. This is the only module that imports either.

httpx2 continues httpx under the same interface. What is used of both is written down as protocols, which
mypy checks against the two modules.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping
from functools import cache
from typing import Any, Protocol, TypeVar

from attrs import frozen

R = TypeVar("R")


class HttpResponse(Protocol):
    """The part of a response that is used, whichever library it is from."""

    @property
    def status_code(self) -> int:
        """The HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers."""
        ...

    def aiter_bytes(self) -> AsyncIterator[bytes]:
        """Return the body as it arrives, decompressed."""
        ...

    async def aclose(self) -> None:
        """End the response."""
        ...


class HttpClient(Protocol[R]):
    """The part of an `AsyncClient` that is used, whichever library it is from."""

    def build_request(self, method: str, url: str, *, headers: Mapping[str, str], content: bytes) -> R:
        """Build a request of the client's own type."""
        ...

    async def send(self, request: R, *, stream: bool) -> HttpResponse:
        """Send it."""
        ...


class PoolResponse(HttpResponse, Protocol):
    """A response of a pool, of which more is known than of one of a caller's own client."""

    @property
    def http_version(self) -> str:
        """The version that the server speaks."""
        ...

    @property
    def stream(self) -> object:
        """The body below all decoding."""
        ...

    def aiter_raw(self) -> AsyncIterator[bytes]:
        """Return the body as it arrives, as it was sent."""
        ...


class HttpPool(Protocol):
    """The part of an `AsyncHTTPTransport` that is used."""

    async def handle_async_request(self, request: Any) -> PoolResponse:  # noqa: ANN401 # of the library's own type
        """Send a request."""
        ...

    async def aclose(self) -> None:
        """Close the connections."""
        ...


class Url(Protocol):
    """The part of a `URL` that is used."""

    @property
    def scheme(self) -> str:
        """The scheme, in lower case."""
        ...

    @property
    def userinfo(self) -> bytes:
        """User name and password."""
        ...

    @property
    def host(self) -> str:
        """The host, for people."""
        ...

    @property
    def raw_host(self) -> bytes:
        """The host, for machines."""
        ...

    @property
    def port(self) -> int | None:
        """The port, where it is not the scheme's."""
        ...

    @property
    def netloc(self) -> bytes:
        """Host and port."""
        ...

    def join(self, url: str) -> Any:  # noqa: ANN401 # of the library's own type
        """Resolve a URL that is relative to this one."""
        ...

    def copy_with(self, *, host: str) -> Any:  # noqa: ANN401 # of the library's own type
        """Return the URL with another host."""
        ...


@frozen(kw_only=True)
class HttpLibrary:
    """The names that are used of a library."""

    pool: Callable[..., HttpPool]
    request: Callable[..., object]
    limits: Callable[..., object]
    url: Callable[..., Url]
    ssl_context: Callable[..., ssl.SSLContext]
    byte_stream: type[AsyncIterable[bytes]]
    invalid_url: type[Exception]
    connect_errors: tuple[type[Exception], ...]
    http_error: type[Exception]


def httpx_library() -> HttpLibrary:
    """Return httpx."""
    import httpx

    return HttpLibrary(
        pool=httpx.AsyncHTTPTransport,
        request=httpx.Request,
        limits=httpx.Limits,
        url=httpx.URL,
        ssl_context=httpx.create_ssl_context,
        byte_stream=httpx.AsyncByteStream,
        invalid_url=httpx.InvalidURL,
        connect_errors=(httpx.ConnectError, httpx.ConnectTimeout),
        http_error=httpx.HTTPError,
    )


def httpx2_library() -> HttpLibrary:
    """Return httpx2; where it is not installed, that is an `ImportError`."""
    import httpx2

    return HttpLibrary(
        pool=httpx2.AsyncHTTPTransport,
        request=httpx2.Request,
        limits=httpx2.Limits,
        url=httpx2.URL,
        ssl_context=httpx2.create_ssl_context,
        byte_stream=httpx2.AsyncByteStream,
        invalid_url=httpx2.InvalidURL,
        connect_errors=(httpx2.ConnectError, httpx2.ConnectTimeout),
        http_error=httpx2.HTTPError,
    )


def choose_library() -> HttpLibrary:
    """Return httpx2 where it is installed, else httpx."""
    try:
        return httpx2_library()
    except ImportError:
        return httpx_library()


http_library = cache(choose_library)
"""The library of this process, imported on first use."""
