"""The network: one effect, `open`.

A transport takes a request and returns the status, the headers and the body as it arrives. All else
(whole replies, streams, timeouts of a call) is built on that.

The HTTP library spends a third of a request in its client, above the transport that does the work. So
without a client of the caller's, requests go straight to its `AsyncHTTPTransport`.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Mapping
from functools import cached_property
from inspect import iscoroutinefunction
from typing import Any, Protocol

from attrs import Attribute, asdict, define, field, frozen

from casual_llm.config.timeout import Timeout, as_timeout
from casual_llm.shell.connections import Connections, Pool
from casual_llm.shell.http_errors import translate_exception
from casual_llm.shell.http_library import (
    HttpClient,
    HttpLibrary,
    HttpResponse,
    PoolResponse,
    http_library,
)
from casual_llm.validation import wrong_type
from casual_llm.wire.codec import Request

__all__ = ["HttpClient", "HttpResponse", "HttpTransport", "OpenResponse", "Transport"]


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
        """Send a request and return the response as soon as its head is there."""
        ...

    async def aclose(self) -> None:
        """Close what is open."""
        ...


def _check_client(_: object, __: Attribute[Any], client: object) -> None:
    # A synchronous client would send the request, and fail then.
    if client is not None and not iscoroutinefunction(getattr(client, "send", None)):
        raise wrong_type("http_client", "an AsyncClient of httpx2 or httpx", client)


@define(eq=False)
class HttpTransport:
    """HTTP by httpx2 or httpx: with a client of the caller's, or with connections of our own.

    Connections belong to the event loop they were made in, so one transport serves several loops.

    Args:
        timeout: Seconds for each phase, or a `Timeout`; 60 by default. Not used with `http_client`.
        http_client: An `AsyncClient` of httpx or httpx2. It keeps its own settings, timeouts included, and
            is not closed here.
        http2: Whether to use HTTP/2 if the server supports it; needs the extra `http2`.
        trust_env: Whether proxies and certificates named in the environment are used.
        library: The HTTP library; httpx2 where it is installed, else httpx.

    Raises:
        ConfigurationError: From `open`, where the URL, a proxy or the certificates cannot be used.
        TransportError: From `open` and the body, where the server cannot be reached or the connection breaks.
        RequestTimeoutError: From `open` and the body, where a phase takes too long.

    >>> HttpTransport(timeout=5).timeout.read
    5.0
    """

    timeout: Timeout = field(default=Timeout.of(60.0), converter=as_timeout)
    http_client: HttpClient[Any] | None = field(default=None, validator=_check_client)
    http2: bool = False
    trust_env: bool = True
    library: HttpLibrary | None = field(default=None, repr=False)

    async def open(self, request: Request) -> OpenResponse:
        """Send a request and return the response as soon as its head is there."""
        try:
            if self.http_client is not None:
                return await self._through_client(self.http_client, request)
            return await self._through_pool(request)
        except Exception as error:  # noqa: BLE001 # what is not the library's comes back unchanged
            translated = translate_exception(error, request.url, self.timeout)
        raise translated  # outside, so that it carries no context but the cause that it names

    async def aclose(self) -> None:
        """Close the connections of the running event loop; a caller's own client stays open."""
        await self._connections.aclose()

    @cached_property
    def _library(self) -> HttpLibrary:
        return self.library or http_library()

    @cached_property
    def _connections(self) -> Connections:
        return Connections(self._library, http2=self.http2, trust_env=self.trust_env)

    @cached_property
    def _limits(self) -> dict[str, float | None]:
        return asdict(self.timeout, filter=lambda attribute, _: attribute.name != "total")

    async def _through_client(self, client: HttpClient[Any], request: Request) -> OpenResponse:
        built = client.build_request("POST", request.url, headers=request.headers, content=request.body)
        response = await client.send(built, stream=True)
        return self._open_response(request, response, response.aiter_bytes(), response.aclose)

    async def _through_pool(self, request: Request) -> OpenResponse:
        built = self._library.request(
            "POST",
            request.url,
            headers=dict(request.headers),
            content=request.body,
            extensions={"timeout": self._limits},
        )
        pool = self._connections.pool_for(request.url)
        pool.busy += 1
        try:
            response = await pool.http.handle_async_request(built)
        except BaseException:
            pool.busy -= 1
            raise
        use = _Use(pool, response)
        return self._open_response(request, response, self._chunks(response), use.aclose, use.mark_complete)

    def _chunks(self, response: PoolResponse) -> AsyncIterable[bytes]:
        # What is not compressed needs none of the layers that the library puts above the connection, which
        # cost a tenth of a short chunk.
        if "content-encoding" not in response.headers and isinstance(
            response.stream, self._library.byte_stream
        ):
            return response.stream
        return response.aiter_bytes()

    def _open_response(
        self,
        request: Request,
        response: HttpResponse,
        chunks: AsyncIterable[bytes],
        aclose: Callable[[], Awaitable[None]],
        mark_complete: Callable[[], None] = lambda: None,
    ) -> OpenResponse:
        headers = {name.lower(): value for name, value in response.headers.items()}
        body = _body(chunks, request.url, self.timeout, mark_complete)
        return OpenResponse(status=response.status_code, headers=headers, body=body, aclose=aclose)


@define(eq=False)
class _Use:
    """One response of a pool, from its head to its end."""

    pool: Pool
    response: PoolResponse
    complete: bool = False
    closed: bool = False

    def mark_complete(self) -> None:
        self.complete = True

    async def aclose(self) -> None:
        if self.closed:
            return
        self.closed = True
        pool = self.pool
        pool.busy -= 1
        await self.response.aclose()
        # An HTTP/2 server does not learn that nobody listens any more: the connection has to go, as soon as
        # no other request is under way on it.
        pool.abandoned = pool.abandoned or (not self.complete and self.response.http_version == "HTTP/2")
        if pool.abandoned and not pool.busy:
            await pool.http.aclose()


async def _body(
    chunks: AsyncIterable[bytes], url: str, limits: Timeout, mark_complete: Callable[[], None]
) -> AsyncIterator[bytes]:
    data = b""
    try:
        async for data in chunks:
            yield data
        mark_complete()
    except Exception as error:  # noqa: BLE001 # what is not the library's comes back unchanged
        translated = translate_exception(error, url, limits)
    else:
        return
    finally:
        data = b""  # a traceback with local variables would show a key that the server quotes
    raise translated
