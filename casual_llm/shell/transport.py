"""The network: one effect, `open`, and the only import of httpx.

A transport takes a request and gives the status, the headers and the body as it arrives. All else
(whole replies, streams, timeouts of a call) is built on that.

httpx spends a third of a request in its client, above the transport that does the work, and its
connection pool looks at every connection for each request. So without a client of the caller's,
requests go straight to `httpx.AsyncHTTPTransport`, in pools of at most ten connections.
"""

from __future__ import annotations

import asyncio
import os
import re
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Mapping
from functools import cached_property, lru_cache
from importlib.util import find_spec
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx
from attrs import asdict, define, field, frozen

from casual_llm.config.connection import Timeout, as_timeout
from casual_llm.errors import ConfigurationError, RequestTimeoutError, TransportError
from casual_llm.wire.codec import Request

_POOL_SIZE = 10
_KEEPALIVE = 30.0
_ENDED = re.compile(r"disconnected|closed connection|StreamReset|ConnectionTerminated")


@frozen(kw_only=True)
class OpenResponse:
    """A response that has begun: its head, and its body as the network hands it over."""

    status: int
    headers: Mapping[str, str]
    body: AsyncIterator[bytes]
    aclose: Callable[[], Awaitable[None]]
    """Ends the response; where the body was not read to its end, the connection is closed."""


class Transport(Protocol):
    """What a client needs of the network; a fake in a test is one method and a half."""

    async def open(self, request: Request) -> OpenResponse:
        """Send a request and give the response as soon as its head is there."""
        ...

    async def aclose(self) -> None:
        """Close what is open."""
        ...


R = TypeVar("R")


class HttpResponse(Protocol):
    """The part of `httpx.Response` that is used; httpx2's has it too."""

    @property
    def status_code(self) -> int:
        """The HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers."""
        ...

    def aiter_bytes(self) -> AsyncIterator[bytes]:
        """Give the body as it arrives, decompressed."""
        ...

    async def aclose(self) -> None:
        """End the response."""
        ...


class HttpClient(Protocol[R]):
    """The part of `httpx.AsyncClient` that is used; httpx2's has it too."""

    def build_request(self, method: str, url: str, *, headers: Mapping[str, str], content: bytes) -> R:
        """Make a request of the client's own kind."""
        ...

    async def send(self, request: R, *, stream: bool) -> HttpResponse:
        """Send it."""
        ...


@define(eq=False)
class _Pool:
    transport: httpx.AsyncHTTPTransport
    busy: int = 0
    left: bool = False
    """Whether a response was left early; no further request is sent through it."""


@frozen
class _Route:
    """What decides which pools can serve a request; the proxy's URL may hold a password."""

    secure: bool
    proxy: str | None = field(repr=False)


@define(eq=False)
class HttpTransport:
    """HTTP by httpx: with a client of the caller's, or with pools of our own.

    A client of the caller's keeps its own settings, timeouts included, and is not closed here.
    Pools belong to the event loop they were made in, so one transport serves several loops.
    """

    timeout: Timeout = field(default=Timeout.of(60.0), converter=as_timeout)
    http_client: HttpClient[Any] | None = None
    http2: bool = False
    trust_env: bool = True
    """Whether proxies and certificates named in the environment are used."""
    _pools: dict[asyncio.AbstractEventLoop, dict[_Route, list[_Pool]]] = field(
        init=False, repr=False, factory=dict
    )
    _routes: dict[tuple[str, str], _Route] = field(init=False, repr=False, factory=dict)

    async def open(self, request: Request) -> OpenResponse:
        """Send a request and give the response as soon as its head is there."""
        try:
            if self.http_client is not None:
                return await self._through_client(self.http_client, request)
            return await self._through_pool(request)
        except Exception as error:  # noqa: BLE001 # what is not httpx's comes back unchanged
            told = _translated(error, request.url, self.timeout)
        raise told  # outside, so that it carries no context but the cause that it names

    async def aclose(self) -> None:
        """Close the connections of the running event loop; those of ended loops are gone."""
        routes = self._pools.pop(asyncio.get_running_loop(), {})
        for pool in [pool for pools in routes.values() for pool in pools]:
            await pool.transport.aclose()

    async def _through_client(self, client: HttpClient[Any], request: Request) -> OpenResponse:
        built = client.build_request("POST", request.url, headers=request.headers, content=request.body)
        response = await client.send(built, stream=True)
        return self._incoming(request, response, response.aiter_bytes(), response.aclose)

    async def _through_pool(self, request: Request) -> OpenResponse:
        built = httpx.Request(
            "POST",
            request.url,
            headers=dict(request.headers),
            content=request.body,
            extensions={"timeout": self._limits},
        )
        pool = self._pool(self._route(request.url))
        pool.busy += 1
        closed = whole = False

        def read_to_its_end() -> None:
            nonlocal whole
            whole = True

        async def aclose() -> None:
            nonlocal closed
            if closed:
                return
            closed = True
            pool.busy -= 1
            await response.aclose()
            # httpcore does not tell an HTTP/2 server that nobody listens any more: the connection has
            # to go, as soon as no other request is under way on it.
            pool.left = pool.left or (not whole and response.http_version == "HTTP/2")
            if pool.left and not pool.busy:
                await pool.transport.aclose()

        try:
            response = await pool.transport.handle_async_request(built)
        except BaseException:
            pool.busy -= 1
            raise
        return self._incoming(request, response, _pieces(response), aclose, read_to_its_end)

    def _incoming(
        self,
        request: Request,
        response: HttpResponse,
        pieces: AsyncIterable[bytes],
        aclose: Callable[[], Awaitable[None]],
        read_to_its_end: Callable[[], None] = lambda: None,
    ) -> OpenResponse:
        headers = {name.lower(): value for name, value in response.headers.items()}
        body = _body(pieces, request.url, self.timeout, read_to_its_end)
        return OpenResponse(status=response.status_code, headers=headers, body=body, aclose=aclose)

    @cached_property
    def _limits(self) -> dict[str, float | None]:
        return asdict(self.timeout, filter=lambda attribute, _: attribute.name != "total")

    def _pool(self, route: _Route) -> _Pool:
        loop = asyncio.get_running_loop()
        if loop not in self._pools:
            for ended in [known for known in self._pools if known.is_closed()]:
                del self._pools[ended]
        pools = self._pools.setdefault(loop, {}).setdefault(route, [])
        pools[:] = [pool for pool in pools if not pool.left]
        for pool in pools:
            if pool.busy < _POOL_SIZE:
                return pool
        pools.append(_Pool(_new_transport(route, http2=self.http2, trust_env=self.trust_env)))
        return pools[-1]

    def _route(self, url: str) -> _Route:
        parts = urlsplit(url)
        origin = (parts.scheme, parts.netloc.rpartition("@")[2])
        if origin not in self._routes:
            proxy = _proxy(*origin) if self.trust_env else None
            self._routes[origin] = _Route(secure=parts.scheme == "https", proxy=proxy)
        return self._routes[origin]


def _proxy(scheme: str, host: str) -> str | None:
    proxies = getproxies()
    proxy = proxies.get(scheme) or proxies.get("all")
    if not proxy or proxy_bypass(host):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _new_transport(route: _Route, *, http2: bool, trust_env: bool) -> httpx.AsyncHTTPTransport:
    limits = httpx.Limits(max_keepalive_connections=_POOL_SIZE, keepalive_expiry=_KEEPALIVE)
    if http2 and find_spec("h2") is None:
        raise ConfigurationError('http2: it needs an extra; run: pip install "casual-llm[http2]"')
    # A route without TLS gets a context that trusts nobody, which costs nothing to make.
    verify = _trust(trust_env=trust_env) if route.secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        return httpx.AsyncHTTPTransport(verify=verify, proxy=route.proxy, http2=http2, limits=limits)
    except ImportError as error:
        raise ConfigurationError(f"proxy: {error}") from error
    except ValueError:
        raise ConfigurationError("proxy: the environment names one that is no http or socks URL") from None


def _trust(*, trust_env: bool) -> ssl.SSLContext:
    named = [os.environ.get(name) for name in ("SSL_CERT_FILE", "SSL_CERT_DIR")] if trust_env else []
    try:
        return _shared_context(*named)
    except OSError as error:
        places = " or ".join(name for name in named if name)
        raise ConfigurationError(f"SSL_CERT_FILE: no certificates can be read from {places}") from error


@lru_cache(maxsize=8)
def _shared_context(*named: str | None) -> ssl.SSLContext:
    # Loading the certificates takes 28 ms, so all pools of a process share one context.
    return httpx.create_ssl_context(trust_env=bool(named))


def _pieces(response: httpx.Response) -> AsyncIterable[bytes]:
    # What is not compressed needs none of the layers that httpx puts above the connection, which cost
    # a tenth of a short piece.
    if "content-encoding" not in response.headers and isinstance(response.stream, httpx.AsyncByteStream):
        return response.stream
    return response.aiter_bytes()


async def _body(
    pieces: AsyncIterable[bytes], url: str, limits: Timeout, read_to_its_end: Callable[[], None]
) -> AsyncIterator[bytes]:
    try:
        async for data in pieces:
            yield data
        read_to_its_end()
    except Exception as error:  # noqa: BLE001 # what is not httpx's comes back unchanged
        told = _translated(error, url, limits)
    else:
        return
    raise told


def _translated(error: Exception, url: str, limits: Timeout) -> Exception:
    """Say in our words what an httpx exception says; httpx2's have the same names."""
    names = {kind.__name__ for kind in type(error).__mro__}
    if "ProtocolError" in names and not _ENDED.search(str(error)):
        # Its text, and so its traceback, quotes what the server sent, which may quote the key.
        return TransportError(f"what {_origin(url)} sent is no HTTP; check base_url")
    told = _in_our_words(names, str(error) or type(error).__name__, _origin(url), limits)
    if told is None:
        return error
    told.__cause__ = error
    return told


def _in_our_words(names: set[str], reason: str, origin: str, limits: Timeout) -> Exception | None:
    if "TimeoutException" in names:
        problem = f"{origin} took longer than allowed ({reason})"
        return RequestTimeoutError(f"{problem}; give a longer timeout (now {limits})")
    if "ConnectError" in names:
        return TransportError(f"cannot reach {origin}: {reason}; check base_url and that the server runs")
    if names & {"InvalidURL", "UnsupportedProtocol"}:
        return ConfigurationError(f"base_url: {origin!r} cannot be used ({reason}); give http:// or https://")
    if names & {"HTTPError", "StreamError"}:
        return TransportError(f"the connection to {origin} broke: {reason}; try again")
    return None


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
